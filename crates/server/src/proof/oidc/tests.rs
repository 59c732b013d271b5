//! An honest provider is believed; each lie of a dishonest one is refused by its own code.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::liar::{Fields, Liar, Says, Signer, ed25519_key, fields, p256_key, rsa_key, text};
use super::*;
use crate::proof::testing;
use crate::world::Script;

mod lies;
mod real;
mod ways;

const NOON: Timestamp = Timestamp::from_seconds(1_750_000_000);
const NOON_SECONDS: i64 = 1_750_000_000;
const REDIRECT: &str = "http://localhost:8080/sign-in/corporate/answer";

struct Scene {
    liar: Liar,
    providers: Providers,
    script: Script,
    world: World,
}

/// What a provider is configured with, as a public client.
fn configured(issuer: &str) -> config::Provider {
    config::Provider {
        name: "corporate".to_owned(),
        label: "Example Corp account".to_owned(),
        issuer: issuer.to_owned(),
        client_id: "scrip".to_owned(),
        client_secret_file: None,
        ca: None,
        allowed_email_domains: Vec::new(),
    }
}

async fn scene() -> Scene {
    scene_with(|_| ()).await
}

async fn scene_with(change: impl FnOnce(&mut config::Provider)) -> Scene {
    let liar = Liar::start().await;
    let mut configured = configured(&liar.issuer);
    change(&mut configured);
    let providers = Providers::new(&[configured]).unwrap();
    let script = Script::new(11, NOON);
    let world = script.world();
    Scene { liar, providers, script, world }
}

impl Scene {
    fn provider(&self) -> &Provider {
        self.providers.find("corporate").unwrap()
    }

    /// Begins: where somebody is sent, and what is kept.
    async fn begin(&self, prompt: Prompt) -> Result<(Fields, Pending), OidcFault> {
        let (address, pending) = self.provider().begin(REDIRECT, prompt, &self.world).await?;
        let (endpoint, query) = address.split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", self.liar.issuer));
        Ok((fields(query), pending))
    }

    /// The whole way, with a lie told in the middle of it.
    async fn sign_in(
        &self,
        prompt: Prompt,
        lie: impl FnOnce(&mut Says, &mut Answer),
    ) -> Result<Subject, OidcFault> {
        let (query, pending) = self.begin(prompt).await?;
        let mut answer = Answer {
            code: Some("the code".to_owned()),
            state: Some(query["state"].clone()),
            ..Answer::default()
        };
        {
            let mut says = self.liar.says();
            says.claims = json!({
                "iss": self.liar.issuer,
                "sub": "anna-42",
                "aud": "scrip",
                "exp": NOON_SECONDS + 300,
                "iat": NOON_SECONDS,
                "nonce": query["nonce"],
                "email": "anna@example.org",
                "email_verified": true,
                "name": "Anna Meier",
            });
            lie(&mut says, &mut answer);
        }
        self.provider().finish(&pending, &answer, self.world.now()).await
    }

    async fn lied(&self, lie: impl FnOnce(&mut Says)) -> OidcFault {
        self.sign_in(Prompt::IfNeeded, |says, _| lie(says)).await.unwrap_err()
    }
}

fn code(fault: &OidcFault) -> String {
    let text = fault.to_string();
    text.rsplit_once('(').unwrap().1.trim_end_matches(')').to_owned()
}
