//! From what use cases answer to what pages show.

use std::collections::{BTreeMap, BTreeSet};

use ledger::account::Account;
use ledger::country::TAX_NOTE;
use ledger::instance::{Instance, Proof};
use ledger::license::License;
use ledger::pool::Standing;
use ledger::role::{Action, Permit, Reach, Role};
use wire::id::{AccountId, PoolId};
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::answer::Unshown;
use super::door::Guest;
use super::pages::alarms::{Alarm, Cause, Need};
use super::pages::frame::{AccountChoice, Frame, HouseNav, Part, VirtualAccountChoice};
use super::pages::moment::Moment;
use super::pages::parts::{
    Act, Counted, InUse, InstanceState, LicenseLink, PoolAlert, Severity, Way,
};
use super::pages::paths;
use crate::app::App;
use crate::app::alarms::AlarmView;
use crate::app::inventory::PoolView;
use ledger::alarm::{AlarmKind, Severity as LedgerSeverity};

/// Counts of the store are exact up to here.
const COUNT_LIMIT: i64 = 10_000;
/// How many virtual accounts a choice names; of more, one is typed.
pub(super) const PLACES: u32 = 50;
/// How many other accounts the switcher names; the list of accounts has all.
const OTHERS: usize = 30;
/// How many accounts are read for an operator's switcher.
const OPERATORS: u32 = 31;

/// A count as pages say it.
pub(super) fn counted(count: i64) -> Counted {
    let known = u64::try_from(count).unwrap_or(0);
    if count > COUNT_LIMIT {
        Counted::AtLeast(COUNT_LIMIT.unsigned_abs())
    } else {
        Counted::Exactly(known)
    }
}

/// The length of a list that is shown whole.
pub(super) fn whole(length: usize) -> Counted {
    Counted::Exactly(u64::try_from(length).unwrap_or(u64::MAX))
}

/// A moment as seen from another.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> Moment {
    Moment::new(at.millis(), now.millis())
}

/// Whether a person may do something in an account.
pub(super) fn may(guest: &Guest, action: Action, account: AccountId) -> Option<Permit> {
    guest.may(action, account).ok()
}

/// The frame of an account's pages.
pub(super) async fn frame(
    app: &App,
    guest: &Guest,
    account: AccountId,
    chosen: Option<String>,
) -> Result<Frame, Unshown> {
    let reads = guest.may(Action::ReadAccount, account)?;
    let own = app.account(&reads, account).await?;
    let (mut places, total) = app.virtual_accounts_in_use(&reads, account, PLACES).await?;
    let outside = chosen.as_ref().and_then(|text| text.parse().ok());
    let outside = outside.filter(|id| places.iter().all(|place| place.id != *id));
    if let Some(id) = outside
        && let Ok(place) = app.virtual_account(&reads, account, id).await
    {
        places.insert(0, place);
    }
    let licenses = may(guest, Action::Read, account);
    let (open, open_alarms) = match &licenses {
        Some(reads) => {
            let shown = places.iter().map(|place| place.id).collect();
            (
                app.open_alarms_among(reads, account, shown).await?,
                counted(app.count_open_alarms(reads, account).await?),
            )
        }
        None => (BTreeMap::new(), Counted::Exactly(0)),
    };
    let choice = |place: ledger::account::VirtualAccount| VirtualAccountChoice {
        virtual_account: place.id.to_string(),
        open_alarms: counted(open.get(&place.id).copied().unwrap_or(0)),
        name: place.name,
    };
    let others = own_accounts(app, guest).await?.into_iter();
    Ok(Frame {
        account: account.to_string(),
        other_accounts: others
            .filter(|other| other.id != account)
            .map(|other| AccountChoice { account: other.id.to_string(), name: other.name })
            .take(OTHERS)
            .collect(),
        virtual_accounts: places.into_iter().map(choice).collect(),
        virtual_accounts_total: counted(total),
        chosen,
        open_alarms,
        visitor: guest.visitor(app),
        parts: parts(guest, account),
        banners: super::banners::of(app, guest, &own).await?,
        account_name: own.name,
    })
}

/// What a person may see of an account.
fn parts(guest: &Guest, account: AccountId) -> BTreeSet<Part> {
    let mut parts = BTreeSet::new();
    let seen = [
        (Action::Read, Part::Licenses),
        (Action::ReadEvents, Part::Events),
        (Action::ReadPeople, Part::People),
        (Action::ManageClients, Part::Clients),
    ];
    for (action, part) in seen {
        let Some(permit) = may(guest, action, account) else { continue };
        parts.insert(part);
        let whole = *permit.reach() == Reach::Whole && permit.role() != Role::Approver;
        if part == Part::Events && whole {
            parts.insert(Part::WholeLog);
        }
    }
    parts
}

/// The accounts in which somebody has a role, by name; for an operator the first of all.
pub(super) async fn own_accounts(app: &App, guest: &Guest) -> Result<Vec<Account>, Unshown> {
    let house = guest.may_read_house().ok().filter(|permit| permit.role() == Role::Operator);
    if let Some(permit) = house {
        return Ok(app.list_accounts(&permit, None, OPERATORS).await?.rows);
    }
    match guest.signed_in.member() {
        Some(member) => Ok(app.accounts_of(member.person()).await?),
        None => Ok(Vec::new()),
    }
}

/// The pages of the house that a person may see.
pub(super) fn house_nav(guest: &Guest, here: &'static str) -> HouseNav {
    let tab = |label: &str, href: &str| Act { label: label.to_owned(), href: href.to_owned() };
    let tabs = match guest.may_read_house() {
        Ok(_) => vec![
            tab("Accounts", paths::ACCOUNTS),
            tab("People", paths::EVERYBODY),
            tab("Vendor's roles", paths::HOUSE_ROLES),
            tab("Terms", paths::TERMS),
        ],
        Err(_) => Vec::new(),
    };
    HouseNav { tabs, here }
}

/// The name of a license: the catalogue's, or the tag's own.
pub(super) fn license_name(license: Option<&License>, tag: &EntitlementTag) -> String {
    license.map_or_else(|| tag.short_name().to_owned(), |license| license.name.clone())
}

/// The name of an instance: its own, or its UDI.
pub(super) fn instance_name(instance: &Instance) -> String {
    if instance.name.is_empty() { instance.udi.to_string() } else { instance.name.clone() }
}

/// What a pool's balance asks for.
pub(super) fn pool_alert(standing: &Standing, license: Option<&License>) -> PoolAlert {
    match (standing.shortage(), standing.alarmable(), license) {
        (0, ..) => PoolAlert::Quiet,
        (by, false, _) => PoolAlert::Tolerated(by),
        (by, true, None) => PoolAlert::Unknown(by),
        (by, true, Some(_)) => PoolAlert::Short(by),
    }
}

/// The use of a pool with the parts that deserve less trust.
pub(super) fn in_use(view: &PoolView) -> InUse {
    InUse { total: view.standing.in_use, stale: view.stale, unverified: view.standing.unverified }
}

/// How an instance is heard.
pub(super) fn instance_state(instance: &Instance, now: Timestamp) -> InstanceState {
    if instance.removed().is_some() {
        return InstanceState::Removed;
    }
    match (instance.heard_at, instance.bound_at, instance.stale_at) {
        (None, ..) => InstanceState::Never,
        (Some(_), None, _) => InstanceState::Unverified,
        (Some(_), Some(_), Some(at)) if at <= now => InstanceState::Stale,
        _ => InstanceState::Reporting,
    }
}

/// Whether a bound key vouches, in the page's words.
pub(super) fn proof(proof: Proof) -> super::pages::instance::Proof {
    match proof {
        Proof::Verified => super::pages::instance::Proof::Verified,
        Proof::Unverified => super::pages::instance::Proof::Unverified,
    }
}

/// How bad an alarm is, in the page's words.
pub(super) fn severity(severity: LedgerSeverity) -> Severity {
    match severity {
        LedgerSeverity::Major => Severity::Major,
        LedgerSeverity::Minor => Severity::Minor,
    }
}

/// An alarm as its pages show it.
pub(super) fn alarm(view: &AlarmView, now: Timestamp) -> Alarm {
    let alarm = &view.alarm;
    let (cause, because, ways) = match alarm.kind {
        AlarmKind::InsufficientLicenses => short(view),
        AlarmKind::ClonedInstance => cloned(view),
        AlarmKind::UsedElsewhere => elsewhere(view),
        AlarmKind::ReportsAgain => reports_again(view),
    };
    Alarm {
        alarm: alarm.id.to_string(),
        severity: severity(alarm.severity),
        cause,
        virtual_account: view
            .virtual_account
            .as_ref()
            .map_or_else(String::new, |place| place.name.clone()),
        since: moment(alarm.short_since, now),
        known: moment(alarm.opened_at, now),
        because,
        ways,
    }
}

fn short(view: &AlarmView) -> (Cause, String, Vec<Way>) {
    let alarm = &view.alarm;
    let pool = PoolId::from_bytes(alarm.subject).to_string();
    let name = match (&view.license, EntitlementTag::new(&alarm.about)) {
        (license, Ok(tag)) => license_name(license.as_ref(), &tag),
        (_, Err(_)) => alarm.about.clone(),
    };
    let need = Need {
        needed: alarm.needed,
        entitled: alarm.needed - alarm.missing,
        missing: alarm.missing,
    };
    let act = |label: &str| Act {
        label: label.to_owned(),
        href: format!("/accounts/{}/pools/{pool}", alarm.account),
    };
    let license = LicenseLink { name, pool: pool.clone() };
    let less = Way {
        lead: format!("Use {} less", alarm.missing),
        rest: ": the alarm settles with the report that says so".to_owned(),
        act: Some(act("See who uses it")),
    };
    let more = Way {
        lead: format!("Grant {} more", alarm.missing),
        rest: " to this virtual account".to_owned(),
        act: None,
    };
    if view.license.is_some() {
        (Cause::Short { license, need }, String::new(), vec![less, more])
    } else {
        let because =
            "It counts under its own tag; nobody can have bought it under this tag.".to_owned();
        let define = Way {
            lead: "Define the license".to_owned(),
            rest: " if the tag is right, or look at the devices that report it".to_owned(),
            act: Some(act("See who uses it")),
        };
        (Cause::Unknown { license, need }, because, vec![define, more])
    }
}

fn cloned(view: &AlarmView) -> (Cause, String, Vec<Way>) {
    let alarm = &view.alarm;
    let instance = wire::id::InstanceId::from_bytes(alarm.subject).to_string();
    let look = Way {
        lead: "Find the copy".to_owned(),
        rest: " and give it an ID token and a key of its own; revoke the key if it was stolen"
            .to_owned(),
        act: Some(Act {
            label: "See its reports".to_owned(),
            href: format!("/accounts/{}/instances/{instance}", alarm.account),
        }),
    };
    let because =
        "Two different reports came under one key and number; the higher level counts.".to_owned();
    (Cause::Fork { instance, name: alarm.about.clone(), number: None }, because, vec![look])
}

fn reports_again(view: &AlarmView) -> (Cause, String, Vec<Way>) {
    let alarm = &view.alarm;
    let instance = wire::id::InstanceId::from_bytes(alarm.subject).to_string();
    let href = format!("/accounts/{}/instances/{instance}", alarm.account);
    let cause = Cause::Other {
        subject: alarm.about.clone(),
        matter: "reports again after its removal".to_owned(),
        href: Some(href.clone()),
    };
    let because = "What it uses counts again: usage is never refused.".to_owned();
    let keep = Way {
        lead: "Keep it".to_owned(),
        rest: " if it is in use after all".to_owned(),
        act: Some(Act { label: "Keep or remove it".to_owned(), href }),
    };
    let remove = Way {
        lead: "Remove it again".to_owned(),
        rest: " once the device is switched off".to_owned(),
        act: None,
    };
    (cause, because, vec![keep, remove])
}

fn elsewhere(view: &AlarmView) -> (Cause, String, Vec<Way>) {
    let alarm = &view.alarm;
    let instance = wire::id::InstanceId::from_bytes(alarm.subject).to_string();
    let href = format!("/accounts/{}/instances/{instance}", alarm.account);
    let (subject, matter) = match &view.elsewhere {
        Some(one) => (
            instance_name(&one.instance),
            format!("is used in {}, bought for {}", one.country_of_use(), one.country_of_purchase),
        ),
        None => (alarm.about.clone(), "is used outside the country of purchase".to_owned()),
    };
    let mend = Way {
        lead: "Correct the country".to_owned(),
        rest: " of purchase in the account\u{2019}s properties, or on the device, if one is wrong"
            .to_owned(),
        act: Some(Act { label: "See the device".to_owned(), href: href.clone() }),
    };
    (Cause::Other { subject, matter, href: Some(href) }, TAX_NOTE.to_owned(), vec![mend])
}
