//! Starts a server: opens the book, founds the installation, listens, and stops in good order.
//!
//! A library, so that the `scrip` command, a demonstration and a test start the very same
//! server. Not here: what it answers (`api`, `portal`), and what it does unasked (`jobs`).

mod bench;
pub mod desk;
mod health;
mod host;
mod listen;
mod metrics;
#[cfg(unix)]
mod socket;
mod stall;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use ledger::role::Actor;
use store::{Book, Channel, Options, Place, Runner};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::app::found::{FoundError, Founded, Founding, found, found_silently};
use crate::app::{App, LimitedUse, Mailing, Settings};
use crate::closing::{self, Closer};
use crate::config::{self, Config, ConfigError, TlsMode};
use crate::jobs::{JobFault, Tellers};
use crate::keys::{KeyFault, KeyFolder};
use crate::networks::{Networks, NetworksFault};
use crate::proof::oidc::Providers;
use crate::world::World;

pub use tls::TlsFault;

/// How many connections are open at once; the next one waits in the system's queue. Each costs
/// a file descriptor and some tens of kilobytes.
const CONNECTIONS: u32 = 4_096;
/// How long requests in hand may take when the server stops.
const PATIENCE: Duration = Duration::from_secs(30);
/// The file in the data folder by which commands of the host speak to the server.
pub const ADMIN_SOCKET: &str = "admin.sock";

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port or socket cannot be listened on.
    #[error(
        "cannot listen on {place} ({error}): choose another, or stop what listens there (serve.listen)"
    )]
    Listen {
        /// The address or the file.
        place: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file that holds a secret cannot be read.
    #[error(transparent)]
    Secret(#[from] ConfigError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyFault),
    /// The installation.
    #[error(transparent)]
    Found(#[from] FoundError),
    /// A job.
    #[error(transparent)]
    Job(#[from] JobFault),
    /// The file of networks.
    #[error(transparent)]
    Networks(#[from] NetworksFault),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Fault),
}

/// Whether the route that verifies and signs without writing is there, for measurements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BenchRoutes {
    /// It is not.
    #[default]
    Absent,
    /// It is: `POST /bench/v1/verify-and-sign`.
    Mounted,
}

/// An installation opened without listening: for commands of the host when no server runs.
pub struct Opened {
    /// The use cases.
    pub app: App,
    /// What answers, with the rights of a command of the host.
    pub router: Router,
}

/// A server that runs.
pub struct Running {
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The address under which it is reached.
    pub public_url: String,
    /// The use cases.
    pub app: App,
    /// The set-up secret, at the very first start only: it is shown once.
    pub set_up_secret: Option<String>,
    /// The SHA-256 fingerprint of the certificate, if it has one.
    pub fingerprint: Option<String>,
    closer: Closer,
    tasks: Vec<JoinHandle<()>>,
    connections: Arc<Semaphore>,
    admin_socket: PathBuf,
}

/// Starts a server.
///
/// # Errors
/// Everything that a person can mend: a taken port, a damaged key, a locked or newer store.
pub async fn start(config: Config, world: World) -> Result<Running, StartError> {
    start_with(config, world, BenchRoutes::Absent).await
}

/// Starts a server, with or without the routes for measurements.
///
/// # Errors
/// As [`start`].
pub async fn start_with(
    config: Config,
    world: World,
    bench: BenchRoutes,
) -> Result<Running, StartError> {
    let figures = metrics::install();
    let tcp = listen::bind(config.server.listen).await?;
    let address = tcp.local_addr().map_err(|error| listen_fault(config.server.listen, error))?;
    let public_url = public_url(&config, address);
    // The set-up secret is shown once: whatever can fail comes before it is made.
    let book = open_book(&config, &world).await?;
    let keys = KeyFolder::open(&config.server.data)?;
    let tls = tls::certificate(&config, &public_url, &world)?;
    let admin_socket = config.server.data.join(ADMIN_SOCKET);
    let host = listen::bind_host(&admin_socket)?;
    let tellers = Tellers::new(&config, &public_url)?;
    let founding = founding(&config, &public_url);
    let providers = Providers::new(&config.sign_in.provider)?;
    let networks = config.countries.file.as_deref().map(Networks::load).transpose()?;
    let Founded { app, set_up_secret } = found(book, world.clone(), &keys, &founding).await?;
    let app = app.with_providers(providers).with_networks(networks);

    let (closer, closing) = closing::pair();
    let connections = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let router = router(&app, figures.clone(), bench);
    let host_router =
        router.clone().merge(host::routes(&config.server.data).with_state(app.clone()));
    let mut tasks = tellers.start(&app, &closing);
    tasks.push(tokio::spawn(figures.upkeep(closing.clone())));
    let floor = listen::Floor { connections: connections.clone(), closing, world };
    let fingerprint = tls.as_ref().map(|tls| tls.fingerprint.clone());
    tasks.push(floor.serve_tcp(tcp, tls.map(|tls| tls.acceptor), router));
    tasks.extend(floor.serve_host(host, host_router));
    tracing::info!("listening on {address}");
    Ok(Running {
        address,
        public_url,
        app,
        set_up_secret,
        fingerprint,
        closer,
        tasks,
        connections,
        admin_socket,
    })
}

/// Opens the installation in a data folder without serving it, founding it if nobody did; the
/// set-up secret is left to the first start of a server.
///
/// # Errors
/// As [`start`], but for listening.
pub async fn open(config: &Config, world: World) -> Result<Opened, StartError> {
    let book = open_book(config, &world).await?;
    let keys = KeyFolder::open(&config.server.data)?;
    let founding = founding(config, &public_url(config, config.server.listen));
    let app = found_silently(book, world, &keys, &founding).await?;
    let host = host::routes(&config.server.data).with_state(app.clone());
    let router = router(&app, metrics::install(), BenchRoutes::Absent);
    Ok(Opened { router: router.merge(host).layer(Extension(Actor::Host)), app })
}

async fn open_book(config: &Config, world: &World) -> Result<Book, StartError> {
    let data = &config.server.data;
    make_private(data)
        .map_err(|error| KeyFault::File { path: data.display().to_string(), error })?;
    let options = Options {
        place: place(config)?,
        channels: channels(config),
        runner: Runner::Threads,
        now: world.now(),
        salt: world.random(),
    };
    let book = tokio::task::spawn_blocking(move || Book::open(&options)).await;
    Ok(book.map_err(|error| store::Fault::Down { why: error.to_string() })??)
}

/// Makes a folder that only its owner may enter; one that is there keeps its rights.
fn make_private(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

fn founding(config: &Config, public_url: &str) -> Founding {
    let config::LimitedUse { people, public_domains } = config.limited_use.clone();
    let limited_use = LimitedUse { people, public_domains };
    let mail = if config.mail.is_some() { Mailing::Sent } else { Mailing::None };
    let settings = Settings { limited_use, mail, ..Settings::at(public_url) };
    Founding { node: config.server.node.clone(), settings }
}

/// All that is answered to who comes over the network.
fn router(app: &App, figures: metrics::Figures, bench: BenchRoutes) -> Router {
    let routes = crate::api::routes().merge(crate::portal::routes()).merge(health::routes(figures));
    let routes = match bench {
        BenchRoutes::Absent => routes,
        BenchRoutes::Mounted => routes.merge(bench::routes()),
    };
    routes.layer(axum::middleware::from_fn(metrics::note_route)).with_state(app.clone())
}

fn place(config: &Config) -> Result<Place, StartError> {
    let database = &config.database;
    Ok(match (&database.url, &database.url_file) {
        (Some(url), _) => Place::Postgres(url.clone()),
        (None, Some(file)) => Place::Postgres(config::secret(file)?),
        (None, None) => Place::Sqlite(config.server.data.clone()),
    })
}

/// News is queued for those who are there to hear it.
fn channels(config: &Config) -> Vec<Channel> {
    let mail = config.mail.as_ref().map(|_| Channel::Mail);
    let syslog = config.syslog.as_ref().map(|_| Channel::Syslog);
    mail.into_iter().chain(syslog).collect()
}

fn public_url(config: &Config, address: SocketAddr) -> String {
    if let Some(url) = &config.server.public_url {
        return url.clone();
    }
    let scheme = if config.tls.mode == TlsMode::Off { "http" } else { "https" };
    if address.ip().is_unspecified() {
        return format!("{scheme}://localhost:{}", address.port());
    }
    format!("{scheme}://{address}")
}

fn listen_fault(place: impl ToString, error: std::io::Error) -> StartError {
    StartError::Listen { place: place.to_string(), error }
}

impl Running {
    /// Stops: takes no new connection, finishes the requests in hand, and gives the folder back.
    /// Requests that take longer than half a minute are cut off.
    pub async fn shutdown(self) {
        self.closer.close();
        for task in self.tasks {
            let _ = task.await;
        }
        let all_ended = self.connections.acquire_many(CONNECTIONS);
        if tokio::time::timeout(PATIENCE, all_ended).await.is_err() {
            tracing::warn!("requests were cut off: they took too long");
        }
        let _ = std::fs::remove_file(&self.admin_socket);
    }
}
