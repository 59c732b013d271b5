//! Pools, entitlements and alarms.

use ledger::alarm::Alarm;
use ledger::entitlement::{Buckets, Entitlement, Term};
use ledger::pool::Pool;

use super::Record;
use crate::fault::Fault;
use crate::schema;
use crate::table::Table;
use crate::value::{Fields, Value, row};

fn buckets(f: &mut Fields<'_>) -> Result<Buckets, Fault> {
    Ok(Buckets {
        future: f.take()?,
        available: f.take()?,
        reserved: f.take()?,
        delegated: f.take()?,
        in_transfer: f.take()?,
        retired: f.take()?,
        moved: f.take()?,
    })
}

impl Record for Pool {
    const TABLE: &'static Table = &schema::POOL;

    fn values(&self) -> Vec<Value> {
        let b = &self.buckets;
        row![
            self.account,
            self.id,
            self.virtual_account,
            self.tag,
            self.family,
            self.concern,
            b.future,
            b.available,
            b.reserved,
            b.delegated,
            b.in_transfer,
            b.retired,
            b.moved,
            self.used,
            self.used_unverified,
            self.standing().balance(),
            self.next_boundary,
            self.short_since,
            self.seq,
            self.moved_at
        ]
    }

    fn indexed_as(&self, before: &Self) -> bool {
        (self.virtual_account, self.next_boundary, &self.tag)
            == (before.virtual_account, before.next_boundary, &before.tag)
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, id, virtual_account, tag) = (f.take()?, f.take()?, f.take()?, f.take()?);
        let (family, concern, buckets) = (f.take()?, f.take()?, buckets(f)?);
        let (used, used_unverified) = (f.take()?, f.take()?);
        f.skip();
        Ok(Self {
            account,
            id,
            virtual_account,
            tag,
            family,
            concern,
            buckets,
            used,
            used_unverified,
            next_boundary: f.take()?,
            short_since: f.take()?,
            seq: f.take()?,
            moved_at: f.take()?,
        })
    }
}

impl Record for Entitlement {
    const TABLE: &'static Table = &schema::ENTITLEMENT;

    fn values(&self) -> Vec<Value> {
        let b = &self.buckets;
        row![
            self.account,
            self.pool,
            self.id,
            self.quantity,
            b.future,
            b.available,
            b.reserved,
            b.delegated,
            b.in_transfer,
            b.retired,
            b.moved,
            self.term.start,
            self.term.end,
            self.kind,
            self.source,
            self.granted_at,
            self.moved_from
        ]
    }

    fn indexed_as(&self, before: &Self) -> bool {
        self.source == before.source
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, pool, id, quantity) = (f.take()?, f.take()?, f.take()?, f.take()?);
        Ok(Self {
            account,
            pool,
            id,
            quantity,
            buckets: buckets(f)?,
            term: Term { start: f.take()?, end: f.take()? },
            kind: f.take()?,
            source: f.take()?,
            granted_at: f.take()?,
            moved_from: f.take()?,
        })
    }
}

impl Record for Alarm {
    const TABLE: &'static Table = &schema::ALARM;

    fn values(&self) -> Vec<Value> {
        row![
            self.account,
            self.id,
            self.kind,
            self.severity,
            self.virtual_account,
            self.subject,
            self.about,
            self.state,
            self.opened_at,
            self.short_since,
            self.settled_at,
            self.needed,
            self.missing,
            self.largest_told,
            self.telling,
            self.seq
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            account: f.take()?,
            id: f.take()?,
            kind: f.take()?,
            severity: f.take()?,
            virtual_account: f.take()?,
            subject: f.take()?,
            about: f.take()?,
            state: f.take()?,
            opened_at: f.take()?,
            short_since: f.take()?,
            settled_at: f.take()?,
            needed: f.take()?,
            missing: f.take()?,
            largest_told: f.take()?,
            telling: f.take()?,
            seq: f.take()?,
        })
    }
}
