//! What is wrong now, and what was.

use ledger::account::VirtualAccount;
use ledger::alarm::{Alarm, AlarmKind, AlarmState};
use ledger::instance::Instance;
use ledger::license::License;
use ledger::role::{Action, Permit};
use store::listing::{AlarmColumn, Cursor, Direction, Query, Rows};
use store::{Fault, Reading, Sight};
use wire::id::{AccountId, InstanceId};
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
        if alarm.kind != AlarmKind::UsedElsewhere {
            return Ok(None);
        }
        let id = InstanceId::from_bytes(alarm.subject);
        let Some(instance) = reading.instance(alarm.account, id)? else { return Ok(None) };
        let account = reading.account(alarm.account)?;
        let country_of_purchase = account.map(|account| account.country).unwrap_or_default();
        Ok(Some(Self { instance, country_of_purchase }))
    }

    /// The country of use, as last known, or empty.
    pub fn country_of_use(&self) -> String {
        let known = self.instance.country_of_use;
        known.map(|known| known.country.to_string()).unwrap_or_default()
    }
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
            let mut views = Vec::with_capacity(found.rows.len());
            for alarm in found.rows {
                let license = match EntitlementTag::new(&alarm.about) {
                    Ok(tag) => reading.license(&tag)?,
                    Err(_) => None,
                };
                let virtual_account = reading.virtual_account(account, alarm.virtual_account)?;
                let elsewhere = Elsewhere::of(reading, &alarm)?;
                views.push(AlarmView { alarm, license, virtual_account, elsewhere });
            }
            Ok(Rows { rows: views, next: found.next })
        };
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
