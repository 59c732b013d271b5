//! Checking the book: stored standings equal the fold of the lines they came from, and the
//! event log is what its tree and its checkpoints say.

mod log;

use std::collections::BTreeMap;

use ledger::alarm::AlarmState;
use ledger::country::elsewhere_alarm_id;
use ledger::entitlement::{Bucket, Buckets, Entitlement};
use ledger::instance::{Instance, Use};
use ledger::pool::{Pool, alarm_id};
use wire::id::{AccountId, EntitlementId, InstanceId, PoolId};

use crate::fault::Fault;
use crate::listing::{Query, UseColumn};
use crate::read::Reading;
use crate::record::Record;
use crate::schema;
use crate::value::{Fields, Stored as _, Value, row};

/// How many rows are read at once.
const PAGE: u32 = 500;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many pools were checked.
    pub pools: u64,
    /// How many lines were folded.
    pub entries: u64,
    /// How many product instances were checked.
    pub instances: u64,
    /// How many events were compared with their tree.
    pub events: u64,
    /// Of how many of them the personal part was erased.
    pub erased: u64,
    /// What is odd and proves nothing, in words that name the row.
    pub odd: Vec<String>,
    /// What does not fit, in words that name the row.
    pub wrong: Vec<String>,
}

/// The lines of a pool, summed up.
#[derive(Default)]
struct Fold {
    used: i64,
    unverified: i64,
    by_instance: BTreeMap<[u8; 16], i64>,
    by_lot: BTreeMap<[u8; 16], Buckets>,
    granted: BTreeMap<[u8; 16], i64>,
}

impl Fold {
    fn take(&mut self, subject: [u8; 16], bucket: Bucket, quantity: i64) {
        match bucket {
            Bucket::Used | Bucket::UsedUnverified => {
                let verified = bucket == Bucket::Used;
                *(if verified { &mut self.used } else { &mut self.unverified }) += quantity;
                *self.by_instance.entry(subject).or_default() += quantity;
            }
            Bucket::Granted => *self.granted.entry(subject).or_default() -= quantity,
            bucket => self.by_lot.entry(subject).or_default().add(bucket, quantity),
        }
    }
}

impl Reading<'_> {
    /// Checks an account: every pool's sums, lots, numbering, uses and alarm against its lines,
    /// every product instance's progress against its reports.
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
                break;
            }
        }
        loop {
            let page = self.list::<Instance>(account, &Query::all(PAGE).after(after))?;
            for instance in &page.rows {
                self.check_instance(instance, findings)?;
            }
            after = page.next;
            if after.is_none() {
                return self.check_orphans(account, findings);
            }
        }
    }

    fn check_pool(&mut self, pool: &Pool, findings: &mut Findings) -> Result<(), Fault> {
        let keys = row![pool.account, pool.id];
        findings.pools += 1;
        self.check_numbering(pool, findings)?;
        let fold = self.fold(&keys)?;
        let mut tell = |what: String| findings.wrong.push(format!("{}: {what}", pool.id));
        let Fold { used, unverified, .. } = fold;
        if (used, unverified) != (pool.used, pool.used_unverified) {
            tell(format!(
                "in use is {} + {} unverified, its lines say {used} + {unverified}",
                pool.used, pool.used_unverified
            ));
        }
        let lots: Vec<Entitlement> = self.rows(&keys)?;
        check_lots(pool, &lots, &fold, &mut tell);
        self.check_uses(pool, fold, &mut tell)?;
        let balance =
            self.number("SELECT balance FROM pool WHERE account_id = $1 AND pool_id = $2", &keys)?;
        let expected = pool.standing().balance();
        if balance != expected {
            tell(format!("the balance to sort by is {balance}, it should be {expected}"));
        }
        let alarm = self.alarm(pool.account, alarm_id(pool.id))?;
        let open = alarm.is_some_and(|alarm| alarm.state == AlarmState::Open);
        if open != pool.standing().alarmable() {
            tell(format!("its alarm is {}open", if open { "" } else { "not " }));
        }
        Ok(())
    }

    fn check_numbering(&mut self, pool: &Pool, findings: &mut Findings) -> Result<(), Fault> {
        let sql = "SELECT COUNT(*), COALESCE(MIN(seq), 1), COALESCE(MAX(seq), 0) \
                   FROM entry WHERE account_id = $1 AND pool_id = $2";
        let numbers = self.query(sql, &row![pool.account, pool.id])?.into_iter().flatten();
        let numbers: Vec<u64> = numbers.filter_map(u64::load).collect();
        findings.entries += numbers[0];
        if numbers != [pool.seq, 1, pool.seq] {
            findings.wrong.push(format!(
                "{}: lines are missing: the last is {}, {} are there",
                pool.id, pool.seq, numbers[0]
            ));
        }
        Ok(())
    }

    fn fold(&mut self, keys: &[Value]) -> Result<Fold, Fault> {
        let sql = "SELECT subject, bucket, CAST(SUM(quantity) AS BIGINT) FROM entry \
                   WHERE account_id = $1 AND pool_id = $2 GROUP BY subject, bucket";
        let mut fold = Fold::default();
        for (place, values) in (0..).zip(self.query(sql, keys)?) {
            let mut fields = Fields::new(&schema::ENTRY, place, values);
            fold.take(fields.take()?, fields.take()?, fields.take()?);
        }
        Ok(fold)
    }

    fn check_uses(
        &mut self,
        pool: &Pool,
        mut fold: Fold,
        tell: &mut impl FnMut(String),
    ) -> Result<(), Fault> {
        let mut query = Query::all(PAGE).is(UseColumn::Pool, pool.id);
        loop {
            let page = self.list::<Use>(pool.account, &query)?;
            for one in page.rows {
                let lines = fold.by_instance.remove(one.instance.as_bytes()).unwrap_or(0);
                if lines != i64::from(one.level) {
                    tell(format!("{} uses {}, its lines say {lines}", one.instance, one.level));
                }
            }
            if page.next.is_none() {
                break;
            }
            query = query.after(page.next);
        }
        for (instance, lines) in fold.by_instance.into_iter().filter(|(_, lines)| *lines != 0) {
            let instance = InstanceId::from_bytes(instance);
            tell(format!("{instance} uses nothing, its lines say {lines}"));
        }
        Ok(())
    }

    fn check_instance(
        &mut self,
        instance: &Instance,
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        findings.instances += 1;
        self.check_country(instance, findings)?;
        for column in self.made_otherwise::<Instance>(&row![instance.account, instance.id])? {
            findings
                .wrong
                .push(format!("{}: its {column} is not what follows from it", instance.id));
        }
        let sql = "SELECT COUNT(DISTINCT number), COALESCE(MAX(number), 0) FROM report \
                   WHERE account_id = $1 AND instance_id = $2 AND key_id = $3 AND epoch = $4";
        for progress in &instance.progress {
            let epoch = progress.newest.epoch;
            let keys = row![instance.account, instance.id, progress.key, epoch];
            let numbers = self.query(sql, &keys)?.into_iter().flatten();
            let numbers: Vec<u64> = numbers.filter_map(u64::load).collect();
            if numbers != [progress.heard, progress.newest.number] {
                findings.wrong.push(format!(
                    "{}: {} reports were heard up to {}, {} are there up to {}",
                    instance.id, progress.heard, progress.newest.number, numbers[0], numbers[1]
                ));
            }
        }
        Ok(())
    }

    /// The columns of a row that differ from those that are made of what the row says: lists are
    /// filtered and sorted by such columns, and a wrong one would hide the row.
    fn made_otherwise<R: Record>(&mut self, keys: &[Value]) -> Result<Vec<&'static str>, Fault> {
        let Some(stored) = self.query(&R::TABLE.select(keys.len()), keys)?.into_iter().next()
        else {
            return Ok(Vec::new());
        };
        let made = R::from_values(0, stored.clone())?.values();
        let pairs = R::TABLE.columns.iter().zip(stored.iter().zip(&made));
        let other = pairs.filter(|(_, (stored, made))| stored != made);
        Ok(other.map(|(column, _)| column.name).collect())
    }

    /// The alarm of use elsewhere is open exactly while an instance is used elsewhere.
    fn check_country(&mut self, instance: &Instance, findings: &mut Findings) -> Result<(), Fault> {
        let Some(known) = &instance.country_of_use else { return Ok(()) };
        let alarm = self.alarm(instance.account, elsewhere_alarm_id(instance.id))?;
        let open = alarm.is_some_and(|alarm| alarm.state == AlarmState::Open);
        if open != known.elsewhere_since.is_some() {
            let is = if open { "" } else { "not " };
            let text = format!("{}: its alarm of use elsewhere is {is}open", instance.id);
            findings.wrong.push(text);
        }
        Ok(())
    }

    /// Lines and lots whose pool is not there.
    fn check_orphans(&mut self, account: AccountId, findings: &mut Findings) -> Result<(), Fault> {
        for table in ["entry", "entitlement"] {
            let sql = format!(
                "SELECT DISTINCT o.pool_id FROM {table} o WHERE o.account_id = $1 AND NOT EXISTS \
                 (SELECT 1 FROM pool p WHERE p.account_id = o.account_id AND p.pool_id = o.pool_id)"
            );
            let pools = self.query(&sql, &row![account])?.into_iter().flatten();
            for pool in pools.filter_map(PoolId::load) {
                findings
                    .wrong
                    .push(format!("{pool}: the pool is missing, rows of {table} are there"));
            }
        }
        Ok(())
    }
}

fn check_lots(pool: &Pool, lots: &[Entitlement], fold: &Fold, tell: &mut impl FnMut(String)) {
    let mut sum = Buckets::default();
    for lot in lots {
        let folded = fold.by_lot.get(lot.id.as_bytes()).copied().unwrap_or_default();
        let granted = fold.granted.get(lot.id.as_bytes()).copied().unwrap_or(0);
        let quantity = i64::from(lot.quantity.get());
        if folded != lot.buckets || folded.granted() != quantity || granted != quantity {
            tell(format!("{} does not equal its lines", lot.id));
        }
        add(&mut sum, &lot.buckets);
    }
    for lot in fold.by_lot.keys().filter(|id| lots.iter().all(|lot| lot.id.as_bytes() != *id)) {
        tell(format!("{} is missing, its lines are there", EntitlementId::from_bytes(*lot)));
    }
    if sum != pool.buckets {
        tell("the sums of its entitlements differ from its own".to_owned());
    }
}

fn add(sum: &mut Buckets, one: &Buckets) {
    sum.future += one.future;
    sum.available += one.available;
    sum.reserved += one.reserved;
    sum.delegated += one.delegated;
    sum.in_transfer += one.in_transfer;
    sum.retired += one.retired;
    sum.moved += one.moved;
}
