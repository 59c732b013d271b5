//! Checking the book: stored standings equal the fold of the lines they came from.

use std::collections::BTreeMap;

use ledger::entitlement::{Bucket, Buckets, Entitlement};
use ledger::pool::Pool;
use ledger::posting::Entry;
use wire::id::AccountId;

use crate::fault::Fault;
use crate::listing::Query;
use crate::read::Reading;

/// How many pools are read at once.
const PAGE: u32 = 500;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many pools were checked.
    pub pools: u64,
    /// How many lines were folded.
    pub entries: u64,
    /// What does not fit, in words that name the row.
    pub wrong: Vec<String>,
}

impl Reading<'_> {
    /// Checks every pool of an account: sums, lots, numbering and uses against the lines.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn check_account(
        &mut self,
        account: AccountId,
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        let mut after = None;
        loop {
            let page = self.list::<Pool>(account, &Query::all(PAGE).after(after))?;
            for pool in &page.rows {
                self.check_pool(pool, findings)?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    fn check_pool(&mut self, pool: &Pool, findings: &mut Findings) -> Result<(), Fault> {
        let keys = crate::value::row![pool.account, pool.id];
        let mut entries: Vec<Entry> = self.rows(&keys)?;
        entries.sort_by_key(|entry| entry.seq);
        let lots: Vec<Entitlement> = self.rows(&keys)?;
        findings.pools += 1;
        findings.entries += u64::try_from(entries.len()).unwrap_or(0);
        let mut tell = |what: String| findings.wrong.push(format!("{}: {what}", pool.id));
        if entries.iter().zip(1..).any(|(entry, seq)| entry.seq != seq)
            || entries.len() != usize::try_from(pool.seq).unwrap_or(usize::MAX)
        {
            tell(format!(
                "lines are missing: the last is {}, {} are there",
                pool.seq,
                entries.len()
            ));
        }
        let (used, unverified, by_lot) = fold(&entries);
        if (used, unverified) != (pool.used, pool.used_unverified) {
            tell(format!(
                "in use is {} + {} unverified, its lines say {used} + {unverified}",
                pool.used, pool.used_unverified
            ));
        }
        let mut sum = Buckets::default();
        for lot in &lots {
            let folded = by_lot.get(lot.id.as_bytes()).copied().unwrap_or_default();
            if folded != lot.buckets || lot.buckets.granted() != i64::from(lot.quantity.get()) {
                tell(format!("{} does not equal its lines", lot.id));
            }
            add(&mut sum, &lot.buckets);
        }
        if sum != pool.buckets {
            tell("the sums of its entitlements differ from its own".to_owned());
        }
        let in_use = self.number(
            "SELECT CAST(COALESCE(SUM(level), 0) AS BIGINT) FROM license_use WHERE account_id = $1 AND pool_id = $2",
            &keys,
        )?;
        if in_use != used + unverified {
            findings.wrong.push(format!(
                "{}: product instances use {in_use}, its lines say {}",
                pool.id,
                used + unverified
            ));
        }
        Ok(())
    }
}

fn fold(entries: &[Entry]) -> (i64, i64, BTreeMap<[u8; 16], Buckets>) {
    let (mut used, mut unverified) = (0, 0);
    let mut by_lot: BTreeMap<[u8; 16], Buckets> = BTreeMap::new();
    for entry in entries {
        match entry.bucket {
            Bucket::Used => used += entry.quantity,
            Bucket::UsedUnverified => unverified += entry.quantity,
            bucket => by_lot.entry(entry.subject).or_default().add(bucket, entry.quantity),
        }
    }
    (used, unverified, by_lot)
}

fn add(sum: &mut Buckets, one: &Buckets) {
    sum.future += one.future;
    sum.available += one.available;
    sum.reserved += one.reserved;
    sum.delegated += one.delegated;
    sum.in_transfer += one.in_transfer;
    sum.retired += one.retired;
}
