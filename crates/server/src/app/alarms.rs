//! What is wrong now, and what was.

use std::collections::{BTreeMap, BTreeSet};

use ledger::account::VirtualAccount;
use ledger::alarm::{Alarm, AlarmKind, AlarmState};
use ledger::instance::Instance;
use ledger::license::License;
use ledger::role::{Action, Permit};
use store::listing::{AlarmColumn, Cursor, Direction, Query, Rows};
use store::{Fault, Reading, Sight};
use wire::id::{AccountId, InstanceId, VirtualAccountId};
use wire::tag::EntitlementTag;

use super::inventory::in_reach;
use super::{App, Error};

/// An alarm with the names of what it is about.
#[derive(Clone, Debug)]
pub struct AlarmView {
    /// The alarm.
    pub alarm: Alarm,
    /// The license, if it is about one that the catalogue knows.
    pub license: Option<License>,
    /// The virtual account in which it shows.
    pub virtual_account: Option<VirtualAccount>,
    /// Where the instance is used, if that is what it is about.
    pub elsewhere: Option<Elsewhere>,
}

/// An instance that is used outside the country of purchase, or was.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The instance.
    pub instance: Instance,
    /// The account's country of purchase, or empty.
    pub country_of_purchase: String,
}

impl Elsewhere {
    /// What an alarm says of this, if it is about it.
    pub(super) fn of(reading: &mut Reading<'_>, alarm: &Alarm) -> Result<Option<Self>, Fault> {
        let found = Self::among(reading, alarm.account, std::slice::from_ref(alarm))?;
        Ok(found.into_values().next())
    }

    /// What some alarms of an account say of this, those that are about it, by their instances.
    fn among(
        reading: &mut Reading<'_>,
        account: AccountId,
        alarms: &[Alarm],
    ) -> Result<BTreeMap<InstanceId, Self>, Fault> {
        let about = alarms.iter().filter(|alarm| alarm.kind == AlarmKind::UsedElsewhere);
        let ids: BTreeSet<_> = about.map(|alarm| InstanceId::from_bytes(alarm.subject)).collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let own = reading.account(account)?;
        let country = own.map(|account| account.country).unwrap_or_default();
        let found = reading.instances_among(account, &ids)?.into_iter();
        Ok(found
            .map(|(id, instance)| (id, Self { instance, country_of_purchase: country.clone() }))
            .collect())
    }

    /// The country of use, as last known, or empty.
    pub fn country_of_use(&self) -> String {
        let known = self.instance.country_of_use;
        known.map(|known| known.country.to_string()).unwrap_or_default()
    }
}

/// Alarms with what is said of them, in the same order.
fn alarm_views(
    reading: &mut Reading<'_>,
    account: AccountId,
    alarms: Vec<Alarm>,
) -> Result<Vec<AlarmView>, Fault> {
    let tag = |alarm: &Alarm| EntitlementTag::new(&alarm.about).ok();
    let tags = alarms.iter().filter_map(tag).collect();
    let licenses = reading.licenses_among(&tags)?;
    let places = alarms.iter().map(|alarm| alarm.virtual_account).collect();
    let places = reading.virtual_accounts_among(account, &places)?;
    let elsewhere = Elsewhere::among(reading, account, &alarms)?;
    let view = |alarm: Alarm| AlarmView {
        license: tag(&alarm).and_then(|tag| licenses.get(&tag).cloned()),
        virtual_account: places.get(&alarm.virtual_account).cloned(),
        elsewhere: elsewhere
            .get(&InstanceId::from_bytes(alarm.subject))
            .filter(|_| alarm.kind == AlarmKind::UsedElsewhere)
            .cloned(),
        alarm,
    };
    Ok(alarms.into_iter().map(view).collect())
}

impl App {
    /// A page of an account's alarms, the newest first, of one state or of all.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn alarms(
        &self,
        permit: &Permit,
        account: AccountId,
        state: Option<AlarmState>,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Rows<AlarmView>, Error> {
        permit.allows(Action::Read, account)?;
        let mut query =
            Query::all(limit).sorted(AlarmColumn::OpenedAt, Direction::Down).after(after);
        query = in_reach(query, AlarmColumn::VirtualAccount, permit);
        if let Some(state) = state {
            query = query.is(AlarmColumn::State, state);
        }
        let read = move |reading: &mut Reading<'_>| {
            let found = reading.list::<Alarm>(account, &query)?;
            Ok(Rows { rows: alarm_views(reading, account, found.rows)?, next: found.next })
        };
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// How many alarms are open in some virtual accounts, as far as the right reaches them.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn open_alarms_among(
        &self,
        permit: &Permit,
        account: AccountId,
        mut ids: BTreeSet<VirtualAccountId>,
    ) -> Result<BTreeMap<VirtualAccountId, i64>, Error> {
        permit.allows(Action::Read, account)?;
        ids.retain(|id| permit.reach().covers(*id));
        let read = move |reading: &mut Reading<'_>| reading.open_alarms_among(account, &ids);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }

    /// How many alarms are open: exact to 10,000.
    ///
    /// # Errors
    /// `permit.denied`, faults of the store.
    pub async fn count_open_alarms(
        &self,
        permit: &Permit,
        account: AccountId,
    ) -> Result<i64, Error> {
        permit.allows(Action::Read, account)?;
        let query = Query::all(0).is(AlarmColumn::State, AlarmState::Open);
        let query = in_reach(query, AlarmColumn::VirtualAccount, permit);
        let read = move |reading: &mut Reading<'_>| reading.count::<Alarm>(account, &query);
        Ok(self.book.read(Sight::Account(account), read).await?)
    }
}
