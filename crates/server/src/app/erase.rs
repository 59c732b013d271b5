//! Erases what events tell of people. The events stay, and the tree over them stands.

use std::collections::BTreeSet;

use ledger::command::{Command, NoteErasure};
use ledger::log::{Logged, Personal};
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit};
use serde_json::Value;
use store::{Chore, Reading, Sight};
use wire::id::{AccountId, EventId};
use wire::time::Timestamp;

use super::events::EventQuestion;
use super::{App, Ask, Error};

/// How many events one read takes, and one transaction erases.
const ROUND: u32 = 1_000;

/// Which events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marked {
    /// These.
    Events(BTreeSet<EventId>),
    /// All that tell of who has this e-mail address.
    Person(String),
}

impl Marked {
    fn fits(&self, logged: &Logged) -> bool {
        match self {
            Self::Events(ids) => ids.contains(&logged.event.id),
            Self::Person(email) => tells_of(logged, email),
        }
    }
}

/// Whether an event tells of a person: as who did it, or in its particulars.
fn tells_of(logged: &Logged, email: &str) -> bool {
    let same = |text: &str| text.eq_ignore_ascii_case(email);
    // A person who asks by a token is named with it: `ann@example.com (personal token "ci")`.
    let actor = logged.event.actor.split_once(' ').map_or(&*logged.event.actor, |(who, _)| who);
    let private = serde_json::from_str(&logged.event.private);
    same(actor) || private.is_ok_and(|private| holds(&private, &same))
}

fn holds(value: &Value, same: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => same(text),
        Value::Array(list) => list.iter().any(|one| holds(one, same)),
        Value::Object(map) => map.values().any(|one| holds(one, same)),
        _ => false,
    }
}

/// What a walk through a log found.
#[derive(Default)]
struct Found {
    events: Vec<(Timestamp, EventId)>,
    /// How many have no place yet: their leaf still needs what would be erased.
    unplaced: usize,
    /// Ids that are in the log, erased or not.
    seen: usize,
}

impl App {
    /// Erases what events of an account, or of the house, tell of people: who, from where, and
    /// particulars. What is erased already stays so. Says of how many events it was.
    ///
    /// # Errors
    /// `permit.denied` for who is not at the host's command line, `not_found` for an id that is
    /// not in the log, `event.unplaced`, faults of the store.
    pub async fn erase_personal(
        &self,
        ask: &Ask,
        account: AccountId,
        marked: Marked,
    ) -> Result<u32, Error> {
        self.confirm_log(&ask.permit, account).await?;
        // Where no server runs nobody else gives events their places.
        let mut turn = self.turn("sequencer");
        while self.sequence(&mut turn).await? > 0 {}
        let found = self.marked(account, &marked).await?;
        if let Marked::Events(ids) = &marked
            && found.seen < ids.len()
        {
            return Err(Refusal::NotFound { what: "event" }.into());
        }
        if found.unplaced > 0 {
            let text = "some of these events have no place in the log yet: ask again in some seconds, and start the server if it does not run";
            return Err(Error::bad("event.unplaced", text));
        }
        let count = u32::try_from(found.events.len()).unwrap_or(u32::MAX);
        if count == 0 {
            return Ok(0);
        }
        let note = NoteErasure { asked: ask.asked(), account, count };
        self.ask(ask, Command::NoteErasure(note)).await?;
        for events in found.events.chunks(ROUND as usize) {
            let (events, now) = (events.to_vec(), self.world.now());
            self.book.chore(Chore::ErasePersonal { account, events, now }).await?;
        }
        Ok(count)
    }

    async fn confirm_log(&self, permit: &Permit, account: AccountId) -> Result<(), Error> {
        permit.allows(Action::Read, account)?;
        if account != ledger::house::HOUSE {
            self.confirm_account(permit, account).await?;
        }
        Ok(())
    }

    async fn marked(&self, account: AccountId, marked: &Marked) -> Result<Found, Error> {
        let mut found = Found::default();
        let mut question = EventQuestion::default();
        loop {
            let asked = question.clone();
            let read = move |reading: &mut Reading<'_>| reading.events(account, &asked, ROUND);
            let page = self.book.read(Sight::Account(account), read).await?;
            for logged in page.rows.iter().filter(|logged| marked.fits(logged)) {
                found.seen += 1;
                match (logged.personal, logged.place) {
                    (Personal::Erased(_), _) => {}
                    (_, None) => found.unplaced += 1,
                    (_, Some(_)) => found.events.push((logged.event.at, logged.event.id)),
                }
            }
            question.after = page.next;
            if question.after.is_none() {
                return Ok(found);
            }
        }
    }
}
