//! The house's own rows: claims and facts. Sessions stand in `session`.

use super::{Stop, nothing_but};
use crate::house::{Claim, HouseFact};
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
