//! People and their roles: in an account, in the house; and requests for access.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::house::HOUSE;
use ledger::person as book;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::id::{AccessRequestId, AccountId, GrantId, PersonId, VirtualAccountId};
use wire::time::Span;

use super::asking::{Allowed, Asking, PathOf, QueryOf};
use super::instances::NoMore;
use super::json::{AccessDecision, Moment, PersonState, Role, some_text};
use super::paging::{Limit, Page, Paging, answer, place};
use super::schema;
use crate::app::App;
use crate::app::grants::NewGrant as Wanted;
use crate::app::paging::List;
use crate::problem::Problem;

/// A role that a person has.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Grant {
    /// Its id.
    #[schema(value_type = schema::GrantId)]
    id: GrantId,
    /// The account; null for a role in the house.
    #[schema(value_type = Option<schema::AccountId>)]
    account: Option<AccountId>,
    /// Who has it.
    #[schema(value_type = schema::PersonId)]
    person: PersonId,
    /// Their e-mail address.
    email: String,
    /// The role.
    role: Role,
    /// The virtual account that it is bounded to; null for the whole account.
    #[schema(value_type = Option<schema::VirtualAccountId>)]
    virtual_account: Option<VirtualAccountId>,
    /// Who granted it, in words.
    granted_by: String,
    /// When.
    granted_at: Moment,
    /// When it ends by itself; null if it does not.
    ends_at: Option<Moment>,
    /// When it was ended; null if it was not.
    ended_at: Option<Moment>,
}

impl From<book::Grant> for Grant {
    fn from(grant: book::Grant) -> Self {
        Self {
            id: grant.id,
            account: Some(grant.account).filter(|account| *account != HOUSE),
            person: grant.person,
            email: grant.email,
            role: grant.role.into(),
            virtual_account: grant.virtual_account,
            granted_by: grant.granted_by,
            granted_at: Moment(grant.granted_at),
            ends_at: grant.ends_at.map(Moment),
            ended_at: grant.ended_at.map(Moment),
        }
    }
}

/// What a new grant is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGrant {
    /// To whom, by e-mail address: who is not known yet is invited by mail.
    email: String,
    /// Their name, if they are not known yet.
    #[serde(default)]
    name: String,
    /// The role.
    role: Role,
    /// The virtual account, for a role in one.
    #[schema(value_type = Option<schema::VirtualAccountId>)]
    virtual_account: Option<VirtualAccountId>,
    /// When it ends by itself; left out, it does not.
    ends_at: Option<Moment>,
}

impl From<NewGrant> for Wanted {
    fn from(new: NewGrant) -> Self {
        Self {
            email: new.email,
            name: new.name,
            role: new.role.into(),
            virtual_account: new.virtual_account,
            ends_at: new.ends_at.map(|at| at.0),
        }
    }
}

/// Which grants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct GrantFilter {
    /// Of people whose e-mail address begins so, regardless of case.
    email: Option<String>,
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    limit: Limit,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn grants(
    app: App,
    permit: ledger::role::Permit,
    account: AccountId,
    filter: GrantFilter,
) -> Result<Json<Page<Grant>>, Problem> {
    let after = place(&app, List::Grants, filter.cursor.as_deref())?;
    let found = app.grants(&permit, account, filter.email, after, filter.limit.get()).await?;
    Ok(answer(&app, List::Grants, found, Grant::from))
}

/// Lists who has which role in an account, by e-mail address.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/grants",
    tag = "people",
    params(GrantFilter),
    responses((status = 200, body = Page<Grant>))
)]
pub(super) async fn list_grants(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(filter): QueryOf<GrantFilter>,
) -> Result<Json<Page<Grant>>, Problem> {
    grants(app, permit, account, filter).await
}

/// Grants a role in an account; who is not known yet is invited by mail.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/grants",
    tag = "people",
    request_body = NewGrant,
    responses((status = 201, body = Grant))
)]
pub(super) async fn grant_role(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<NewGrant>,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    let made = app.grant_role(&ask, account, body.into()).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Ends a role: from the next request on it gives no right.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/grants/{grant}/end",
    tag = "people",
    responses((status = 204, description = "It is ended."))
)]
pub(super) async fn end_grant(
    State(app): State<App>,
    PathOf((account, grant)): PathOf<(AccountId, GrantId)>,
    Asking { ask, body: NoMore {} }: Asking<NoMore>,
) -> Result<StatusCode, Problem> {
    app.end_grant(&ask, account, grant).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mails an invited person a new link.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/grants/{grant}/invite",
    tag = "people",
    responses((status = 204, description = "It is queued."))
)]
pub(super) async fn invite_again(
    State(app): State<App>,
    PathOf((account, grant)): PathOf<(AccountId, GrantId)>,
    Asking { ask, body: NoMore {} }: Asking<NoMore>,
) -> Result<StatusCode, Problem> {
    app.invite_again(&ask, account, grant).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists who has which role of the vendor's in the house.
#[utoipa::path(
    get,
    path = "/api/v1/grants",
    tag = "people",
    params(GrantFilter),
    responses((status = 200, body = Page<Grant>))
)]
pub(super) async fn list_house_grants(
    State(app): State<App>,
    Allowed(permit): Allowed,
    QueryOf(filter): QueryOf<GrantFilter>,
) -> Result<Json<Page<Grant>>, Problem> {
    grants(app, permit, HOUSE, filter).await
}

/// Grants a role of the vendor's in the house: `operator` or `support`.
#[utoipa::path(
    post,
    path = "/api/v1/grants",
    tag = "people",
    request_body = NewGrant,
    responses((status = 201, body = Grant))
)]
pub(super) async fn grant_house_role(
    State(app): State<App>,
    Asking { ask, body }: Asking<NewGrant>,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    let made = app.grant_role(&ask, HOUSE, body.into()).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Ends a role of the vendor's in the house.
#[utoipa::path(
    post,
    path = "/api/v1/grants/{grant}/end",
    tag = "people",
    responses((status = 204, description = "It is ended."))
)]
pub(super) async fn end_house_grant(
    State(app): State<App>,
    PathOf(grant): PathOf<GrantId>,
    Asking { ask, body: NoMore {} }: Asking<NoMore>,
) -> Result<StatusCode, Problem> {
    app.end_grant(&ask, HOUSE, grant).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody who asks for a role.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccessRequest {
    /// Its id.
    #[schema(value_type = schema::AccessRequestId)]
    id: AccessRequestId,
    /// Who asks.
    email: String,
    /// For which role.
    role: Role,
    /// Why, in their words.
    message: Option<String>,
    /// When.
    asked_at: Moment,
}

/// Lists the requests for access that wait, the oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/access-requests",
    tag = "people",
    params(Paging),
    responses((status = 200, body = Page<AccessRequest>))
)]
pub(super) async fn list_access_requests(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(paging): QueryOf<Paging>,
) -> Result<Json<Page<AccessRequest>>, Problem> {
    let after = place(&app, List::AccessRequests, paging.cursor.as_deref())?;
    let found = app.access_requests(&permit, account, after, paging.limit.get()).await?;
    Ok(answer(&app, List::AccessRequests, found, |one| AccessRequest {
        id: one.id,
        email: one.email,
        role: one.role.into(),
        message: some_text(&one.message),
        asked_at: Moment(one.asked_at),
    }))
}

/// What is decided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    /// Whether the role is granted.
    decision: AccessDecision,
}

/// Decides on a request for access.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/access-requests/{request}/decide",
    tag = "people",
    request_body = Decision,
    responses((status = 204, description = "It is decided, and who asked is told."))
)]
pub(super) async fn decide_access(
    State(app): State<App>,
    PathOf((account, request)): PathOf<(AccountId, AccessRequestId)>,
    Asking { ask, body }: Asking<Decision>,
) -> Result<StatusCode, Problem> {
    app.decide_access(&ask, account, request, body.decision.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Person {
    /// Their id.
    #[schema(value_type = schema::PersonId)]
    id: PersonId,
    /// The e-mail address by which they sign in.
    email: String,
    /// The shown name.
    name: Option<String>,
    /// Whether they can sign in.
    state: PersonState,
    /// When they were made known.
    created_at: Moment,
}

impl From<book::Person> for Person {
    fn from(person: book::Person) -> Self {
        Self {
            id: person.id,
            email: person.email,
            name: some_text(&person.name),
            state: person.state.into(),
            created_at: Moment(person.created_at),
        }
    }
}

/// Lists everybody by e-mail address.
#[utoipa::path(
    get,
    path = "/api/v1/people",
    tag = "people",
    params(GrantFilter),
    responses((status = 200, body = Page<Person>))
)]
pub(super) async fn list_people(
    State(app): State<App>,
    Allowed(permit): Allowed,
    QueryOf(filter): QueryOf<GrantFilter>,
) -> Result<Json<Page<Person>>, Problem> {
    let after = place(&app, List::People, filter.cursor.as_deref())?;
    let begins = filter.email.unwrap_or_default();
    let found = app.list_people(&permit, &begins, after, filter.limit.get()).await?;
    Ok(answer(&app, List::People, found, Person::from))
}

/// A person with all their roles.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonWithRoles {
    /// The person.
    #[serde(flatten)]
    person: Person,
    /// Their roles, in every account.
    grants: Vec<Grant>,
}

/// Shows a person with all their roles.
#[utoipa::path(
    get,
    path = "/api/v1/people/{person}",
    tag = "people",
    responses((status = 200, body = PersonWithRoles))
)]
pub(super) async fn show_person(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(id): PathOf<PersonId>,
) -> Result<Json<PersonWithRoles>, Problem> {
    let (person, grants) = app.person(&permit, id).await?;
    let grants = grants.into_iter().map(Grant::from).collect();
    Ok(Json(PersonWithRoles { person: person.into(), grants }))
}

/// Keeps a person out: every session and token of theirs stops working at once.
#[utoipa::path(
    post,
    path = "/api/v1/people/{person}/block",
    tag = "people",
    responses((status = 204, description = "They are kept out."))
)]
pub(super) async fn block_person(
    State(app): State<App>,
    PathOf(id): PathOf<PersonId>,
    Asking { ask, body: NoMore {} }: Asking<NoMore>,
) -> Result<StatusCode, Problem> {
    app.admit_person(&ask, id, book::PersonState::Blocked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a person in again who was kept out.
#[utoipa::path(
    post,
    path = "/api/v1/people/{person}/admit",
    tag = "people",
    responses((status = 204, description = "They can sign in again."))
)]
pub(super) async fn admit_person(
    State(app): State<App>,
    PathOf(id): PathOf<PersonId>,
    Asking { ask, body: NoMore {} }: Asking<NoMore>,
) -> Result<StatusCode, Problem> {
    app.admit_person(&ask, id, book::PersonState::Active).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why and for how long support looks at an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    /// Why, for the customer to read in their event log.
    reason: String,
    /// For how many minutes.
    #[schema(minimum = 1, maximum = 480)]
    minutes: u32,
}

/// Lets the vendor's support see an account as its customer does, read-only and for a while.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/see-as-customer",
    tag = "people",
    request_body = Look,
    responses((status = 201, body = Grant))
)]
pub(super) async fn see_as_customer(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<Look>,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    let lasts = Span::from_minutes(i64::from(body.minutes));
    let made = app.see_as_customer(&ask, account, body.reason, lasts).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
