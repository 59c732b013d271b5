//! Reading: single rows by key, and the questions that are not listings.

use ledger::account::Account;
use ledger::entitlement::{Entitlement, Term};
use ledger::house::{Claim, ClaimKind, HouseFact, Session};
use ledger::instance::{DeviceKey, Identity, Instance};
use ledger::license::License;
use ledger::person::{AccessRequest, ApiToken, Grant, Link, Person, Terms};
use ledger::pool::Pool;
use ledger::posting::Entry;
use ledger::report::Recorded;
use ledger::token::Token;
use std::collections::BTreeMap;
use wire::id::{
    AccessRequestId, AccountId, AlarmId, EntitlementId, GrantId, InstanceId, PersonId, PoolId,
    TokenId, VirtualAccountId,
};
use wire::key::KeyId;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::engine::{Engine, Found};
use crate::evidence;
use crate::fault::Fault;
use crate::pool::Sight;
use crate::record::{Evidence, Record, day_of};
use crate::rows::Target;
use crate::schema;
use crate::value::{Stored, Value, row};

/// The column by which rows belong to an account.
const ACCOUNT_ID: &str = "account_id";

/// A reading transaction: everything read in it is of one moment.
pub struct Reading<'a> {
    engine: &'a mut Engine,
    sight: Sight,
}

/// A device's key, whose it is, and where its instance is now.
#[derive(Clone, Debug)]
pub struct Known {
    /// The key.
    pub key: DeviceKey,
    /// The virtual account in which its instance is.
    pub virtual_account: VirtualAccountId,
}

/// All lines of a pool with the terms of its lots, for standings as of any moment.
#[derive(Clone, Debug)]
pub struct PoolHistory {
    /// The lines, in order of their numbers.
    pub entries: Vec<Entry>,
    /// The term of each lot, by the bytes of its id.
    pub terms: BTreeMap<[u8; 16], Term>,
}

/// An instance's use of a license, with what a list says of the instance.
#[derive(Clone, Debug, PartialEq)]
pub struct UseShare {
    /// The instance.
    pub instance: InstanceId,
    /// Its level.
    pub level: u32,
    /// Since when.
    pub since: Timestamp,
}

/// Numbers of the whole house, for metrics and the demo's summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Accounts.
    pub accounts: i64,
    /// Product instances.
    pub product_instances: i64,
    /// Reports in the book.
    pub reports: i64,
    /// Pools that are short and whose shortage counts.
    pub pools_short: i64,
    /// Open alarms.
    pub alarms_open: i64,
}

/// What needs attention in the whole house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// News that waits to be told, over all channels.
    pub news: i64,
    /// Open alarms.
    pub alarms_open: i64,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(engine: &'a mut Engine, sight: Sight) -> Self {
        Self { engine, sight }
    }

    /// What this read may see.
    pub fn sight(&self) -> Sight {
        self.sight
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, Fault> {
        self.engine.query(sql, values)
    }

    pub(crate) fn read_targets(&mut self, targets: &[Target]) -> Result<Vec<Found>, Fault> {
        self.engine.read(targets)
    }

    /// Whether the engine is one that holds rows: PostgreSQL.
    pub(crate) fn holds(&self) -> bool {
        self.engine.holds()
    }

    pub(crate) fn number(&mut self, sql: &str, values: &[Value]) -> Result<i64, Fault> {
        let rows = self.query(sql, values)?;
        Ok(rows
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next())
            .and_then(i64::load)
            .unwrap_or(0))
    }

    pub(crate) fn rows<R: Record>(&mut self, keys: &[Value]) -> Result<Vec<R>, Fault> {
        if R::TABLE.columns[0].name == ACCOUNT_ID && !self.sees(&keys[0]) {
            return Ok(Vec::new());
        }
        self.records(&R::TABLE.select(keys.len()), keys)
    }

    pub(crate) fn records<R: Record>(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> Result<Vec<R>, Fault> {
        let rows = self.query(sql, values)?;
        rows.into_iter().enumerate().map(|(n, row)| R::from_values(n, row)).collect()
    }

    /// Whether rows of an account may be seen. PostgreSQL sees to it itself; SQLite does not.
    pub(crate) fn sees(&self, account: &Value) -> bool {
        match self.sight {
            Sight::House => true,
            Sight::Account(own) => own.store() == *account,
        }
    }

    /// The condition that rows of `account_id` may be seen; binds what it needs.
    fn in_sight(&self, values: &mut Vec<Value>) -> String {
        match self.sight {
            Sight::House => "account_id IS NOT NULL".to_owned(),
            Sight::Account(own) => {
                values.push(own.store());
                format!("account_id = ${}", values.len())
            }
        }
    }

    /// How many rows of a table may be seen and are so.
    fn count_of(&mut self, table: &str, condition: &str) -> Result<i64, Fault> {
        let mut values = Vec::new();
        let seen = self.in_sight(&mut values);
        self.number(&format!("SELECT COUNT(*) FROM {table} WHERE {seen} AND {condition}"), &values)
    }

    fn one<R: Record>(&mut self, keys: &[Value]) -> Result<Option<R>, Fault> {
        Ok(self.rows(keys)?.into_iter().next())
    }

    /// All accounts, in order of their names. For an operator.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn accounts(&mut self, most: u32) -> Result<Vec<Account>, Fault> {
        self.accounts_after(("", AccountId::from_bytes([0; 16])), most)
    }

    /// A page of all accounts, in order of their folded names, after one of them. For an operator.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn accounts_after(
        &mut self,
        after: (&str, AccountId),
        most: u32,
    ) -> Result<Vec<Account>, Fault> {
        let mut values = row![after.0.to_owned(), after.1, most];
        let seen = self.in_sight(&mut values);
        let sql = format!(
            "SELECT {} FROM account WHERE {seen} AND (name_folded, account_id) > ($1, $2) \
             ORDER BY name_folded, account_id LIMIT $3",
            schema::ACCOUNT.names("")
        );
        self.records(&sql, &values)
    }

    /// A page of all license definitions, in order of their tags, after one of them.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn licenses_after(&mut self, after: &str, most: u32) -> Result<Vec<License>, Fault> {
        let columns = schema::LICENSE.names("");
        let sql = format!("SELECT {columns} FROM license WHERE tag > $1 ORDER BY tag LIMIT $2");
        self.records(&sql, &row![after.to_owned(), most])
    }

    /// All license definitions, in order of their tags.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn licenses(&mut self, most: u32) -> Result<Vec<License>, Fault> {
        self.licenses_after("", most)
    }

    /// The account and place of a device key, wherever it is.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn known_key(&mut self, id: KeyId) -> Result<Option<Known>, Fault> {
        let Some(claim) = self.claim(ClaimKind::DeviceKey, &id.to_string())? else {
            return Ok(None);
        };
        let Some(key) = self.one::<DeviceKey>(&row![claim.account, id])? else { return Ok(None) };
        let Some(instance) = self.instance(claim.account, key.instance)? else { return Ok(None) };
        Ok(Some(Known { key, virtual_account: instance.virtual_account() }))
    }

    /// The reports of an instance, in order of their keys and positions.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn reports_of(
        &mut self,
        account: AccountId,
        instance: InstanceId,
    ) -> Result<Vec<Recorded>, Fault> {
        self.rows(&row![account, instance])
    }

    /// The sealed bytes of a report, as they were received.
    ///
    /// # Errors
    /// A fault of the store; [`Fault::Corrupt`] if the bytes are damaged.
    pub fn evidence(&mut self, report: &Recorded) -> Result<Option<Vec<u8>>, Fault> {
        let id = Evidence::id_of(report.heard_at, &report.hash);
        let found: Option<Evidence> = self.one(&row![report.account, id])?;
        found.map(|found| evidence::unpack(&found.sealed)).transpose()
    }

    /// All lines of a pool with the terms of its lots.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn history(&mut self, account: AccountId, pool: PoolId) -> Result<PoolHistory, Fault> {
        let entries: Vec<Entry> = self.rows(&row![account, pool])?;
        let lots: Vec<Entitlement> = self.rows(&row![account, pool])?;
        let terms = lots.iter().map(|lot| (*lot.id.as_bytes(), lot.term)).collect();
        Ok(PoolHistory { entries, terms })
    }

    /// Who uses a pool's license, the largest level first.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn users_of(
        &mut self,
        account: AccountId,
        pool: PoolId,
        most: u32,
    ) -> Result<Vec<UseShare>, Fault> {
        let sql = "SELECT instance_id, level, since FROM license_use \
                   WHERE account_id = $1 AND pool_id = $2 AND level > 0 ORDER BY level DESC, instance_id LIMIT $3";
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        let rows = self.query(sql, &row![account, pool, most])?;
        let share = |(n, values): (usize, Vec<Value>)| {
            let place = u64::try_from(n).unwrap_or(u64::MAX);
            let mut fields = crate::value::Fields::new(&schema::LICENSE_USE, place, values);
            Ok(UseShare { instance: fields.take()?, level: fields.take()?, since: fields.take()? })
        };
        rows.into_iter().enumerate().map(share).collect()
    }

    /// Per pool of an account, the part of the use in force that stale instances state.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn stale_shares(
        &mut self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<BTreeMap<PoolId, i64>, Fault> {
        // Few instances are stale, so they lead the way: SQLite keeps the order of a cross join, and
        // would else read every use of the account in the order of its pools.
        let sql = "SELECT u.pool_id, CAST(SUM(u.level) AS BIGINT) FROM instance i \
                   CROSS JOIN license_use u \
                   WHERE u.account_id = i.account_id AND u.instance_id = i.instance_id \
                   AND i.account_id = $1 AND i.stale_day <= $3 AND i.stale_at <= $2 AND u.level > 0 \
                   GROUP BY u.pool_id";
        if !self.sees(&account.store()) {
            return Ok(BTreeMap::new());
        }
        let rows = self.query(sql, &row![account, now, day_of(now)])?;
        let pair = |row: Vec<Value>| {
            let mut row = row.into_iter();
            Some((PoolId::load(row.next()?)?, i64::load(row.next()?)?))
        };
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    /// The pools whose next term boundary has come, in any account.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn pools_due(&mut self, now: Timestamp, most: u32) -> Result<Vec<Pool>, Fault> {
        let mut values = row![now, most];
        let seen = self.in_sight(&mut values);
        let sql = format!(
            "SELECT {} FROM pool WHERE next_boundary <= $1 AND {seen} \
             ORDER BY next_boundary LIMIT $2",
            schema::POOL.names("")
        );
        self.records(&sql, &values)
    }

    /// The pools of a license, in any account.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn pools_of_tag(&mut self, tag: &EntitlementTag, most: u32) -> Result<Vec<Pool>, Fault> {
        let mut values = row![*tag, most];
        let seen = self.in_sight(&mut values);
        let sql = format!(
            "SELECT {} FROM pool WHERE tag = $1 AND {seen} ORDER BY account_id, pool_id LIMIT $2",
            schema::POOL.names("")
        );
        self.records(&sql, &values)
    }

    /// The alarms that settled until a moment and of which that is not told yet.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn alarms_to_tell(
        &mut self,
        until: Timestamp,
        most: u32,
    ) -> Result<Vec<(AccountId, AlarmId)>, Fault> {
        let mut values = row![until, most];
        let seen = self.in_sight(&mut values);
        let sql = format!(
            "SELECT account_id, alarm_id FROM alarm WHERE telling = 1 AND state = 1 \
             AND settled_at <= $1 AND {seen} ORDER BY settled_at LIMIT $2"
        );
        let rows = self.query(&sql, &values)?;
        let pair = |row: Vec<Value>| {
            let mut row = row.into_iter();
            Some((AccountId::load(row.next()?)?, AlarmId::load(row.next()?)?))
        };
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    /// Numbers of the whole house.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn totals(&mut self) -> Result<Totals, Fault> {
        Ok(Totals {
            accounts: self.count_of("account", "TRUE")?,
            product_instances: self.count_of("instance", "removed_at IS NULL")?,
            reports: self.count_of("report", "TRUE")?,
            pools_short: self.count_of("pool", "balance < 0 AND concern = 0")?,
            alarms_open: self.count_of("alarm", "state = 0")?,
        })
    }

    /// What needs attention in the whole house; cheap at any size of the book.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn waiting(&mut self) -> Result<Waiting, Fault> {
        Ok(Waiting {
            // Each channel is named, so that the index is of use.
            news: self.count_of("outbox", "channel IN (0, 1) AND done_at IS NULL")?,
            alarms_open: self.count_of("alarm", "state = 0")?,
        })
    }
}

macro_rules! by_key {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $kind:ty),+) -> $row:ty, [$($key:expr),+];)+) => {
        impl Reading<'_> {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// A fault of the store.
                pub fn $name(&mut self, $($arg: $kind),+) -> Result<Option<$row>, Fault> {
                    self.one(&row![$($key),+])
                }
            )+
        }
    };
}

by_key! {
    /// An account.
    account(id: AccountId) -> Account, [id];
    /// A virtual account.
    virtual_account(account: AccountId, id: VirtualAccountId) -> ledger::account::VirtualAccount, [account, id];
    /// A license definition.
    license(tag: &EntitlementTag) -> License, [*tag];
    /// An instance.
    instance(account: AccountId, id: InstanceId) -> Instance, [account, id];
    /// Which instance an identity means.
    identity(account: AccountId, identity: &str) -> Identity, [account, identity.to_owned()];
    /// A device's key.
    device_key(account: AccountId, id: KeyId) -> DeviceKey, [account, id];
    /// A pool.
    pool(account: AccountId, id: PoolId) -> Pool, [account, id];
    /// A lot.
    entitlement(account: AccountId, pool: PoolId, id: EntitlementId) -> Entitlement, [account, pool, id];
    /// An alarm.
    alarm(account: AccountId, id: AlarmId) -> ledger::alarm::Alarm, [account, id];
    /// An ID token.
    token(account: AccountId, id: TokenId) -> Token, [account, id];
    /// A claim.
    claim(kind: ClaimKind, value: &str) -> Claim, [kind, value.to_owned()];
    /// A fact of the house.
    house_fact(name: &str) -> HouseFact, [name.to_owned()];
    /// A person.
    person(id: PersonId) -> Person, [id];
    /// The grant of a role.
    grant(account: AccountId, id: GrantId) -> Grant, [account, id];
    /// A one-time link.
    link(hash: [u8; 32]) -> Link, [hash];
    /// A request for access.
    access_request(account: AccountId, id: AccessRequestId) -> AccessRequest, [account, id];
    /// An API token.
    api_token(hash: [u8; 32]) -> ApiToken, [hash];
    /// A version of the terms.
    terms(version: u32) -> Terms, [version];
    /// A session.
    session(token_hash: [u8; 32]) -> Session, [token_hash];
}
