//! A server in a scripted world, asked over its real router; and what its answers hold.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};
use server::app::found::{Founding, found};
use server::app::{App, Settings};
use server::keys::KeyFolder;
use server::networks::Networks;
use server::world::Script;
use store::Book;
use tower::ServiceExt as _;
use wire::time::{Span, Timestamp};

use crate::home::Home;

/// When every scene begins: 2025-06-15T15:06:40Z.
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_750_000_000);

/// A tag that the catalogue need not know.
pub(crate) const ADVANTAGE: &str = "regid.2017-03.com.cisco.advantagek9-Nyquist-C9300,1.0_f1563759";
/// Another.
pub(crate) const DNA: &str = "regid.2017-05.com.cisco.c9300_dna_advantage,1.0_411773c3";

/// A server in a scripted world.
pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) script: Script,
    pub(crate) secret: String,
    router: Router,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// An account with its default virtual account and one more.
pub(crate) struct Site {
    pub(crate) account: String,
    pub(crate) default: String,
    pub(crate) branch: String,
}

impl Office {
    /// Founds an installation over a book, whose keys lie in its home.
    pub(crate) async fn found(home: &Home, book: Book) -> Self {
        let script = Script::new(7, NOON);
        let folder = KeyFolder::open(home.folder()).expect("a folder for keys");
        let settings = Settings::at("https://scrip.example");
        let founding = Founding { node: "node-1".to_owned(), settings };
        let founded = found(book, script.world(), &folder, &founding).await.expect("it is founded");
        let router = server::api::routes().with_state(founded.app.clone());
        let secret = founded.set_up_secret.expect("the first start shows the secret");
        Self { app: founded.app, script, secret, router }
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, span: Span) {
        self.script.set(self.app.world.now().plus(span));
    }

    /// Sends any request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A request as the operator.
    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let bearer = format!("Bearer {}", self.secret);
        Request::builder().method(method).uri(path).header(header::AUTHORIZATION, bearer)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let body = Body::from(body.to_string());
        self.send(self.request(Method::POST, path).body(body).expect("a request")).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        let body = Body::from(body.to_string());
        self.send(self.request(Method::PUT, path).body(body).expect("a request")).await
    }

    /// A post under an idempotency key.
    pub(crate) async fn post_again(&self, key: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key);
        self.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// A post as a device: no sign-in, XML.
    pub(crate) async fn device_post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/xml");
        self.send(request.body(body.into()).expect("a request")).await
    }

    /// A post as a device from a network address, with what a proxy adds, if there is one.
    pub(crate) async fn device_post_from(
        &self,
        address: &str,
        proxied: Option<&str>,
        body: String,
    ) -> Answer {
        let peer = SocketAddr::new(address.parse().expect("an address"), 40_000);
        let mut request = Request::post("/device/v1/usage").extension(ConnectInfo(peer));
        if let Some(client) = proxied {
            request = request.header("X-Forwarded-For", client);
        }
        self.send(request.body(body.into()).expect("a request")).await
    }

    /// The same server with a file of networks.
    pub(crate) fn knowing(self, networks: &str) -> Self {
        let networks = Networks::read(networks, "networks.csv").expect("it is in order");
        let app = self.app.with_networks(Some(networks));
        let router = server::api::routes().with_state(app.clone());
        Self { app, router, ..self }
    }

    /// Uploads a usage file into the default virtual account.
    pub(crate) async fn import(&self, site: &Site, file: &str) -> Answer {
        let path = format!("{}/usage-files?virtual_account={}", site.path(), site.default);
        let request = self.request(Method::POST, &path);
        self.send(request.body(Body::from(file.to_owned())).expect("a request")).await
    }

    /// The rows of a list's first page.
    pub(crate) async fn rows(&self, path: &str) -> Vec<Value> {
        self.get(path).await.ok()["items"].as_array().expect("items").clone()
    }

    /// Makes an account with two virtual accounts.
    pub(crate) async fn site(&self, domain: &str) -> Site {
        let new = json!({"name": format!("Company {domain}"), "domain": domain});
        let account = self.post("/api/v1/accounts", &new).await.created();
        let account = text(&account["id"]);
        let path = format!("/api/v1/accounts/{account}/virtual-accounts");
        let default = text(&self.rows(&path).await[0]["id"]);
        let branch = self.post(&path, &json!({"name": "Branch"})).await.created();
        Site { account, default, branch: text(&branch["id"]) }
    }

    /// Grants a perpetual lot in the default virtual account.
    pub(crate) async fn grant(&self, site: &Site, tag: &str, quantity: u32) -> Value {
        let new = json!({"virtual_account": site.default, "tag": tag, "quantity": quantity});
        self.post(&format!("{}/entitlements", site.path()), &new).await.created()
    }

    /// Makes an ID token for the default virtual account.
    pub(crate) async fn token(&self, site: &Site) -> Value {
        let new = json!({"virtual_account": site.default, "expires_after_days": 30});
        self.post(&format!("{}/tokens", site.path()), &new).await.created()
    }

    /// The pool of a tag in the default virtual account.
    pub(crate) async fn pool(&self, site: &Site, tag: &str) -> Value {
        let path = format!("{}/pools?tag={tag}&virtual_account={}", site.path(), site.default);
        self.rows(&path).await.first().cloned().expect("the pool is there")
    }
}

impl Site {
    /// The path of the account.
    pub(crate) fn path(&self) -> String {
        format!("/api/v1/accounts/{}", self.account)
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of an answer of 200.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// The body of an answer of 201.
    pub(crate) fn created(&self) -> Value {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.text());
        self.json()
    }

    /// The detail of a problem of this status and code, in the form of RFC 9457.
    pub(crate) fn problem(&self, status: u16, code: &str) -> String {
        let problem = self.json();
        assert_eq!(
            (self.status.as_u16(), &problem["code"]),
            (status, &Value::from(code)),
            "{problem}"
        );
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:scrip:problem:{code}"));
        assert!(problem["title"].is_string());
        text(&problem["detail"])
    }
}

/// A text of an answer.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
