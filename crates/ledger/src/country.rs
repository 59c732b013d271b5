//! In which country an instance is used, and the notice that it was bought for another.
//!
//! A notice, never a stop: what is reported is recorded and acknowledged as everywhere else.

use wire::country::Country;
use wire::id::{AlarmId, EventId, InstanceId};
use wire::key::KeyId;
use wire::seal::Position;
use wire::time::Timestamp;

use crate::alarm::{Alarm, AlarmKind, Cause, Severity};
use crate::detail::Detail;
use crate::instance::{Instance, Proof};
use crate::license::codes;
use crate::page::{Page, Unread};
use crate::pen::Pen;
use crate::posting::{Effect, Event};
use crate::report::Heard;

/// What people are told beside the notice.
pub const TAX_NOTE: &str = "Taxes and duties were settled for the country of purchase. Use in \
    another country may have tax consequences: ask whoever handles taxes. Nothing is stopped.";

/// How a country of use is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// The device says so in its reports.
    Device,
    /// Its reports come from a network that is said to be there.
    Network,
}

codes!(KnownBy { Device = 0 / "device", Network = 1 / "network" });

/// The country in which an instance is used, as last known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountryOfUse {
    /// The country.
    pub country: Country,
    /// How it is known.
    pub known_by: KnownBy,
    /// Since when it is known to be this one.
    pub since: Timestamp,
    /// The position of the report that told it: a late report changes nothing.
    pub told_at: Position,
    /// Since when this is known not to be the country of purchase; `None` if it is, or none is known.
    pub elsewhere_since: Option<Timestamp>,
}

/// Takes in the country that a report tells, and judges whether it is the country of purchase.
///
/// The device's own word counts before its network's: it knows of tunnels and proxies, which the
/// address hides. Of several reports that tell a country the one of the highest position counts.
pub(crate) fn locate(
    page: &Page,
    pen: &mut Pen<'_>,
    next: &mut Instance,
    heard: &Heard,
    now: Timestamp,
) -> Result<(), Unread> {
    let before = next.country_of_use;
    let by_network = heard.network.map(|country| (country, KnownBy::Network));
    let told = heard.report.country.map(|country| (country, KnownBy::Device)).or(by_network);
    let news = told.filter(|_| before.is_none_or(|known| heard.position > known.told_at));
    let fresh = match news {
        Some((country, known_by)) => {
            let same = before.filter(|known| known.country == country);
            Some(CountryOfUse {
                country,
                known_by,
                since: same.map_or(now, |known| known.since),
                told_at: heard.position,
                elsewhere_since: before.and_then(|known| known.elsewhere_since),
            })
        }
        None => before,
    };
    let Some(fresh) = fresh else { return Ok(()) };
    let purchase = page.account(next.account)?.map_or("", |account| account.country.as_str());
    let present = next.removed().is_none();
    let elsewhere = present && !purchase.is_empty() && purchase != fresh.country.as_str();
    let since = elsewhere.then(|| fresh.elsewhere_since.unwrap_or(now));
    let judged = CountryOfUse { elsewhere_since: since, ..fresh };
    next.country_of_use = Some(judged);
    let moved = before.is_none_or(|known| known.country != judged.country);
    let action = match (fresh.elsewhere_since, since) {
        (None, None) => return Ok(()),
        (Some(_), Some(_)) if !moved => return Ok(()),
        (_, Some(_)) => "instance.used_elsewhere",
        (Some(_), None) => "instance.elsewhere_settled",
    };
    let purchase = purchase.to_owned();
    if fresh.elsewhere_since.is_some() != since.is_some() {
        raise(page, pen, next, since, now)?;
    }
    let detail = particulars(next, before, judged).with("country_of_purchase", purchase);
    pen.put(event(next, heard, action, &detail, now));
    Ok(())
}

fn particulars(next: &Instance, before: Option<CountryOfUse>, now: CountryOfUse) -> Detail {
    let detail = Detail::default().with("udi", &next.udi).with("known_by", now.known_by.word());
    let was = before.map_or(String::new(), |known| known.country.to_string());
    let detail = if was == now.country.as_str() {
        detail.with("country_of_use", now.country)
    } else {
        detail.changed("country_of_use", was, now.country)
    };
    detail.within(next.virtual_account())
}

fn event(next: &Instance, heard: &Heard, action: &str, detail: &Detail, now: Timestamp) -> Effect {
    let Position { epoch, number } = heard.position;
    Effect::Event(Event {
        account: next.account,
        virtual_account: detail.place(),
        id: EventId::derive(&[
            next.id.as_bytes(),
            heard.key.as_bytes(),
            &epoch.to_be_bytes(),
            &number.to_be_bytes(),
            &heard.hash,
            action.as_bytes(),
        ]),
        at: now,
        actor: reporter(heard.proof, heard.key),
        role: "device".to_owned(),
        action: action.to_owned(),
        subject: next.id.to_string(),
        detail: detail.json(),
        private: detail.private_json(),
        address: String::new(),
    })
}

/// Who acts where a report does: the key that sealed it, or nobody that is known.
pub(crate) fn reporter(proof: Proof, key: KeyId) -> String {
    match proof {
        Proof::Verified => format!("device key {key}"),
        Proof::Unverified => "unverified report".to_owned(),
    }
}

/// Opens the alarm of use elsewhere, or settles it.
fn raise(
    page: &Page,
    pen: &mut Pen<'_>,
    next: &Instance,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Unread> {
    let known = page.alarm(next.account, elsewhere_alarm_id(next.id))?.cloned();
    let place = next.virtual_account();
    let alarm = known.unwrap_or_else(|| Alarm {
        id: elsewhere_alarm_id(next.id),
        kind: AlarmKind::UsedElsewhere,
        severity: Severity::Minor,
        ..Alarm::of_clone(next.account, next.id, place, &next.udi.identity().unwrap_or_default())
    });
    let missing = i64::from(since.is_some());
    let cause = Cause { needed: 1, missing, since: since.unwrap_or(now) };
    pen.raise(&Alarm { virtual_account: place, ..alarm }, cause);
    Ok(())
}

/// What the alarm of an instance that is used elsewhere is named by.
pub fn elsewhere_alarm_id(instance: InstanceId) -> AlarmId {
    AlarmId::derive(&[instance.as_bytes(), b"used_elsewhere"])
}
