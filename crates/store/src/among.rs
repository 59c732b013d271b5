//! Reading many rows at once by what they are called: a page of a list names what its rows are
//! of, and asking for each alone would cost a round trip for each.

use std::collections::{BTreeMap, BTreeSet};

use ledger::account::VirtualAccount;
use ledger::alarm::AlarmState;
use ledger::entitlement::Entitlement;
use ledger::instance::{Instance, Use};
use ledger::license::License;
use ledger::pool::Pool;
use wire::id::{AccountId, InstanceId, PoolId, VirtualAccountId};
use wire::tag::EntitlementTag;

use crate::fault::Fault;
use crate::read::Reading;
use crate::record::Record;
use crate::value::{Stored, Value};

/// How many are asked for in one statement. Shorter rounds are filled up, so that there are few
/// texts of statements to be kept prepared.
const ROUNDS: [usize; 4] = [20, 100, 500, 2_000];

/// A pool with what a list of all pools is sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolName {
    /// The pool.
    pub pool: PoolId,
    /// Its virtual account.
    pub virtual_account: VirtualAccountId,
    /// Its license.
    pub tag: EntitlementTag,
}

impl Reading<'_> {
    /// Rows of a condition whose column is one of some values; `$1` to the last are the
    /// condition's own.
    pub(crate) fn among(
        &mut self,
        select: &str,
        own: &[Value],
        column: &str,
        among: &[Value],
    ) -> Result<Vec<Vec<Value>>, Fault> {
        let mut rows = Vec::new();
        let most = ROUNDS[ROUNDS.len() - 1];
        for some in among.chunks(most) {
            let round = ROUNDS.into_iter().find(|round| *round >= some.len()).unwrap_or(most);
            let (mut values, mut marks) = (own.to_vec(), Vec::with_capacity(round));
            for n in 0..round {
                values.push(some[n.min(some.len() - 1)].clone());
                marks.push(format!("${}", values.len()));
            }
            let sql = select.replace("{among}", &format!("{column} IN ({})", marks.join(", ")));
            rows.extend(self.query(&sql, &values)?);
        }
        Ok(rows)
    }

    fn records_among<R: Record>(
        &mut self,
        account: AccountId,
        column: &str,
        among: &[Value],
    ) -> Result<Vec<R>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        let (names, table) = (R::TABLE.names(""), R::TABLE.name);
        let select = format!("SELECT {names} FROM {table} WHERE account_id = $1 AND {{among}}");
        let rows = self.among(&select, &[account.store()], column, among)?;
        rows.into_iter().enumerate().map(|(n, row)| R::from_values(n, row)).collect()
    }

    fn among_ids<R: Record, I: Ord + Stored>(
        &mut self,
        account: AccountId,
        column: &str,
        ids: &BTreeSet<I>,
        id_of: impl Fn(&R) -> I,
    ) -> Result<BTreeMap<I, R>, Fault> {
        let ids: Vec<Value> = ids.iter().map(Stored::store).collect();
        let rows: Vec<R> = self.records_among(account, column, &ids)?;
        Ok(rows.into_iter().map(|one| (id_of(&one), one)).collect())
    }

    /// The licenses of some tags, as far as the catalogue knows them.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn licenses_among(
        &mut self,
        tags: &BTreeSet<EntitlementTag>,
    ) -> Result<BTreeMap<EntitlementTag, License>, Fault> {
        let (names, table) = (License::TABLE.names(""), License::TABLE.name);
        let tags: Vec<Value> = tags.iter().map(Stored::store).collect();
        let select = format!("SELECT {names} FROM {table} WHERE {{among}}");
        let rows = self.among(&select, &[], "tag", &tags)?;
        let read = |(n, row)| License::from_values(n, row).map(|one| (one.tag.clone(), one));
        rows.into_iter().enumerate().map(read).collect()
    }

    /// Some virtual accounts.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn virtual_accounts_among(
        &mut self,
        account: AccountId,
        ids: &BTreeSet<VirtualAccountId>,
    ) -> Result<BTreeMap<VirtualAccountId, VirtualAccount>, Fault> {
        self.among_ids(account, "virtual_account_id", ids, |one: &VirtualAccount| one.id)
    }

    /// Some pools.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn pools_among(
        &mut self,
        account: AccountId,
        ids: &BTreeSet<PoolId>,
    ) -> Result<BTreeMap<PoolId, Pool>, Fault> {
        self.among_ids(account, "pool_id", ids, |one: &Pool| one.id)
    }

    /// The lots of some pools, each pool's in the order of their ids.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn entitlements_among(
        &mut self,
        account: AccountId,
        pools: &BTreeSet<PoolId>,
    ) -> Result<BTreeMap<PoolId, Vec<Entitlement>>, Fault> {
        let ids: Vec<Value> = pools.iter().map(Stored::store).collect();
        let mut rows: Vec<Entitlement> = self.records_among(account, "pool_id", &ids)?;
        rows.sort_unstable_by_key(|lot| lot.id);
        let mut lots: BTreeMap<PoolId, Vec<Entitlement>> = BTreeMap::new();
        for lot in rows {
            lots.entry(lot.pool).or_default().push(lot);
        }
        Ok(lots)
    }

    /// The uses of some product instances, each instance's in the order of their tags.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn uses_among(
        &mut self,
        account: AccountId,
        ids: &BTreeSet<InstanceId>,
    ) -> Result<BTreeMap<InstanceId, Vec<Use>>, Fault> {
        let ids: Vec<Value> = ids.iter().map(Stored::store).collect();
        let mut rows: Vec<Use> = self.records_among(account, "instance_id", &ids)?;
        rows.sort_by(|a, b| a.tag.cmp(&b.tag));
        let mut uses: BTreeMap<InstanceId, Vec<Use>> = BTreeMap::new();
        for one in rows {
            uses.entry(one.instance).or_default().push(one);
        }
        Ok(uses)
    }

    /// How many alarms are open in some virtual accounts; those without any are left out.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn open_alarms_among(
        &mut self,
        account: AccountId,
        ids: &BTreeSet<VirtualAccountId>,
    ) -> Result<BTreeMap<VirtualAccountId, i64>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<Value> = ids.iter().map(Stored::store).collect();
        let select = "SELECT virtual_account_id, COUNT(*) FROM alarm \
                      WHERE account_id = $1 AND state = $2 AND {among} GROUP BY virtual_account_id";
        let own = [account.store(), AlarmState::Open.store()];
        let rows = self.among(select, &own, "virtual_account_id", &ids)?;
        let pair = |row: Vec<Value>| {
            let mut row = row.into_iter();
            Some((VirtualAccountId::load(row.next()?)?, i64::load(row.next()?)?))
        };
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    /// Every product instance of an account, or of one of its virtual accounts, in order of ids: at
    /// most so many, each with the virtual account in which it is.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn instance_places(
        &mut self,
        account: AccountId,
        place: Option<VirtualAccountId>,
        most: u32,
    ) -> Result<Vec<(InstanceId, VirtualAccountId)>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        let mut values = vec![account.store(), most.store()];
        let within = match place {
            None => "",
            Some(place) => {
                values.push(place.store());
                " AND virtual_account_id = $3"
            }
        };
        // The index of places holds what is there; in its order no row is read.
        let sql = format!(
            "SELECT instance_id, virtual_account_id FROM instance \
             WHERE account_id = $1 AND removed_at IS NULL{within} \
             ORDER BY virtual_account_id, instance_id LIMIT $2"
        );
        let pair = |row: Vec<Value>| {
            let mut row = row.into_iter();
            Some((InstanceId::load(row.next()?)?, VirtualAccountId::load(row.next()?)?))
        };
        let mut found: Vec<_> = self.query(&sql, &values)?.into_iter().filter_map(pair).collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Some product instances.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn instances_among(
        &mut self,
        account: AccountId,
        ids: &BTreeSet<InstanceId>,
    ) -> Result<BTreeMap<InstanceId, Instance>, Fault> {
        self.among_ids(account, "instance_id", ids, |one: &Instance| one.id)
    }

    /// Every pool of an account, or of one of its virtual accounts, as far as sorting needs it:
    /// at most so many.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn pool_names(
        &mut self,
        account: AccountId,
        place: Option<VirtualAccountId>,
        most: u32,
    ) -> Result<Vec<PoolName>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        let mut values = vec![account.store(), most.store()];
        let within = match place {
            None => "",
            Some(place) => {
                values.push(place.store());
                " AND virtual_account_id = $3"
            }
        };
        // These columns stand in one index.
        let sql = format!(
            "SELECT pool_id, virtual_account_id, tag FROM pool WHERE account_id = $1{within} \
             ORDER BY virtual_account_id, tag LIMIT $2"
        );
        let read = |row: Vec<Value>| {
            let mut row = row.into_iter();
            Some(PoolName {
                pool: PoolId::load(row.next()?)?,
                virtual_account: VirtualAccountId::load(row.next()?)?,
                tag: EntitlementTag::load(row.next()?)?,
            })
        };
        Ok(self.query(&sql, &values)?.into_iter().filter_map(read).collect())
    }
}
