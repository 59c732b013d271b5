//! `scrip serve`: runs the license manager until a signal ends it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use server::serve::Running;
use server::world::World;

use crate::config::Place;
use crate::log;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  scrip serve
  scrip serve --config /etc/scrip.toml
  scrip serve --data /var/lib/scrip --listen 127.0.0.1:9000")]
pub(crate) struct Serve {
    #[command(flatten)]
    place: Place,
    /// The address and port to listen on, in place of the configured one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

pub(crate) fn run(serve: Serve) -> Result<ExitCode> {
    let mut config = serve.place.load()?;
    if let Some(listen) = serve.listen {
        config.server.listen = listen;
    }
    log::begin(&config.log)?;
    config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::new().context("signals cannot be waited for")?;
        let running = server::serve::start(config, World::system()).await?;
        welcome(&running);
        let signal = signals.first().await;
        tracing::info!("{signal}: finishing the requests in hand");
        running.shutdown().await;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// Says where the server is, and, once in its life, how to sign in. Nothing of this is logged.
fn welcome(running: &Running) {
    let mut text = format!("scrip serves at {}\n", running.public_url);
    if let Some(fingerprint) = &running.fingerprint {
        text.push_str(&format!("  SHA-256 fingerprint of its certificate:\n  {fingerprint}\n"));
    }
    if let Some(secret) = &running.set_up_secret {
        text.push_str(&format!(
            "\n  Set-up secret: {secret}\n\n  It is shown this once. Open the address above and sign in with it.\n  \
             `scrip setup-secret` on this host makes a new one.\n\n"
        ));
    }
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The signals that end a server.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { terminate: signal(SignalKind::terminate())? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the first of them and names it.
    #[cfg(unix)]
    async fn first(&mut self) -> &'static str {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => "interrupted",
            _ = self.terminate.recv() => "told to stop",
        }
    }

    #[cfg(not(unix))]
    async fn first(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "interrupted"
    }
}
