//! What the book said at a moment, it must say of that moment for ever, as far as was known then.

use ledger::role::{Action, Actor, Scope, permit};
use server::app::{App, Error};
use wire::id::PoolId;
use wire::time::Timestamp;

use super::{Auditor, Differences, same};
use crate::world::model::{Model, Owned};
use crate::world::server::complete;

/// How many moments are kept in mind.
const MOST: usize = 64;
/// How many are looked up each time.
const LOOKS: usize = 3;
/// How often in a thousand an audit is kept in mind.
const KEPT: u64 = 250;

/// Where a pool stood, as it was known then.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    at: Timestamp,
    pool: PoolId,
    name: String,
    used: i64,
    owned: Owned,
}

impl Auditor {
    /// Keeps in mind where some pool stands now.
    pub(super) fn remember(&mut self, model: &Model, now: Timestamp) {
        if self.shelf.pools.is_empty() || !self.dice.happens(KEPT) {
            return;
        }
        let pool = &self.shelf.pools[self.dice.below(self.shelf.pools.len())];
        let (place, tag) = (pool.virtual_account, &pool.tag);
        let memory = Memory {
            at: now,
            pool: pool.id,
            name: format!("{}/{}", model.place_name(place), tag.short_name()),
            used: model.used(place, tag, now),
            owned: model.owned(place, tag, now),
        };
        if self.memories.len() < MOST {
            self.memories.push(memory);
        } else {
            let nth = self.dice.below(MOST);
            self.memories[nth] = memory;
        }
    }

    /// Asks the server what it knew then.
    pub(super) fn recall(&mut self, app: &App, model: &Model) -> Result<Differences, Error> {
        let mut found = Differences::new();
        let account = model.account;
        let read = permit(&Actor::Operator, Action::Read, Scope::House)?;
        for _ in 0..LOOKS.min(self.memories.len()) {
            let memory = &self.memories[self.dice.below(self.memories.len())];
            let Memory { at, pool, name, used, owned } = memory;
            let standing = complete(app.pool_as_of(&read, account, *pool, *at, *at))?;
            let said = Owned {
                future: standing.future,
                in_force: standing.available,
                over: standing.expired,
            };
            same(
                &mut found,
                || format!("{name} used at and known at {at}"),
                standing.in_use,
                *used,
            );
            same(&mut found, || format!("{name} owned at and known at {at}"), said, *owned);
        }
        Ok(found)
    }
}
