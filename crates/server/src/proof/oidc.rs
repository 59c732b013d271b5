//! Signing in by an identity provider: OpenID Connect Core 1.0, the code flow with PKCE.
//!
//! A provider is believed only what it signs, for us, in answer to our question. People are
//! known by (issuer, subject), never by an e-mail address. Not here: whose account that is.

mod fault;
mod key;
mod published;
mod token;
mod web;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wire::time::{Span, Timestamp};

use super::Secret;
use crate::config::{self, ConfigError};
use crate::world::World;

use published::{Metadata, Published};
use token::{Expected, Identity};
use web::{Form, Web};

pub use fault::OidcFault;

/// How long somebody may take at the provider.
const PATIENCE: Span = Span::from_minutes(10);
/// How far the provider's clock may be off.
const SLACK: Span = Span::from_minutes(1);
/// What stands in an address or form as it is.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Whether a text can be a provider's issuer: `https`, or `http` on loopback, with nothing
/// behind the path.
pub fn is_issuer(text: &str) -> bool {
    web::is_private(text) && !text.contains(['?', '#'])
}

/// Whether the provider may answer from memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// It may, if the person signed in there already.
    IfNeeded,
    /// The person must prove it anew, as for a dangerous act.
    Anew,
}

/// What is kept while somebody is at the provider. It is for the server alone.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    provider: String,
    prompt: Prompt,
    redirect: String,
    state: String,
    nonce: String,
    verifier: String,
    began_at: Timestamp,
}

/// With what the provider sends somebody back: the parameters of the redirect address.
#[derive(Clone, Default, Deserialize)]
pub struct Answer {
    /// The code, to be exchanged for the token.
    pub code: Option<String>,
    /// The word that came along with the question.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Who somebody is, as a provider says and signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The provider's issuer.
    pub issuer: String,
    /// Who, in the provider's own words: never given to another.
    pub subject: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the provider has seen that the address is theirs.
    pub email_verified: bool,
    /// The name.
    pub name: Option<String>,
    /// When the person proved it there, if the provider says.
    pub proven_at: Option<Timestamp>,
}

/// The configured identity providers.
#[derive(Clone, Debug, Default)]
pub struct Providers(Arc<Vec<Provider>>);

/// An identity provider.
pub struct Provider {
    name: String,
    label: String,
    issuer: String,
    client_id: String,
    secret: Option<Secret>,
    domains: Vec<String>,
    web: Web,
    published: Published,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("error", &self.error).finish_non_exhaustive()
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Pending {
    /// As text, to be kept where only the server reads it.
    pub fn text(&self) -> Secret {
        Secret::new(serde_json::to_string(self).expect("such a value is always JSON"))
    }

    /// The one of a text.
    ///
    /// # Errors
    /// `oidc.state` if it is none.
    pub fn from_text(text: &str) -> Result<Self, OidcFault> {
        serde_json::from_str(text).map_err(|_| OidcFault::State)
    }

    /// The name of the provider at which somebody is.
    pub fn provider(&self) -> &str {
        &self.provider
    }
}

impl Providers {
    /// The providers of a configuration. Nothing is asked of them yet.
    ///
    /// # Errors
    /// `config.file` if a secret or an authority cannot be read.
    pub fn new(configured: &[config::Provider]) -> Result<Self, ConfigError> {
        let providers = configured.iter().map(Provider::new).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(providers)))
    }

    /// All of them, in the order in which they are shown.
    pub fn all(&self) -> &[Provider] {
        &self.0
    }

    /// The one of a name.
    ///
    /// # Errors
    /// `oidc.provider` if there is none.
    pub fn find(&self, name: &str) -> Result<&Provider, OidcFault> {
        let found = self.0.iter().find(|provider| provider.name == name);
        found.ok_or_else(|| OidcFault::Provider { name: name.chars().take(32).collect() })
    }
}

impl Provider {
    fn new(configured: &config::Provider) -> Result<Self, ConfigError> {
        let secret = configured.client_secret_file.as_deref().map(config::secret).transpose()?;
        let lower = |domain: &String| domain.to_ascii_lowercase();
        Ok(Self {
            name: configured.name.clone(),
            label: configured.label.clone(),
            issuer: configured.issuer.clone(),
            client_id: configured.client_id.clone(),
            secret: secret.map(Secret::new),
            domains: configured.allowed_email_domains.iter().map(lower).collect(),
            web: Web::new(configured.ca.as_deref())?,
            published: Published::default(),
        })
    }

    /// What it is called in addresses.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people read on its button.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where to send somebody, and what to keep until they come back to `redirect`.
    ///
    /// # Errors
    /// `oidc.unreachable`, `oidc.metadata`, `oidc.issuer`.
    pub async fn begin(
        &self,
        redirect: &str,
        prompt: Prompt,
        world: &World,
    ) -> Result<(String, Pending), OidcFault> {
        let metadata = self.metadata(world.now()).await?;
        let word = || URL_SAFE_NO_PAD.encode(world.random::<32>());
        let pending = Pending {
            provider: self.name.clone(),
            prompt,
            redirect: redirect.to_owned(),
            state: word(),
            nonce: word(),
            verifier: word(),
            began_at: world.now(),
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&pending.verifier));
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", redirect),
            ("scope", "openid email profile"),
            ("state", &pending.state),
            ("nonce", &pending.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if prompt == Prompt::Anew {
            query.extend([("prompt", "login"), ("max_age", "0")]);
        }
        let address = &metadata.authorization_endpoint;
        let joint = if address.contains('?') { '&' } else { '?' };
        Ok((format!("{address}{joint}{}", form(&query)), pending))
    }

    /// Who came back.
    ///
    /// # Errors
    /// Every `oidc.…`: each lie of a provider has its own.
    pub async fn finish(
        &self,
        pending: &Pending,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Subject, OidcFault> {
        let metadata = self.metadata(now).await?;
        let code = self.code(pending, answer, &metadata, now)?;
        let tokens = self.exchange(&metadata, code, pending).await?;
        let keys = || self.published.keys(&self.web, &metadata, now);
        let fresh_since = (pending.prompt == Prompt::Anew).then_some(pending.began_at);
        let expected = Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            nonce: &pending.nonce,
            fresh_since,
            now,
        };
        let unverified = token::Token::read(&tokens.id_token)?;
        let mut known = keys().await?;
        if !unverified.fits(&known) {
            known = self.published.keys_anew(&self.web, &metadata, now).await?;
        }
        let mut identity = unverified.open(&known, &expected)?;
        if identity.email.is_none() {
            self.ask_more(&metadata, &tokens, &mut identity).await?;
        }
        self.check_domain(&identity)?;
        Ok(Subject {
            issuer: self.issuer.clone(),
            subject: identity.subject,
            email: identity.email,
            email_verified: identity.email_verified,
            name: identity.name,
            proven_at: identity.proven_at,
        })
    }

    async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, OidcFault> {
        self.published.metadata(&self.web, &self.issuer, now).await
    }

    /// The code of an answer to our question.
    fn code<'a>(
        &self,
        pending: &Pending,
        answer: &'a Answer,
        metadata: &Metadata,
        now: Timestamp,
    ) -> Result<&'a str, OidcFault> {
        let state = answer.state.as_deref().unwrap_or_default();
        if pending.provider != self.name || !Secret::new(&pending.state).is(state) {
            return Err(OidcFault::State);
        }
        if now < pending.began_at || pending.began_at.plus(PATIENCE) < now {
            return Err(OidcFault::Late);
        }
        match answer.iss.as_deref() {
            Some(issuer) if issuer != self.issuer => return Err(OidcFault::Issuer),
            None if metadata.says_who_answers => return Err(OidcFault::Issuer),
            _ => {}
        }
        if let Some(error) = &answer.error {
            return Err(OidcFault::Denied { error: fault::word(error) });
        }
        answer.code.as_deref().filter(|code| !code.is_empty()).ok_or(OidcFault::State)
    }

    /// Exchanges a code for tokens.
    async fn exchange(
        &self,
        metadata: &Metadata,
        code: &str,
        pending: &Pending,
    ) -> Result<Tokens, OidcFault> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", pending.redirect.as_str()),
            ("code_verifier", pending.verifier.as_str()),
        ];
        let mut basic = None;
        match &self.secret {
            Some(secret) if metadata.takes_basic => {
                let pair = format!("{}:{}", escape(&self.client_id), escape(secret.expose()));
                basic = Some(Secret::new(format!("Basic {}", STANDARD.encode(pair))));
            }
            Some(secret) => {
                fields.extend([
                    ("client_id", self.client_id.as_str()),
                    ("client_secret", secret.expose()),
                ]);
            }
            None => fields.push(("client_id", &self.client_id)),
        }
        let body = Form { body: Secret::new(form(&fields)), authorization: basic };
        let reply = self.web.post(&metadata.token_endpoint, &body).await?;
        if !reply.status.is_success() {
            let refused: Refused = serde_json::from_slice(&reply.body).unwrap_or_default();
            return Err(OidcFault::Exchange { error: fault::word(&refused.error) });
        }
        let unreadable = || OidcFault::Exchange { error: "its answer cannot be read".to_owned() };
        serde_json::from_slice(&reply.body).map_err(|_| unreadable())
    }

    /// Asks for what the token does not say: many providers keep address and name for this.
    async fn ask_more(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        identity: &mut Identity,
    ) -> Result<(), OidcFault> {
        let (Some(endpoint), Some(access)) = (&metadata.userinfo_endpoint, &tokens.access_token)
        else {
            return Ok(());
        };
        let authorization = Secret::new(format!("Bearer {access}"));
        let reply = self.web.get(endpoint, Some(&authorization)).await?;
        if !reply.status.is_success() {
            return Err(OidcFault::Exchange { error: "it does not tell the address".to_owned() });
        }
        identity.learn(&reply.body)
    }

    /// Whether the provider may speak for the address, where that is bounded.
    fn check_domain(&self, identity: &Identity) -> Result<(), OidcFault> {
        if self.domains.is_empty() {
            return Ok(());
        }
        let email = identity.email.as_deref().filter(|_| identity.email_verified);
        let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
        let allowed = |domain: &str| self.domains.contains(&domain.to_ascii_lowercase());
        if domain.is_some_and(allowed) { Ok(()) } else { Err(OidcFault::Domain) }
    }
}

/// What a code is exchanged for.
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

#[derive(Default, Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, &ESCAPED).to_string()
}

/// Fields as an address and a form have them.
fn form(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("{name}={}", escape(value)));
    fields.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod liar;
#[cfg(test)]
mod tests;
