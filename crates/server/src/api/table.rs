//! The table of all routes: each with what it needs of who asks. The router is made from it,
//! so a route that needs nothing says so.

use axum::Router;
use axum::routing::{MethodRouter, on};
use ledger::role::Action;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{HttpMethod, OpenApi};
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::guard::{Guarded, Personal};
use super::{
    accounts, alarms, catalogue, customers, description, device, events, imports, instances, me,
    people, pools, profile, relocation, tokens,
};
use crate::app::App;

/// Where a right is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// In the whole house.
    House,
    /// In the account that the path names.
    Account,
    /// In the account whose domain the path names, as the documented profile does.
    Domain,
}

/// What a route needs of who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it tells no one's own.
    Nothing,
    /// A seal: what comes proves itself.
    Seal,
    /// A secret in the request itself, for which a token is answered.
    Secret,
    /// To be a person: it is about what is theirs.
    Person,
    /// A right.
    Right(Action, Where),
}

/// A route as the table states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The method.
    pub method: &'static str,
    /// The path, with its variable parts in braces.
    pub path: String,
    /// What it needs of who asks.
    pub need: Need,
}

struct Route {
    need: Need,
    method: HttpMethod,
    path: String,
    parts: Parts,
}

/// What answers.
enum Parts {
    /// A route of our own, with its description.
    Described(UtoipaMethodRouter<App>),
    /// A route of the documented profile, which others describe.
    Documented(MethodRouter<App>),
}

/// A line of the documented profile.
pub(super) fn documented(
    need: Need,
    method: HttpMethod,
    path: String,
    inner: MethodRouter<App>,
) -> Documented {
    Documented(Route { need, method, path, parts: Parts::Documented(inner) })
}

/// A line of the documented profile.
pub(super) struct Documented(Route);

/// A line of the table.
fn line(need: Need, parts: UtoipaMethodRouter<App>) -> Route {
    let (path, item) = parts.1.paths.iter().next().expect("a described route has a path");
    Route { need, method: method_of(item), path: path.clone(), parts: Parts::Described(parts) }
}

fn method_of(item: &PathItem) -> HttpMethod {
    match item {
        PathItem { post: Some(_), .. } => HttpMethod::Post,
        PathItem { put: Some(_), .. } => HttpMethod::Put,
        _ => HttpMethod::Get,
    }
}

/// Every route of the APIs.
fn table() -> Vec<Route> {
    let mut all = of_the_book();
    all.extend(of_people());
    all.extend(profile::table().into_iter().map(|Documented(route)| route));
    all
}

/// The routes of devices and of what the book holds.
#[rustfmt::skip]
fn of_the_book() -> Vec<Route> {
    use Action::{
        CreateAccount, CreateVirtualAccount, DefineLicense, EndUse, GrantEntitlement, ImportUsage,
        ManageInstances, ManageTokens, Read, ReadAccount, ReadEvents, RevokeKey,
    };
    use Need::{Nothing, Right, Seal};
    use Where::{Account, House};
    vec![
        line(Seal, routes!(device::push_usage)),
        line(Seal, routes!(device::ask_trust)),
        line(Nothing, routes!(device::show_trust_bundle)),
        line(Nothing, routes!(description::show_description)),
        line(Right(Read, House), routes!(accounts::show_totals)),
        line(Right(ReadEvents, House), routes!(events::list_house_events)),
        line(Right(ReadEvents, House), routes!(events::export_house_events)),
        line(Right(ReadEvents, House), routes!(events::list_house_event_entries)),
        line(Right(ReadEvents, House), routes!(events::show_house_checkpoint)),
        line(Right(ReadEvents, House), routes!(events::show_house_proof)),
        line(Right(Read, House), routes!(accounts::list_accounts)),
        line(Right(CreateAccount, House), routes!(accounts::create_account)),
        line(Right(ReadAccount, Account), routes!(accounts::show_account)),
        line(Right(ReadAccount, Account), routes!(accounts::list_virtual_accounts)),
        line(Right(CreateVirtualAccount, Account), routes!(accounts::create_virtual_account)),
        line(Right(Read, House), routes!(catalogue::list_licenses)),
        line(Right(DefineLicense, House), routes!(catalogue::define_license)),
        line(Right(Read, Account), routes!(catalogue::list_entitlements)),
        line(Right(GrantEntitlement, Account), routes!(catalogue::grant_entitlement)),
        line(Right(Read, Account), routes!(pools::list_pools)),
        line(Right(Read, Account), routes!(pools::show_pool)),
        line(Right(Read, Account), routes!(pools::show_standing)),
        line(Right(Read, Account), routes!(instances::list_instances)),
        line(Right(Read, Account), routes!(instances::show_instance)),
        line(Right(EndUse, Account), routes!(instances::end_use)),
        line(Right(ManageInstances, Account), routes!(relocation::move_instances)),
        line(Right(ManageInstances, Account), routes!(relocation::keep_instances)),
        line(Right(ManageInstances, Account), routes!(relocation::remove_instances)),
        line(Right(Read, Account), routes!(alarms::list_alarms)),
        line(Right(ReadEvents, Account), routes!(events::list_events)),
        line(Right(ReadEvents, Account), routes!(events::export_events)),
        line(Right(ReadEvents, Account), routes!(events::list_event_entries)),
        line(Right(ReadEvents, Account), routes!(events::show_checkpoint)),
        line(Right(ReadEvents, Account), routes!(events::show_proof)),
        line(Right(Read, Account), routes!(tokens::list_tokens)),
        line(Right(ManageTokens, Account), routes!(tokens::create_token)),
        line(Right(ManageTokens, Account), routes!(tokens::show_token)),
        line(Right(ManageTokens, Account), routes!(tokens::revoke_token)),
        line(Right(RevokeKey, Account), routes!(tokens::revoke_key)),
        line(Right(ImportUsage, Account), routes!(imports::import_trust)),
        line(Right(ImportUsage, Account), routes!(imports::import_usage)),
    ]
}

/// The routes of accounts' properties, of people and of their programs.
#[rustfmt::skip]
fn of_people() -> Vec<Route> {
    use Action::{
        AcceptTerms, CreateVirtualAccount, EditAccount, ManageClients, ManagePeople, PublishTerms,
        ReadPeople, SeeAsCustomer,
    };
    use Need::{Nothing, Person, Right};
    use Where::{Account, House};
    vec![
        line(Right(EditAccount, Account), routes!(customers::edit_account)),
        line(Right(CreateVirtualAccount, Account), routes!(customers::edit_virtual_account)),
        line(Right(CreateVirtualAccount, Account), routes!(customers::archive_virtual_account)),
        line(Right(CreateVirtualAccount, Account), routes!(customers::restore_virtual_account)),
        line(Nothing, routes!(customers::show_terms)),
        line(Right(PublishTerms, House), routes!(customers::publish_terms)),
        line(Right(AcceptTerms, Account), routes!(customers::accept_terms)),
        line(Right(ManageClients, Account), routes!(customers::list_clients)),
        line(Right(ManageClients, Account), routes!(customers::make_client)),
        line(Right(ManageClients, Account), routes!(customers::make_client_secret)),
        line(Right(ManageClients, Account), routes!(customers::revoke_client)),
        line(Right(ReadPeople, Account), routes!(people::list_grants)),
        line(Right(ManagePeople, Account), routes!(people::grant_role)),
        line(Right(ManagePeople, Account), routes!(people::end_grant)),
        line(Right(ManagePeople, Account), routes!(people::invite_again)),
        line(Right(ReadPeople, Account), routes!(people::list_access_requests)),
        line(Right(ManagePeople, Account), routes!(people::decide_access)),
        line(Right(SeeAsCustomer, Account), routes!(people::see_as_customer)),
        line(Right(ReadPeople, House), routes!(people::list_house_grants)),
        line(Right(ManagePeople, House), routes!(people::grant_house_role)),
        line(Right(ManagePeople, House), routes!(people::end_house_grant)),
        line(Right(ReadPeople, House), routes!(people::list_people)),
        line(Right(ReadPeople, House), routes!(people::show_person)),
        line(Right(ManagePeople, House), routes!(people::block_person)),
        line(Right(ManagePeople, House), routes!(people::admit_person)),
        line(Person, routes!(me::show_me)),
        line(Person, routes!(me::edit_me)),
        line(Person, routes!(me::list_my_tokens)),
        line(Person, routes!(me::revoke_my_token)),
        line(Person, routes!(me::ask_access)),
        line(Person, routes!(me::request_account)),
    ]
}

/// Every route with what it needs, in the table's order.
pub fn stated() -> Vec<Stated> {
    let state = |route: Route| Stated {
        method: method_name(&route.method),
        path: route.path,
        need: route.need,
    };
    table().into_iter().map(state).collect()
}

/// The name of a method, as requests begin.
pub(super) fn method_name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        _ => "GET",
    }
}

/// What answers, behind the guard that the need asks for.
fn guarded(need: Need, method: &HttpMethod, inner: MethodRouter<App>) -> MethodRouter<App> {
    match need {
        Need::Nothing | Need::Seal | Need::Secret => inner,
        Need::Person => on(method.to_method_filter(), Personal { inner }),
        Need::Right(action, place) => {
            on(method.to_method_filter(), Guarded { action, place, inner })
        }
    }
}

/// The routes of the table, each behind its guard, and the descriptions of our own.
fn assemble() -> (Router<App>, OpenApi) {
    let mut all = OpenApiRouter::new();
    let mut others = Router::new();
    for Route { need, method, path, parts } in table() {
        match parts {
            Parts::Described((schemas, paths, inner)) => {
                all = all.routes((schemas, paths, guarded(need, &method, inner)));
            }
            // Not in our description: it has one of its own, and its clients know it.
            Parts::Documented(inner) => {
                let guarded = guarded(need, &method, inner);
                for spelling in profile::spellings(&path) {
                    others = others.route(&spelling, guarded.clone());
                }
            }
        }
    }
    let (own, descriptions) = all.split_for_parts();
    (own.merge(profile::finish(others)), descriptions)
}

/// The router.
pub(super) fn router() -> Router<App> {
    assemble().0
}

/// The descriptions of our own routes.
pub(super) fn descriptions() -> OpenApi {
    assemble().1
}
