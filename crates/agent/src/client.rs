//! The way to the manager over HTTP and HTTPS: blocking, bounded, with time limits.
//!
//! It carries bodies and understands none of them. Retrying and waiting are the device's part.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider};
use wire::limits::{ACK_BYTES, POLICY_BYTES, TRUST_BUNDLE_BYTES};
use wire::time::Span;

use crate::device::{Outgoing, Reply};
use crate::seat::{Carrier, CarryError};

/// The most that an answer may hold: everything an acknowledgement file can, in base64.
const ANSWER_BYTES: u64 = 2 * (ACK_BYTES + POLICY_BYTES + TRUST_BUNDLE_BYTES) as u64;

/// How long an exchange may take in all.
const EXCHANGE: Duration = Duration::from_secs(60);

/// How long the connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Where systems keep the certificates they trust, in one file.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// A client of one manager.
pub struct Client {
    agent: Agent,
    base: String,
}

impl Client {
    /// A client of the manager at a base URL (`http://…` or `https://…`). With `ca`, a PEM file,
    /// only certificates of those authorities are taken; without, those that the system trusts.
    ///
    /// # Errors
    /// When the URL is neither, or no certificates can be read for `https`.
    pub fn new(url: &str, ca: Option<&Path>) -> Result<Client, CarryError> {
        let builder = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("scrip-agent/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(EXCHANGE));
        let builder = match url.split_once("://") {
            Some(("http", _)) => builder,
            Some(("https", _)) => builder.https_only(true).tls_config(tls(ca)?),
            _ => {
                return Err(failure(
                    "client.url",
                    format!(
                        "`{url}` is no address of a manager: begin it with http:// or https://"
                    ),
                ));
            }
        };
        Ok(Client {
            agent: builder.build().new_agent(),
            base: url.trim_end_matches('/').to_owned(),
        })
    }

    fn post(&self, path: &str, body: Vec<u8>) -> Result<Reply, CarryError> {
        let url = format!("{}{path}", self.base);
        self.read(self.agent.post(url).content_type("application/xml").send(body))
    }

    fn read(&self, answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<Reply, CarryError> {
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Span::from_seconds);
        let body = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_BYTES)
            .read_to_vec()
            .map_err(|error| self.unreachable(&error))?;
        Ok(Reply { status, body, retry_after })
    }

    fn unreachable(&self, error: &ureq::Error) -> CarryError {
        failure(
            "client.unreachable",
            format!("no answer from {} ({error}): check the address and the network", self.base),
        )
    }
}

impl Carrier for Client {
    fn carry(&mut self, outgoing: Outgoing) -> Result<Reply, CarryError> {
        match outgoing {
            Outgoing::Trust { body } => self.post("/device/v1/trust", body),
            Outgoing::Usage { body } => self.post("/device/v1/usage", body),
            Outgoing::Bundle => {
                self.read(self.agent.get(format!("{}/device/v1/trust-bundle", self.base)).call())
            }
        }
    }
}

/// A device without a manager's address: everything waits.
pub struct NoServer;

impl Carrier for NoServer {
    fn carry(&mut self, _outgoing: Outgoing) -> Result<Reply, CarryError> {
        Err(failure(
            "client.no_server",
            "no server is configured: set `server`, or carry files by `save` and `import`"
                .to_owned(),
        ))
    }
}

fn tls(ca: Option<&Path>) -> Result<TlsConfig, CarryError> {
    let roots = match ca {
        Some(path) => read_roots(path)?,
        None => system_roots()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(provider)
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build())
}

fn system_roots() -> Result<Vec<Certificate<'static>>, CarryError> {
    let found = SYSTEM_ROOTS.iter().map(Path::new).find(|path| path.exists());
    match found {
        Some(path) => read_roots(path),
        None => Err(failure(
            "client.roots",
            "this system has no file of trusted certificates: set `server_ca`".to_owned(),
        )),
    }
}

fn read_roots(path: &Path) -> Result<Vec<Certificate<'static>>, CarryError> {
    let shown = path.display();
    let pem = std::fs::read(path).map_err(|error| {
        failure("client.roots", format!("{shown} cannot be read ({error}): check `server_ca`"))
    })?;
    let roots: Vec<_> = ureq::tls::parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if roots.is_empty() {
        return Err(failure(
            "client.roots",
            format!("{shown} holds no certificate in PEM form: check `server_ca`"),
        ));
    }
    Ok(roots)
}

fn failure(code: &'static str, detail: String) -> CarryError {
    CarryError { code, detail }
}
