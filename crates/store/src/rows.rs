//! Between the page and the tables: which rows a want means, and which rows a page changed.

use ledger::account::{Account, VirtualAccount};
use ledger::alarm::Alarm;
use ledger::entitlement::Entitlement;
use ledger::house::{Claim, HOUSE, HouseFact, Session};
use ledger::instance::{DeviceKey, Identity, Instance, Name, Use};
use ledger::license::License;
use ledger::log::{EventTree, Salt};
use ledger::page::{Page, Want, report_key};
use ledger::person::{AccessRequest, ApiToken, Grant, Link, Person, Terms};
use ledger::pool::Pool;
use ledger::posting::{Effect, Event};
use ledger::report::Recorded;
use ledger::token::Token;
use sha2::{Digest as _, Sha256};

use crate::fault::Fault;
use crate::outbox::{Channel, Posted, Queued};
use crate::record::{Evidence, Log, PlacedRow, Record};
use crate::schema;
use crate::table::{Hold, Table, Write};
use crate::value::{Value, row};

/// Rows to read: those of a table whose first columns have these values.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) table: &'static Table,
    pub(crate) keys: Vec<Value>,
    pub(crate) hold: Hold,
}

impl Target {
    fn free(table: &'static Table, keys: Vec<Value>) -> Self {
        Self { table, keys, hold: Hold::No }
    }

    fn held(table: &'static Table, keys: Vec<Value>) -> Self {
        Self { table, keys, hold: Hold::Yes }
    }

    fn held_even_absent(table: &'static Table, keys: Vec<Value>) -> Self {
        Self { table, keys, hold: Hold::EvenAbsent }
    }

    /// The place in the order of holding: account, product instance, pool, alarm, tree; then what is
    /// not held.
    pub(crate) fn rank(&self) -> u8 {
        match (self.hold, self.table.name) {
            (Hold::No, _) => 4,
            (_, "account") => 0,
            (_, "instance") => 1,
            (_, "pool") => 2,
            // Alarms, then people and links, which are nobody's children.
            _ => 3,
        }
    }
}

/// Whether the rows that a want means are held: all others are children of one that is.
pub(crate) fn is_anchor(want: &Want) -> bool {
    matches!(
        want,
        Want::HeldAccount(_)
            | Want::Instance(..)
            | Want::Pool(..)
            | Want::Alarm(..)
            | Want::Person(_)
            | Want::Link(_)
            | Want::EventTree(_)
    )
}

/// What is to be held with the rows that a want means, because they are its children.
pub(crate) fn anchor_of(want: &Want) -> Option<Want> {
    match want {
        Want::Use(account, instance, _)
        | Want::Uses(account, instance)
        | Want::Name(account, instance, _)
        | Want::ReportsAt(account, instance, ..)
        | Want::Reports(account, instance) => Some(Want::Instance(*account, *instance)),
        // The house is no account that could be held: its event log stands in for it.
        Want::Grant(HOUSE, _) | Want::Grants(HOUSE) => Some(Want::EventTree(HOUSE)),
        // Whoever grants or ends a role holds the account, so what is read under it stays true.
        Want::Grant(account, _) | Want::Grants(account) => Some(Want::HeldAccount(*account)),
        _ => None,
    }
}

/// The rows that a want means.
pub(crate) fn target(want: &Want) -> Target {
    match want {
        Want::Account(id) => Target::free(&schema::ACCOUNT, row![*id]),
        Want::HeldAccount(id) => Target::held_even_absent(&schema::ACCOUNT, row![*id]),
        Want::Instance(account, id) => Target::held(&schema::INSTANCE, row![*account, *id]),
        Want::Pool(account, place, tag) => {
            let id = Pool::id_of(*account, *place, tag);
            Target::held_even_absent(&schema::POOL, row![*account, id])
        }
        Want::Alarm(account, id) => Target::held(&schema::ALARM, row![*account, *id]),
        Want::VirtualAccount(account, id) => {
            Target::free(&schema::VIRTUAL_ACCOUNT, row![*account, *id])
        }
        Want::VirtualAccounts(account) => Target::free(&schema::VIRTUAL_ACCOUNT, row![*account]),
        Want::License(tag) => Target::free(&schema::LICENSE, row![*tag]),
        Want::Entitlements(account, pool) => {
            Target::free(&schema::ENTITLEMENT, row![*account, *pool])
        }
        Want::DeviceKey(account, id) => Target::free(&schema::DEVICE_KEY, row![*account, *id]),
        Want::Identity(account, identity) => {
            Target::free(&schema::IDENTITY, row![*account, *identity])
        }
        Want::Name(account, instance, name) => {
            Target::free(&schema::INSTANCE_NAME, row![*account, *instance, *name])
        }
        Want::Use(account, instance, tag) => {
            Target::free(&schema::LICENSE_USE, row![*account, *instance, *tag])
        }
        Want::Uses(account, instance) => {
            Target::free(&schema::LICENSE_USE, row![*account, *instance])
        }
        Want::Token(account, id) => Target::free(&schema::TOKEN, row![*account, *id]),
        Want::Claim(kind, value) => Target::free(&schema::CLAIM, row![*kind, *value]),
        Want::HouseFact(name) => Target::free(&schema::HOUSE_FACT, row![*name]),
        Want::Session(hash) => Target::free(&schema::SESSION, row![*hash]),
        Want::Person(id) => Target::held(&schema::PERSON, row![*id]),
        Want::Grant(account, id) => Target::free(&schema::ROLE_GRANT, row![*account, *id]),
        Want::Grants(account) => Target::free(&schema::ROLE_GRANT, row![*account]),
        Want::Link(hash) => Target::held(&schema::LINK, row![*hash]),
        Want::AccessRequest(account, id) => {
            Target::free(&schema::ACCESS_REQUEST, row![*account, *id])
        }
        Want::ApiToken(hash) => Target::free(&schema::API_TOKEN, row![*hash]),
        Want::Terms(version) => Target::free(&schema::TERMS, row![*version]),
        Want::ReportsAt(account, instance, key, at) => {
            Target::free(&schema::REPORT, row![*account, *instance, *key, at.epoch, at.number])
        }
        Want::Reports(account, instance) => {
            Target::free(&schema::REPORT, row![*account, *instance])
        }
        Want::EventTree(account) => Target::held_even_absent(&schema::EVENT_TREE, row![*account]),
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
        "person" => learn!(people, Person, one => one.id),
        "role_grant" => learn!(grants, Grant, one => (one.account, one.id)),
        "one_time_link" => learn!(links, Link, one => one.hash),
        "access_request" => learn!(access_requests, AccessRequest, one => (one.account, one.id)),
        "api_token" => learn!(api_tokens, ApiToken, one => one.hash),
        "terms" => learn!(terms, Terms, one => one.version),
        "report" => learn!(reports, Recorded, one => report_key(&one)),
        "event_tree" => learn!(event_trees, EventTree, one => one.account),
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

/// How rows that are there are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rewrite {
    /// Whole.
    Whole,
    /// Without what indexes hold, where that is the same: an index entry is not written anew.
    Sparing,
}

/// Everything that a page changed, sorted by table and key.
pub(crate) fn changes(
    page: &Page,
    channels: &[Channel],
    rewrite: Rewrite,
    salts: &Salts,
) -> Vec<Change> {
    let mut all = Changes { rewrite, all: Vec::new() };
    // What is new may clash: where it must not, the database says so.
    all.puts(Write::Put, page.accounts.changes());
    all.puts(Write::Append, page.virtual_accounts.changes());
    all.puts(Write::Put, page.licenses.changes());
    all.puts(Write::Put, page.instances.changes());
    all.puts(Write::Append, page.device_keys.changes());
    // Of two nodes that meet the member of a stack at once, the first has it.
    all.puts(Write::Ensure, page.identities.changes());
    all.puts(Write::Put, page.names.changes());
    all.puts(Write::Put, page.uses.changes());
    all.puts(Write::Put, page.pools.changes());
    all.puts(Write::Append, page.entitlements.changes());
    all.puts(Write::Put, page.alarms.changes());
    all.puts(Write::Append, page.tokens.changes());
    all.puts(Write::Append, page.claims.changes());
    all.puts(Write::Put, page.house_facts.changes());
    all.puts(Write::Put, page.sessions.changes());
    all.puts(Write::Append, page.people.changes());
    all.puts(Write::Append, page.grants.changes());
    all.puts(Write::Append, page.links.changes());
    all.puts(Write::Append, page.access_requests.changes());
    all.puts(Write::Append, page.api_tokens.changes());
    all.puts(Write::Append, page.terms.changes());
    all.puts(Write::Put, page.event_trees.changes());
    appends(page, channels, salts, &mut all.all);
    all.all
}

struct Changes {
    rewrite: Rewrite,
    all: Vec<Change>,
}

impl Changes {
    /// Rows as they were and are; `fresh` is how those are written that nobody knew to be there.
    fn puts<'a, R: Record + PartialEq + 'a>(
        &mut self,
        fresh: Write,
        rows: impl Iterator<Item = (Option<&'a R>, &'a R)>,
    ) {
        let (mut new, mut put, mut revised) = (Vec::new(), Vec::new(), Vec::new());
        for (before, now) in rows {
            match before {
                Some(before) if before == now => {}
                Some(before) if self.spares(before, now) => revised.push(now.values()),
                Some(_) => put.push(now.values()),
                None => new.push(now.values()),
            }
        }
        if fresh == Write::Put {
            put.append(&mut new);
            put.sort_unstable();
        }
        for (write, rows) in [(fresh, new), (Write::Put, put), (Write::Revise, revised)] {
            self.add(R::TABLE, write, rows);
        }
    }

    fn spares<R: Record>(&self, before: &R, now: &R) -> bool {
        let table = R::TABLE;
        self.rewrite == Rewrite::Sparing
            && table.columns.len() > table.key
            && (table.indexes.is_empty() || now.indexed_as(before))
    }

    fn add(&mut self, table: &'static Table, write: Write, rows: Vec<Vec<Value>>) {
        if !rows.is_empty() {
            self.all.push(Change { table, write, rows });
        }
    }
}

/// Where the salts of events come from: nobody can compute one again once this is forgotten, so
/// what was hashed with a salt is gone when the salt is erased.
#[derive(Clone)]
pub(crate) struct Salts(pub(crate) [u8; 32]);

impl Salts {
    fn of(&self, event: &Event) -> Salt {
        let hash = Sha256::new()
            .chain_update(self.0)
            .chain_update(event.account.as_bytes())
            .chain_update(event.at.millis().to_be_bytes())
            .chain_update(event.id.as_bytes())
            .finalize();
        std::array::from_fn(|n| hash[n])
    }
}

fn appends(page: &Page, channels: &[Channel], salts: &Salts, all: &mut Vec<Change>) {
    let mut rows: [Vec<Vec<Value>>; 12] = Default::default();
    for effect in &page.appended {
        match effect {
            Effect::Report(report, sealed) => {
                rows[0].push(report.values());
                rows[1].push(Evidence::row(report, sealed));
            }
            Effect::Entry(entry) => rows[2].push(entry.values()),
            Effect::AlarmChange(change) => rows[3].push(change.values()),
            Effect::Event(event) => {
                let (open, personal) = Log::rows(event, &salts.of(event));
                rows[4].push(open);
                rows[6].push(personal);
                if !event.actor.is_empty() {
                    rows[11].push(row![event.account, event.actor]);
                }
            }
            Effect::Placed(placed) => rows[7].push(PlacedRow::row(placed)),
            Effect::KeptSubtree(kept) => rows[8].push(kept.values()),
            Effect::KeptCheckpoint(kept) => rows[9].push(kept.values()),
            Effect::Letter(letter) => rows[10].push(Posted::new(letter.clone()).values()),
            Effect::News(news) => {
                let queued =
                    channels.iter().map(|channel| Queued::new(news.clone(), *channel).values());
                rows[5].extend(queued);
            }
            _ => {}
        }
    }
    // The ids of events and news are derived: the same one again is the same one.
    let tables = [
        (&schema::REPORT, Write::Append),
        (&schema::EVIDENCE, Write::Append),
        (&schema::ENTRY, Write::Append),
        (&schema::ALARM_CHANGE, Write::Append),
        (&schema::EVENT, Write::Ensure),
        (&schema::OUTBOX, Write::Ensure),
        (&schema::EVENT_PERSONAL, Write::Ensure),
        (&schema::EVENT, Write::Put),
        (&schema::EVENT_SUBTREE, Write::Append),
        (&schema::EVENT_CHECKPOINT, Write::Ensure),
        (&schema::LETTER, Write::Ensure),
        (&schema::EVENT_ACTOR, Write::Ensure),
    ];
    for ((table, write), mut rows) in tables.into_iter().zip(rows) {
        if !rows.is_empty() {
            rows.sort_unstable();
            if write == Write::Ensure {
                // Many events of a batch are by the same few.
                rows.dedup();
            }
            all.push(Change { table, write, rows });
        }
    }
}
