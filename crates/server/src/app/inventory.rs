//! What there is: pools with their standings, product instances with their uses.

use ledger::account::VirtualAccount;
use ledger::alarm::AlarmState;
use ledger::instance::{DeviceKey, Instance, Name, Use};
use ledger::license::License;
use ledger::pool::{Pool, Standing, alarm_id};
use ledger::refusal::Refusal;
use ledger::report::Recorded;
use ledger::role::{Action, Permit, Reach};
use ledger::standing::standing;
use store::listing::{
    Cursor, DeviceKeyColumn, Direction, InstanceColumn, NameColumn, PoolColumn, Query,
    ReportColumn, Rows, Test,
};
use store::{Fault, Reading, Sight, Stored, Totals, UseShare, Value};
use wire::id::{AccountId, InstanceId, PoolId, VirtualAccountId};
use wire::report::Report;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use super::alarms::AlarmView;
use super::{App, Error};

/// How many uses of one instance are shown: a report's instance has at most so many licenses.
const USES: u32 = 1_000;
/// Among how many of the reports heard last the newest is looked for.
const LATE: u32 = 256;

/// A pool with what its page says of it.
#[derive(Clone, Debug)]
pub struct PoolView {
    /// The pool.
    pub pool: Pool,
    /// Where it stands.
    pub standing: Standing,
    /// The part of the use that stale instances state.
    pub stale: i64,
    /// The license, if the catalogue knows it.
    pub license: Option<License>,
    /// The virtual account.
    pub virtual_account: Option<VirtualAccount>,
}

/// A product instance with what it has in use.
#[derive(Clone, Debug)]
pub struct InstanceView {
    /// The instance.
    pub instance: Instance,
    /// What it has in use, with the license if the catalogue knows it.
    pub uses: Vec<(Use, Option<License>)>,
    /// The virtual account in which it is.
    pub virtual_account: Option<VirtualAccount>,
}

/// Everything that the page of one product instance shows.
#[derive(Clone, Debug)]
pub struct InstanceDetail {
    /// The instance and its uses.
    pub view: InstanceView,
    /// Its keys.
    pub keys: Vec<DeviceKey>,
    /// The names that it has or had.
    pub names: Vec<Name>,
    /// Its newest reports.
    pub reports: Rows<Recorded>,
    /// The newest report as it was sent, for what it says of consumers.
    pub newest: Option<Report>,
}

/// Everything that the page of one pool shows.
#[derive(Clone, Debug)]
pub struct PoolDetail {
    /// The pool.
    pub view: PoolView,
    /// Who uses it, the largest level first, with the instance's name.
    pub users: Vec<(UseShare, Option<Instance>)>,
    /// Since when it is short, measured with all that is known now.
    pub short_since: Option<Timestamp>,
    /// Its alarm, while it is open.
    pub alarm: Option<AlarmView>,
}

/// A question for pools.
#[derive(Clone, Debug, Default)]
pub struct PoolQuestion {
    /// Of one virtual account only.
    pub virtual_account: Option<VirtualAccountId>,
    /// Of one license only.
    pub tag: Option<EntitlementTag>,
    /// Short ones only.
    pub short: Option<Short>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// Which pools a question means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// Those whose balance is below zero.
    Only,
}

/// A question for instances.
#[derive(Clone, Debug, Default)]
pub struct InstanceQuestion {
    /// In one virtual account only.
    pub virtual_account: Option<VirtualAccountId>,
    /// Whose name begins so.
    pub name_begins: Option<String>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

impl App {
    /// A page of an account's pools, the lowest balance first.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn pools(
        &self,
        permit: &Permit,
        account: AccountId,
        question: PoolQuestion,
        limit: u32,
    ) -> Result<Rows<PoolView>, Error> {
        permit.allows(Action::Read, account)?;
        let now = self.world.now();
        let mut query =
            Query::all(limit).sorted(PoolColumn::Balance, Direction::Up).after(question.after);
        query = in_reach(query, PoolColumn::VirtualAccount, permit);
        if let Some(place) = question.virtual_account {
            query = query.is(PoolColumn::VirtualAccount, place);
        }
        if let Some(tag) = question.tag {
            query = query.is(PoolColumn::Tag, tag);
        }
        if question.short.is_some() {
            query = query.with(PoolColumn::Balance, Test::Below(0_i64.store()));
        }
        let read = move |reading: &mut Reading<'_>| {
            let found = reading.list::<Pool>(account, &query)?;
            let views = pool_views(reading, account, found.rows, now)?;
            Ok(Rows { rows: views, next: found.next })
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// One pool and who uses it.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn pool(
        &self,
        permit: &Permit,
        account: AccountId,
        id: PoolId,
        most: u32,
    ) -> Result<PoolDetail, Error> {
        permit.allows(Action::Read, account)?;
        let now = self.world.now();
        let reach = permit.reach().clone();
        let read = move |reading: &mut Reading<'_>| {
            let pool = reading.pool(account, id)?;
            let Some(pool) = pool.filter(|pool| reach.covers(pool.virtual_account)) else {
                return Ok(None);
            };
            let stale = reading.stale_shares(account, now)?.get(&id).copied().unwrap_or(0);
            let short_since = short_since(reading, &pool, now)?;
            let shares = reading.users_of(account, id, most)?;
            let instances = shares.iter().map(|share| share.instance).collect();
            let instances = reading.instances_among(account, &instances)?;
            let user = |share: UseShare| {
                let instance = instances.get(&share.instance).cloned();
                (share, instance)
            };
            let users = shares.into_iter().map(user).collect();
            let standing = standing_now(reading, &pool, now)?;
            let license = reading.license(&pool.tag)?;
            let virtual_account = reading.virtual_account(account, pool.virtual_account)?;
            let open = reading.alarm(account, alarm_id(id))?;
            let alarm = open.filter(|alarm| alarm.state == AlarmState::Open).map(|alarm| {
                let (license, virtual_account) = (license.clone(), virtual_account.clone());
                AlarmView { alarm, license, virtual_account, elsewhere: None }
            });
            let view = PoolView { pool, standing, stale, license, virtual_account };
            Ok(Some(PoolDetail { view, users, short_since, alarm }))
        };
        let found = self.book.read(Sight::Account(account), read).await?;
        Ok(found.ok_or(Refusal::NotFound { what: "pool" })?)
    }

    /// Where a pool stood at a moment, as far as was known at another.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn pool_as_of(
        &self,
        permit: &Permit,
        account: AccountId,
        id: PoolId,
        at: Timestamp,
        known_at: Timestamp,
    ) -> Result<Standing, Error> {
        permit.allows(Action::Read, account)?;
        let reach = permit.reach().clone();
        let read = move |reading: &mut Reading<'_>| {
            let pool = reading.pool(account, id)?;
            let Some(pool) = pool.filter(|pool| reach.covers(pool.virtual_account)) else {
                return Ok(None);
            };
            let history = reading.history(account, id)?;
            Ok(Some(standing(&history.entries, &history.terms, pool.concern, at, known_at)))
        };
        let found = self.book.read(Sight::Account(account), read).await?;
        Ok(found.ok_or(Refusal::NotFound { what: "pool" })?)
    }

    /// A page of an account's product instances, the one heard last first.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn instances(
        &self,
        permit: &Permit,
        account: AccountId,
        question: InstanceQuestion,
        limit: u32,
    ) -> Result<Rows<InstanceView>, Error> {
        permit.allows(Action::Read, account)?;
        let mut query =
            present(limit).sorted(InstanceColumn::HeardAt, Direction::Down).after(question.after);
        query = in_reach(query, InstanceColumn::VirtualAccount, permit);
        if let Some(place) = question.virtual_account {
            query = query.is(InstanceColumn::VirtualAccount, place);
        }
        if let Some(begins) = question.name_begins {
            query = query.with(InstanceColumn::Name, Test::Begins(begins.to_lowercase()));
        }
        let read = move |reading: &mut Reading<'_>| {
            let found = reading.list::<Instance>(account, &query)?;
            let views = instance_views(reading, account, found.rows)?;
            Ok(Rows { rows: views, next: found.next })
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// How many product instances an account has: exact to 10,000.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn count_instances(&self, permit: &Permit, account: AccountId) -> Result<i64, Error> {
        permit.allows(Action::Read, account)?;
        let query = in_reach(present(0), InstanceColumn::VirtualAccount, permit);
        let read = move |reading: &mut Reading<'_>| reading.count::<Instance>(account, &query);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// How many pools an account has: exact to 10,000.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn count_pools(&self, permit: &Permit, account: AccountId) -> Result<i64, Error> {
        permit.allows(Action::Read, account)?;
        let query = in_reach(Query::all(0), PoolColumn::VirtualAccount, permit);
        let read = move |reading: &mut Reading<'_>| reading.count::<Pool>(account, &query);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// One product instance with its keys, names and newest reports.
    ///
    /// # Errors
    /// `permit.denied`, `not_found`, faults of the store.
    pub async fn instance(
        &self,
        permit: &Permit,
        account: AccountId,
        id: InstanceId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<InstanceDetail, Error> {
        permit.allows(Action::Read, account)?;
        let reach = permit.reach().clone();
        let read = move |reading: &mut Reading<'_>| {
            let instance = reading.instance(account, id)?;
            let seen = instance.filter(|instance| reach.covers(instance.virtual_account()));
            let Some(instance) = seen else { return Ok(None) };
            let reports = Query::all(limit).is(ReportColumn::Instance, id);
            let reports = reading.list(
                account,
                &reports.sorted(ReportColumn::HeardAt, Direction::Down).after(after),
            )?;
            let keys =
                reading.list(account, &Query::all(USES).is(DeviceKeyColumn::Instance, id))?.rows;
            let names = reading.list(account, &Query::all(USES).is(NameColumn::Instance, id))?.rows;
            let newest = newest_report(reading, account, id)?;
            let views = instance_views(reading, account, vec![instance])?;
            let Some(view) = views.into_iter().next() else { return Ok(None) };
            Ok(Some(InstanceDetail { view, keys, names, reports, newest }))
        };
        let found = self.book.read(Sight::Account(account), read).await?;
        Ok(found.ok_or(Refusal::NotFound { what: "product instance" })?)
    }

    /// Numbers of the whole house.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn totals(&self) -> Result<Totals, Error> {
        Ok(self.book.read(Sight::House, |reading| reading.totals()).await?)
    }
}

/// A question for product instances that are not removed.
fn present(limit: u32) -> Query<InstanceColumn> {
    Query::all(limit).with(InstanceColumn::RemovedAt, Test::Is(Value::Null))
}

/// A question bounded to what a person may see: sums, counts and pages are of that alone.
pub(super) fn in_reach<C: Copy>(query: Query<C>, place: C, permit: &Permit) -> Query<C> {
    match permit.reach() {
        Reach::Whole => query,
        Reach::Only(these) => {
            query.with(place, Test::In(these.iter().map(Stored::store).collect()))
        }
    }
}

/// Where a pool stands. A term that began or ended a moment ago may not be written down yet.
fn standing_now(reading: &mut Reading<'_>, pool: &Pool, now: Timestamp) -> Result<Standing, Fault> {
    if pool.next_boundary > now {
        return Ok(pool.standing());
    }
    let history = reading.history(pool.account, pool.id)?;
    Ok(standing(&history.entries, &history.terms, pool.concern, now, now))
}

/// Pools with what their rows say, in the same order.
pub(super) fn pool_views(
    reading: &mut Reading<'_>,
    account: AccountId,
    pools: Vec<Pool>,
    now: Timestamp,
) -> Result<Vec<PoolView>, Fault> {
    let stale = reading.stale_shares(account, now)?;
    let tags = pools.iter().map(|pool| pool.tag.clone()).collect();
    let licenses = reading.licenses_among(&tags)?;
    let places = pools.iter().map(|pool| pool.virtual_account).collect();
    let places = reading.virtual_accounts_among(account, &places)?;
    let mut views = Vec::with_capacity(pools.len());
    for pool in pools {
        views.push(PoolView {
            standing: standing_now(reading, &pool, now)?,
            stale: stale.get(&pool.id).copied().unwrap_or(0),
            license: licenses.get(&pool.tag).cloned(),
            virtual_account: places.get(&pool.virtual_account).cloned(),
            pool,
        });
    }
    Ok(views)
}

/// Product instances with what their rows say, in the same order.
pub(super) fn instance_views(
    reading: &mut Reading<'_>,
    account: AccountId,
    instances: Vec<Instance>,
) -> Result<Vec<InstanceView>, Fault> {
    let ids = instances.iter().map(|instance| instance.id).collect();
    let mut uses = reading.uses_among(account, &ids)?;
    let tags = uses.values().flatten().map(|one| one.tag.clone()).collect();
    let licenses = reading.licenses_among(&tags)?;
    let places = instances.iter().map(Instance::virtual_account).collect();
    let places = reading.virtual_accounts_among(account, &places)?;
    let view = |instance: Instance| {
        let uses = uses.remove(&instance.id).unwrap_or_default().into_iter();
        let uses = uses.map(|one| {
            let license = licenses.get(&one.tag).cloned();
            (one, license)
        });
        InstanceView {
            uses: uses.collect(),
            virtual_account: places.get(&instance.virtual_account()).cloned(),
            instance,
        }
    };
    Ok(instances.into_iter().map(view).collect())
}

fn short_since(
    reading: &mut Reading<'_>,
    pool: &Pool,
    now: Timestamp,
) -> Result<Option<Timestamp>, Fault> {
    if pool.short_since.is_none() && now < pool.next_boundary {
        return Ok(None);
    }
    let history = reading.history(pool.account, pool.id)?;
    Ok(ledger::standing::short_since(&history.entries, &history.terms, pool.concern, now))
}

/// The report of the highest position, among those heard of late: whichever page is shown.
fn newest_report(
    reading: &mut Reading<'_>,
    account: AccountId,
    instance: InstanceId,
) -> Result<Option<Report>, Fault> {
    let late = Query::all(LATE).is(ReportColumn::Instance, instance);
    let late = late.sorted(ReportColumn::HeardAt, Direction::Down);
    let reports = reading.list::<Recorded>(account, &late)?.rows;
    let Some(newest) = reports.iter().max_by_key(|report| report.position) else {
        return Ok(None);
    };
    let Some(bytes) = reading.evidence(newest)? else { return Ok(None) };
    let carried = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|json| wire::seal::SealedReport::from_json(json).ok());
    Ok(carried.and_then(|carried| match carried {
        wire::seal::Carried::Sealed(sealed) => Report::from_payload(sealed.payload()).ok(),
        wire::seal::Carried::Foreign(foreign) => foreign.read().ok(),
    }))
}
