//! Signs in by the set-up secret, and knows who asks.

use ledger::command::{BeginSession, Command, EndSession, TouchSession};
use ledger::house::{Factors, Session};
use ledger::role::Actor;
use sha2::{Digest, Sha256};
use store::{Reading, Sight};
use wire::time::Span;

use super::found::SET_UP_SECRET;
use super::{App, Error};
use crate::keys::to_hex;

/// How long a session lasts at most.
const SESSION: Span = Span::from_hours(12);

/// How exactly it is kept when a session was last used: a write for every page would be too many.
const SEEN_EVERY: Span = Span::from_minutes(1);

/// A session as its owner gets it: the only time that its token is seen.
#[derive(Clone)]
pub struct NewSession {
    /// The token, for the cookie.
    pub token: String,
    /// How long it lasts.
    pub lasts: Span,
}

/// Who asks, and the word that their forms must return.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub actor: Actor,
    /// The word that forms must return.
    pub csrf: String,
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
        self.write(Command::BeginSession(BeginSession { session })).await?;
        Ok(NewSession { token, lasts: SESSION })
    }

    /// Who has a session's token; `None` if it has ended or never was.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn signed_in(&self, token: &str) -> Result<Option<SignedIn>, Error> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let now = self.world.now();
        let read = move |reading: &mut Reading<'_>| {
            Ok((reading.session(hash)?, reading.house_fact(SET_UP_SECRET)?))
        };
        let (session, secret) = self.book.read(Sight::House, read).await?;
        // A new set-up secret ends what was begun with the one before.
        let void = |session: &Session| {
            session.factors == Factors::SetUpSecret
                && secret.is_some_and(|secret| session.began_at < secret.changed_at)
        };
        let live = session.filter(|session| session.is_live(now));
        let Some(session) = live.filter(|session| !void(session)) else { return Ok(None) };
        if now.since(session.seen_at) >= SEEN_EVERY {
            self.write(Command::TouchSession(TouchSession { token_hash: hash })).await?;
        }
        Ok(Some(SignedIn { actor: Actor::Operator, csrf: session.csrf }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn sign_out(&self, token: &str) -> Result<(), Error> {
        let token_hash = Sha256::digest(token.as_bytes()).into();
        self.write(Command::EndSession(EndSession { token_hash })).await?;
        Ok(())
    }

    /// Who shows a bearer secret to the API, from a network address.
    ///
    /// # Errors
    /// `auth.too_often` after too many wrong ones, faults of the store.
    pub async fn bearer(&self, secret: &str, address: &str) -> Result<Actor, Error> {
        let now = self.world.now();
        if let Some(wait) = self.attempts.wait(address, now) {
            let seconds = wait.seconds().max(1);
            let text = format!("too many wrong secrets from here: try again in {seconds} s");
            return Err(Error::bad("auth.too_often", text));
        }
        if self.is_set_up_secret(secret).await? {
            return Ok(Actor::Operator);
        }
        self.attempts.note_wrong(address, now);
        Ok(Actor::Anonymous)
    }
}
