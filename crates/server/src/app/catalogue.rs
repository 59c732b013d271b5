//! Defines licenses, grants entitlements, and ends uses that nobody confirms.

use ledger::command::{Command, DefineLicense, EndUse, GrantEntitlement, Lapse};
use ledger::entitlement::{Entitlement, Term};
use ledger::license::{Kind, License};
use ledger::pool::Pool;
use ledger::refusal::Refusal;
use ledger::role::{Action, Permit, Reach};
use store::listing::{Cursor, EntitlementColumn, PoolColumn, Query, Rows, Test};
use store::{Fault, Reading, Sight, Stored, Value};
use wire::id::{AccountId, EntitlementId, InstanceId, LicenseId, PoolId, VirtualAccountId};
use wire::quantity::Count;
use wire::tag::EntitlementTag;

use super::accounts::page;
use super::{App, Ask, Error};

/// How many license definitions a list shows.
const LICENSES: u32 = 10_000;
/// How many pools of one license are brought into line with its definition at once.
const POOLS: u32 = 100_000;

/// What is to be granted.
#[derive(Clone, Debug)]
pub struct NewEntitlement {
    /// Where.
    pub virtual_account: VirtualAccountId,
    /// The license.
    pub tag: EntitlementTag,
    /// How many.
    pub quantity: Count,
    /// When it is in force.
    pub term: Term,
    /// Perpetual or subscription.
    pub kind: Kind,
    /// An order number or a reason.
    pub source: String,
}

impl App {
    /// Defines a license, or changes its definition; pools of its tag take on what it says.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, faults of the store.
    pub async fn define_license(&self, ask: &Ask, license: License) -> Result<License, Error> {
        let tag = license.tag.clone();
        let id = LicenseId::derive(&[tag.as_str().as_bytes()]);
        let command = DefineLicense { asked: ask.asked(), license: License { id, ..license } };
        self.ask(ask, Command::DefineLicense(command)).await?;
        let wanted = tag.clone();
        let pools = self
            .book
            .read(Sight::House, move |reading| reading.pools_of_tag(&wanted, POOLS))
            .await?;
        for pool in pools {
            let Pool { account, virtual_account, tag, .. } = pool;
            self.write(Command::Lapse(Lapse { account, virtual_account, tag })).await?;
        }
        let made = self.book.read(Sight::House, move |reading| reading.license(&tag)).await?;
        Ok(made.ok_or(Refusal::NotFound { what: "license" })?)
    }

    /// All license definitions, by tag.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn licenses(&self, _permit: &Permit) -> Result<Vec<License>, Error> {
        Ok(self.book.read(Sight::House, |reading| reading.licenses(LICENSES)).await?)
    }

    /// A page of all license definitions, by tag.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn list_licenses(
        &self,
        _permit: &Permit,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<License>, Error> {
        let after = after.and_then(|cursor| String::load(cursor.key.into_iter().next()?));
        let (tag, one_more) = (after.unwrap_or_default(), limit.saturating_add(1));
        let read = move |r: &mut Reading<'_>| r.licenses_after(&tag, one_more);
        let rows = self.book.read(Sight::House, read).await?;
        Ok(page(rows, limit, |last| Cursor { sorted: None, key: vec![last.tag.store()] }))
    }

    /// Grants a lot of a license to a virtual account.
    ///
    /// # Errors
    /// `permit.denied`, `value.invalid`, `not_found`, faults of the store.
    pub async fn grant(
        &self,
        ask: &Ask,
        account: AccountId,
        new: NewEntitlement,
    ) -> Result<Entitlement, Error> {
        let id = EntitlementId::derive(&[account.as_bytes(), ask.request.as_bytes()]);
        let pool = Pool::id_of(account, new.virtual_account, &new.tag);
        let command = GrantEntitlement {
            asked: ask.asked(),
            account,
            virtual_account: new.virtual_account,
            tag: new.tag,
            id,
            quantity: new.quantity,
            term: new.term,
            kind: new.kind,
            source: new.source,
        };
        self.ask(ask, Command::GrantEntitlement(command)).await?;
        let read = move |reading: &mut Reading<'_>| reading.entitlement(account, pool, id);
        let made = self.book.read(Sight::Account(account), read).await?;
        Ok(made.ok_or(Refusal::NotFound { what: "entitlement" })?)
    }

    /// A page of an account's entitlements, of one pool or of all.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn entitlements(
        &self,
        permit: &Permit,
        account: AccountId,
        pool: Option<PoolId>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<Entitlement>, Error> {
        permit.allows(Action::Read, account)?;
        let query = Query::all(limit).after(after);
        let reach = permit.reach().clone();
        let read = move |reading: &mut Reading<'_>| {
            let seen = pools_in_reach(reading, account, &reach)?;
            let query = match (pool, seen) {
                (Some(pool), Some(seen)) if !seen.contains(&pool.store()) => {
                    query.with(EntitlementColumn::Pool, Test::In(Vec::new()))
                }
                (Some(pool), _) => query.is(EntitlementColumn::Pool, pool),
                (None, Some(seen)) => query.with(EntitlementColumn::Pool, Test::In(seen)),
                (None, None) => query,
            };
            reading.list::<Entitlement>(account, &query)
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// As [`entitlements`](Self::entitlements), each with its pool.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn entitlements_with_pools(
        &self,
        permit: &Permit,
        account: AccountId,
        pool: Option<PoolId>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<(Entitlement, Option<Pool>)>, Error> {
        let Rows { rows, next } = self.entitlements(permit, account, pool, after, limit).await?;
        let read = move |reading: &mut Reading<'_>| {
            let ids = rows.iter().map(|lot| lot.pool).collect();
            let pools = reading.pools_among(account, &ids)?;
            let pair = |lot: Entitlement| {
                let pool = pools.get(&lot.pool).cloned();
                (lot, pool)
            };
            Ok(Rows { rows: rows.into_iter().map(pair).collect(), next })
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// Ends a use that the device left out of a later complete save.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, `value.invalid` if the use is still confirmed, faults of the store.
    pub async fn end_use(
        &self,
        ask: &Ask,
        account: AccountId,
        instance: InstanceId,
        tag: EntitlementTag,
    ) -> Result<(), Error> {
        let command = EndUse { asked: ask.asked(), account, instance, tag };
        self.ask(ask, Command::EndUse(command)).await
    }
}

/// How many pools a person with roles in single virtual accounts is shown the lots of.
const POOLS_IN_REACH: u32 = 10_000;

/// The ids of the pools that a right reaches; `None` if it reaches all.
fn pools_in_reach(
    reading: &mut Reading<'_>,
    account: AccountId,
    reach: &Reach,
) -> Result<Option<Vec<Value>>, Fault> {
    let Reach::Only(these) = reach else { return Ok(None) };
    let places = these.iter().map(Stored::store).collect();
    let query = Query::all(POOLS_IN_REACH).with(PoolColumn::VirtualAccount, Test::In(places));
    let pools = reading.list::<Pool>(account, &query)?.rows;
    Ok(Some(pools.iter().map(|pool| pool.id.store()).collect()))
}
