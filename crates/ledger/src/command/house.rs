//! The house's own rows: claims, facts, sessions.

use wire::time::Timestamp;

use super::{Stop, nothing_but};
use crate::house::{Claim, HouseFact, Session};
use crate::page::Page;
use crate::posting::{Effect, Posting};
use crate::refusal::Refusal;

/// Claims something unique. Idempotent: the owner may claim it again.
#[derive(Clone, Debug)]
pub struct MakeClaim {
    /// The claim.
    pub claim: Claim,
}

impl MakeClaim {
    pub(super) fn decide(&self, page: &Page) -> Result<Posting, Stop> {
        let claim = &self.claim;
        match page.claim(claim.kind, &claim.value)? {
            Some(there) if there.account == claim.account && there.owner == claim.owner => {
                Ok(Posting::nothing())
            }
            Some(_) => {
                let what =
                    format!("the {} \"{}\"", claim.kind.word().replace('_', " "), claim.value);
                Err(Refusal::Taken { what }.into())
            }
            None => Ok(nothing_but(vec![Effect::Claim(claim.clone())])),
        }
    }
}

/// Keeps a fact of the house.
#[derive(Clone, Debug)]
pub struct KeepFact {
    /// The fact.
    pub fact: HouseFact,
}

impl KeepFact {
    pub(super) fn decide(&self) -> Posting {
        nothing_but(vec![Effect::HouseFact(self.fact.clone())])
    }
}

/// Begins a session.
#[derive(Clone, Debug)]
pub struct BeginSession {
    /// The session.
    pub session: Session,
}

impl BeginSession {
    pub(super) fn decide(&self) -> Posting {
        nothing_but(vec![Effect::Session(self.session.clone())])
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
}

impl EndSession {
    pub(super) fn decide(&self, page: &Page, now: Timestamp) -> Result<Posting, Stop> {
        Ok(match page.session(self.token_hash)? {
            Some(session) => nothing_but(vec![Effect::Session(Session {
                ended_at: Some(now),
                ..session.clone()
            })]),
            None => Posting::nothing(),
        })
    }
}
