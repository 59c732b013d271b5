//! Product instances that a person removed, and those that report again afterwards.
//!
//! A removal ends what the instance used, from that moment. It takes back no fact: what was
//! measured before counts in the past however late it comes, and what was measured after brings
//! the instance back, since usage is never refused.

use wire::id::{AccountId, AlarmId, EventId, InstanceId};
use wire::time::Timestamp;

use crate::alarm::{Alarm, AlarmKind, AlarmState, Cause, Severity, clone_alarm_id};
use crate::country;
use crate::detail::Detail;
use crate::instance::Instance;
use crate::page::{Page, Unread, Want};
use crate::pen::Pen;
use crate::posting::{Effect, Event};
use crate::report::Recorded;

/// That a person removed an instance. Who it was stands in the event log alone, where it can be
/// erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// When: what it used ended then.
    pub at: Timestamp,
    /// The first moment after it until which the instance says that it measured.
    pub measured_again: Option<Timestamp>,
    /// When it was taken back: kept or moved by a person, or trusted anew by an ID token.
    pub taken_back: Option<Timestamp>,
}

impl Instance {
    /// The last removal, if there ever was one.
    pub fn removal(&self) -> Option<&Removal> {
        self.removals.last()
    }

    /// The removal that is in force: nothing was heard of the instance from after it.
    pub fn removed(&self) -> Option<&Removal> {
        self.removal().filter(|last| last.measured_again.is_none() && last.taken_back.is_none())
    }

    /// The removal after which the instance reports again, while nobody has said whether it stays.
    pub fn reports_again(&self) -> Option<&Removal> {
        self.removal().filter(|last| last.measured_again.is_some() && last.taken_back.is_none())
    }

    /// Notes until when a counted report measured: in any order of arrival it comes to the same.
    pub(crate) fn measured(&mut self, recorded: &Recorded) {
        for removal in &mut self.removals {
            let after = recorded.levels.iter().map(|level| level.end);
            let first = after.filter(|end| *end > removal.at).chain(removal.measured_again).min();
            removal.measured_again = first;
        }
    }

    /// Notes that it was taken back, if there is a removal that it was not taken back from.
    pub(crate) fn take_back(&mut self, now: Timestamp) {
        if let Some(last) = self.removals.last_mut()
            && last.taken_back.is_none()
        {
            last.taken_back = Some(now);
        }
    }
}

/// The alarms of an instance itself, apart from those of pools.
pub(crate) fn own_alarms(instance: InstanceId) -> [AlarmId; 3] {
    [clone_alarm_id(instance), country::elsewhere_alarm_id(instance), again_alarm_id(instance)]
}

/// What is read of an instance before it is moved, removed or kept.
pub(crate) fn hints(account: AccountId, id: InstanceId) -> impl Iterator<Item = Want> {
    let alarms = own_alarms(id).into_iter().map(move |alarm| Want::Alarm(account, alarm));
    [Want::Instance(account, id), Want::Uses(account, id)].into_iter().chain(alarms)
}

/// Tells that a report brought an instance back.
pub(crate) fn bring_back(
    page: &Page,
    pen: &mut Pen<'_>,
    next: &Instance,
    recorded: &Recorded,
    now: Timestamp,
) -> Result<(), Unread> {
    let Some(removal) = next.reports_again() else { return Ok(()) };
    let since = removal.measured_again.unwrap_or(now);
    let known = page.alarm(next.account, again_alarm_id(next.id))?.cloned();
    let place = next.virtual_account();
    let alarm = known.unwrap_or_else(|| Alarm {
        id: again_alarm_id(next.id),
        kind: AlarmKind::ReportsAgain,
        severity: Severity::Minor,
        ..Alarm::of_clone(next.account, next.id, place, &next.udi.identity().unwrap_or_default())
    });
    pen.raise(&Alarm { virtual_account: place, ..alarm }, Cause { needed: 1, missing: 1, since });
    let detail = Detail::default()
        .with("udi", &next.udi)
        .with("removed_at", removal.at)
        .with("measured_at", since)
        .within(place);
    pen.put(Effect::Event(Event {
        account: next.account,
        virtual_account: detail.place(),
        id: EventId::derive(&[
            next.id.as_bytes(),
            &removal.at.millis().to_be_bytes(),
            b"instance.returned",
        ]),
        at: now,
        actor: country::reporter(recorded.proof, recorded.key),
        role: "device".to_owned(),
        action: "instance.returned".to_owned(),
        subject: next.id.to_string(),
        detail: detail.json(),
        private: detail.private_json(),
        address: String::new(),
    }));
    Ok(())
}

/// Settles all alarms that are about the instance itself: what is removed is no cause of one.
pub(crate) fn settle_own(
    page: &Page,
    pen: &mut Pen<'_>,
    instance: &Instance,
    now: Timestamp,
) -> Result<(), Unread> {
    for id in own_alarms(instance.id) {
        if let Some(alarm) = page.alarm(instance.account, id)? {
            pen.raise(alarm, over(now));
        }
    }
    Ok(())
}

/// The alarms show where their instance is: they move along. That it reports again asks for
/// nothing any more once it was taken back.
pub(crate) fn move_along(
    page: &Page,
    pen: &mut Pen<'_>,
    next: &Instance,
    now: Timestamp,
) -> Result<(), Unread> {
    let virtual_account = next.virtual_account();
    for id in own_alarms(next.id) {
        let Some(alarm) = page.alarm(next.account, id)? else { continue };
        let moved = Alarm { virtual_account, ..alarm.clone() };
        let settles = id == again_alarm_id(next.id) && next.reports_again().is_none();
        if settles && alarm.state == AlarmState::Open {
            pen.raise(&moved, over(now));
        } else if moved != *alarm {
            pen.put(Effect::Alarm(moved));
        }
    }
    Ok(())
}

fn over(now: Timestamp) -> Cause {
    Cause { needed: 1, missing: 0, since: now }
}

/// What the alarm of a removed instance that reports again is named by.
pub fn again_alarm_id(instance: InstanceId) -> AlarmId {
    AlarmId::derive(&[instance.as_bytes(), b"reports_again"])
}
