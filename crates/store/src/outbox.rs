//! The outbox: news queued with the change that caused it, told at least once by jobs.

use ledger::person::Letter;
use ledger::posting::News;
use wire::time::Timestamp;

use crate::value::{Stored, Value};

/// A way to tell people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// A mail to those who are told.
    Mail,
    /// A line to a syslog receiver.
    Syslog,
}

impl Stored for Channel {
    fn store(&self) -> Value {
        Value::Int(match self {
            Self::Mail => 0,
            Self::Syslog => 1,
        })
    }

    fn load(value: Value) -> Option<Self> {
        match value {
            Value::Int(0) => Some(Self::Mail),
            Value::Int(1) => Some(Self::Syslog),
            _ => None,
        }
    }
}

/// News on its way along one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Queued {
    /// What is told.
    pub news: News,
    /// Along which channel.
    pub channel: Channel,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next; while a job has it in hand, when that claim expires.
    pub due_at: Timestamp,
    /// When it was told or given up.
    pub done_at: Option<Timestamp>,
    /// Why the last try failed, or empty.
    pub last_error: String,
}

impl Queued {
    pub(crate) fn new(news: News, channel: Channel) -> Self {
        Self {
            due_at: news.at,
            news,
            channel,
            attempts: 0,
            done_at: None,
            last_error: String::new(),
        }
    }
}

/// A mail to one person on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// The mail.
    pub letter: Letter,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next; while a job has it in hand, when that claim expires.
    pub due_at: Timestamp,
    /// When it was sent or given up.
    pub done_at: Option<Timestamp>,
    /// Why the last try failed, or empty.
    pub last_error: String,
}

impl Posted {
    pub(crate) fn new(letter: Letter) -> Self {
        let due_at = letter.queued_at;
        Self { letter, attempts: 0, due_at, done_at: None, last_error: String::new() }
    }
}
