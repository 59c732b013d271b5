//! What a person sees and asks for of their own: no role is needed, only to be one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::person::{self as book, DateForm, Theme};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::id::{ApiTokenId, PersonId};

use super::accounts::Account;
use super::asking::{AskingOwn, Me, PathOf};
use super::instances::NoMore;
use super::json::{ApiTokenKind, Moment, RequestedKind, Role, some_text};
use super::people::Grant;
use super::schema;
use crate::app::App;
use crate::app::customers::WantedAccount;
use crate::app::grants::WantedAccess;
use crate::problem::Problem;

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Myself {
    /// Their id.
    #[schema(value_type = schema::PersonId)]
    id: PersonId,
    /// The e-mail address by which they sign in.
    email: String,
    /// The shown name.
    name: Option<String>,
    /// The time zone, as in the IANA database; null for UTC.
    zone: Option<String>,
    /// The theme of pages: `system`, `light` or `dark`.
    theme: &'static str,
    /// How pages write dates: `day_first`, `month_first` or `iso`.
    dates: &'static str,
    /// The roles in force.
    grants: Vec<Grant>,
    /// The accounts in which they have a role.
    accounts: Vec<Account>,
}

/// Shows who asks, with their roles and accounts.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    tag = "me",
    responses((status = 200, body = Myself))
)]
pub(super) async fn show_me(
    State(app): State<App>,
    Me(member, _): Me,
) -> Result<Json<Myself>, Problem> {
    let person = app.profile(&member).await?;
    let accounts = app.accounts_of(person.id).await?;
    let theirs = |one: &ledger::account::Account| {
        member.grants().iter().any(|grant| grant.account == one.id)
    };
    Ok(Json(Myself {
        id: person.id,
        email: person.email,
        name: some_text(&person.name),
        zone: some_text(&person.preferences.zone),
        theme: person.preferences.theme.word(),
        dates: person.preferences.dates.word(),
        grants: member.grants().iter().cloned().map(Grant::from).collect(),
        accounts: accounts.into_iter().filter(theirs).map(Account::from).collect(),
    }))
}

/// What a person says of themself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    /// The shown name.
    #[serde(default)]
    name: String,
    /// The time zone, as in the IANA database; UTC, if left out.
    #[serde(default)]
    zone: String,
    /// The theme of pages: `system`, `light` or `dark`; `system`, if left out.
    #[serde(default)]
    theme: Option<String>,
    /// How pages write dates: `day_first`, `month_first` or `iso`; `day_first`, if left out.
    #[serde(default)]
    dates: Option<String>,
}

/// Changes what a person says of themself.
#[utoipa::path(
    put,
    path = "/api/v1/me",
    tag = "me",
    request_body = Profile,
    responses((status = 204, description = "It is changed."))
)]
pub(super) async fn edit_me(
    State(app): State<App>,
    AskingOwn { ask, body, .. }: AskingOwn<Profile>,
) -> Result<StatusCode, Problem> {
    let theme = body.theme.as_deref().unwrap_or(Theme::default().word());
    let dates = body.dates.as_deref().unwrap_or(DateForm::default().word());
    let preferences = app.preferences(&body.zone, theme, dates)?;
    app.edit_profile(ask, body.name, preferences).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An API token, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiToken {
    /// Its id; secrets of one client share it.
    #[schema(value_type = schema::ApiTokenId)]
    id: ApiTokenId,
    /// What it is.
    kind: ApiTokenKind,
    /// What its owner calls it.
    name: String,
    /// What it may be used for: areas separated by spaces, or `everything`.
    scope: String,
    /// When it was made.
    made_at: Moment,
    /// When it stops working.
    expires_at: Moment,
}

impl From<book::ApiToken> for ApiToken {
    fn from(token: book::ApiToken) -> Self {
        Self {
            id: token.id,
            kind: token.kind.into(),
            name: token.name,
            scope: token.bounds.words(),
            made_at: Moment(token.made_at),
            expires_at: Moment(token.expires_at),
        }
    }
}

/// The personal tokens of who asks. New ones are made in the portal, with a fresh proof.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiTokens {
    /// The tokens, the newest first.
    items: Vec<ApiToken>,
}

impl ApiTokens {
    /// Tokens as they are listed.
    pub(super) fn of(tokens: Vec<book::ApiToken>) -> Self {
        Self { items: tokens.into_iter().map(ApiToken::from).collect() }
    }
}

/// Lists the personal tokens of who asks.
#[utoipa::path(
    get,
    path = "/api/v1/me/api-tokens",
    tag = "me",
    responses((status = 200, body = ApiTokens))
)]
pub(super) async fn list_my_tokens(
    State(app): State<App>,
    Me(member, _): Me,
) -> Result<Json<ApiTokens>, Problem> {
    Ok(Json(ApiTokens::of(app.personal_tokens(&member).await?)))
}

/// Revokes a personal token of who asks.
#[utoipa::path(
    post,
    path = "/api/v1/me/api-tokens/{api_token}/revoke",
    tag = "me",
    responses((status = 204, description = "It is revoked."))
)]
pub(super) async fn revoke_my_token(
    State(app): State<App>,
    PathOf(id): PathOf<ApiTokenId>,
    AskingOwn { ask, body: NoMore {}, .. }: AskingOwn<NoMore>,
) -> Result<StatusCode, Problem> {
    app.revoke_personal_token(ask, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A role that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessWanted {
    /// The account's domain.
    domain: String,
    /// The role, in the whole account.
    role: Role,
    /// Why.
    #[serde(default)]
    message: String,
}

/// Asks for a role in the account of a domain. The answer is the same if there is none.
#[utoipa::path(
    post,
    path = "/api/v1/me/access-requests",
    tag = "me",
    request_body = AccessWanted,
    responses((status = 202, description = "If there is such an account, its administrators are told."))
)]
pub(super) async fn ask_access(
    State(app): State<App>,
    AskingOwn { ask, member, body }: AskingOwn<AccessWanted>,
) -> Result<StatusCode, Problem> {
    let AccessWanted { domain, role, message } = body;
    app.ask_access(ask, &member, WantedAccess { domain, role: role.into(), message }).await?;
    Ok(StatusCode::ACCEPTED)
}

/// An account that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountWanted {
    /// The shown name.
    name: String,
    /// The company's domain; left out for an account of limited use.
    #[serde(default)]
    domain: String,
    /// What kind of customer it is for.
    kind: RequestedKind,
    /// The country of purchase: two letters as in ISO 3166.
    #[serde(default)]
    country: String,
    /// The e-mail address of who is to accept the terms; who asks, if left out.
    #[serde(default)]
    approver: String,
}

/// Asks for an account. Its approver is mailed a link to accept the terms or decline.
#[utoipa::path(
    post,
    path = "/api/v1/me/account-requests",
    tag = "me",
    request_body = AccountWanted,
    responses((status = 201, body = Account))
)]
pub(super) async fn request_account(
    State(app): State<App>,
    AskingOwn { ask, member, body }: AskingOwn<AccountWanted>,
) -> Result<(StatusCode, Json<Account>), Problem> {
    let wanted = WantedAccount {
        name: body.name,
        domain: body.domain,
        kind: body.kind.into(),
        country: body.country,
        approver: body.approver,
    };
    let made = app.request_account(ask, &member, wanted).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
