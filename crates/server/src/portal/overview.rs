//! The overview of an account, and the list of accounts.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::alarm::AlarmState;
use ledger::role::Action;
use serde::Deserialize;
use wire::id::{AccountId, VirtualAccountId};
use wire::time::Timestamp;

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{
    alarm, counted, frame, in_use, instance_name, instance_state, license_name, moment, pool_alert,
    whole,
};
use super::pages::accounts::{AccountRow, Accounts};
use super::pages::overview::{FirstSteps, InstanceRow, LicenseUse, Overview, PoolRow};
use super::pages::parts::{LicenseLink, Paste};
use crate::app::App;
use crate::app::inventory::{InstanceQuestion, InstanceView, PoolQuestion, PoolView};

/// How many decisions the overview shows; the alarms page shows all.
const DECISIONS: u32 = 8;
/// How many pools it shows.
const POOLS: u32 = 200;
/// How many product instances it shows.
const INSTANCES: u32 = 250;
/// How many licenses of one instance a row names.
const NAMED: usize = 4;

/// Which part of the account a page is about.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Narrow {
    pub(super) virtual_account: Option<String>,
}

impl Narrow {
    /// The virtual account named, if it is one's id.
    pub(super) fn place(&self) -> Option<VirtualAccountId> {
        self.virtual_account.as_ref().and_then(|text| text.parse().ok())
    }

    /// The same as text, for links.
    pub(super) fn chosen(&self) -> Option<String> {
        self.place().map(|place| place.to_string())
    }
}

/// An account's id in a path; another kind of id is as unknown as a wrong one.
pub(super) fn account_id(text: &str) -> Result<AccountId, Unshown> {
    Ok(text.parse().map_err(|_| ledger::refusal::Refusal::NotFound { what: "account" })?)
}

/// The overview.
pub(super) async fn overview(
    State(app): State<App>,
    guest: Guest,
    Path(account): Path<String>,
    Query(narrow): Query<Narrow>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let account = account_id(&account)?;
    let reads = guest.may(Action::Read, account)?;
    let now = app.world.now();
    let place = narrow.place();
    let alarms = app.alarms(&reads, account, Some(AlarmState::Open), None, 100).await?.rows;
    let here = |view: &&crate::app::alarms::AlarmView| {
        place.is_none_or(|place| view.alarm.virtual_account == place)
    };
    let decisions: Vec<_> = alarms.iter().filter(here).map(|view| alarm(view, now)).collect();
    let pools = PoolQuestion { virtual_account: place, ..PoolQuestion::default() };
    let pools = app.pools(&reads, account, pools, POOLS).await?.rows;
    let instances = InstanceQuestion { virtual_account: place, ..InstanceQuestion::default() };
    let instances = app.instances(&reads, account, instances, INSTANCES).await?;
    let total = match (place, instances.next.is_some()) {
        (None, _) => counted(app.count_instances(&reads, account).await?),
        (Some(_), false) => whole(instances.rows.len()),
        (Some(_), true) => super::pages::parts::Counted::AtLeast(u64::from(INSTANCES)),
    };
    let page = Overview {
        frame: frame(&app, &guest, account, narrow.chosen()).await?,
        as_of: moment(now, now),
        decisions_total: whole(decisions.len()),
        decisions: decisions.into_iter().take(DECISIONS as usize).collect(),
        pools_total: whole(pools.len()),
        pools: pools.iter().map(pool_row).collect(),
        instances: instances.rows.iter().map(|view| instance_row(view, now)).collect(),
        instances_total: total,
        states: None,
        first_steps: first_steps(account),
    };
    shown(&page, &headers)
}

fn pool_row(view: &PoolView) -> PoolRow {
    PoolRow {
        pool: view.pool.id.to_string(),
        license: license_name(view.license.as_ref(), &view.pool.tag),
        tag: view.pool.tag.as_str().to_owned(),
        virtual_account: view
            .virtual_account
            .as_ref()
            .map_or_else(String::new, |place| place.name.clone()),
        in_force: view.standing.purchased,
        future: view.standing.future,
        expired: view.standing.expired,
        in_use: in_use(view),
        balance: view.standing.balance(),
        alert: pool_alert(&view.standing, view.license.as_ref()),
    }
}

fn instance_row(view: &InstanceView, now: Timestamp) -> InstanceRow {
    let instance = &view.instance;
    let used: Vec<_> = view.uses.iter().filter(|(one, _)| one.level > 0).collect();
    let link =
        |(one, license): &&(ledger::instance::Use, Option<ledger::license::License>)| LicenseUse {
            license: LicenseLink {
                name: license_name(license.as_ref(), &one.tag),
                pool: one.pool.to_string(),
            },
            level: i64::from(one.level),
        };
    InstanceRow {
        instance: instance.id.to_string(),
        name: instance_name(instance),
        udi: instance.udi.to_string(),
        members: u32::try_from(instance.members.len().max(1)).unwrap_or(1),
        virtual_account: view
            .virtual_account
            .as_ref()
            .map_or_else(String::new, |place| place.name.clone()),
        state: instance_state(instance, now),
        last_report: instance.heard_at.map(|at| moment(at, now)),
        licenses: used.iter().take(NAMED).map(link).collect(),
        licenses_total: whole(used.len()),
    }
}

/// Commands for an account that has nothing yet.
fn first_steps(account: AccountId) -> FirstSteps {
    let paste = |label: &str, command: String| Paste { label: label.to_owned(), command };
    FirstSteps {
        usable_tokens: super::pages::parts::Counted::Exactly(0),
        make_token: vec![paste(
            "On the server's host",
            format!("scrip token create --account {account}"),
        )],
        trust: vec![paste("On the device", "scrip-agent trust idtoken TOKEN".to_owned())],
        grant: vec![paste(
            "On the server's host",
            format!("scrip entitlement grant --account {account} --tag TAG --quantity 10"),
        )],
    }
}

/// The accounts of the house, for an operator.
pub(super) async fn accounts(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let reads = guest.may_read_house()?;
    let now = app.world.now();
    let found = app.accounts(&reads).await?;
    let mut rows = Vec::with_capacity(found.len());
    for account in found {
        let places = app.virtual_accounts(&reads, account.id, None, None, 500).await?.rows.len();
        let newest = app.instances(&reads, account.id, InstanceQuestion::default(), 1).await?.rows;
        rows.push(AccountRow {
            account: account.id.to_string(),
            name: account.name,
            domain: account.domain,
            virtual_accounts: whole(places),
            instances: counted(app.count_instances(&reads, account.id).await?),
            open_alarms: counted(app.count_open_alarms(&reads, account.id).await?),
            last_report: newest
                .first()
                .and_then(|one| one.instance.heard_at)
                .map(|at| moment(at, now)),
        });
    }
    let command = "scrip account create --name \"Northwind Robotics\" --domain northwind.example";
    let page = Accounts {
        visitor: guest.visitor(&app),
        as_of: moment(now, now),
        total: whole(rows.len()),
        rows,
        make: vec![Paste { label: "On the server's host".to_owned(), command: command.to_owned() }],
    };
    shown(&page, &headers)
}
