//! The erasure of what events tell of people: an act of the host, with an event of its own.

use wire::id::AccountId;
use wire::time::Timestamp;

use super::{Asked, Detail, Stop, nothing_but};
use crate::posting::Posting;
use crate::refusal::Refusal;
use crate::role::{Action, Actor};

/// Notes that what events tell of people is erased. The note comes first: nothing is erased that
/// no event tells of.
#[derive(Clone, Debug)]
pub struct NoteErasure {
    /// The right and the request's id.
    pub asked: Asked,
    /// The account whose log it is; [`crate::house::HOUSE`] for the house's own.
    pub account: AccountId,
    /// Of how many events.
    pub count: u32,
}

impl NoteErasure {
    pub(super) fn decide(&self, now: Timestamp) -> Result<Posting, Stop> {
        let permit = &self.asked.permit;
        permit.allows(Action::Read, self.account)?;
        if *permit.actor() != Actor::Host {
            let (role, action) = (permit.role().word(), "erase what events tell of people");
            return Err(Refusal::Denied { role, action }.into());
        }
        let detail = Detail::default().with("events", self.count);
        let subject = self.account.to_string();
        let event = self.asked.event(self.account, "event.erased", subject, &detail, now);
        Ok(nothing_but(vec![event]))
    }
}
