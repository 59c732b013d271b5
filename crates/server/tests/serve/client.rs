//! A client that speaks HTTP over any stream.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body of an answer of 200.
    pub(crate) fn ok(self) -> Vec<u8> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.body
    }
}

/// A request with a body.
pub(crate) fn request(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
    request.body(body.into()).expect("a request")
}

/// Asks over a connection of its own.
pub(crate) async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Body>,
) -> Answer {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let response = sender.send_request(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(Body::new(body), usize::MAX).await.expect("a body").to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// Asks over TCP.
pub(crate) async fn over_tcp(address: std::net::SocketAddr, request: Request<Body>) -> Answer {
    ask(TcpStream::connect(address).await.expect("somebody listens"), request).await
}

pub(crate) async fn get(address: std::net::SocketAddr, path: &str) -> Answer {
    over_tcp(address, request(Method::GET, path, Body::empty())).await
}

pub(crate) async fn post(
    address: std::net::SocketAddr,
    path: &str,
    body: impl Into<Body>,
) -> Answer {
    over_tcp(address, request(Method::POST, path, body)).await
}
