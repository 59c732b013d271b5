//! Commands to paste, true as they stand but for the words in capitals.

use wire::id::{AccountId, VirtualAccountId};
use wire::tag::EntitlementTag;

use super::pages::parts::Paste;
use crate::app::App;

fn paste(label: &str, command: String) -> Vec<Paste> {
    vec![Paste { label: label.to_owned(), command }]
}

/// A call of the native API. The bearer is the set-up secret; it stays out of the page.
fn call(app: &App, path: &str, body: &serde_json::Value) -> Vec<Paste> {
    let url = &app.settings.public_url;
    // Inside single quotes a shell takes everything as it is but the quote itself.
    let body = body.to_string().replace('\'', r"'\''");
    let command = format!(
        "curl '{url}{path}' \\\n  -H \"Authorization: Bearer $SET_UP_SECRET\" \\\n  \
         -H 'Content-Type: application/json' \\\n  -d '{body}'"
    );
    paste("By the API, with the set-up secret in SET_UP_SECRET", command)
}

/// Makes an account.
pub(super) fn make_account(app: &App) -> Vec<Paste> {
    let body = serde_json::json!({ "name": "NAME", "domain": "DOMAIN" });
    call(app, "/api/v1/accounts", &body)
}

/// Makes an ID token.
pub(super) fn make_token(app: &App, account: AccountId, place: &str) -> Vec<Paste> {
    let body = serde_json::json!({
        "virtual_account": place, "description": "First devices", "expires_after_days": 30,
    });
    call(app, &format!("/api/v1/accounts/{account}/tokens"), &body)
}

/// Enters what was bought.
pub(super) fn grant(
    app: &App,
    account: AccountId,
    place: &str,
    tag: Option<&EntitlementTag>,
) -> Vec<Paste> {
    let body = serde_json::json!({
        "virtual_account": place, "tag": tag.map_or("TAG", EntitlementTag::as_str), "quantity": 10,
        "kind": "perpetual", "source": "ORDER",
    });
    call(app, &format!("/api/v1/accounts/{account}/entitlements"), &body)
}

/// As [`grant`], to a virtual account.
pub(super) fn grant_to(
    app: &App,
    account: AccountId,
    place: VirtualAccountId,
    tag: &EntitlementTag,
) -> Vec<Paste> {
    grant(app, account, &place.to_string(), Some(tag))
}

/// Gives a device an ID token.
pub(super) fn trust(token: &str) -> Vec<Paste> {
    paste("On the device, with the Scrip agent", format!("scrip-agent trust idtoken {token}"))
}

/// Lets a device report at once.
pub(super) fn report_now() -> Vec<Paste> {
    paste("On the device, with the Scrip agent", "scrip-agent sync".to_owned())
}

/// Gets an access token for an API client, and asks with it.
pub(super) fn client_token(app: &App, client: &str, secret: &str) -> Vec<Paste> {
    let url = &app.settings.public_url;
    let command = format!(
        "curl '{url}/as/token.oauth2' \\\n  -d grant_type=client_credentials \\\n  \
         -d client_id={client} \\\n  -d client_secret={secret}"
    );
    paste("An access token, for an hour", command)
}
