//! Jobs: what the server does unasked. News leaves by mail and syslog, and time passes.
//!
//! Everything to be told lies in the outbox, written by the change that caused it; a job takes
//! it, tells it and notes that it did. So a crash in between tells it twice, never not at all.

mod forward;
mod letters;
pub mod mail;
#[cfg(test)]
mod samples;
mod sequence;
pub mod syslog;
mod tell;
mod tend;
mod words;

use tokio::task::JoinHandle;

use crate::app::App;
use crate::closing::Closing;
use crate::config::{Config, ConfigError, ForwardedEvents, Syslog};

/// Why a job cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum JobFault {
    /// A file that it needs cannot be read.
    #[error(transparent)]
    File(#[from] ConfigError),
    /// The mail server cannot be spoken to as configured.
    #[error("[mail]: {why} (config.invalid)")]
    Mail {
        /// What is wrong.
        why: String,
    },
}

/// Those who tell news, ready to start.
pub(crate) struct Tellers {
    mail: Option<mail::Post>,
    /// Letters have a connection of their own, so that neither waits for the other.
    letters: Option<mail::Post>,
    syslog: Option<syslog::Line>,
    /// Events have a line of their own, so that neither waits for the other.
    events: Option<syslog::Line>,
}

impl Tellers {
    /// Those that the configuration asks for; nothing is sent yet.
    pub(crate) fn new(config: &Config, public_url: &str) -> Result<Self, JobFault> {
        let post = || config.mail.as_ref().map(|mail| mail::Post::new(mail, public_url));
        let line = |syslog| syslog::Line::new(syslog, &config.server.node, std::process::id());
        let every = |syslog: &&Syslog| syslog.events == ForwardedEvents::All;
        Ok(Self {
            mail: post().transpose()?,
            letters: post().transpose()?,
            syslog: config.syslog.as_ref().map(line),
            events: config.syslog.as_ref().filter(every).map(line),
        })
    }

    /// Starts them, and the jobs that let time pass and give events their places.
    pub(crate) fn start(self, app: &App, closing: &Closing) -> Vec<JoinHandle<()>> {
        let mut jobs = vec![
            tokio::spawn(tend::run(app.clone(), closing.clone())),
            tokio::spawn(sequence::run(app.clone(), closing.clone())),
        ];
        jobs.extend(
            self.events.map(|line| tokio::spawn(forward::run(app.clone(), line, closing.clone()))),
        );
        jobs.extend(
            self.letters.map(|post| tokio::spawn(letters::run(app.clone(), post, closing.clone()))),
        );
        jobs.extend(
            self.mail.map(|mail| tokio::spawn(tell::run(app.clone(), mail, closing.clone()))),
        );
        jobs.extend(
            self.syslog.map(|line| tokio::spawn(tell::run(app.clone(), line, closing.clone()))),
        );
        jobs
    }
}
