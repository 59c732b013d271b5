//! The overview of an account, and the list of accounts.

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use ledger::account::AccountState;
use ledger::alarm::AlarmState;
use ledger::role::{Action, Role};
use serde::Deserialize;
use wire::id::{AccountId, VirtualAccountId};
use wire::time::Timestamp;

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::{
    alarm, counted, frame, house_nav, in_use, instance_name, instance_state, license_name, may,
    moment, own_accounts, pool_alert, whole,
};
use super::pages::accounts::{AccountNumbers, AccountRow, Accounts};
use super::pages::frame::Frame;
use super::pages::overview::{FirstSteps, InstanceRow, LicenseUse, Overview, PoolRow};
use super::pages::parts::LicenseLink;
use super::pages::paths::{self, fill};
use super::people::{ROWS, Searched};
use super::{lists, pastes};
use crate::app::App;
use crate::app::inventory::{InstanceQuestion, InstanceView, PoolView};
use crate::app::paging::List;

/// How many decisions the overview shows; the alarms page shows all.
const DECISIONS: u32 = 8;
/// Among how many of the newest ID tokens those are counted that can be used.
const TOKENS: u32 = 500;
/// How many pools it shows; the list of licenses has all.
const POOLS: u32 = 12;
/// How many product instances it shows; their list has all.
const INSTANCES: u32 = 8;
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
    if may(&guest, Action::Read, account).is_none() {
        // An approver sees no licenses; what they see of the account begins with its properties.
        guest.may(Action::ReadAccount, account)?;
        let path = fill(paths::PROPERTIES, &[&account.to_string()]);
        return Ok(Redirect::to(&path).into_response());
    }
    let reads = guest.may(Action::Read, account)?;
    let now = app.world.now();
    let place = narrow.place();
    let alarms = app.alarms(&reads, account, Some(AlarmState::Open), None, 100).await?.rows;
    let here = |view: &&crate::app::alarms::AlarmView| {
        place.is_none_or(|place| view.alarm.virtual_account == place)
    };
    let mut open: Vec<_> = alarms.iter().filter(here).collect();
    open.sort_by_key(|view| (view.alarm.severity, view.alarm.opened_at));
    let decisions: Vec<_> = open.into_iter().map(|view| alarm(view, now)).collect();
    let (pools, pools_total) = lists::lowest(&app, &reads, account, place, POOLS).await?;
    let (instances, total, states) =
        lists::heard_last(&app, &reads, account, place, INSTANCES).await?;
    let frame = frame(&app, &guest, account, narrow.chosen()).await?;
    let tokens = app.tokens(&reads, account, None, TOKENS).await?.rows;
    let usable = tokens.iter().filter(|token| token.admits(now).is_ok()).count();
    let page = Overview {
        first_steps: first_steps(&app, account, &frame, usable),
        states,
        frame,
        as_of: moment(now, now),
        decisions_total: whole(decisions.len()),
        decisions: decisions.into_iter().take(DECISIONS as usize).collect(),
        pools_total: counted(pools_total),
        pools: pools.iter().map(pool_row).collect(),
        instances: instances.iter().map(|view| instance_row(view, now)).collect(),
        instances_total: counted(total),
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

/// How to begin in an account that has nothing yet.
fn first_steps(app: &App, account: AccountId, frame: &Frame, usable: usize) -> FirstSteps {
    let place = frame.chosen.clone();
    let first = frame.virtual_accounts.first().map(|one| one.virtual_account.clone());
    let place = place.or(first).unwrap_or_default();
    FirstSteps {
        usable_tokens: whole(usable),
        make_token: pastes::make_token(app, account, &place),
        trust: pastes::trust("TOKEN"),
        grant: pastes::grant(app, account, &place, None),
    }
}

/// The start: the only account's first page, or the list of accounts.
pub(super) async fn home(State(app): State<App>, guest: Guest) -> Result<Response, Unshown> {
    let house = guest.may_read_house().is_ok_and(|permit| permit.role() == Role::Support);
    let accounts = own_accounts(&app, &guest).await?;
    let path = match accounts.as_slice() {
        [only] if !house => fill(paths::OVERVIEW, &[&only.id.to_string()]),
        _ => paths::ACCOUNTS.to_owned(),
    };
    Ok(Redirect::to(&path).into_response())
}

/// The accounts: all of the house for the vendor's people, their own for everybody else.
pub(super) async fn accounts(
    State(app): State<App>,
    guest: Guest,
    Query(asked): Query<Searched>,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let now = app.world.now();
    let house = guest.may_read_house().ok();
    let (found, next) = match &house {
        Some(reads) => {
            let after = asked.after(&app, List::Accounts)?;
            let found = app.list_accounts(reads, after, ROWS).await?;
            (found.rows, found.next)
        }
        None => (own_accounts(&app, &guest).await?, None),
    };
    let total = whole(found.len());
    let support = house.as_ref().is_some_and(|permit| permit.role() == Role::Support);
    let mut rows = Vec::with_capacity(found.len());
    for account in found {
        rows.push(account_row(&app, &guest, account, support.then_some(Role::Support), now).await?);
    }
    let makes = guest.may_house(Action::CreateAccount).is_ok();
    let page = Accounts {
        visitor: guest.visitor(&app),
        nav: house_nav(&guest, paths::ACCOUNTS),
        as_of: moment(now, now),
        total,
        rows,
        next: next.map(|cursor| app.cursor_text(List::Accounts, &cursor)),
        new: makes.then(|| paths::NEW_ACCOUNT.to_owned()),
        make: if makes { pastes::make_account(&app) } else { Vec::new() },
    };
    shown(&page, &headers)
}

/// An account in the list, with the numbers that the person may see.
async fn account_row(
    app: &App,
    guest: &Guest,
    account: ledger::account::Account,
    by: Option<Role>,
    now: Timestamp,
) -> Result<AccountRow, Unshown> {
    let id = account.id;
    let own = may(guest, Action::ReadAccount, id).is_some();
    let numbers = match may(guest, Action::Read, id) {
        None => None,
        Some(reads) => {
            let (_, places) = app.virtual_accounts_in_use(&reads, id, 1).await?;
            let newest = app.instances(&reads, id, InstanceQuestion::default(), 1).await?.rows;
            let heard = newest.first().and_then(|one| one.instance.heard_at);
            Some(AccountNumbers {
                virtual_accounts: counted(places),
                instances: counted(app.count_instances(&reads, id).await?),
                open_alarms: counted(app.count_open_alarms(&reads, id).await?),
                last_report: heard.map(|at| moment(at, now)),
            })
        }
    };
    let see_as = by.filter(|_| numbers.is_none());
    Ok(AccountRow {
        account: id.to_string(),
        name: account.name,
        domain: account.domain,
        state: match account.state {
            AccountState::Active => "",
            AccountState::PendingApproval => "waits for its approver",
            AccountState::Declined => "declined",
        },
        opens: own,
        numbers,
        see_as: see_as.map(|_| fill(paths::SEE_AS, &[&id.to_string()])),
    })
}
