//! Use cases: one file each, each one shape: open or permit, begin, read, decide, write, commit, answer.
//!
//! Called by `api`, `portal` and `jobs`. No HTTP and no HTML here.

pub mod accounts;
pub mod alarms;
pub mod api_tokens;
pub mod attempts;
pub mod backup;
pub mod catalogue;
pub mod check;
pub mod credentials;
pub mod customers;
pub mod decide_instances;
pub mod erase;
pub mod events;
pub mod export;
pub mod found;
pub mod grants;
pub mod import_trust;
pub mod import_usage;
pub mod inventory;
pub mod letters;
pub mod lists;
pub mod news;
pub mod paging;
pub mod people;
pub mod profile;
pub mod provider;
pub mod search;
pub mod sessions;
pub mod sign_in;
pub mod submit_report;
pub mod tend;
pub mod tokens;
pub mod trust;
pub mod virtual_accounts;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use ledger::command::{Answer, Asked, Command};
use ledger::refusal::Refusal;
use ledger::role::Permit;
use sha2::{Digest, Sha256};
use store::{Book, Fault, Known, NotWritten, Order};
use wire::file::FileError;
use wire::id::RequestId;
use wire::key::{KeyId, VerifyingKey};
use wire::report::ReportError;
use wire::seal::OpenError;
use wire::time::Timestamp;

use self::attempts::Attempts;
use self::sign_in::Answered;
use crate::keys::NodeKeys;
use crate::networks::Networks;
use crate::proof::oidc::{OidcFault, Providers};
use crate::proof::passkey::PasskeyFault;
use crate::proof::password::{Hashing, Weak};
use crate::world::World;

/// How many device keys are remembered; what a key says of itself never goes stale, and where
/// its instance is gets confirmed by every transaction.
const KEYS_REMEMBERED: usize = 200_000;

/// How the server shows itself to the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The address under which people and devices reach it, without a slash at the end.
    pub public_url: String,
    /// What an account of limited use may have.
    pub limited_use: LimitedUse,
    /// Whether mail reaches people.
    pub mail: Mailing,
}

/// Whether the server sends mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mailing {
    /// It does.
    Sent,
    /// No mail server is configured: links are made on the host.
    #[default]
    None,
}

impl Settings {
    /// A server at an address, with everything else as it is from the start.
    pub fn at(public_url: &str) -> Self {
        Self {
            public_url: public_url.to_owned(),
            limited_use: LimitedUse::default(),
            mail: Mailing::default(),
        }
    }
}

/// What an account of limited use may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedUse {
    /// How many people.
    pub people: u32,
    /// Domains of public mail providers, beside those that are known.
    pub public_domains: Vec<String>,
}

impl Default for LimitedUse {
    fn default() -> Self {
        Self { people: 5, public_domains: Vec::new() }
    }
}

/// Everything that use cases need; clones share it.
#[derive(Clone)]
pub struct App {
    /// The book.
    pub book: Book,
    /// Clock and dice.
    pub world: World,
    /// This node's keys.
    pub keys: Arc<NodeKeys>,
    /// How the server shows itself.
    pub settings: Arc<Settings>,
    known_keys: Arc<RwLock<BTreeMap<KeyId, (VerifyingKey, Known)>>>,
    attempts: Arc<Attempts>,
    answered: Arc<Answered>,
    providers: Providers,
    networks: Option<Arc<Networks>>,
    hashing: Hashing,
    readiness: Arc<Readiness>,
}

/// When it was found out whether the server is ready, and what was found.
type Readiness = tokio::sync::Mutex<Option<(Timestamp, Result<(), Fault>)>>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// By rule.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Because of the store.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// A file or body is not in its form.
    #[error("{0}")]
    File(#[from] FileError),
    /// A sealed message cannot be opened.
    #[error("{0}")]
    Seal(#[from] OpenError),
    /// A usage report is not in its form.
    #[error("{0}")]
    Report(#[from] ReportError),
    /// A usage report of a file is not in its form.
    #[error("report {number} of the file: {error}")]
    NthReport {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        error: ReportError,
    },
    /// A passkey proves nothing.
    #[error("{0}")]
    Passkey(#[from] PasskeyFault),
    /// An identity provider proves nothing.
    #[error("{0}")]
    Oidc(#[from] OidcFault),
    /// A password may not be chosen.
    #[error("{0}")]
    Password(#[from] Weak),
    /// Something else about the request, with its stable code in the text's end.
    #[error("{text} ({code})")]
    Bad {
        /// The stable code.
        code: &'static str,
        /// What is wrong and what to do.
        text: String,
    },
}

impl From<NotWritten> for Error {
    fn from(not: NotWritten) -> Self {
        match not {
            NotWritten::Refused(refusal) => Self::Refused(refusal),
            NotWritten::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl Error {
    /// A bad request with a stable code.
    pub fn bad(code: &'static str, text: impl Into<String>) -> Self {
        Self::Bad { code, text: text.into() }
    }

    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Fault(fault) => fault.code(),
            Self::File(error) => error.code,
            Self::Seal(error) => error.code(),
            Self::Report(error) | Self::NthReport { error, .. } => error.code(),
            Self::Passkey(fault) => fault.code(),
            Self::Oidc(fault) => fault.code(),
            Self::Password(weak) => weak.code(),
            Self::Bad { code, .. } => code,
        }
    }
}

/// A request that may be repeated under its id: the right, the id, and what it says.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The right that was checked.
    pub permit: Permit,
    /// The id, made by the asker or by an adapter.
    pub request: RequestId,
    /// SHA-256 of what the request says.
    pub digest: [u8; 32],
}

impl Ask {
    /// A request of these bytes.
    pub fn new(permit: Permit, request: RequestId, content: &[u8]) -> Self {
        Self { permit, request, digest: Sha256::digest(content).into() }
    }

    fn asked(&self) -> Asked {
        Asked { permit: self.permit.clone(), request: self.request }
    }
}

impl App {
    /// The use cases over a book.
    pub fn new(book: Book, world: World, keys: NodeKeys, settings: Settings) -> Self {
        Self {
            book,
            world,
            keys: Arc::new(keys),
            settings: Arc::new(settings),
            known_keys: Arc::default(),
            attempts: Arc::default(),
            answered: Arc::default(),
            providers: Providers::default(),
            networks: None,
            hashing: Hashing::new(),
            readiness: Arc::default(),
        }
    }

    /// With the countries that networks are in, if a file says so.
    #[must_use]
    pub fn with_networks(mut self, networks: Option<Networks>) -> Self {
        self.networks = networks.map(Arc::new);
        self
    }

    /// A fresh request id, for askers that make none.
    pub fn fresh_request(&self) -> RequestId {
        RequestId::v7(self.world.now(), self.world.random())
    }

    /// A fresh word that nobody can guess.
    pub fn fresh_word(&self) -> String {
        crate::keys::to_hex(&self.world.random::<16>())
    }

    /// Writes a command at the present moment.
    async fn write(&self, command: Command) -> Result<Answer, Error> {
        let order = Order { command, now: self.world.now(), digest: None };
        Ok(self.book.write(order).await?)
    }

    /// Writes a request at the present moment; repeated, it has no second effect.
    async fn ask(&self, ask: &Ask, command: Command) -> Result<(), Error> {
        let order = Order { command, now: self.world.now(), digest: Some(ask.digest) };
        self.book.write(order).await?;
        Ok(())
    }

    /// As [`Self::ask`], with what the book answers.
    async fn ask_and_hear(&self, ask: &Ask, command: Command) -> Result<Answer, Error> {
        let order = Order { command, now: self.world.now(), digest: Some(ask.digest) };
        Ok(self.book.write(order).await?)
    }

    /// A bound device key and where its instance is.
    async fn known_key(&self, id: KeyId) -> Result<(VerifyingKey, Known), Error> {
        let remembered =
            self.known_keys.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(known) = remembered {
            return Ok(known);
        }
        let found =
            self.book.read(store::Sight::House, move |reading| reading.known_key(id)).await?;
        let known = found.ok_or(Refusal::UnknownKey)?;
        let key = VerifyingKey::from_bytes(known.key.public).map_err(|_| Refusal::UnknownKey)?;
        self.remember_key(id, (key, known.clone()));
        Ok((key, known))
    }

    fn remember_key(&self, id: KeyId, known: (VerifyingKey, Known)) {
        let mut keys = self.known_keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_REMEMBERED {
            keys.clear();
        }
        keys.insert(id, known);
    }

    fn forget_key(&self, id: KeyId) {
        self.known_keys.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}
