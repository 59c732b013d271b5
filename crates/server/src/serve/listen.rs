//! Listening: connections are accepted, counted, given their time limits, and ended in good order.
//!
//! Each request gets an id and a log span here. Not here: what is answered.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use axum::response::IntoResponse as _;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use ledger::role::Actor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use tower_http::timeout::TimeoutBody;
use tracing::Instrument as _;
use wire::id::RequestId;

#[cfg(unix)]
use super::socket;
use super::stall::Unstalled;
use super::{StartError, listen_fault, metrics};
use crate::closing::Closing;
use crate::problem::Problem;
use crate::world::World;

/// How long the head of a request may take, and how long a connection may lie idle before one.
const HEAD: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the other side may take nothing of an answer.
const STALL: Duration = Duration::from_secs(60);
/// How long a body may pause.
const PAUSE: Duration = Duration::from_secs(20);
/// How long a request may take until its answer begins: the largest file over a slow line.
const WHOLE: Duration = Duration::from_secs(300);
/// How long to wait when the system has no more file descriptors.
const BREATH: Duration = Duration::from_millis(100);
/// The header that names a request, in answers and in the log.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Listens on an address.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| listen_fault(address, error))
}

/// The door for commands of the host.
#[cfg(unix)]
pub(super) type HostDoor = tokio::net::UnixListener;
/// The door for commands of the host, where there is none.
#[cfg(not(unix))]
pub(super) type HostDoor = ();

/// Makes the door for commands of the host: a socket in the data folder that only its owner may
/// open.
#[cfg(unix)]
pub(super) fn bind_host(path: &Path) -> Result<HostDoor, StartError> {
    let private = path.with_file_name("keys");
    socket::listen(path, &private).map_err(|error| listen_fault(path.display(), error))
}

#[cfg(not(unix))]
pub(super) fn bind_host(_path: &Path) -> Result<HostDoor, StartError> {
    Ok(())
}

/// What all doors share: how many connections there may be, when to stop, where time comes from.
#[derive(Clone)]
pub(super) struct Floor {
    pub(super) connections: Arc<Semaphore>,
    pub(super) closing: Closing,
    pub(super) world: World,
}

/// Who is at the other end.
#[derive(Clone)]
enum Peer {
    /// Somebody on the network.
    Network(SocketAddr),
    /// A command of the host, by the socket that only its owner may open.
    Host,
}

impl Floor {
    /// Serves who comes over the network.
    pub(super) fn serve_tcp(
        &self,
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
        router: Router,
    ) -> JoinHandle<()> {
        let floor = self.clone();
        tokio::spawn(async move {
            let mut closing = floor.closing.clone();
            while let Some(seat) = floor.seat(&mut closing).await {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = closing.told() => return,
                };
                let Some((stream, address)) = keep_going(accepted).await else { continue };
                let _ = stream.set_nodelay(true);
                let (floor, tls, router) = (floor.clone(), tls.clone(), router.clone());
                tokio::spawn(async move {
                    let peer = Peer::Network(address);
                    match tls {
                        None => floor.converse(stream, peer, router, seat).await,
                        Some(tls) => {
                            match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                                Ok(Ok(stream)) => floor.converse(stream, peer, router, seat).await,
                                Ok(Err(error)) => {
                                    tracing::debug!(%address, %error, "no TLS came about")
                                }
                                Err(_) => {
                                    tracing::debug!(%address, "the TLS handshake took too long")
                                }
                            }
                        }
                    }
                });
            }
        })
    }

    /// Serves commands of the host.
    #[cfg(unix)]
    pub(super) fn serve_host(&self, host: HostDoor, router: Router) -> Option<JoinHandle<()>> {
        let floor = self.clone();
        Some(tokio::spawn(async move {
            let mut closing = floor.closing.clone();
            while let Some(seat) = floor.seat(&mut closing).await {
                let accepted = tokio::select! {
                    accepted = host.accept() => accepted,
                    () = closing.told() => return,
                };
                let Some((stream, _)) = keep_going(accepted).await else { continue };
                let (floor, router) = (floor.clone(), router.clone());
                tokio::spawn(async move { floor.converse(stream, Peer::Host, router, seat).await });
            }
        }))
    }

    /// Where there is no such socket, commands of the host wait until the server has stopped.
    #[cfg(not(unix))]
    pub(super) fn serve_host(&self, _host: HostDoor, _router: Router) -> Option<JoinHandle<()>> {
        None
    }

    /// A free place for a connection; `None` when the server stops.
    async fn seat(&self, closing: &mut Closing) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = closing.told() => None,
            seat = self.connections.clone().acquire_owned() => seat.ok(),
        }
    }

    /// Answers one connection's requests until it ends.
    async fn converse(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        router: Router,
        _seat: OwnedSemaphorePermit,
    ) {
        let mut closing = self.closing;
        let world = self.world;
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            answer(router.clone(), peer.clone(), world.clone(), request)
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
        let mut connection = std::pin::pin!(
            builder.serve_connection(TokioIo::new(Unstalled::new(stream, STALL)), service)
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = closing.told() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke off");
        }
    }
}

/// Answers one request: within its time, counted, under an id of its own.
async fn answer(
    router: Router,
    peer: Peer,
    world: World,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let id = RequestId::v7(world.now(), world.random()).to_string();
    let path = logged_path(request.uri().path());
    let span = tracing::info_span!("request", %id, method = %request.method(), path);
    let mut request = request.map(|body| Body::new(TimeoutBody::new(PAUSE, body)));
    match peer {
        Peer::Network(address) => request.extensions_mut().insert(ConnectInfo(address)).map(drop),
        Peer::Host => request.extensions_mut().insert(Actor::Host).map(drop),
    };
    let watch = metrics::Stopwatch::start();
    let answering = AssertUnwindSafe(router.oneshot(request)).catch_unwind();
    let answered = tokio::time::timeout(WHOLE, answering).instrument(span.clone()).await;
    let mut response = match answered {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(impossible))) => match impossible {},
        Ok(Err(_)) => failed(
            "server.failed",
            "something went wrong in the server, its log says what: try again",
        ),
        Err(_) => {
            failed("server.too_slow", "the request took too long: try again with less at once")
        }
    };
    metrics::count_request(&response, &watch);
    let _entered = span.enter();
    tracing::debug!(status = response.status().as_u16(), "answered");
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    Ok(response)
}

/// A path as the log may have it: the word of a one-time link is a secret, and a token that somebody
/// pasted into an address is one too.
fn logged_path(path: &str) -> String {
    let shown = |segment| if is_secret(segment) { "…" } else { segment };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

/// How long the words are that nobody can guess: 16 bytes in hexadecimal digits, or more.
const WORD_CHARS: usize = 32;

fn is_secret(segment: &str) -> bool {
    let is_word = segment.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_word && segment.len() >= WORD_CHARS) || segment.starts_with("scrip_")
}

fn failed(code: &str, detail: &str) -> Response<Body> {
    let detail = format!("{detail} ({code})");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, code, detail).into_response()
}

/// What was accepted; if nothing was, a breath later the next one may be.
async fn keep_going<T>(accepted: std::io::Result<T>) -> Option<T> {
    match accepted {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            tracing::warn!(%error, "a connection was not accepted");
            tokio::time::sleep(BREATH).await;
            None
        }
    }
}

#[cfg(test)]
mod tests;
