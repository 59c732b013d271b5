//! ID tokens, and the keys that devices bound by them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ledger::refusal::Refusal;
use ledger::token as book;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::id::{AccountId, TokenId, VirtualAccountId};
use wire::key::KeyId;
use wire::time::Timestamp;

use super::asking::{Allowed, Asking, PathOf, QueryOf};
use super::instances::NoMore;
use super::json::{ExportControlled, Moment, some_text};
use super::paging::{Page, Paging, answer, place};
use super::schema;
use crate::app::App;
use crate::app::paging::List;
use crate::app::tokens::{NewToken as Wanted, ShownToken};
use crate::problem::Problem;

/// An ID token, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    /// Its id.
    #[schema(value_type = schema::TokenId)]
    id: TokenId,
    /// The virtual account in which it places instances.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// What it is for.
    description: Option<String>,
    /// Whether it binds, and if not, why.
    state: TokenState,
    /// When it stops binding.
    expires_at: Moment,
    /// How many instances it may bind; null for any number.
    max_uses: Option<u32>,
    /// How many it bound.
    uses: u32,
    /// Whether its instances may hold export-controlled licenses.
    export_controlled: ExportControlled,
    /// Who made it, in words.
    created_by: String,
    /// When it was made.
    created_at: Moment,
    /// When it was revoked; null if it was not.
    revoked_at: Option<Moment>,
}

/// Whether an ID token binds, and if not, why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum TokenState {
    /// It does.
    Active,
    /// Its time is over.
    Expired,
    /// It bound as many as it may.
    UsedUp,
    /// It was revoked.
    Revoked,
}

fn token(token: book::Token, now: Timestamp) -> Token {
    let state = match token.admits(now) {
        Ok(()) => TokenState::Active,
        Err(Refusal::TokenExpired { .. }) => TokenState::Expired,
        Err(Refusal::TokenUsedUp { .. }) => TokenState::UsedUp,
        Err(_) => TokenState::Revoked,
    };
    Token {
        id: token.id,
        virtual_account: token.virtual_account,
        description: some_text(&token.description),
        state,
        expires_at: Moment(token.expires_at),
        max_uses: token.max_uses,
        uses: token.uses,
        export_controlled: token.export_controlled.into(),
        created_by: token.created_by,
        created_at: Moment(token.created_at),
        revoked_at: token.revoked_at.map(Moment),
    }
}

/// An ID token with its text, for who may make tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenWithText {
    /// The token.
    #[serde(flatten)]
    token: Token,
    /// What is given to the device; null if it was made on a node with other keys.
    text: Option<String>,
}

fn with_text(shown: ShownToken, now: Timestamp) -> TokenWithText {
    TokenWithText { token: token(shown.token, now), text: shown.text }
}

/// What a new ID token is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// The virtual account in which it places instances.
    #[schema(value_type = schema::VirtualAccountId)]
    virtual_account: VirtualAccountId,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// After how many days it stops binding.
    #[schema(minimum = 1, maximum = 365)]
    expires_after_days: u32,
    /// How many instances it may bind; any number, if left out.
    #[schema(minimum = 1)]
    max_uses: Option<u32>,
    /// Whether its instances may hold export-controlled licenses; `not_allowed`, if left out.
    export_controlled: Option<ExportControlled>,
}

/// Makes an ID token and shows its text.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/tokens",
    tag = "tokens",
    request_body = NewToken,
    responses((status = 201, body = TokenWithText))
)]
pub(super) async fn create_token(
    State(app): State<App>,
    PathOf(account): PathOf<AccountId>,
    Asking { ask, body }: Asking<NewToken>,
) -> Result<(StatusCode, Json<TokenWithText>), Problem> {
    let wanted = Wanted {
        virtual_account: body.virtual_account,
        description: body.description,
        expires_after_days: body.expires_after_days,
        max_uses: body.max_uses,
        export_controlled: body.export_controlled.unwrap_or(ExportControlled::NotAllowed).into(),
    };
    let made = app.create_token(&ask, account, wanted).await?;
    Ok((StatusCode::CREATED, Json(with_text(made, app.world.now()))))
}

/// Lists an account's ID tokens without their texts, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/tokens",
    tag = "tokens",
    params(Paging),
    responses((status = 200, body = Page<Token>))
)]
pub(super) async fn list_tokens(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf(account): PathOf<AccountId>,
    QueryOf(paging): QueryOf<Paging>,
) -> Result<Json<Page<Token>>, Problem> {
    let after = place(&app, List::Tokens, paging.cursor.as_deref())?;
    let found = app.tokens(&permit, account, after, paging.limit.get()).await?;
    let now = app.world.now();
    Ok(answer(&app, List::Tokens, found, |one| token(one, now)))
}

/// Shows an ID token with its text.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account}/tokens/{token}",
    tag = "tokens",
    responses((status = 200, body = TokenWithText))
)]
pub(super) async fn show_token(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf((account, id)): PathOf<(AccountId, TokenId)>,
) -> Result<Json<TokenWithText>, Problem> {
    let shown = app.token(&permit, account, id).await?;
    Ok(Json(with_text(shown, app.world.now())))
}

/// Revokes an ID token; instances that it bound stay bound.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/tokens/{token}/revoke",
    tag = "tokens",
    responses((status = 204, description = "It is revoked."))
)]
pub(super) async fn revoke_token(
    State(app): State<App>,
    PathOf((account, id)): PathOf<(AccountId, TokenId)>,
    Asking { ask, body: NoMore {} }: Asking<NoMore>,
) -> Result<StatusCode, Problem> {
    app.revoke_token(&ask, account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why a key is revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Revocation {
    /// Why: stolen, cloned.
    reason: String,
}

/// Revokes a device's key: it speaks for nobody any more.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/{account}/device-keys/{key}/revoke",
    tag = "tokens",
    request_body = Revocation,
    responses((status = 204, description = "It is revoked."))
)]
pub(super) async fn revoke_key(
    State(app): State<App>,
    PathOf((account, key)): PathOf<(AccountId, KeyId)>,
    Asking { ask, body }: Asking<Revocation>,
) -> Result<StatusCode, Problem> {
    app.revoke_key(&ask, account, key, body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}
