//! Hints: what a command will most likely ask the page for, to be read before it runs.
//!
//! A wrong hint costs a read, a missing one a round; what a command rests on it says itself.

use ledger::command::{Bind, Command, GrantEntitlement, Import, Lapse};
use ledger::house::ClaimKind;
use ledger::instance::Instance;
use ledger::page::{Page, Want};
use ledger::pool::{Pool, alarm_id};
use wire::id::{AccountId, InstanceId, VirtualAccountId};
use wire::report::Member;
use wire::tag::EntitlementTag;
use wire::udi::Udi;

/// What a command will most likely ask for, as far as the page lets one know.
/// Asked again with a page that knows more, it may know more.
pub(crate) fn hints(command: &Command, page: &Page) -> Vec<Want> {
    match command {
        Command::Import(import) => import_hints(import, page),
        Command::Bind(bind) => bind_hints(bind, page),
        Command::GrantEntitlement(grant) => grant_hints(grant),
        Command::Lapse(lapse) => lapse_hints(lapse),
        Command::MoveHoldings(one) => one.hints(page),
        Command::DecideInstances(one) => one.hints(page),
        Command::Sequence(one) => vec![Want::EventTree(one.account)],
        other => other.hints(),
    }
}

/// Whether a command's hints grow with what the page knows.
pub(crate) fn grow(command: &Command) -> bool {
    use Command as C;
    matches!(command, C::Import(_) | C::Bind(_) | C::MoveHoldings(_) | C::DecideInstances(_))
}

fn import_hints(import: &Import, page: &Page) -> Vec<Want> {
    let account = import.account;
    let mut wants =
        vec![Want::HeldAccount(account), Want::VirtualAccount(account, import.virtual_account)];
    for (heard, fresh) in &import.reports {
        let report = &heard.report;
        wants.push(Want::License(report.entitlement.clone()));
        let known = identities(&mut wants, page, account, &report.udi, &report.members);
        let Some(known) = known else { continue };
        let instance = known.unwrap_or(*fresh);
        wants.push(Want::Instance(account, instance));
        wants.push(Want::Uses(account, instance));
        let Ok(row) = page.instance(account, instance) else { continue };
        let place = row.map_or(import.virtual_account, Instance::virtual_account);
        wants.extend(pool_hints(account, place, &report.entitlement));
        wants.push(Want::Use(account, instance, report.entitlement.clone()));
        if let Some(name) = &report.hostname {
            wants.push(Want::Name(account, instance, name.clone()));
        }
    }
    wants
}

fn bind_hints(bind: &Bind, page: &Page) -> Vec<Want> {
    let account = bind.account;
    let mut wants = vec![
        Want::HeldAccount(account),
        Want::Token(account, bind.token),
        Want::DeviceKey(account, bind.key),
        Want::Claim(ClaimKind::DeviceKey, bind.key.to_string()),
    ];
    if let Some(known) = identities(&mut wants, page, account, &bind.udi, &bind.members) {
        let instance = known.unwrap_or(bind.fresh_id);
        wants.push(Want::Instance(account, instance));
        wants.push(Want::Name(account, instance, bind.name.clone()));
        if known.is_some() {
            wants.push(Want::Uses(account, instance));
            wants.push(Want::Reports(account, instance));
        }
    }
    wants
}

/// Wants the identities of a device and its members; says which instance they mean, or `None`
/// while the page does not know.
fn identities(
    wants: &mut Vec<Want>,
    page: &Page,
    account: AccountId,
    udi: &Udi,
    members: &[Member],
) -> Option<Option<InstanceId>> {
    let identities = Instance::identities(udi, members);
    let mut known = Some(None);
    for identity in &identities {
        match page.identity(account, identity) {
            Ok(Some(found)) => {
                known = known.map(|first: Option<InstanceId>| first.or(Some(found.instance)))
            }
            Ok(None) => {}
            Err(_) => known = None,
        }
    }
    wants.extend(identities.into_iter().map(|identity| Want::Identity(account, identity)));
    known
}

fn grant_hints(grant: &GrantEntitlement) -> Vec<Want> {
    let (account, place) = (grant.account, grant.virtual_account);
    let mut wants = vec![Want::VirtualAccount(account, place), Want::License(grant.tag.clone())];
    wants.extend(pool_hints(account, place, &grant.tag));
    wants
}

fn lapse_hints(lapse: &Lapse) -> Vec<Want> {
    let (account, place) = (lapse.account, lapse.virtual_account);
    let pool = Pool::id_of(account, place, &lapse.tag);
    let mut wants = vec![Want::Entitlements(account, pool), Want::License(lapse.tag.clone())];
    wants.extend(pool_hints(account, place, &lapse.tag));
    wants
}

fn pool_hints(account: AccountId, place: VirtualAccountId, tag: &EntitlementTag) -> [Want; 2] {
    let pool = Pool::id_of(account, place, tag);
    [Want::Pool(account, place, tag.clone()), Want::Alarm(account, alarm_id(pool))]
}
