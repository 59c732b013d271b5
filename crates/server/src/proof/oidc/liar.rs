//! An identity provider that says and signs whatever a test tells it to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use crate::proof::testing;

/// Fields of a query or a form.
pub(super) type Fields = BTreeMap<String, String>;

/// How tokens are signed.
pub(super) enum Signer {
    Rs256,
    Ps256,
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    /// With a shared secret.
    Hs256(Vec<u8>),
    /// Not at all.
    None,
}

/// All that it says.
pub(super) struct Says {
    pub(super) metadata: Value,
    pub(super) keys: Value,
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) signer: Signer,
    /// What stands in place of the signed token.
    pub(super) token: Option<String>,
    pub(super) userinfo: Value,
    /// The status of the token's answer.
    pub(super) status: StatusCode,
    /// What it was asked: the path, the authorization, the form.
    pub(super) asked: Vec<(String, Option<String>, Fields)>,
}

/// The provider, listening on loopback until it is dropped.
pub(super) struct Liar {
    pub(super) issuer: String,
    says: Arc<Mutex<Says>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Liar {
    /// An honest one, to begin with.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(honest(&issuer)));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&says));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, says, task }
    }

    /// What it says, to be changed.
    pub(super) fn says(&self) -> MutexGuard<'_, Says> {
        self.says.lock().unwrap()
    }

    /// What it was asked last for a path: the authorization and the form.
    pub(super) fn last(&self, path: &str) -> (Option<String>, Fields) {
        let says = self.says();
        let (_, authorization, form) =
            says.asked.iter().rfind(|(asked, ..)| asked == path).unwrap();
        (authorization.clone(), form.clone())
    }

    /// How often it was asked for a path.
    pub(super) fn asked_for(&self, path: &str) -> usize {
        self.says().asked.iter().filter(|(asked, ..)| asked == path).count()
    }
}

fn honest(issuer: &str) -> Says {
    Says {
        metadata: json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
        }),
        keys: json!({ "keys": [rsa_key("first")] }),
        header: json!({ "alg": "RS256", "kid": "first", "typ": "JWT" }),
        claims: json!({}),
        signer: Signer::Rs256,
        token: None,
        userinfo: json!({}),
        status: StatusCode::OK,
        asked: Vec::new(),
    }
}

/// The public half of the RSA key.
pub(super) fn rsa_key(kid: &str) -> Value {
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(testing::rsa().public());
    json!({ "kty": "RSA", "kid": kid, "use": "sig", "n": text(&public.n), "e": text(&public.e) })
}

/// The public half of a key of P-256.
pub(super) fn p256_key(key: &EcdsaKeyPair, kid: &str) -> Value {
    let point = key.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": text(&point[1..33]), "y": text(&point[33..]) })
}

/// The public half of a key of Ed25519.
pub(super) fn ed25519_key(key: &Ed25519KeyPair, kid: &str) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": text(key.public_key().as_ref()) })
}

impl Says {
    fn signed(&self) -> String {
        let part = |value: &Value| text(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&self.header), part(&self.claims));
        let signature = self.signer.sign(signed.as_bytes());
        format!("{signed}.{}", text(&signature))
    }
}

impl Signer {
    fn sign(&self, signed: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |how: &'static dyn ring::signature::RsaEncoding| {
            let key = testing::rsa();
            let mut signature = vec![0; key.public().modulus_len()];
            key.sign(how, &random, signed, &mut signature).unwrap();
            signature
        };
        match self {
            Self::Rs256 => rsa(&RSA_PKCS1_SHA256),
            Self::Ps256 => rsa(&RSA_PSS_SHA256),
            Self::Es256(key) => key.sign(&random, signed).unwrap().as_ref().to_vec(),
            Self::EdDsa(key) => key.sign(signed).as_ref().to_vec(),
            Self::Hs256(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, signed).as_ref().to_vec()
            }
            Self::None => Vec::new(),
        }
    }
}

async fn answer(
    State(says): State<Arc<Mutex<Says>>>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> axum::response::Response {
    let mut says = says.lock().unwrap();
    let authorization = headers.get(header::AUTHORIZATION);
    let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
    says.asked.push((uri.path().to_owned(), authorization, fields(&body)));
    match uri.path() {
        "/.well-known/openid-configuration" => says.metadata.to_string().into_response(),
        "/keys" => says.keys.to_string().into_response(),
        "/token" if says.status != StatusCode::OK => {
            (says.status, json!({ "error": "invalid_grant" }).to_string()).into_response()
        }
        "/token" => {
            let token = says.token.clone().unwrap_or_else(|| says.signed());
            let tokens =
                json!({ "id_token": token, "access_token": "access", "token_type": "Bearer" });
            tokens.to_string().into_response()
        }
        "/userinfo" => says.userinfo.to_string().into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Reads a query or a form.
pub(super) fn fields(text: &str) -> Fields {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

pub(super) fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
