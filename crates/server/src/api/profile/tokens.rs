//! ID tokens, with their texts: for who may make them.

use axum::Json;
use axum::extract::State;
use ledger::refusal::Refusal;
use ledger::token::ExportControlled;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::id::RequestId;

use super::{account_of, number};
use crate::api::asking::{Allowed, Asking, PathOf};
use crate::api::json::{Moment, some_text};
use crate::app::tokens::{NewToken, ShownToken};
use crate::app::{App, Ask, Error};
use crate::problem::Problem;

/// For how many days a token binds if nothing is said.
const DAYS: i64 = 30;

/// A token as clients of the profile ask for one.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Wanted {
    description: String,
    #[serde(deserialize_with = "number")]
    expires_after_days: Option<i64>,
    export_controlled: String,
}

fn shown(one: ShownToken) -> Value {
    let export = match one.token.export_controlled {
        ExportControlled::Allowed => "Allowed",
        ExportControlled::NotAllowed => "Not Allowed",
    };
    json!({
        "token": one.text,
        "description": some_text(&one.token.description),
        "expirationDate": Moment(one.token.expires_at),
        "createdBy": one.token.created_by,
        "exportControlled": export,
    })
}

/// Makes an ID token.
pub(super) async fn make(
    State(app): State<App>,
    PathOf((_, name)): PathOf<(String, String)>,
    Asking { ask, body }: Asking<Wanted>,
) -> Result<Json<Value>, Problem> {
    let account = account_of(&ask.permit)?;
    let place = app.virtual_account_named(&ask.permit, account, &name).await?;
    let export_controlled = match body.export_controlled.trim().to_lowercase().as_str() {
        "" | "not allowed" => ExportControlled::NotAllowed,
        "allowed" => ExportControlled::Allowed,
        _ => {
            let why = "must be Allowed or Not Allowed".to_owned();
            return Err(Error::from(Refusal::Invalid { field: "exportControlled", why }).into());
        }
    };
    let days = body.expires_after_days.unwrap_or(DAYS);
    let new = NewToken {
        virtual_account: place.id,
        description: body.description,
        // What no number of days can be is refused as 0 is.
        expires_after_days: u32::try_from(days).unwrap_or(0),
        max_uses: None,
        export_controlled,
    };
    let made = app.create_token(&ask, account, new).await?;
    Ok(Json(json!({
        "status": "SUCCESS",
        "statusMessage": "Token created",
        "tokenInfo": shown(made),
    })))
}

/// The ID tokens of a virtual account that still bind.
pub(super) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed,
    PathOf((_, name)): PathOf<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let account = account_of(&permit)?;
    let place = app.virtual_account_named(&permit, account, &name).await?;
    let tokens = app.tokens_with_texts(&permit, account, place.id).await?;
    let tokens: Vec<Value> = tokens.into_iter().map(shown).collect();
    Ok(Json(json!({"status": "SUCCESS", "statusMessage": "Tokens retrieved", "tokens": tokens})))
}

/// Which tokens, by their texts.
#[derive(Debug, Deserialize)]
pub(super) struct Revoked {
    tokens: Vec<String>,
}

/// Revokes ID tokens. The first that cannot be revoked ends it and is told; asking again does no harm.
pub(super) async fn revoke(
    State(app): State<App>,
    PathOf((_, name)): PathOf<(String, String)>,
    Asking { ask, body }: Asking<Revoked>,
) -> Result<Json<Value>, Problem> {
    let account = account_of(&ask.permit)?;
    let place = app.virtual_account_named(&ask.permit, account, &name).await?;
    let mut revoked = Vec::new();
    for (nth, text) in body.tokens.iter().enumerate() {
        let request = RequestId::derive(&[ask.request.as_bytes(), &nth.to_be_bytes()]);
        let one = Ask::new(ask.permit.clone(), request, text.as_bytes());
        app.revoke_token_of(&one, account, place.id, text).await?;
        revoked.push(json!({"token": text, "status": "SUCCESS", "statusMessage": "Token revoked"}));
    }
    Ok(Json(json!({
        "status": "SUCCESS",
        "statusMessage": "Tokens revoked",
        "tokensRevokeStatus": revoked,
    })))
}
