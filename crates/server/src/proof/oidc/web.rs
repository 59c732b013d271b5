//! Asking a provider over HTTP: one request on one connection, bounded in time and size.
//!
//! Redirects are not followed: what is asked for has one address. TLS is verified against the
//! authorities that everybody trusts and one that may be named; plain HTTP is for loopback alone.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use axum::http::{Request, StatusCode, Uri};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::OidcFault;
use crate::config::ConfigError;
use crate::proof::Secret;

/// How long one request may take, from its first byte to the last of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer: key sets of large providers have some tens of kilobytes.
const ANSWER_BYTES: usize = 256 * 1024;

/// The way to a provider.
pub(super) struct Web {
    tls: TlsConnector,
    pub(super) patience: Duration,
}

/// A form to be sent.
pub(super) struct Form {
    pub(super) body: Secret,
    pub(super) authorization: Option<Secret>,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Whether nobody listens on the way to an address: `https`, or `http` to loopback.
pub(super) fn is_private(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    let private = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => is_loopback(host),
        _ => false,
    };
    private && plain && !host.is_empty() && address.chars().all(|c| c.is_ascii_graphic())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || bare(host).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A host without the brackets of IPv6.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

impl Web {
    /// The way to a provider, whose certificate may be by an authority in a file.
    pub(super) fn new(ca: Option<&Path>) -> Result<Self, ConfigError> {
        let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(path) = ca {
            let fault = |error| ConfigError::File { path: path.display().to_string(), error };
            let unusable = || {
                fault(std::io::Error::new(
                    std::io::ErrorKind::InvalidData,
                    "it holds no certificate in PEM form",
                ))
            };
            let pem = std::fs::read(path).map_err(fault)?;
            let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
                .collect::<Result<_, _>>()
                .map_err(|_| unusable())?;
            if roots.add_parsable_certificates(found).0 == 0 {
                return Err(unusable());
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks the default versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), patience: PATIENCE })
    }

    /// Gets what is at an address.
    pub(super) async fn get(
        &self,
        address: &str,
        authorization: Option<&Secret>,
    ) -> Result<Reply, OidcFault> {
        let request = Request::get(address).body(Body::empty());
        self.ask(request.map_err(unreachable)?, authorization).await
    }

    /// Sends a form to an address.
    pub(super) async fn post(&self, address: &str, form: &Form) -> Result<Reply, OidcFault> {
        let request = Request::post(address)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.body.expose().to_owned()));
        self.ask(request.map_err(unreachable)?, form.authorization.as_ref()).await
    }

    async fn ask(
        &self,
        mut request: Request<Body>,
        authorization: Option<&Secret>,
    ) -> Result<Reply, OidcFault> {
        let uri = std::mem::take(request.uri_mut());
        let authority = uri.authority().ok_or_else(|| unreachable("its address has no host"))?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(authority.as_str()).map_err(unreachable)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static("scrip"));
        if let Some(secret) = authorization {
            let mut value = HeaderValue::from_str(secret.expose()).map_err(unreachable)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(unreachable)?;
        let asked = self.connect_and_send(&uri, request);
        let reply = tokio::time::timeout(self.patience, asked).await;
        reply.map_err(|_| unreachable("it took too long"))?
    }

    async fn connect_and_send(
        &self,
        uri: &Uri,
        request: Request<Body>,
    ) -> Result<Reply, OidcFault> {
        let host = bare(uri.host().unwrap_or_default());
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
        if !is_tls {
            return send(stream, request).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(unreachable)?;
        let stream = self.tls.connect(name, stream).await.map_err(unreachable)?;
        send(stream, request).await
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Body>,
) -> Result<Reply, OidcFault> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    let asked = async {
        let response = sender.send_request(request).await.map_err(unreachable)?;
        let status = response.status();
        let body = to_bytes(Body::new(response.into_body()), ANSWER_BYTES).await;
        let body = body.map_err(|_| unreachable("its answer is cut short or too long"))?;
        Ok(Reply { status, body: body.to_vec() })
    };
    // The connection is driven here and by nobody else, so that it ends with the question.
    tokio::pin!(asked);
    tokio::select! {
        biased;
        reply = &mut asked => return reply,
        _ = connection => {}
    }
    // The other side has hung up; what it sent before is still read.
    asked.await
}

fn unreachable(why: impl std::fmt::Display) -> OidcFault {
    OidcFault::Unreachable { why: why.to_string() }
}
