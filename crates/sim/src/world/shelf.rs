//! What lies in the store: the rows as they are read, for the auditor to look at.
//!
//! What is only ever appended is read once; every so often everything is read anew, to see that
//! nobody changed it behind the auditor's back.

use std::collections::BTreeMap;

use ledger::alarm::Alarm;
use ledger::entitlement::Entitlement;
use ledger::instance::{Instance, Use};
use ledger::pool::Pool;
use ledger::posting::Entry;
use ledger::report::Recorded;
use ledger::token::Token;
use store::listing::{EntryColumn, Listed, Query, ReportColumn, Test};
use store::{Book, Fault, Reading, Sight, Stored as _};
use wire::id::{AccountId, PoolId};
use wire::time::Timestamp;

/// More rows than a world ever makes.
const ALL: u32 = 1_000_000;

/// The rows of one account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) pools: Vec<Pool>,
    pub(crate) lots: Vec<Entitlement>,
    pub(crate) alarms: Vec<Alarm>,
    pub(crate) uses: Vec<Use>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) entries: BTreeMap<PoolId, Vec<Entry>>,
    pub(crate) reports: Vec<Recorded>,
    /// How many rows the tables of entries and reports have, by their own count.
    pub(crate) counted: (i64, i64),
    /// What the store's own check finds; only when everything is read.
    pub(crate) findings: Vec<String>,
}

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What may have changed since the last time.
    News,
    /// Everything.
    Everything,
}

impl Shelf {
    /// Reads what there is now, in one reading transaction.
    pub(crate) fn read(
        &mut self,
        book: &Book,
        account: AccountId,
        extent: Extent,
    ) -> Result<(), Fault> {
        book.read_waiting(Sight::Account(account), |reading| {
            self.pools = all(reading, account)?;
            self.lots = all(reading, account)?;
            self.alarms = all(reading, account)?;
            self.uses = all(reading, account)?;
            self.instances = all(reading, account)?;
            self.tokens = all(reading, account)?;
            self.counted = (
                reading.count::<Entry>(account, &Query::all(0))?,
                reading.count::<Recorded>(account, &Query::all(0))?,
            );
            match extent {
                Extent::News => self.read_news(reading, account)?,
                Extent::Everything => self.read_everything(reading, account)?,
            }
            Ok(())
        })
    }

    fn read_news(&mut self, reading: &mut Reading<'_>, account: AccountId) -> Result<(), Fault> {
        for pool in &self.pools {
            let known = self.entries.entry(pool.id).or_default();
            let next = known.last().map_or(1, |last| last.seq + 1);
            if pool.seq >= next {
                let seq = i64::try_from(next).unwrap_or(i64::MAX);
                let query = Query::all(ALL)
                    .is(EntryColumn::Pool, pool.id)
                    .with(EntryColumn::Seq, Test::AtLeast(seq.store()));
                known.extend(reading.list::<Entry>(account, &query)?.rows);
            }
        }
        let since = self.reports.iter().map(|report| report.heard_at).max();
        let since = since.unwrap_or(Timestamp::MIN).plus(wire::time::Span::from_millis(1));
        let query = Query::all(ALL).with(ReportColumn::HeardAt, Test::AtLeast(since.store()));
        self.reports.extend(reading.list::<Recorded>(account, &query)?.rows);
        Ok(())
    }

    fn read_everything(
        &mut self,
        reading: &mut Reading<'_>,
        account: AccountId,
    ) -> Result<(), Fault> {
        self.reports = all(reading, account)?;
        self.entries.clear();
        for entry in all::<Entry>(reading, account)? {
            self.entries.entry(entry.pool).or_default().push(entry);
        }
        for entries in self.entries.values_mut() {
            entries.sort_by_key(|entry| entry.seq);
        }
        let mut findings = store::fsck::Findings::default();
        reading.check_account(account, &mut findings)?;
        self.findings = findings.wrong;
        Ok(())
    }
}

fn all<R: Listed>(reading: &mut Reading<'_>, account: AccountId) -> Result<Vec<R>, Fault> {
    Ok(reading.list::<R>(account, &Query::all(ALL))?.rows)
}
