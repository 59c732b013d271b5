//! The terms, an account's properties, its virtual accounts and its API clients.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::account::Tag as BookTag;
use ledger::person as book;
use ledger::person::Bounds;
use ledger::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::id::{AccountId, ApiTokenId, VirtualAccountId};

use super::accounts::{Account, VirtualAccount};
use super::asking::{Allowed, Asking, PathOf};
use super::json::Moment;
use super::me::ApiTokens;
use super::schema;
use crate::app::api_tokens::NewApiToken;
use crate::app::customers::ChangedAccount;
use crate::app::virtual_accounts::{ChangedVirtualAccount, Emptied, HoldingCounts};
use crate::app::{App, Error};
use crate::problem::Problem;

/// A version of the End User License Agreement.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TermsText {
    /// Its version, from 1.
    version: u32,
    /// Its title.
    title: String,
    /// Its text, plain.
    text: String,
    /// When it was published.
    published_at: Moment,
}

impl From<book::Terms> for TermsText {
    fn from(terms: book::Terms) -> Self {
        Self {
            version: terms.version,
            title: terms.title,
            text: terms.text,
            published_at: Moment(terms.published_at),
        }
    }
}

/// Shows the newest version of the terms.
#[utoipa::path(
    get,
    path = "/api/v1/terms",
    tag = "terms",
    responses((status = 200, body = TermsText))
)]
pub(super) async fn show_terms(State(app): State<App>) -> Result<Json<TermsText>, Problem> {
    let terms = app.terms().await?;
    let terms = terms.ok_or(Refusal::NotFound { what: "terms" }).map_err(Error::from)?;
    Ok(Json(terms.into()))
}

/// What new terms are to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTerms {
    /// The title.
    title: String,
    /// The text, plain.
    text: String,
}

/// Publishes a new version of the terms: until it is accepted, new acts on licenses are blocked.
#[utoipa::path(
    post,
    path = "/api/v1/terms",
    tag = "terms",
    request_body = NewTerms,
    responses((status = 201, body = TermsText))
)]
pub(super) async fn publish_terms(
    State(app): State<App>,
    Asking { ask, body }: Asking<NewTerms>,
) -> Result<(StatusCode, Json<TermsText>), Problem> {
    let made = app.publish_terms(&ask, body.title, body.text).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Which version was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadTerms {
    /// The version.
    version: u32,
}

/// Accepts the newest terms for an account.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/terms/accept",
    tag = "terms",
    request_body = ReadTerms,
    responses((status = 204, description = "They are accepted."))
)]
pub(super) async fn accept_terms(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<ReadTerms>,
) -> Result<StatusCode, Problem> {
    app.accept_terms(&ask, account, body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What becomes of an account's properties.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountChange {
    /// The `revision` that was seen: if it is not the newest any more, nothing is changed.
    revision: u32,
    /// The shown name.
    name: String,
    /// The country of purchase: two letters as in ISO 3166, or empty.
    #[serde(default)]
    country: String,
    /// The domain by which an account of limited use becomes a full one: an operator's act.
    full_domain: Option<String>,
}

/// Changes an account's properties.
#[utoipa::path(
    put,
    path = "/api/v1/accounts/{account}",
    tag = "accounts",
    request_body = AccountChange,
    responses((status = 200, body = Account))
)]
pub(super) async fn edit_account(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<AccountChange>,
) -> Result<Json<Account>, Problem> {
    let AccountChange { revision, name, country, full_domain } = body;
    let changed = ChangedAccount { name, country, full_domain };
    Ok(Json(app.edit_account(&ask, account, revision, changed).await?.into()))
}

/// A custom tag of a virtual account.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    /// The group, such as `department`.
    group: String,
    /// The value, such as `research`.
    value: String,
}

impl From<BookTag> for Tag {
    fn from(tag: BookTag) -> Self {
        Self { group: tag.group, value: tag.value }
    }
}

impl From<Tag> for BookTag {
    fn from(tag: Tag) -> Self {
        Self { group: tag.group, value: tag.value }
    }
}

/// What becomes of a virtual account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VirtualAccountChange {
    /// The `revision` that was seen: if it is not the newest any more, nothing is changed.
    revision: u32,
    /// The shown name.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Custom tags.
    #[serde(default)]
    tags: Vec<Tag>,
}

/// Changes a virtual account's name, description and tags.
#[utoipa::path(
    put,
    path = "/api/v1/accounts/{account}/virtual-accounts/{virtual_account}",
    tag = "accounts",
    request_body = VirtualAccountChange,
    responses((status = 200, body = VirtualAccount))
)]
pub(super) async fn edit_virtual_account(
    State(app): State<App>,
    PathOf((account, id)): PathOf<(AccountId, VirtualAccountId)>,
    Asking { ask, body }: Asking<VirtualAccountChange>,
) -> Result<Json<VirtualAccount>, Problem> {
    let changed = ChangedVirtualAccount {
        revision: body.revision,
        name: body.name,
        description: body.description,
        tags: body.tags.into_iter().map(Into::into).collect(),
    };
    Ok(Json(app.edit_virtual_account(&ask, account, id, changed).await?.into()))
}

/// Which revision was seen.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    /// The `revision` that was seen: if it is not the newest any more, nothing is changed.
    revision: u32,
}

/// How a virtual account is archived.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Archiving {
    /// The `revision` that was seen: if it is not the newest any more, nothing is changed.
    revision: u32,
    /// The virtual account that everything goes to first: product instances with what they use,
    /// what is free of entitlements, and ID tokens. Without it, only an empty one is archived.
    #[schema(value_type = Option<schema::VirtualAccountId>)]
    move_to: Option<VirtualAccountId>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Archived {
    /// Whether it is archived. If not, more is left than one request moves: ask again.
    archived: bool,
    /// How many product instances this request moved.
    moved_instances: u64,
    /// How many entitlements this request moved.
    moved_entitlements: u64,
    /// How many ID tokens this request moved.
    moved_tokens: u64,
}

/// Archives a virtual account that holds nothing, or moves everything to another one first.
///
/// What was moved stays moved, even if the rest is refused because something cannot move:
/// asked again, it goes on from there.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/virtual-accounts/{virtual_account}/archive",
    tag = "accounts",
    request_body = Archiving,
    responses((status = 200, body = Archived))
)]
pub(super) async fn archive_virtual_account(
    State(app): State<App>,
    PathOf((account, id)): PathOf<(AccountId, VirtualAccountId)>,
    Asking { ask, body }: Asking<Archiving>,
) -> Result<Json<Archived>, Problem> {
    let emptied = match body.move_to {
        Some(to) => app.empty_virtual_account(&ask, account, (id, body.revision), to).await?,
        None => {
            app.archive_virtual_account(&ask, account, id, body.revision).await?;
            Emptied { moved: HoldingCounts::default(), archived: true }
        }
    };
    Ok(Json(Archived {
        archived: emptied.archived,
        moved_instances: emptied.moved.instances,
        moved_entitlements: emptied.moved.entitlements,
        moved_tokens: emptied.moved.tokens,
    }))
}

/// Takes an archived virtual account back into use.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/virtual-accounts/{virtual_account}/restore",
    tag = "accounts",
    request_body = Seen,
    responses((status = 204, description = "It is in use again."))
)]
pub(super) async fn restore_virtual_account(
    State(app): State<App>,
    PathOf((account, id)): PathOf<(AccountId, VirtualAccountId)>,
    Asking { ask, body }: Asking<Seen>,
) -> Result<StatusCode, Problem> {
    app.restore_virtual_account(&ask, account, id, body.revision).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a new API client or secret is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClient {
    /// What it is called.
    name: String,
    /// What it may be used for: `read`, `licenses`, `people`, `accounts`, separated by spaces.
    #[serde(default = "read")]
    scope: String,
    /// After how many days its secret stops working.
    #[schema(minimum = 1, maximum = 366)]
    expires_after_days: u32,
}

fn read() -> String {
    "read".to_owned()
}

/// A client's secret, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClientSecret {
    /// The client's id: `client_id` where a token is asked for.
    #[schema(value_type = schema::ApiTokenId)]
    client_id: ApiTokenId,
    /// The secret: `client_secret` there. It is not shown again.
    client_secret: String,
    /// When it stops working.
    expires_at: Moment,
}

/// The bounds of a scope's words.
pub(super) fn bounds(scope: &str) -> Result<Bounds, Problem> {
    let bounds = Bounds::from_words(scope);
    let bounds = bounds.ok_or_else(|| Refusal::Invalid {
        field: "scope",
        why: "must be read, licenses, people, accounts, separated by spaces, or everything"
            .to_owned(),
    });
    Ok(bounds.map_err(Error::from)?)
}

/// Lists the secrets of an account's API clients, the newest first, without their texts.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/api-clients",
    tag = "api clients",
    responses((status = 200, body = ApiTokens))
)]
pub(super) async fn list_clients(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
) -> Result<Json<ApiTokens>, Problem> {
    Ok(Json(ApiTokens::of(app.client_secrets(&permit, account).await?)))
}

/// Makes an API client of an account. It may what its maker may in this account, within its scope.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/api-clients",
    tag = "api clients",
    request_body = NewClient,
    responses((status = 201, body = ClientSecret))
)]
pub(super) async fn make_client(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<NewClient>,
) -> Result<(StatusCode, Json<ClientSecret>), Problem> {
    let bounds = bounds(&body.scope)?;
    let expires_after_days = body.expires_after_days;
    let new = NewApiToken { name: body.name, bounds, expires_after_days };
    let made = app.make_client_secret(&ask, account, None, new).await?;
    Ok((StatusCode::CREATED, Json(secret(made))))
}

fn secret(made: crate::app::api_tokens::MadeApiToken) -> ClientSecret {
    ClientSecret {
        client_id: made.token.id,
        client_secret: made.text,
        expires_at: Moment(made.token.expires_at),
    }
}

/// How long a new secret works.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSecret {
    /// After how many days it stops working.
    #[schema(minimum = 1, maximum = 366)]
    expires_after_days: u32,
}

/// Makes one more secret of a client, so that the old one can be replaced without a break.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/api-clients/{api_client}/secrets",
    tag = "api clients",
    request_body = NewSecret,
    responses((status = 201, body = ClientSecret))
)]
pub(super) async fn make_client_secret(
    State(app): State<App>,
    PathOf((account, client)): PathOf<(AccountId, ApiTokenId)>,
    Asking { ask, body }: Asking<NewSecret>,
) -> Result<(StatusCode, Json<ClientSecret>), Problem> {
    let NewSecret { expires_after_days } = body;
    let bounds = Bounds::Everything;
    // Name and bounds are the client's own.
    let new = NewApiToken { name: "secret".to_owned(), bounds, expires_after_days };
    let made = app.make_client_secret(&ask, account, Some(client), new).await?;
    Ok((StatusCode::CREATED, Json(secret(made))))
}

/// Which secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientRevocation {
    /// `made_at` of the one secret to revoke; all of them, if left out.
    made_at: Option<Moment>,
}

/// Revokes an API client with all its secrets, or one of them. Its access tokens end with the last.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/api-clients/{api_client}/revoke",
    tag = "api clients",
    request_body = ClientRevocation,
    responses((status = 204, description = "It is revoked."))
)]
pub(super) async fn revoke_client(
    State(app): State<App>,
    PathOf((account, client)): PathOf<(AccountId, ApiTokenId)>,
    Asking { ask, body }: Asking<ClientRevocation>,
) -> Result<StatusCode, Problem> {
    app.revoke_client(&ask, account, client, body.made_at.map(|at| at.0)).await?;
    Ok(StatusCode::NO_CONTENT)
}
