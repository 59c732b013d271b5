//! Sessions: begun with what a person showed, proven again, touched, ended.

use wire::id::{EventId, PersonId};
use wire::time::Timestamp;

use super::{Detail, Stop, nothing_but};
use crate::house::{Factors, HOUSE, Session};
use crate::page::Page;
use crate::person::{Credentials, Passkey, Person, PersonState};
use crate::posting::{Effect, Event, Posting};
use crate::refusal::Refusal;

/// What a person showed, as the server checked it against one version of their credentials.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The version that it was checked against.
    pub version: u64,
    /// What is used up by having been shown.
    pub spent: Spent,
}

/// What is used up by having been shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Spent {
    /// Nothing: a password, or an identity provider's word.
    Nothing,
    /// A time-based code of this step: none is taken twice.
    TotpStep(u64),
    /// A recovery code with this hash.
    Recovery([u8; 32]),
    /// A passkey, whose counter went on.
    Passkey(Passkey),
}

impl Shown {
    /// The person after it, if it fits.
    ///
    /// # Errors
    /// `sign_in.failed` if the credentials were changed meanwhile or it was used already.
    fn spend(&self, person: &Person) -> Result<Person, Refusal> {
        let mut person = person.clone();
        let theirs = &mut person.credentials;
        if theirs.version != self.version || person.state == PersonState::Blocked {
            return Err(Refusal::NotShown);
        }
        match &self.spent {
            Spent::Nothing => {}
            Spent::TotpStep(step) => {
                let totp = theirs.totp.as_mut().filter(|totp| totp.last_step < *step);
                totp.ok_or(Refusal::NotShown)?.last_step = *step;
            }
            Spent::Recovery(hash) => {
                theirs.recovery = without_code(theirs, hash).ok_or(Refusal::NotShown)?;
            }
            Spent::Passkey(shown) => {
                let known = theirs.passkeys.iter_mut().find(|one| one.id == shown.id);
                *known.ok_or(Refusal::NotShown)? = shown.clone();
            }
        }
        Ok(person)
    }
}

/// The hashes of the recovery codes that are left when one is taken; `None` if it is not there.
fn without_code(credentials: &Credentials, hash: &[u8; 32]) -> Option<Vec<u8>> {
    let codes = credentials.recovery.chunks(32);
    let left: Vec<u8> = codes.filter(|code| code != hash).flatten().copied().collect();
    (left.len() < credentials.recovery.len()).then_some(left)
}

/// Begins a session.
#[derive(Clone, Debug)]
pub struct BeginSession {
    /// The session.
    pub session: Session,
    /// What the person showed; `None` for who signed in with the set-up secret.
    pub shown: Option<Shown>,
    /// The session that it takes the place of: one that owed a second factor, or an older one.
    pub replaces: Option<[u8; 32]>,
}

impl BeginSession {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let session = &self.session;
        let mut effects = vec![Effect::Session(session.clone())];
        if let Some(replaced) = self.replaces {
            effects.extend(ended(page, replaced, now)?);
        }
        let (actor, role) = match (session.person, &self.shown) {
            (None, _) => ("operator (set-up secret)".to_owned(), "operator"),
            (Some(id), shown) => {
                let person = page.person(id)?.ok_or(Refusal::NotShown)?;
                let shown = shown.as_ref().ok_or(Refusal::NotShown)?;
                let spent = shown.spend(person)?;
                if spent.state != PersonState::Active {
                    return Err(Refusal::NotShown.into());
                }
                if spent != *person {
                    effects.push(Effect::Person(Box::new(spent)));
                }
                (person.email.clone(), "person")
            }
        };
        // A session that still owes a factor signs nobody in, so it is no event either.
        if self.signs_in(page)? {
            effects.push(begun(session, actor, role, now));
        }
        Ok(nothing_but(effects))
    }

    fn signs_in(&self, page: &Page) -> Result<bool, Stop> {
        Ok(match self.session.person {
            None => true,
            Some(id) => page
                .person(id)?
                .is_some_and(|person| self.session.factors.suffice(&person.credentials)),
        })
    }
}

fn begun(session: &Session, actor: String, role: &str, now: Timestamp) -> Effect {
    let detail = Detail::default().with("by", session.factors.word());
    let detail = match session.browser.as_str() {
        "" => detail,
        browser => detail.personal("browser", browser),
    };
    Effect::Event(Event {
        account: HOUSE,
        virtual_account: None,
        id: EventId::derive(&[b"session", &session.token_hash]),
        at: now,
        actor,
        role: role.to_owned(),
        action: "session.begun".to_owned(),
        subject: session.person.map_or_else(String::new, |person| person.to_string()),
        detail: detail.json(),
        private: detail.private_json(),
        address: session.address.clone(),
    })
}

/// Notes that who has a session showed a factor again, for dangerous acts.
#[derive(Clone, Debug)]
pub struct ProveSession {
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Whose it must be.
    pub person: PersonId,
    /// What they showed.
    pub shown: Shown,
}

impl ProveSession {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let person = page.person(self.person)?.ok_or(Refusal::NotShown)?;
        let session = page.session(self.token_hash)?.filter(|one| one.signs_in(person, now));
        let session = session.ok_or(Refusal::NotShown)?;
        let spent = self.shown.spend(person)?;
        let proven = Session { proven_at: now, seen_at: now, ..session.clone() };
        let mut effects = vec![Effect::Session(proven)];
        if spent != *person {
            effects.push(Effect::Person(Box::new(spent)));
        }
        Ok(nothing_but(effects))
    }
}

/// Notes that a session is in use, so that it does not end as an idle one.
#[derive(Clone, Debug)]
pub struct TouchSession {
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
}

impl TouchSession {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        // One that ended meanwhile stays ended.
        Ok(match page.session(self.token_hash)?.filter(|session| session.is_live(now)) {
            Some(session) => nothing_but(vec![Effect::Session(Session {
                seen_at: now.max(session.seen_at),
                ..session.clone()
            })]),
            None => Posting::nothing(),
        })
    }
}

/// Ends a session.
#[derive(Clone, Debug)]
pub struct EndSession {
    /// SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// Whose it must be, where somebody ends another of their own.
    pub owner: Option<PersonId>,
}

impl EndSession {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        let Some(session) = page.session(self.token_hash)? else { return Ok(Posting::nothing()) };
        if self.owner.is_some() && self.owner != session.person {
            return Err(Refusal::NotFound { what: "session" }.into());
        }
        let word = if session.factors == Factors::SetUpSecret { "operator" } else { "person" };
        let actor = match session.person {
            Some(id) => page.person(id)?.map(|person| person.email.clone()).unwrap_or_default(),
            None => "operator (set-up secret)".to_owned(),
        };
        let mut effects = ended(page, self.token_hash, now)?;
        if !effects.is_empty() {
            effects.push(Effect::Event(Event {
                account: HOUSE,
                virtual_account: None,
                id: EventId::derive(&[b"session ended", &self.token_hash]),
                at: now,
                actor,
                role: word.to_owned(),
                action: "session.ended".to_owned(),
                subject: session.person.map_or_else(String::new, |person| person.to_string()),
                detail: Detail::default().json(),
                private: String::new(),
                address: String::new(),
            }));
        }
        Ok(nothing_but(effects))
    }
}

fn ended(page: &Page, token_hash: [u8; 32], now: Timestamp) -> Result<Vec<Effect>, Stop> {
    let live = page.session(token_hash)?.filter(|session| session.ended_at.is_none());
    Ok(live
        .map(|session| Effect::Session(Session { ended_at: Some(now), ..session.clone() }))
        .into_iter()
        .collect())
}
