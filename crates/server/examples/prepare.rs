//! Prepares a data folder for judges from outside: people who can sign in, each with a personal
//! token, an account with an API client, a license that is granted. Prints them as JSON.
//!
//! A browser is what people do this with; a judge has none. Every step is a use case of the server.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use ledger::person::{Bounds, LinkPurpose};
use serde_json::{Value, json};
use server::app::App;
use server::app::api_tokens::NewApiToken;
use server::app::people::OwnAsk;
use server::app::sign_in::{Caller, Entered};
use server::config::Config;
use server::proof::Secret;
use server::serve::open;
use server::world::World;
use tower::ServiceExt as _;

/// Where the people of this folder sign in from.
const FROM: &str = "127.0.0.1";
/// The largest answer.
const ANSWER_BYTES: usize = 1024 * 1024;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::args().nth(1).context("usage: prepare DATA-FOLDER")?;
    let opened = open(&Config::in_folder(Path::new(&folder)), World::system()).await?;
    let desk = Desk { app: opened.app, router: opened.router };
    println!("{}", desk.prepare().await?);
    Ok(())
}

/// The use cases, and the routes with the rights of the host.
struct Desk {
    app: App,
    router: Router,
}

impl Desk {
    async fn prepare(&self) -> Result<Value> {
        let new = json!({"name": "Example Networks", "domain": "example.com"});
        let account = self.post("/api/v1/accounts", &new, None).await?;
        let path = format!("/api/v1/accounts/{}", text(&account["id"])?);
        let branch = json!({"name": "Branch Office", "description": "the second floor"});
        let branch = self.post(&format!("{path}/virtual-accounts"), &branch, None).await?;
        let lot = json!({
            "virtual_account": branch["id"], "tag": "network-advantage", "quantity": 10,
        });
        self.post(&format!("{path}/entitlements"), &lot, None).await?;
        let operator = json!({"email": "op@example.com", "role": "operator"});
        let operator = self.person("/api/v1/grants", &operator).await?;
        let ann = json!({"email": "ann@example.com", "role": "administrator"});
        let administrator = self.person(&format!("{path}/grants"), &ann).await?;
        let client = json!({"name": "judge", "scope": "everything", "expires_after_days": 2});
        let clients = format!("{path}/api-clients");
        let client = self.post(&clients, &client, Some(&administrator)).await?;
        Ok(json!({
            "account": account["id"],
            "virtual_account": branch["id"],
            "domain": "example.com",
            "operator": operator,
            "email": "ann@example.com",
            "administrator": administrator,
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
        }))
    }

    /// Invites somebody with a role, accepts for them, and makes a token of theirs.
    async fn person(&self, grants: &str, role: &Value) -> Result<String> {
        self.post(grants, role, None).await?;
        let email = text(&role["email"])?;
        let word = self.invitation(&email).await?;
        let password: [u8; 16] = self.app.world.random();
        let password: String = password.iter().map(|byte| format!("{byte:02x}")).collect();
        let (secret, request) = (Secret::new(&password), self.app.fresh_request());
        let purpose = LinkPurpose::Invitation;
        self.app.set_password_by_link(&word, purpose, secret, request, FROM).await?;
        let from = Caller { address: FROM.to_owned(), browser: String::new() };
        let entered = self.app.sign_in_by_password(&email, Secret::new(&password), &from).await?;
        let Entered::In(session) = entered else { bail!("a second factor is asked for") };
        let signed_in = self.app.signed_in(&session.token).await?.context("nobody is signed in")?;
        let member = signed_in.member().context("nobody is signed in")?;
        let ask = OwnAsk::new(member, self.app.fresh_request(), FROM, b"prepare");
        let token = NewApiToken {
            name: "judge".to_owned(),
            bounds: Bounds::Everything,
            expires_after_days: 2,
        };
        let hash = signed_in.session.token_hash;
        Ok(self.app.make_personal_token(ask, hash, token).await?.text)
    }

    /// The word of the link in the letter to an address.
    async fn invitation(&self, email: &str) -> Result<String> {
        for letter in self.app.claim_letters().await? {
            if letter.posted.letter.to != email {
                continue;
            }
            let text = letter.text.context("a letter without a text")?;
            let link = text.lines().find(|line| line.starts_with("http")).context("no link")?;
            return Ok(link.rsplit('/').next().unwrap_or_default().to_owned());
        }
        bail!("no letter to {email}")
    }

    /// Asks as the host, or by a token.
    async fn post(&self, path: &str, body: &Value, token: Option<&str>) -> Result<Value> {
        let router = match token {
            // The host's rights lie outside of these routes.
            Some(_) => server::api::routes().with_state(self.app.clone()),
            None => self.router.clone(),
        };
        let mut request = Request::builder().method(Method::POST).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let answer = router.oneshot(request.body(Body::from(body.to_string()))?).await?;
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), ANSWER_BYTES).await?;
        ensure!(status.is_success(), "{path}: {status} {}", String::from_utf8_lossy(&bytes));
        Ok(serde_json::from_slice(&bytes)?)
    }
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("{value} is no text"))?.to_owned())
}
