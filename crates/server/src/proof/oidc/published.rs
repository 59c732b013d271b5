//! What a provider publishes: its metadata and its keys, fetched when needed and kept a while.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wire::time::{Span, Timestamp};

use super::OidcFault;
use super::key::Keys;
use super::web::{self, Web};

/// How long metadata and keys are kept.
const KEPT: Span = Span::from_hours(1);
/// How long after keys were fetched they are not fetched again for a token of an unknown key:
/// else anybody could make us ask the provider as often as they like.
const PAUSE: Span = Span::from_seconds(30);

/// What a provider says about itself, as far as it is of use.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) userinfo_endpoint: Option<String>,
    /// Whether a secret is taken in the header; else in the form.
    pub(super) takes_basic: bool,
    /// Whether each answer names its issuer (RFC 9207).
    pub(super) says_who_answers: bool,
    jwks_uri: String,
}

/// The same as it is published (OpenID Connect Discovery 1.0, RFC 8414).
#[derive(Deserialize)]
struct Stated {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What was fetched, and when.
type Slot<T> = Mutex<Option<(Arc<T>, Timestamp)>>;

/// What is kept of a provider.
#[derive(Default)]
pub(super) struct Published {
    metadata: Slot<Metadata>,
    keys: Slot<Keys>,
}

impl Published {
    /// The metadata of an issuer.
    pub(super) async fn metadata(
        &self,
        web: &Web,
        issuer: &str,
        now: Timestamp,
    ) -> Result<Arc<Metadata>, OidcFault> {
        if let Some(metadata) = kept(&self.metadata, KEPT, now) {
            return Ok(metadata);
        }
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let stated: Stated = fetch(web, &address).await?;
        let metadata = Arc::new(stated.checked(issuer)?);
        keep(&self.metadata, &metadata, now);
        Ok(metadata)
    }

    /// The keys, as they are known.
    pub(super) async fn keys(
        &self,
        web: &Web,
        metadata: &Metadata,
        now: Timestamp,
    ) -> Result<Arc<Keys>, OidcFault> {
        match kept(&self.keys, KEPT, now) {
            Some(keys) => Ok(keys),
            None => self.fetch_keys(web, metadata, now).await,
        }
    }

    /// The keys, fetched again if they were not fetched just now.
    pub(super) async fn keys_anew(
        &self,
        web: &Web,
        metadata: &Metadata,
        now: Timestamp,
    ) -> Result<Arc<Keys>, OidcFault> {
        match kept(&self.keys, PAUSE, now) {
            Some(keys) => Ok(keys),
            None => self.fetch_keys(web, metadata, now).await,
        }
    }

    async fn fetch_keys(
        &self,
        web: &Web,
        metadata: &Metadata,
        now: Timestamp,
    ) -> Result<Arc<Keys>, OidcFault> {
        let keys = Arc::new(fetch::<Keys>(web, &metadata.jwks_uri).await?);
        keep(&self.keys, &keys, now);
        Ok(keys)
    }
}

impl Stated {
    fn checked(self, issuer: &str) -> Result<Metadata, OidcFault> {
        if self.issuer != issuer {
            return Err(OidcFault::Issuer);
        }
        let userinfo = self.userinfo_endpoint.iter();
        let endpoints = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        let is_local = issuer.starts_with("http://");
        let is_private = |address: &String| {
            web::is_private(address) && (is_local || address.starts_with("https://"))
        };
        if !endpoints.into_iter().chain(userinfo).all(is_private) {
            return Err(OidcFault::Metadata { why: "an address is not https" });
        }
        if self.authorization_endpoint.contains('#') {
            return Err(OidcFault::Metadata { why: "an address has a fragment" });
        }
        let methods = self.token_endpoint_auth_methods_supported;
        let basic = |methods: &Vec<String>| methods.iter().any(|way| way == "client_secret_basic");
        Ok(Metadata {
            authorization_endpoint: self.authorization_endpoint,
            token_endpoint: self.token_endpoint,
            userinfo_endpoint: self.userinfo_endpoint,
            // Where nothing is said, the header is the default.
            takes_basic: methods.as_ref().is_none_or(basic),
            says_who_answers: self.authorization_response_iss_parameter_supported,
            jwks_uri: self.jwks_uri,
        })
    }
}

fn kept<T>(slot: &Slot<T>, life: Span, now: Timestamp) -> Option<Arc<T>> {
    let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    let (value, at) = slot.as_ref()?;
    (*at <= now && now < at.plus(life)).then(|| Arc::clone(value))
}

fn keep<T>(slot: &Slot<T>, value: &Arc<T>, now: Timestamp) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(value), now));
}

async fn fetch<T: DeserializeOwned>(web: &Web, address: &str) -> Result<T, OidcFault> {
    let reply = web.get(address, None).await?;
    if !reply.status.is_success() {
        return Err(OidcFault::Unreachable {
            why: format!("it answers {}", reply.status.as_u16()),
        });
    }
    let unreadable = OidcFault::Metadata { why: "it is not JSON of the right form" };
    serde_json::from_slice(&reply.body).map_err(|_| unreadable)
}
