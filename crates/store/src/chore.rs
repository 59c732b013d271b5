//! Chores: what jobs do to rows directly, each in a transaction of its own.

use std::collections::BTreeSet;

use ledger::house::ClaimKind;
use wire::id::{AccountId, EventId, MessageId};
use wire::time::Timestamp;

use crate::engine::Engine;
use crate::fault::Fault;
use crate::outbox::{Channel, Posted, Queued};
use crate::record::Record;
use crate::schema;
use crate::value::{Stored as _, Value, row};

/// What a job wants done.
#[derive(Clone, Debug)]
pub enum Chore {
    /// Takes news in hand that is due on a channel, oldest first.
    ClaimNews {
        /// The channel.
        channel: Channel,
        /// The moment that counts as now.
        now: Timestamp,
        /// Until when nobody else takes it.
        until: Timestamp,
        /// How many at most.
        most: u32,
    },
    /// Notes that news was told, or given up.
    FinishNews {
        /// Which.
        news: (AccountId, MessageId, Channel),
        /// When.
        now: Timestamp,
        /// Why it was given up, or empty.
        error: String,
    },
    /// Notes that a try failed.
    RetryNews {
        /// Which.
        news: (AccountId, MessageId, Channel),
        /// When to try again.
        due_at: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// Takes letters in hand that are due, oldest first.
    ClaimLetters {
        /// The moment that counts as now.
        now: Timestamp,
        /// Until when nobody else takes them.
        until: Timestamp,
        /// How many at most.
        most: u32,
    },
    /// Notes that a letter was sent, or given up; its text, which may hold a one-time link, goes.
    FinishLetter {
        /// Which.
        letter: (AccountId, MessageId),
        /// When.
        now: Timestamp,
        /// Why it was given up, or empty.
        error: String,
    },
    /// Notes that a try failed.
    RetryLetter {
        /// Which.
        letter: (AccountId, MessageId),
        /// When to try again.
        due_at: Timestamp,
        /// Why it failed.
        error: String,
    },
    /// Takes what one node at a time may do, or keeps it, until a moment.
    Lease {
        /// What it is.
        name: &'static str,
        /// Who takes it.
        holder: [u8; 16],
        /// The moment that counts as now.
        now: Timestamp,
        /// Until when nobody else takes it.
        until: Timestamp,
    },
    /// Notes up to which place, which is not part of it, the events of an account were forwarded.
    NoteForwarded {
        /// The account.
        account: AccountId,
        /// The place.
        place: u64,
    },
    /// Erases what events tell of people. Their leaves in the tree stay as they are.
    ErasePersonal {
        /// The account.
        account: AccountId,
        /// When each happened, and its id.
        events: Vec<(Timestamp, EventId)>,
        /// When they are erased.
        now: Timestamp,
    },
    /// Confirms that the writer writes: a transaction that could remove a row and removes none.
    Ready,
    /// Releases claims that were made for something that never came to be.
    ReleaseClaims {
        /// Only claims made before this moment: what they are for may still be on its way.
        before: Timestamp,
        /// Only those of one owner; of everybody if there is none.
        owner: Option<[u8; 16]>,
    },
    /// Removes sessions, links, access tokens, told news and sent letters that are older than a moment.
    Forget {
        /// The moment.
        before: Timestamp,
    },
}

/// What a chore yields.
#[derive(Clone, Debug, PartialEq)]
pub enum Swept {
    /// News in hand.
    News(Vec<Queued>),
    /// Letters in hand.
    Letters(Vec<Posted>),
    /// It is the asker's until then.
    Leased,
    /// Somebody else has it.
    Taken,
    /// Nothing to say.
    Done,
}

impl Chore {
    pub(crate) fn run(&self, engine: &mut Engine) -> Result<Swept, Fault> {
        match self {
            Self::ClaimNews { channel, now, until, most } => {
                claim(engine, *channel, *now, *until, *most)
            }
            Self::FinishNews { news, now, error } => {
                let sql = "UPDATE outbox SET done_at = $4, last_error = $5 \
                           WHERE account_id = $1 AND message_id = $2 AND channel = $3";
                engine.query(sql, &row![news.0, news.1, news.2, *now, *error])?;
                Ok(Swept::Done)
            }
            Self::RetryNews { news, due_at, error } => {
                let sql = "UPDATE outbox SET due_at = $4, last_error = $5 \
                           WHERE account_id = $1 AND message_id = $2 AND channel = $3";
                engine.query(sql, &row![news.0, news.1, news.2, *due_at, *error])?;
                Ok(Swept::Done)
            }
            Self::ClaimLetters { now, until, most } => claim_letters(engine, *now, *until, *most),
            Self::FinishLetter { letter, now, error } => {
                let sql = "UPDATE letter SET done_at = $3, last_error = $4, sealed_text = $5 \
                           WHERE account_id = $1 AND message_id = $2";
                engine.query(sql, &row![letter.0, letter.1, *now, *error, Vec::<u8>::new()])?;
                Ok(Swept::Done)
            }
            Self::RetryLetter { letter, due_at, error } => {
                let sql = "UPDATE letter SET due_at = $3, last_error = $4 \
                           WHERE account_id = $1 AND message_id = $2";
                engine.query(sql, &row![letter.0, letter.1, *due_at, *error])?;
                Ok(Swept::Done)
            }
            Self::Lease { name, holder, now, until } => {
                let sql = "INSERT INTO lease (name, holder, until_at) VALUES ($1, $2, $4) \
                           ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at \
                           WHERE lease.holder = $2 OR lease.until_at <= $3 RETURNING until_at";
                let rows = engine.query(sql, &row![(*name).to_owned(), *holder, *now, *until])?;
                Ok(if rows.is_empty() { Swept::Taken } else { Swept::Leased })
            }
            Self::NoteForwarded { account, place } => {
                let sql = "INSERT INTO event_forward (account_id, place) VALUES ($1, $2) \
                           ON CONFLICT (account_id) DO UPDATE SET place = excluded.place \
                           WHERE event_forward.place < excluded.place";
                engine.query(sql, &row![*account, *place])?;
                Ok(Swept::Done)
            }
            Self::ErasePersonal { account, events, now } => erase(engine, *account, events, *now),
            Self::Ready => {
                engine.query("DELETE FROM lease WHERE name = ''", &[])?;
                Ok(Swept::Done)
            }
            Self::ReleaseClaims { before, owner } => release(engine, *before, *owner),
            Self::Forget { before } => forget(engine, *before),
        }
    }
}

fn forget(engine: &mut Engine, before: Timestamp) -> Result<Swept, Fault> {
    for old in [
        "session WHERE ends_at < $1",
        "outbox WHERE done_at < $1",
        "letter WHERE done_at < $1",
        "one_time_link WHERE expires_at < $1",
        "api_token WHERE kind = 2 AND expires_at < $1",
    ] {
        engine.query(&format!("DELETE FROM {old}"), &row![before])?;
    }
    Ok(Swept::Done)
}

fn erase(
    engine: &mut Engine,
    account: AccountId,
    events: &[(Timestamp, EventId)],
    now: Timestamp,
) -> Result<Swept, Fault> {
    if engine.holds() {
        // Who writes an event does not hold the name that is there already. So whoever is writing
        // one comes to an end first, and who writes one later puts the name there again.
        engine.script("LOCK TABLE event_actor IN SHARE ROW EXCLUSIVE MODE")?;
    }
    let mut actors = BTreeSet::new();
    let found = "SELECT actor FROM event_personal \
                 WHERE account_id = $1 AND at = $2 AND event_id = $3 AND erased_at IS NULL";
    let sql = "UPDATE event_personal SET salt = $4, actor = '', private = '', address = '', erased_at = $5 \
               WHERE account_id = $1 AND at = $2 AND event_id = $3 AND erased_at IS NULL";
    for (at, id) in events {
        actors.extend(engine.query(found, &row![account, *at, *id])?.into_iter().flatten());
        engine.query(sql, &row![account, *at, *id, Vec::<u8>::new(), now])?;
    }
    let unused = "DELETE FROM event_actor WHERE account_id = $1 AND actor = $2 AND NOT EXISTS \
                  (SELECT 1 FROM event_personal p WHERE p.account_id = $1 AND p.actor = $2)";
    for actor in actors {
        engine.query(unused, &[account.store(), actor])?;
    }
    Ok(Swept::Done)
}

/// What a kind of claim is for: the table and the column of the owner's id. Keys of devices are
/// claimed in the transaction that binds them, and people's claims are their own to give back.
const CLAIMED: [(ClaimKind, &[(&str, &str)]); 3] = [
    (ClaimKind::Domain, &[("account", "account_id")]),
    (ClaimKind::Number, &[("account", "account_id"), ("virtual_account", "virtual_account_id")]),
    (ClaimKind::Token, &[("token", "token_id")]),
];

fn release(
    engine: &mut Engine,
    before: Timestamp,
    owner: Option<[u8; 16]>,
) -> Result<Swept, Fault> {
    for (kind, owners) in CLAIMED {
        let absent: String = owners.iter().map(|(table, id)| absent(table, id)).collect();
        let sql = format!("DELETE FROM claim WHERE kind = $1 AND claimed_at < $2{absent}");
        match owner {
            Some(owner) => {
                engine.query(&format!("{sql} AND owner = $3"), &row![kind, before, owner])?
            }
            None => engine.query(&sql, &row![kind, before])?,
        };
    }
    Ok(Swept::Done)
}

fn absent(table: &str, id: &str) -> String {
    format!(
        " AND NOT EXISTS (SELECT 1 FROM {table} o \
         WHERE o.account_id = claim.account_id AND o.{id} = claim.owner)"
    )
}

fn claim(
    engine: &mut Engine,
    channel: Channel,
    now: Timestamp,
    until: Timestamp,
    most: u32,
) -> Result<Swept, Fault> {
    let columns = schema::OUTBOX.names("");
    let sql = format!(
        "UPDATE outbox SET due_at = $3, attempts = attempts + 1 \
         WHERE (account_id, message_id, channel) IN (\
           SELECT account_id, message_id, channel FROM outbox \
           WHERE channel = $1 AND done_at IS NULL AND due_at <= $2 \
           ORDER BY due_at LIMIT $4) \
         AND due_at <= $2 RETURNING {columns}"
    );
    let values: Vec<Value> = row![channel, now, until, most];
    let rows = engine.query(&sql, &values)?;
    let mut news: Vec<Queued> = rows
        .into_iter()
        .enumerate()
        .map(|(n, row)| Queued::from_values(n, row))
        .collect::<Result<_, _>>()?;
    news.sort_by_key(|one| (one.news.at, one.news.id));
    Ok(Swept::News(news))
}

fn claim_letters(
    engine: &mut Engine,
    now: Timestamp,
    until: Timestamp,
    most: u32,
) -> Result<Swept, Fault> {
    let columns = schema::LETTER.names("");
    let sql = format!(
        "UPDATE letter SET due_at = $2, attempts = attempts + 1 \
         WHERE (account_id, message_id) IN (\
           SELECT account_id, message_id FROM letter \
           WHERE done_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $3) \
         AND due_at <= $1 RETURNING {columns}"
    );
    let rows = engine.query(&sql, &row![now, until, most])?;
    let mut letters: Vec<Posted> = rows
        .into_iter()
        .enumerate()
        .map(|(n, row)| Posted::from_values(n, row))
        .collect::<Result<_, _>>()?;
    letters.sort_by_key(|one| (one.letter.queued_at, one.letter.id));
    Ok(Swept::Letters(letters))
}

impl Swept {
    /// The letters in hand; none for another chore.
    pub fn letters(self) -> Vec<Posted> {
        match self {
            Self::Letters(letters) => letters,
            _ => Vec::new(),
        }
    }

    /// The news in hand; none for another chore.
    pub fn news(self) -> Vec<Queued> {
        match self {
            Self::News(news) => news,
            _ => Vec::new(),
        }
    }
}
