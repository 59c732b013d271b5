//! Signs in by the set-up secret, and knows who asks.

use ledger::command::{BeginSession, Command, EndSession, TouchSession};
use ledger::house::{Factors, Session};
use ledger::person::Person;
use ledger::role::{Actor, Member};
use sha2::{Digest, Sha256};
use store::{Reading, Sight};
use wire::id::PersonId;
use wire::time::Span;

use super::found::SET_UP_SECRET;
use super::{App, Error, people};
use crate::keys::to_hex;

/// How long a session lasts at most.
pub(super) const SESSION: Span = Span::from_hours(12);

/// How exactly it is kept when a session was last used: a write for every page would be too many.
const SEEN_EVERY: Span = Span::from_minutes(1);

/// A session as its owner gets it: the only time that its token is seen.
#[derive(Clone)]
pub struct NewSession {
    /// The token, for the cookie.
    pub token: String,
    /// The word that its forms return.
    pub csrf: String,
    /// How long it lasts.
    pub lasts: Span,
}

/// Who asks, and the session in which they do.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub actor: Actor,
    /// The session: its word is what forms must return.
    pub session: Session,
    /// The person; `None` for who signed in with the set-up secret.
    pub person: Option<Person>,
}

impl SignedIn {
    /// The person as one who may something.
    pub fn member(&self) -> Option<&Member> {
        match &self.actor {
            Actor::Person(member) => Some(member),
            _ => None,
        }
    }
}

impl App {
    /// Begins a session for who knows the set-up secret.
    ///
    /// # Errors
    /// `sign_in.failed`, faults of the store.
    pub async fn sign_in(&self, secret: &str, address: &str) -> Result<NewSession, Error> {
        if !self.is_set_up_secret(secret).await? {
            let text = "this is not the set-up secret: it was printed when the server first started, \
                        and `scrip setup-secret` on the server's host makes a new one";
            return Err(Error::bad("sign_in.failed", text));
        }
        let token = to_hex(&self.world.random::<32>());
        let now = self.world.now();
        let session = Session {
            token_hash: Sha256::digest(token.as_bytes()).into(),
            person: None,
            factors: Factors::SetUpSecret,
            csrf: to_hex(&self.world.random::<16>()),
            began_at: now,
            ends_at: now.plus(SESSION),
            ended_at: None,
            proven_at: now,
            seen_at: now,
            address: address.to_owned(),
            browser: String::new(),
        };
        let csrf = session.csrf.clone();
        self.write(Command::BeginSession(Box::new(BeginSession {
            session,
            shown: None,
            replaces: None,
        })))
        .await?;
        Ok(NewSession { token, csrf, lasts: SESSION })
    }

    /// Who has a session's token; `None` if it has ended or never was.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn signed_in(&self, token: &str) -> Result<Option<SignedIn>, Error> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let now = self.world.now();
        let read = move |reading: &mut Reading<'_>| {
            let Some(session) = reading.session(hash)?.filter(|one| one.is_live(now)) else {
                return Ok(None);
            };
            let rights = match session.person {
                Some(id) => reading.rights_of(id)?,
                None => None,
            };
            let secret = match session.person {
                Some(_) => None,
                None => reading.house_fact(SET_UP_SECRET)?,
            };
            let void = session.person.is_none() && reading.had_operator()?;
            Ok(Some((session, rights, secret)).filter(|_| !void))
        };
        let found = self.book.read(Sight::House, read).await?;
        let Some((session, rights, secret)) = found else { return Ok(None) };
        // A new set-up secret ends what was begun with the one before.
        if secret.is_some_and(|secret| session.began_at < secret.changed_at) {
            return Ok(None);
        }
        let (actor, person) = match (session.person, rights) {
            (None, _) => (Actor::Operator, None),
            (Some(_), None) => return Ok(None),
            (Some(_), Some(rights)) => {
                if !session.signs_in(&rights.person, now) {
                    return Ok(None);
                }
                let person = rights.person.clone();
                let Some(member) = people::actor(rights, now) else { return Ok(None) };
                (Actor::Person(Box::new(member)), Some(person))
            }
        };
        if now.since(session.seen_at) >= SEEN_EVERY {
            self.write(Command::TouchSession(TouchSession { token_hash: hash })).await?;
        }
        Ok(Some(SignedIn { actor, session, person }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn sign_out(&self, token: &str) -> Result<(), Error> {
        let token_hash = Sha256::digest(token.as_bytes()).into();
        self.write(Command::EndSession(EndSession { token_hash, owner: None })).await?;
        Ok(())
    }

    /// Who shows a bearer secret to the API, from a network address.
    ///
    /// # Errors
    /// `auth.too_often` after too many wrong ones, faults of the store.
    pub async fn bearer(&self, secret: &str, address: &str) -> Result<Actor, Error> {
        self.wait_after_wrong(address)?;
        if let Some(actor) = self.token_actor(secret).await? {
            return Ok(actor);
        }
        if self.is_set_up_secret(secret).await? {
            return Ok(Actor::Operator);
        }
        self.attempts.note_wrong(address, self.world.now());
        Ok(Actor::Anonymous)
    }

    /// Refuses who showed too many wrong secrets of late.
    pub(super) fn wait_after_wrong(&self, from: &str) -> Result<(), Error> {
        let Some(wait) = self.attempts.wait(from, self.world.now()) else { return Ok(()) };
        let seconds = wait.seconds().max(1);
        let text = format!("too many wrong secrets from here: try again in {seconds} s");
        Err(Error::bad("auth.too_often", text))
    }
}

impl App {
    /// Whether the set-up secret still signs in: nobody is an operator yet.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn awaits_set_up(&self) -> Result<bool, Error> {
        let read = move |reading: &mut Reading<'_>| reading.had_operator();
        Ok(!self.book.read(Sight::House, read).await?)
    }

    /// Ends another session of a person's own.
    ///
    /// # Errors
    /// `not_found`, faults of the store.
    pub async fn end_session(&self, person: PersonId, token_hash: [u8; 32]) -> Result<(), Error> {
        let command = EndSession { token_hash, owner: Some(person) };
        self.write(Command::EndSession(command)).await?;
        Ok(())
    }
}
