//! The event log: its pages, its tree, what is signed of it, and what proves it.

use std::collections::BTreeMap;

use ledger::command::{Command, KeepCheckpoint, Sequence};
use ledger::log::{KeptCheckpoint, Logged, Sphere};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit, Reach, Role};
use ledger::tree::{self, Edge, Hash, Head};
use store::events::Behind;
pub use store::events::EventQuestion;
use store::listing::Rows;
use store::{Chore, Reading, Sight, Swept};
use wire::id::AccountId;
use wire::message::{Checkpoint, TrustBundle};
use wire::seal::{Claims, Sealed};
use wire::time::{Span, Timestamp};

use super::{App, Error};

/// How many events one round gives their places.
const ROUND: u32 = 500;
/// How many accounts one round of checkpoints or forwarding takes.
const ACCOUNTS: u32 = 100;
/// One node at a time gives places, and has the right for so long.
const LEASE: Span = Span::from_seconds(10);
/// The right is renewed when less than this is left of it.
const RENEWED: Span = Span::from_seconds(5);
/// A log that goes on is signed this often.
const SIGNED_EVERY: Span = Span::from_hours(1);

/// The proof that a log once was the beginning of what it is.
#[derive(Clone, Debug)]
pub struct Consistency {
    /// What it was.
    pub from: Head,
    /// What it is.
    pub to: Head,
    /// The hashes that lead from one to the other.
    pub path: Vec<Hash>,
}

/// The proof that an event stands in a log.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// The event.
    pub event: Logged,
    /// The log.
    pub head: Head,
    /// The hashes that lead from its leaf to the root.
    pub path: Vec<Hash>,
}

/// What one node at a time does, and until when it is this one's.
#[derive(Clone, Debug)]
pub struct Turn {
    name: &'static str,
    holder: [u8; 16],
    until: Timestamp,
}

/// Confirms that a permit shows the whole of an account's event log, or the house's, as its tree
/// has it: every event, whatever it is about.
fn sees_whole_log(permit: &Permit, account: AccountId) -> Result<(), Refusal> {
    permit.allows(Action::ReadEvents, account)?;
    match (permit.role(), permit.reach()) {
        (Role::Approver, _) | (_, Reach::Only(_)) => {
            let (role, action) = (permit.role().word(), "see the whole event log");
            Err(Refusal::Denied { role, action })
        }
        (_, Reach::Whole) => Ok(()),
    }
}

/// The question, bounded to what a permit shows: an approver sees no acts on licenses, and who
/// has a role in single virtual accounts sees what happened in those.
fn bounded(permit: &Permit, mut question: EventQuestion) -> EventQuestion {
    // No text that is kept holds a NUL, and PostgreSQL takes none as a value.
    for text in [&mut question.action, &mut question.subject].into_iter().flatten() {
        *text = text.replace('\0', "\u{fffd}");
    }
    if permit.role() == Role::Approver {
        question.sphere = Some(Sphere::Administration);
    }
    if let Reach::Only(reach) = permit.reach() {
        question.within = Some(match question.within {
            Some(asked) => asked.intersection(reach).copied().collect(),
            None => reach.clone(),
        });
    }
    question
}

impl App {
    /// A page of an account's event log, the newest first.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn events(
        &self,
        permit: &Permit,
        account: AccountId,
        question: EventQuestion,
        limit: u32,
    ) -> Result<Rows<Logged>, Error> {
        permit.allows(Action::ReadEvents, account)?;
        let question = bounded(permit, question);
        let read = move |reading: &mut Reading<'_>| reading.events(account, &question, limit);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// The actions that an account's log knows.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn event_actions(
        &self,
        permit: &Permit,
        account: AccountId,
    ) -> Result<Vec<String>, Error> {
        permit.allows(Action::ReadEvents, account)?;
        let read = move |reading: &mut Reading<'_>| reading.event_actions(account);
        let mut actions = self.book.read(Sight::Account(account), read).await?;
        if permit.role() == Role::Approver {
            actions.retain(|action| Sphere::of(action) == Sphere::Administration);
        }
        Ok(actions)
    }

    /// A page of the events that have a place, in order of their places.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn event_entries(
        &self,
        permit: &Permit,
        account: AccountId,
        from: u64,
        limit: u32,
    ) -> Result<Vec<Logged>, Error> {
        sees_whole_log(permit, account)?;
        let read = move |reading: &mut Reading<'_>| reading.events_from(account, from, limit);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// A signed statement of how an account's log stands now.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn checkpoint(
        &self,
        permit: &Permit,
        account: AccountId,
    ) -> Result<Sealed<Checkpoint>, Error> {
        sees_whole_log(permit, account)?;
        let head = self.book.read(Sight::Account(account), move |r| head(r, account)).await?;
        Ok(self.sign_checkpoint(account, head))
    }

    fn sign_checkpoint(&self, account: AccountId, head: Head) -> Sealed<Checkpoint> {
        let now = self.world.now();
        let checkpoint = Checkpoint { account, size: head.size, root: head.root, at: now };
        let claims = Claims { audience: None, issued_at: now, expires_at: None };
        Sealed::seal(&checkpoint, claims, &self.keys.online)
    }

    /// The proof that the log of a size is the beginning of the log of another, or of now.
    ///
    /// # Errors
    /// `permit.denied`, `proof.size` for a size that the log never had, faults of the store.
    pub async fn prove_consistency(
        &self,
        permit: &Permit,
        account: AccountId,
        from: u64,
        to: Option<u64>,
    ) -> Result<Consistency, Error> {
        sees_whole_log(permit, account)?;
        let read = move |reading: &mut Reading<'_>| {
            let now = head(reading, account)?.size;
            let to = to.unwrap_or(now);
            if from > to || to > now {
                return Ok(Err(now));
            }
            let mut trees = reading.subtrees(account);
            let path = tree::consistency(&mut trees, from, to)?;
            let from = Head { size: from, root: tree::root(&mut trees, from)? };
            let to = Head { size: to, root: tree::root(&mut trees, to)? };
            Ok(Ok(Consistency { from, to, path }))
        };
        let proved = self.book.read(Sight::Account(account), read).await?;
        proved.map_err(unknown_size)
    }

    /// The proof that the event at a place stands in the log of a size, or of now.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `proof.size` if the log of that size does not hold it,
    /// faults of the store.
    pub async fn prove_inclusion(
        &self,
        permit: &Permit,
        account: AccountId,
        place: u64,
        size: Option<u64>,
    ) -> Result<Inclusion, Error> {
        sees_whole_log(permit, account)?;
        let read = move |reading: &mut Reading<'_>| {
            let now = head(reading, account)?.size;
            let size = size.unwrap_or(now);
            if place >= size || size > now {
                return Ok(Some(Err(now)));
            }
            let found = reading.events_from(account, place, 1)?.into_iter().next();
            let Some(event) = found else { return Ok(None) };
            let mut trees = reading.subtrees(account);
            let path = tree::inclusion(&mut trees, place, size)?;
            let head = Head { size, root: tree::root(&mut trees, size)? };
            Ok(Some(Ok(Inclusion { event, head, path })))
        };
        let found = self.book.read(Sight::Account(account), read).await?;
        let found = found.ok_or(ledger::refusal::Refusal::NotFound { what: "event" })?;
        found.map_err(unknown_size)
    }

    /// What was signed of an account's log, as far as the signatures hold, in order of sizes;
    /// with it, in words, those whose signature does not.
    pub(super) fn signed_heads(
        &self,
        bundle: &TrustBundle,
        kept: &[KeptCheckpoint],
    ) -> (Vec<Head>, Vec<String>) {
        let (mut heads, mut broken) = (Vec::new(), Vec::new());
        for one in kept {
            let sealed = Sealed::<Checkpoint>::from_bytes(one.sealed.clone()).ok();
            let opened = sealed.and_then(|sealed| {
                let key = bundle.find(sealed.peek_key())?;
                sealed.open(&key).ok()
            });
            match opened {
                Some(opened) if opened.account == one.account && opened.size == one.size => {
                    heads.push(Head { size: opened.size, root: opened.root });
                }
                _ => broken.push(format!(
                    "{}: the checkpoint of {} events is not signed by this installation",
                    one.account, one.size
                )),
            }
        }
        (heads, broken)
    }

    /// Something that one node at a time does, of which this one may come to have the turn.
    pub fn turn(&self, name: &'static str) -> Turn {
        Turn { name, holder: self.world.random(), until: Timestamp::MIN }
    }

    /// Whether it is this node's turn; takes or keeps the turn if nobody else has it.
    async fn has_turn(&self, turn: &mut Turn) -> Result<Option<()>, Error> {
        let now = self.world.now();
        if now.plus(RENEWED) < turn.until {
            return Ok(Some(()));
        }
        let until = now.plus(LEASE);
        let lease = Chore::Lease { name: turn.name, holder: turn.holder, now, until };
        let leased = self.book.chore(lease).await? == Swept::Leased;
        turn.until = if leased { until } else { Timestamp::MIN };
        Ok(leased.then_some(()))
    }

    /// Gives events their places, if it is this node's turn; says how many there were to place.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn sequence(&self, turn: &mut Turn) -> Result<usize, Error> {
        let read = |reading: &mut Reading<'_>| reading.unplaced(ROUND);
        let unplaced = self.book.read(Sight::House, read).await?;
        if unplaced.is_empty() || self.has_turn(turn).await?.is_none() {
            return Ok(0);
        }
        let count = unplaced.values().map(|(_, events)| events.len()).sum();
        for (account, (from, events)) in unplaced {
            self.write(Command::Sequence(Sequence { account, from, events })).await?;
        }
        Ok(count)
    }

    /// Signs how the logs stand that went on since they were signed last, if it is this node's turn.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn sign_logs(&self, turn: &mut Turn) -> Result<(), Error> {
        let before = self.world.now().minus(SIGNED_EVERY);
        let read = move |reading: &mut Reading<'_>| reading.unsigned(before, ACCOUNTS);
        let trees = self.book.read(Sight::House, read).await?;
        if trees.is_empty() || self.has_turn(turn).await?.is_none() {
            return Ok(());
        }
        for tree in trees {
            let (account, head) = (tree.account, head_of(&tree.edge));
            let sealed = self.sign_checkpoint(account, head).into_bytes();
            let made_at = self.world.now();
            let checkpoint = KeptCheckpoint { account, size: head.size, sealed, made_at };
            self.write(Command::KeepCheckpoint(KeepCheckpoint { checkpoint })).await?;
        }
        Ok(())
    }

    /// Events that were not forwarded yet, of some accounts, if it is this node's turn.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn unforwarded(
        &self,
        turn: &mut Turn,
    ) -> Result<BTreeMap<AccountId, Vec<Logged>>, Error> {
        let read = |reading: &mut Reading<'_>| {
            let mut all = BTreeMap::new();
            for Behind { account, place } in reading.unforwarded(ACCOUNTS)? {
                all.insert(account, reading.events_from(account, place, ACCOUNTS)?);
            }
            Ok(all)
        };
        if self.has_turn(turn).await?.is_none() {
            return Ok(BTreeMap::new());
        }
        Ok(self.book.read(Sight::House, read).await?)
    }

    /// Notes up to which place, which is not part of it, an account's events were forwarded.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn note_forwarded(&self, account: AccountId, place: u64) -> Result<(), Error> {
        self.book.chore(Chore::NoteForwarded { account, place }).await?;
        Ok(())
    }
}

fn unknown_size(now: u64) -> Error {
    let text = format!("the log holds {now} events: ask for a size up to that");
    Error::bad("proof.size", text)
}

fn head_of(edge: &Edge) -> Head {
    Head { size: edge.size(), root: edge.root() }
}

fn head(reading: &mut Reading<'_>, account: AccountId) -> Result<Head, store::Fault> {
    let tree = reading.event_tree(account)?;
    Ok(tree.map_or_else(|| head_of(&Edge::default()), |tree| head_of(&tree.edge)))
}
