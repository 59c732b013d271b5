//! Between the page and the tables: which rows a want means, and which rows a page changed.

use ledger::account::{Account, VirtualAccount};
use ledger::alarm::Alarm;
use ledger::entitlement::Entitlement;
use ledger::house::{Claim, HouseFact, Session};
use ledger::instance::{DeviceKey, Identity, Instance, Name, Use};
use ledger::license::License;
use ledger::page::{Page, Want, report_key};
use ledger::pool::Pool;
use ledger::posting::Effect;
use ledger::report::Recorded;
use ledger::token::Token;

use crate::fault::Fault;
use crate::outbox::{Channel, Queued};
use crate::record::{Evidence, Record};
use crate::schema;
use crate::table::{Hold, Table, Write};
use crate::value::{Value, row};

/// Rows to read: those of a table whose first columns have these values.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) table: &'static Table,
    pub(crate) keys: Vec<Value>,
    pub(crate) hold: Hold,
    /// The row to be put there first if there is none, so that it can be held.
    pub(crate) blank: Option<Vec<Value>>,
}

impl Target {
    fn of(table: &'static Table, keys: Vec<Value>) -> Self {
        Self { table, keys, hold: Hold::No, blank: None }
    }

    fn held(self) -> Self {
        Self { hold: Hold::Yes, ..self }
    }

    /// The place of a held row in the order of holding: account, product instance, pool.
    pub(crate) fn anchor(&self) -> Option<(u8, &[Value])> {
        let rank = match self.table.name {
            "account" => 0,
            "instance" => 1,
            _ => 2,
        };
        (self.hold == Hold::Yes).then_some((rank, self.keys.as_slice()))
    }
}

/// The rows that a want means.
pub(crate) fn target(want: &Want) -> Target {
    match want {
        Want::Account(id) => Target::of(&schema::ACCOUNT, row![*id]),
        Want::HeldAccount(id) => Target::of(&schema::ACCOUNT, row![*id]).held(),
        Want::Instance(account, id) => Target::of(&schema::INSTANCE, row![*account, *id]).held(),
        Want::Pool(account, place, tag) => {
            let blank = Pool::opening(*account, *place, tag);
            let target = Target::of(&schema::POOL, row![*account, blank.id]).held();
            Target { blank: Some(blank.values()), ..target }
        }
        Want::VirtualAccount(account, id) => {
            Target::of(&schema::VIRTUAL_ACCOUNT, row![*account, *id])
        }
        Want::VirtualAccounts(account) => Target::of(&schema::VIRTUAL_ACCOUNT, row![*account]),
        Want::License(tag) => Target::of(&schema::LICENSE, row![*tag]),
        Want::Entitlements(account, pool) => {
            Target::of(&schema::ENTITLEMENT, row![*account, *pool])
        }
        Want::DeviceKey(account, id) => Target::of(&schema::DEVICE_KEY, row![*account, *id]),
        Want::Identity(account, identity) => {
            Target::of(&schema::IDENTITY, row![*account, *identity])
        }
        Want::Name(account, instance, name) => {
            Target::of(&schema::INSTANCE_NAME, row![*account, *instance, *name])
        }
        Want::Use(account, instance, tag) => {
            Target::of(&schema::LICENSE_USE, row![*account, *instance, *tag])
        }
        Want::Uses(account, instance) => {
            Target::of(&schema::LICENSE_USE, row![*account, *instance])
        }
        Want::Alarm(account, id) => Target::of(&schema::ALARM, row![*account, *id]),
        Want::Token(account, id) => Target::of(&schema::TOKEN, row![*account, *id]),
        Want::Claim(kind, value) => Target::of(&schema::CLAIM, row![*kind, *value]),
        Want::HouseFact(name) => Target::of(&schema::HOUSE_FACT, row![*name]),
        Want::Session(hash) => Target::of(&schema::SESSION, row![*hash]),
        Want::ReportsAt(account, instance, key, at) => {
            Target::of(&schema::REPORT, row![*account, *instance, *key, at.epoch, at.number])
        }
        Want::Reports(account, instance) => Target::of(&schema::REPORT, row![*account, *instance]),
    }
}

/// Takes the rows of a table that were read into the page.
pub(crate) fn learn(
    page: &mut Page,
    table: &'static Table,
    rows: Vec<Vec<Value>>,
) -> Result<(), Fault> {
    for (place, values) in rows.into_iter().enumerate() {
        learn_row(page, table, place, values)?;
    }
    Ok(())
}

fn learn_row(
    page: &mut Page,
    table: &'static Table,
    place: usize,
    values: Vec<Value>,
) -> Result<(), Fault> {
    macro_rules! learn {
        ($leaf:ident, $row:ty, $one:ident => $key:expr) => {{
            let $one = <$row>::from_values(place, values)?;
            page.$leaf.learn($key, Some($one));
        }};
    }
    match table.name {
        "account" => learn!(accounts, Account, one => one.id),
        "virtual_account" => learn!(virtual_accounts, VirtualAccount, one => (one.account, one.id)),
        "license" => learn!(licenses, License, one => one.tag.clone()),
        "entitlement" => learn!(entitlements, Entitlement, one => (one.account, one.pool, one.id)),
        "instance" => learn!(instances, Instance, one => (one.account, one.id)),
        "device_key" => learn!(device_keys, DeviceKey, one => (one.account, one.id)),
        "identity" => learn!(identities, Identity, one => (one.account, one.identity.clone())),
        "instance_name" => {
            learn!(names, Name, one => (one.account, one.instance, one.name.clone()))
        }
        "license_use" => learn!(uses, Use, one => (one.account, one.instance, one.tag.clone())),
        "pool" => learn!(pools, Pool, one => (one.account, one.id)),
        "alarm" => learn!(alarms, Alarm, one => (one.account, one.id)),
        "token" => learn!(tokens, Token, one => (one.account, one.id)),
        "claim" => learn!(claims, Claim, one => (one.kind, one.value.clone())),
        "house_fact" => learn!(house_facts, HouseFact, one => one.name.clone()),
        "session" => learn!(sessions, Session, one => one.token_hash),
        "report" => learn!(reports, Recorded, one => report_key(&one)),
        other => unreachable!("no want means rows of {other}"),
    }
    Ok(())
}

/// Rows to write into one table.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) table: &'static Table,
    pub(crate) write: Write,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Everything that a page changed, sorted by table and key.
pub(crate) fn changes(page: &Page, channels: &[Channel]) -> Vec<Change> {
    let mut all = Vec::new();
    puts(page, &mut all);
    appends(page, channels, &mut all);
    all.retain(|change| !change.rows.is_empty());
    all
}

fn puts(page: &Page, all: &mut Vec<Change>) {
    fn put<'a, R: Record + 'a>(
        all: &mut Vec<Change>,
        write: Write,
        rows: impl Iterator<Item = &'a R>,
    ) {
        all.push(Change { table: R::TABLE, write, rows: rows.map(Record::values).collect() });
    }
    put(all, Write::Put, page.accounts.changed());
    put(all, Write::Put, page.virtual_accounts.changed());
    put(all, Write::Put, page.licenses.changed());
    put(all, Write::Put, page.instances.changed());
    put(all, Write::Put, page.device_keys.changed());
    put(all, Write::Put, page.identities.changed());
    put(all, Write::Put, page.names.changed());
    put(all, Write::Put, page.uses.changed());
    put(all, Write::Put, page.pools.changed());
    put(all, Write::Put, page.entitlements.changed());
    put(all, Write::Put, page.alarms.changed());
    put(all, Write::Put, page.tokens.changed());
    put(all, Write::Append, page.claims.changed());
    put(all, Write::Put, page.house_facts.changed());
    put(all, Write::Put, page.sessions.changed());
}

fn appends(page: &Page, channels: &[Channel], all: &mut Vec<Change>) {
    let mut rows: [Vec<Vec<Value>>; 6] = Default::default();
    for effect in &page.appended {
        match effect {
            Effect::Report(report, sealed) => {
                rows[0].push(report.values());
                let id = Evidence::id_of(report.heard_at, &report.hash);
                rows[1].push(
                    Evidence { account: report.account, id, sealed: sealed.clone() }.values(),
                );
            }
            Effect::Entry(entry) => rows[2].push(entry.values()),
            Effect::AlarmChange(change) => rows[3].push(change.values()),
            Effect::Event(event) => rows[4].push(event.values()),
            Effect::News(news) => {
                let queued =
                    channels.iter().map(|channel| Queued::new(news.clone(), *channel).values());
                rows[5].extend(queued);
            }
            _ => {}
        }
    }
    let tables = [
        &schema::REPORT,
        &schema::EVIDENCE,
        &schema::ENTRY,
        &schema::ALARM_CHANGE,
        &schema::EVENT,
        &schema::OUTBOX,
    ];
    for (table, mut rows) in tables.into_iter().zip(rows) {
        rows.sort_unstable();
        all.push(Change { table, write: Write::Append, rows });
    }
}
