//! The page: the rows of the book that commands have read, with the changes made to them.
//!
//! A command runs on a page and asks it for rows. A row that was not read yet stops the
//! command with [`Unread`]; whoever owns the page reads it and runs the command again, so
//! the rules stay pure and say themselves what they rest on. A row that was read and is
//! not in the book is `None`, which is knowledge, not ignorance.

use std::collections::{BTreeMap, BTreeSet};

use wire::id::{
    AccessRequestId, AccountId, AlarmId, EntitlementId, GrantId, InstanceId, PersonId, PoolId,
    TokenId, VirtualAccountId,
};
use wire::key::KeyId;
use wire::seal::Position;
use wire::tag::EntitlementTag;

use crate::account::{Account, VirtualAccount};
use crate::alarm::Alarm;
use crate::entitlement::Entitlement;
use crate::house::{Claim, ClaimKind, HouseFact, Session};
use crate::instance::{DeviceKey, Identity, Instance, Name, Use};
use crate::license::License;
use crate::log::EventTree;
use crate::person::{AccessRequest, ApiToken, Grant, Link, Person, Terms};
use crate::pool::Pool;
use crate::posting::{Effect, Posting};
use crate::report::Recorded;
use crate::token::Token;

/// The key of a report: account, instance, device key, epoch, number, hash.
pub type ReportKey = (AccountId, InstanceId, KeyId, u64, u64, [u8; 32]);

/// Rows that a command wants to rest on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// An account.
    Account(AccountId),
    /// An account, held: no other node changes what is under it meanwhile.
    HeldAccount(AccountId),
    /// A product instance, held.
    Instance(AccountId, InstanceId),
    /// A pool, held; it is opened if nobody used or bought it before.
    Pool(AccountId, VirtualAccountId, EntitlementTag),
    /// A virtual account.
    VirtualAccount(AccountId, VirtualAccountId),
    /// All virtual accounts of an account.
    VirtualAccounts(AccountId),
    /// A license definition.
    License(EntitlementTag),
    /// All lots of a pool.
    Entitlements(AccountId, PoolId),
    /// A device's key.
    DeviceKey(AccountId, KeyId),
    /// Which instance an identity means.
    Identity(AccountId, String),
    /// A name of an instance.
    Name(AccountId, InstanceId, String),
    /// What an instance has in use of a license.
    Use(AccountId, InstanceId, EntitlementTag),
    /// Everything that an instance has in use.
    Uses(AccountId, InstanceId),
    /// An alarm.
    Alarm(AccountId, AlarmId),
    /// An ID token.
    Token(AccountId, TokenId),
    /// A claim.
    Claim(ClaimKind, String),
    /// A fact of the house.
    HouseFact(String),
    /// A session.
    Session([u8; 32]),
    /// A person, held.
    Person(PersonId),
    /// The grant of a role.
    Grant(AccountId, GrantId),
    /// All grants in an account.
    Grants(AccountId),
    /// A one-time link, held.
    Link([u8; 32]),
    /// A request for access.
    AccessRequest(AccountId, AccessRequestId),
    /// An API token.
    ApiToken([u8; 32]),
    /// A version of the terms.
    Terms(u32),
    /// The reports at one position of one key.
    ReportsAt(AccountId, InstanceId, KeyId, Position),
    /// All reports of an instance.
    Reports(AccountId, InstanceId),
    /// The tree of an account's events, held.
    EventTree(AccountId),
}

/// A row was asked for that the page has not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread(pub Want);

/// One table's rows on the page.
#[derive(Clone, Debug)]
pub struct Leaf<K: Ord, R> {
    rows: BTreeMap<K, Option<R>>,
    /// The rows that were changed, as they were before.
    changed: BTreeMap<K, Option<R>>,
}

impl<K: Ord, R> Default for Leaf<K, R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), changed: BTreeMap::new() }
    }
}

impl<K: Ord + Clone, R> Leaf<K, R> {
    /// Takes in what was read: a row, or that there is none.
    pub fn learn(&mut self, key: K, row: Option<R>) {
        self.rows.entry(key).or_insert(row);
    }

    /// Puts a changed row.
    fn put(&mut self, key: K, row: R) {
        let before = self.rows.insert(key.clone(), Some(row)).flatten();
        self.changed.entry(key).or_insert(before);
    }

    /// The rows that were changed, in order of their keys.
    pub fn changed(&self) -> impl Iterator<Item = &R> {
        self.changes().map(|(_, now)| now)
    }

    /// The rows that were changed, in order of their keys: as each was before, if it was known to
    /// be there, and as it is now.
    pub fn changes(&self) -> impl Iterator<Item = (Option<&R>, &R)> {
        let now = |key| self.rows.get(key).and_then(Option::as_ref);
        self.changed.iter().filter_map(move |(key, before)| Some((before.as_ref(), now(key)?)))
    }

    fn undo(&mut self) {
        for (key, before) in std::mem::take(&mut self.changed) {
            match before {
                Some(row) => self.rows.insert(key, Some(row)),
                None => self.rows.remove(&key),
            };
        }
    }

    fn range(&self, from: K) -> impl Iterator<Item = (&K, &R)> {
        self.rows.range(from..).filter_map(|(key, row)| row.as_ref().map(|row| (key, row)))
    }
}

/// The rows that were read, with the changes made to them, and what is to be appended.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each leaf is named after the row it holds")]
pub struct Page {
    read: BTreeSet<Want>,
    /// The same for reports, apart, because they are forgotten after each batch.
    read_reports: BTreeSet<Want>,
    complete: Complete,
    pub accounts: Leaf<AccountId, Account>,
    pub virtual_accounts: Leaf<(AccountId, VirtualAccountId), VirtualAccount>,
    pub licenses: Leaf<EntitlementTag, License>,
    pub entitlements: Leaf<(AccountId, PoolId, EntitlementId), Entitlement>,
    pub instances: Leaf<(AccountId, InstanceId), Instance>,
    pub device_keys: Leaf<(AccountId, KeyId), DeviceKey>,
    pub identities: Leaf<(AccountId, String), Identity>,
    pub names: Leaf<(AccountId, InstanceId, String), Name>,
    pub uses: Leaf<(AccountId, InstanceId, EntitlementTag), Use>,
    pub pools: Leaf<(AccountId, PoolId), Pool>,
    pub alarms: Leaf<(AccountId, AlarmId), Alarm>,
    pub tokens: Leaf<(AccountId, TokenId), Token>,
    pub claims: Leaf<(ClaimKind, String), Claim>,
    pub house_facts: Leaf<String, HouseFact>,
    pub sessions: Leaf<[u8; 32], Session>,
    pub people: Leaf<PersonId, Person>,
    pub grants: Leaf<(AccountId, GrantId), Grant>,
    pub links: Leaf<[u8; 32], Link>,
    pub access_requests: Leaf<(AccountId, AccessRequestId), AccessRequest>,
    pub api_tokens: Leaf<[u8; 32], ApiToken>,
    pub terms: Leaf<u32, Terms>,
    pub event_trees: Leaf<AccountId, EventTree>,
    pub reports: Leaf<ReportKey, Recorded>,
    /// What is to be appended, in order: entries, reports, alarm changes, events, news.
    pub appended: Vec<Effect>,
}

/// Whether the page holds the whole book, so that nothing is unread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Complete {
    /// Rows come as they are asked for.
    #[default]
    No,
    /// Whatever is not on the page is not in the book.
    Yes,
}

/// Does the same with every leaf whose rows are put.
macro_rules! each_leaf {
    ($page:ident, $leaf:ident => $what:expr) => {
        each_leaf!($page, $leaf => $what, accounts virtual_accounts licenses entitlements instances
            device_keys identities names uses pools alarms tokens claims house_facts sessions
            people grants links access_requests api_tokens terms event_trees)
    };
    ($page:ident, $leaf:ident => $what:expr, $($name:ident)+) => { $({
        let $leaf = &mut $page.$name;
        $what;
    })+ };
}

macro_rules! finders {
    ($($(#[$doc:meta])* $name:ident($leaf:ident, $($arg:ident: $kind:ty),+) -> $row:ty, $want:expr, $key:expr;)+) => {
        impl Page {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// [`Unread`] if the page has not read it yet.
                pub fn $name(&self, $($arg: $kind),+) -> Result<Option<&$row>, Unread> {
                    match self.$leaf.rows.get(&$key) {
                        Some(row) => Ok(row.as_ref()),
                        None if self.complete == Complete::Yes => Ok(None),
                        None => {
                            let want = $want;
                            if self.read.contains(&want) { Ok(None) } else { Err(Unread(want)) }
                        }
                    }
                }
            )+
        }
    };
}

finders! {
    /// An account.
    account(accounts, id: AccountId) -> Account, Want::Account(id), id;
    /// A virtual account.
    virtual_account(virtual_accounts, account: AccountId, id: VirtualAccountId) -> VirtualAccount,
        Want::VirtualAccount(account, id), (account, id);
    /// A license definition.
    license(licenses, tag: &EntitlementTag) -> License, Want::License(tag.clone()), *tag;
    /// An instance.
    instance(instances, account: AccountId, id: InstanceId) -> Instance, Want::Instance(account, id), (account, id);
    /// A device's key.
    device_key(device_keys, account: AccountId, id: KeyId) -> DeviceKey, Want::DeviceKey(account, id), (account, id);
    /// Which instance an identity means.
    identity(identities, account: AccountId, identity: &str) -> Identity,
        Want::Identity(account, identity.to_owned()), (account, identity.to_owned());
    /// A name of an instance.
    name(names, account: AccountId, instance: InstanceId, name: &str) -> Name,
        Want::Name(account, instance, name.to_owned()), (account, instance, name.to_owned());
    /// An alarm.
    alarm(alarms, account: AccountId, id: AlarmId) -> Alarm, Want::Alarm(account, id), (account, id);
    /// An ID token.
    token(tokens, account: AccountId, id: TokenId) -> Token, Want::Token(account, id), (account, id);
    /// A claim.
    claim(claims, kind: ClaimKind, value: &str) -> Claim, Want::Claim(kind, value.to_owned()), (kind, value.to_owned());
    /// A fact of the house.
    house_fact(house_facts, name: &str) -> HouseFact, Want::HouseFact(name.to_owned()), name.to_owned();
    /// A session.
    session(sessions, token_hash: [u8; 32]) -> Session, Want::Session(token_hash), token_hash;
    /// A person.
    person(people, id: PersonId) -> Person, Want::Person(id), id;
    /// The grant of a role.
    grant(grants, account: AccountId, id: GrantId) -> Grant, Want::Grant(account, id), (account, id);
    /// A one-time link.
    link(links, hash: [u8; 32]) -> Link, Want::Link(hash), hash;
    /// A request for access.
    access_request(access_requests, account: AccountId, id: AccessRequestId) -> AccessRequest,
        Want::AccessRequest(account, id), (account, id);
    /// An API token.
    api_token(api_tokens, hash: [u8; 32]) -> ApiToken, Want::ApiToken(hash), hash;
    /// A version of the terms.
    terms_of(terms, version: u32) -> Terms, Want::Terms(version), version;
}

impl Page {
    /// A page that holds the whole book: what is not on it is not in the book. For tests and models.
    pub fn whole() -> Self {
        Self { complete: Complete::Yes, ..Self::default() }
    }

    /// Notes that rows were read, so that what is not there is known to be absent.
    pub fn note_read(&mut self, want: Want) {
        match want {
            Want::Reports(..) | Want::ReportsAt(..) => self.read_reports.insert(want),
            other => self.read.insert(other),
        };
    }

    /// Whether the page knows what a want asks for, so that it need not be read.
    pub fn knows(&self, want: &Want) -> bool {
        let on_leaf = match want {
            Want::Account(id) => self.accounts.rows.contains_key(id),
            Want::Instance(account, id) => self.instances.rows.contains_key(&(*account, *id)),
            Want::VirtualAccount(account, id) => {
                self.virtual_accounts.rows.contains_key(&(*account, *id))
            }
            Want::License(tag) => self.licenses.rows.contains_key(tag),
            Want::DeviceKey(account, id) => self.device_keys.rows.contains_key(&(*account, *id)),
            Want::Alarm(account, id) => self.alarms.rows.contains_key(&(*account, *id)),
            Want::Token(account, id) => self.tokens.rows.contains_key(&(*account, *id)),
            Want::Pool(account, place, tag) => {
                self.pools.rows.contains_key(&(*account, Pool::id_of(*account, *place, tag)))
            }
            Want::Use(account, instance, tag) => {
                self.uses.rows.contains_key(&(*account, *instance, tag.clone()))
            }
            _ => false,
        };
        on_leaf || self.has_read(want)
    }

    /// Notes that everything changed is written: the rows stay for the next command, what was
    /// appended and the reports, which would only grow, are forgotten.
    pub fn settle(&mut self) {
        self.appended.clear();
        self.reports = Leaf::default();
        self.read_reports.clear();
        each_leaf!(self, leaf => leaf.changed.clear());
    }

    /// Forgets all that was read of claims, because some were given back.
    pub fn forget_claims(&mut self) {
        self.claims = Leaf::default();
        self.read.retain(|want| !matches!(want, Want::Claim(..)));
    }

    /// Takes back everything that commands did, so that they can run again on what was read.
    pub fn undo(&mut self) {
        for effect in std::mem::take(&mut self.appended) {
            if let Effect::Report(report, _) = effect {
                self.reports.rows.remove(&report_key(&report));
            }
        }
        each_leaf!(self, leaf => leaf.undo());
    }

    /// About how many rows the page holds, for bounding it.
    pub fn size(&self) -> usize {
        self.read.len()
            + self.instances.rows.len()
            + self.uses.rows.len()
            + self.pools.rows.len()
            + self.device_keys.rows.len()
            + self.alarms.rows.len()
            + self.entitlements.rows.len()
            + self.claims.rows.len()
            + self.sessions.rows.len()
            + self.people.rows.len()
            + self.grants.rows.len()
            + self.api_tokens.rows.len()
            + self.names.rows.len()
    }

    /// Whether rows were read.
    pub fn has_read(&self, want: &Want) -> bool {
        match want {
            Want::Reports(..) | Want::ReportsAt(..) => self.read_reports.contains(want),
            other => self.read.contains(other),
        }
    }

    fn require(&self, want: Want) -> Result<(), Unread> {
        if self.complete == Complete::Yes || self.has_read(&want) {
            Ok(())
        } else {
            Err(Unread(want))
        }
    }

    /// Holds an account, so that what is decided under it stays true until it is written.
    ///
    /// # Errors
    /// [`Unread`] if the account is not held yet.
    pub fn hold_account(&self, id: AccountId) -> Result<Option<&Account>, Unread> {
        self.require(Want::HeldAccount(id))?;
        Ok(self.accounts.rows.get(&id).and_then(Option::as_ref))
    }

    /// Holds the tree of an account's events; `None` if it has none yet.
    ///
    /// # Errors
    /// [`Unread`] if the tree is not held yet.
    pub fn hold_event_tree(&self, id: AccountId) -> Result<Option<&EventTree>, Unread> {
        self.require(Want::EventTree(id))?;
        Ok(self.event_trees.rows.get(&id).and_then(Option::as_ref))
    }

    /// The virtual accounts of an account, in order of their ids.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read them yet.
    pub fn virtual_accounts_of(&self, account: AccountId) -> Result<Vec<&VirtualAccount>, Unread> {
        self.require(Want::VirtualAccounts(account))?;
        let all = self.virtual_accounts.range((account, VirtualAccountId::from_bytes([0; 16])));
        Ok(all.take_while(|(key, _)| key.0 == account).map(|(_, row)| row).collect())
    }

    /// All grants in an account, ended ones too, in order of their ids.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read them yet.
    pub fn grants_of(&self, account: AccountId) -> Result<Vec<&Grant>, Unread> {
        self.require(Want::Grants(account))?;
        let all = self.grants.range((account, GrantId::from_bytes([0; 16])));
        Ok(all.take_while(|(key, _)| key.0 == account).map(|(_, row)| row).collect())
    }

    /// A pool, opened if it is not in the book.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read it yet.
    pub fn pool(
        &self,
        account: AccountId,
        virtual_account: VirtualAccountId,
        tag: &EntitlementTag,
    ) -> Result<Pool, Unread> {
        let id = Pool::id_of(account, virtual_account, tag);
        match self.pools.rows.get(&(account, id)) {
            Some(Some(pool)) => Ok(pool.clone()),
            Some(None) => Ok(Pool::opening(account, virtual_account, tag)),
            None => {
                self.require(Want::Pool(account, virtual_account, tag.clone()))?;
                Ok(Pool::opening(account, virtual_account, tag))
            }
        }
    }

    /// The pool as it stands on the page, if it is there.
    pub(crate) fn pools_row(&self, account: AccountId, id: PoolId) -> Option<&Pool> {
        self.pools.rows.get(&(account, id)).and_then(Option::as_ref)
    }

    /// The lots of a pool, in order of their ids.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read them yet.
    pub fn entitlements_of(
        &self,
        account: AccountId,
        pool: PoolId,
    ) -> Result<Vec<Entitlement>, Unread> {
        self.require(Want::Entitlements(account, pool))?;
        let from = (account, pool, EntitlementId::from_bytes([0; 16]));
        let all = self.entitlements.range(from);
        Ok(all
            .take_while(|(key, _)| key.0 == account && key.1 == pool)
            .map(|(_, lot)| lot.clone())
            .collect())
    }

    /// One lot of a pool.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read the pool's lots yet.
    pub fn entitlement_of(
        &self,
        account: AccountId,
        pool: PoolId,
        id: EntitlementId,
    ) -> Result<Option<&Entitlement>, Unread> {
        self.require(Want::Entitlements(account, pool))?;
        Ok(self.entitlements.rows.get(&(account, pool, id)).and_then(Option::as_ref))
    }

    /// What an instance has in use of a license.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read it yet.
    pub fn use_of(
        &self,
        account: AccountId,
        instance: InstanceId,
        tag: &EntitlementTag,
    ) -> Result<Option<&Use>, Unread> {
        match self.uses.rows.get(&(account, instance, tag.clone())) {
            Some(row) => Ok(row.as_ref()),
            None if self.read.contains(&Want::Uses(account, instance)) => Ok(None),
            None => self.require(Want::Use(account, instance, tag.clone())).map(|()| None),
        }
    }

    /// Everything that an instance has in use, in order of tags.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read it yet.
    pub fn uses_of(&self, account: AccountId, instance: InstanceId) -> Result<Vec<Use>, Unread> {
        self.require(Want::Uses(account, instance))?;
        let first = self.uses.rows.range((account, instance, least_tag())..);
        let own = first.take_while(|(key, _)| key.0 == account && key.1 == instance);
        Ok(own.filter_map(|(_, row)| row.clone()).collect())
    }

    /// The reports at one position of one key: none, one, or a fork.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read them yet.
    pub fn reports_at(
        &self,
        account: AccountId,
        instance: InstanceId,
        key: KeyId,
        position: Position,
    ) -> Result<Vec<&Recorded>, Unread> {
        if !self.has_read(&Want::Reports(account, instance)) {
            self.require(Want::ReportsAt(account, instance, key, position))?;
        }
        let from = (account, instance, key, position.epoch, position.number, [0; 32]);
        let all = self.reports.range(from);
        let at = all.take_while(|(k, _)| {
            (k.0, k.1, k.2, k.3, k.4) == (account, instance, key, position.epoch, position.number)
        });
        Ok(at.map(|(_, report)| report).collect())
    }

    /// All reports of an instance.
    ///
    /// # Errors
    /// [`Unread`] if the page has not read them yet.
    pub fn reports_of(
        &self,
        account: AccountId,
        instance: InstanceId,
    ) -> Result<Vec<Recorded>, Unread> {
        self.require(Want::Reports(account, instance))?;
        let zero = KeyId::from_bytes([0; 16]);
        let all = self.reports.range((account, instance, zero, 0, 0, [0; 32]));
        let own = all.take_while(|(key, _)| key.0 == account && key.1 == instance);
        Ok(own.map(|(_, report)| report.clone()).collect())
    }

    /// Carries a posting into the page, so that the next command sees it.
    pub fn turn(&mut self, posting: Posting) {
        for effect in posting.effects {
            self.take(effect);
        }
    }

    fn take(&mut self, effect: Effect) {
        match effect {
            Effect::Account(row) => self.accounts.put(row.id, row),
            Effect::VirtualAccount(row) => self.virtual_accounts.put((row.account, row.id), row),
            Effect::License(row) => self.licenses.put(row.tag.clone(), row),
            Effect::Entitlement(row) => self.entitlements.put((row.account, row.pool, row.id), row),
            Effect::Instance(row) => self.instances.put((row.account, row.id), *row),
            Effect::DeviceKey(row) => self.device_keys.put((row.account, row.id), row),
            Effect::Identity(row) => self.identities.put((row.account, row.identity.clone()), row),
            Effect::Name(row) => self.names.put((row.account, row.instance, row.name.clone()), row),
            Effect::Use(row) => self.uses.put((row.account, row.instance, row.tag.clone()), row),
            Effect::Pool(row) => self.pools.put((row.account, row.id), row),
            Effect::Alarm(row) => self.alarms.put((row.account, row.id), row),
            Effect::Token(row) => self.tokens.put((row.account, row.id), row),
            Effect::Claim(row) => self.claims.put((row.kind, row.value.clone()), row),
            Effect::HouseFact(row) => self.house_facts.put(row.name.clone(), row),
            Effect::Session(row) => self.sessions.put(row.token_hash, row),
            Effect::Person(row) => self.people.put(row.id, *row),
            Effect::Grant(row) => self.grants.put((row.account, row.id), row),
            Effect::Link(row) => self.links.put(row.hash, row),
            Effect::AccessRequest(row) => self.access_requests.put((row.account, row.id), row),
            Effect::ApiToken(row) => self.api_tokens.put(row.hash, row),
            Effect::Terms(row) => self.terms.put(row.version, row),
            Effect::EventTree(row) => self.event_trees.put(row.account, row),
            Effect::Report(report, evidence) => {
                self.reports.learn(report_key(&report), Some((*report).clone()));
                self.appended.push(Effect::Report(report, evidence));
            }
            appended => self.appended.push(appended),
        }
    }
}

/// The tag that sorts before every other.
fn least_tag() -> EntitlementTag {
    EntitlementTag::new("!").expect("the least printable character is a tag")
}

/// The key of a report.
pub fn report_key(report: &Recorded) -> ReportKey {
    let position = report.position;
    (report.account, report.instance, report.key, position.epoch, position.number, report.hash)
}
