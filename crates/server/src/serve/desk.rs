//! The desk at which commands of the host ask: of the server that runs, by its `admin.sock`, or
//! of the folder itself when none does. Either way the same routes answer.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use tower::ServiceExt as _;

use super::{ADMIN_SOCKET, StartError, open};
use crate::config::Config;
use crate::world::World;

/// The largest answer: a page of a list, or an acknowledgement of a whole file.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Whether a command may begin an installation in an empty folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenEmpty {
    /// It may.
    Begin,
    /// It may not: there would be nothing to find.
    Refuse,
}

/// Why nobody can be asked.
#[derive(Debug, thiserror::Error)]
pub enum DeskFault {
    /// There is no installation.
    #[error(
        "there is no scrip installation in {folder}: name its data folder with --data, or start one with `scrip serve` (data.empty)"
    )]
    Empty {
        /// The folder.
        folder: String,
    },
    /// The folder cannot be opened.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The server went away in the middle.
    #[error("the server broke off: {why}: ask again (host.broken)")]
    Broken {
        /// What happened.
        why: String,
    },
}

/// Where to ask.
pub struct Desk {
    way: Way,
}

enum Way {
    #[cfg(unix)]
    Socket(PathBuf),
    Here(Router),
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Vec<u8>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The method.
    pub method: Method,
    /// The path, with its query.
    pub path: String,
    /// The body with its content type.
    pub body: Option<(&'static str, Vec<u8>)>,
}

impl Desk {
    /// Finds the desk of a data folder.
    ///
    /// # Errors
    /// `data.empty`, and what can be wrong with a folder that no server has open.
    pub async fn find(config: &Config, world: World, when: WhenEmpty) -> Result<Self, DeskFault> {
        let data = &config.server.data;
        #[cfg(unix)]
        {
            let socket = data.join(ADMIN_SOCKET);
            if super::socket::connect(&socket).await.is_ok() {
                return Ok(Self { way: Way::Socket(socket) });
            }
        }
        if when == WhenEmpty::Refuse && !data.join("keys").exists() {
            return Err(DeskFault::Empty { folder: data.display().to_string() });
        }
        Ok(Self { way: Way::Here(open(config, world).await?.router) })
    }

    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// `host.broken` if no answer comes.
    pub async fn ask(&self, question: Question) -> Result<Reply, DeskFault> {
        let mut request = Request::builder().method(question.method).uri(&question.path);
        request = request.header(header::HOST, "localhost");
        let bytes = match question.body {
            Some((kind, bytes)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                bytes
            }
            None => Vec::new(),
        };
        let request = request.body(Body::from(bytes)).map_err(broken)?;
        let response = match &self.way {
            #[cfg(unix)]
            Way::Socket(path) => by_socket(path, request).await?,
            Way::Here(router) => router.clone().oneshot(request).await.map_err(broken)?,
        };
        let status = response.status();
        let body = to_bytes(response.into_body(), ANSWER_BYTES).await.map_err(broken)?;
        Ok(Reply { status, body: body.to_vec() })
    }
}

#[cfg(unix)]
async fn by_socket(
    path: &Path,
    request: Request<Body>,
) -> Result<axum::http::Response<Body>, DeskFault> {
    let stream = super::socket::connect(path).await.map_err(broken)?;
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(io).await.map_err(broken)?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await.map_err(broken)?.map(Body::new))
}

fn broken(why: impl std::fmt::Display) -> DeskFault {
    DeskFault::Broken { why: why.to_string() }
}
