//! A book without a database: owns a page, runs commands on it, keeps what they append.
//!
//! It reads in one of three ways. *Whole*: everything is on one page. *As asked*: each
//! command gets an empty page, and rows only when it asks for them, as with the store.
//! *Kept*: the same, but the page is settled and goes on to the next command.

use ledger::command::{Answer, Command, Progress, Stop};
use ledger::page::{Page, Want};
use ledger::person::Letter;
use ledger::posting::{AlarmChange, Entry, Event, News};
use ledger::{Effect, Posting, Refusal};
use wire::time::Timestamp;

/// How commands come to their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Everything is on the page.
    Whole,
    /// Rows come when they are asked for.
    AsAsked,
    /// Rows come when they are asked for, and stay.
    Kept,
}

/// The book: all rows, and everything that was appended.
pub(crate) struct Book {
    reading: Reading,
    kept: Page,
    /// All rows.
    pub(crate) page: Page,
    /// All entries, in the order of writing.
    pub(crate) entries: Vec<Entry>,
    /// All news.
    pub(crate) news: Vec<News>,
    /// All changes of alarms.
    pub(crate) alarm_changes: Vec<AlarmChange>,
    /// All events.
    pub(crate) events: Vec<Event>,
    /// All letters.
    pub(crate) letters: Vec<Letter>,
}

impl Book {
    /// An empty book.
    pub(crate) fn new(reading: Reading) -> Self {
        Self {
            reading,
            kept: Page::default(),
            page: Page::whole(),
            entries: Vec::new(),
            news: Vec::new(),
            alarm_changes: Vec::new(),
            events: Vec::new(),
            letters: Vec::new(),
        }
    }

    /// Runs a command at a moment.
    pub(crate) fn run(&mut self, command: &Command, now: Timestamp) -> Result<Answer, Refusal> {
        match self.reading {
            Reading::Whole => {
                let answer = match command.run(&mut self.page, &mut Progress::default(), now) {
                    Ok(answer) => Ok(answer),
                    Err(Stop::Refused(refusal)) => Err(refusal),
                    Err(Stop::Unread(want)) => panic!("the whole book lacks {want:?}"),
                };
                self.keep();
                answer
            }
            Reading::AsAsked | Reading::Kept => {
                self.run_together(&[(command.clone(), now)]).pop().expect("one answer")
            }
        }
    }

    /// Runs commands on one page of asked-for rows, as the store's writer does: what misses a
    /// row waits for the next round while the others go on.
    pub(crate) fn run_together(
        &mut self,
        commands: &[(Command, Timestamp)],
    ) -> Vec<Result<Answer, Refusal>> {
        let mut page = match self.reading {
            Reading::Kept => std::mem::take(&mut self.kept),
            Reading::Whole | Reading::AsAsked => Page::default(),
        };
        let mut progress: Vec<Progress> = commands.iter().map(|_| Progress::default()).collect();
        let mut answers: Vec<Option<Result<Answer, Refusal>>> = vec![None; commands.len()];
        let mut wants: Vec<Want> = commands.iter().flat_map(|(one, _)| one.hints()).collect();
        while answers.iter().any(Option::is_none) {
            for want in std::mem::take(&mut wants) {
                if !page.knows(&want) {
                    self.read(&mut page, want);
                }
            }
            for (nth, (command, now)) in commands.iter().enumerate() {
                if answers[nth].is_some() {
                    continue;
                }
                match command.run(&mut page, &mut progress[nth], *now) {
                    Ok(answer) => answers[nth] = Some(Ok(answer)),
                    Err(Stop::Refused(refusal)) => answers[nth] = Some(Err(refusal)),
                    Err(Stop::Unread(want)) => {
                        assert!(!page.has_read(&want), "{want:?} was read and is asked for again");
                        wants.push(want);
                    }
                }
            }
        }
        if answers.iter().flatten().all(Result::is_err) {
            assert_eq!(changed(&page), [], "a refused request leaves nothing on the page");
            assert_eq!(page.appended, [], "a refused request appends nothing");
        }
        let appended = std::mem::take(&mut page.appended);
        self.page.turn(Posting { effects: changed(&page).into_iter().chain(appended).collect() });
        page.settle();
        self.kept = page;
        self.keep();
        answers.into_iter().flatten().collect()
    }

    /// Every row of the book, in a fixed order.
    pub(crate) fn rows(&self) -> Vec<Effect> {
        changed(&self.page)
    }

    fn keep(&mut self) {
        for effect in self.page.appended.drain(..) {
            match effect {
                Effect::Entry(entry) => self.entries.push(entry),
                Effect::News(news) => self.news.push(news),
                Effect::AlarmChange(change) => self.alarm_changes.push(change),
                Effect::Event(event) => self.events.push(event),
                Effect::Letter(letter) => self.letters.push(letter),
                Effect::Report(..) => {}
                other => panic!("{other:?} is put, not appended"),
            }
        }
    }

    /// Reads the rows that a want means, and nothing else.
    fn read(&self, page: &mut Page, want: Want) {
        let book = &self.page;
        macro_rules! learn {
            ($leaf:ident, $row:ident => $key:expr, $which:expr) => {
                for $row in book.$leaf.changed().filter(|$row| $which) {
                    page.$leaf.learn($key, Some($row.clone()));
                }
            };
        }
        match &want {
            Want::Account(id) | Want::HeldAccount(id) => {
                learn!(accounts, one => one.id, one.id == *id);
            }
            Want::Instance(_, id) => {
                learn!(instances, one => (one.account, one.id), one.id == *id);
            }
            Want::Pool(account, place, tag) => {
                learn!(pools, one => (one.account, one.id),
                    (one.account, one.virtual_account, &one.tag) == (*account, *place, tag));
            }
            Want::VirtualAccount(_, id) => {
                learn!(virtual_accounts, one => (one.account, one.id), one.id == *id);
            }
            Want::VirtualAccounts(account) => {
                learn!(virtual_accounts, one => (one.account, one.id), one.account == *account);
            }
            Want::License(tag) => learn!(licenses, one => one.tag.clone(), one.tag == *tag),
            Want::Entitlements(account, pool) => {
                learn!(entitlements, one => (one.account, one.pool, one.id),
                    (one.account, one.pool) == (*account, *pool));
            }
            Want::DeviceKey(_, id) => {
                learn!(device_keys, one => (one.account, one.id), one.id == *id);
            }
            Want::Identity(_, identity) => {
                learn!(identities, one => (one.account, one.identity.clone()),
                    one.identity == *identity);
            }
            Want::Alarm(_, id) => learn!(alarms, one => (one.account, one.id), one.id == *id),
            Want::Token(_, id) => learn!(tokens, one => (one.account, one.id), one.id == *id),
            _ => self.read_more(page, &want),
        }
        page.note_read(want);
    }

    fn read_more(&self, page: &mut Page, want: &Want) {
        let book = &self.page;
        match want {
            Want::Name(_, instance, name) => {
                for one in book.names.changed() {
                    if (one.instance, &one.name) == (*instance, name) {
                        let key = (one.account, one.instance, one.name.clone());
                        page.names.learn(key, Some(one.clone()));
                    }
                }
            }
            Want::Use(_, instance, tag) => {
                for one in book.uses.changed() {
                    if (one.instance, &one.tag) == (*instance, tag) {
                        let key = (one.account, one.instance, one.tag.clone());
                        page.uses.learn(key, Some(one.clone()));
                    }
                }
            }
            Want::Uses(_, instance) => {
                for one in book.uses.changed().filter(|one| one.instance == *instance) {
                    let key = (one.account, one.instance, one.tag.clone());
                    page.uses.learn(key, Some(one.clone()));
                }
            }
            Want::ReportsAt(account, instance, key, position) => {
                let at = book.reports_at(*account, *instance, *key, *position);
                for one in at.expect("the whole book is read") {
                    page.reports.learn(ledger::page::report_key(one), Some(one.clone()));
                }
            }
            Want::Reports(account, instance) => {
                let all = book.reports_of(*account, *instance).expect("the whole book is read");
                for one in all {
                    page.reports.learn(ledger::page::report_key(&one), Some(one));
                }
            }
            Want::Claim(kind, value) => {
                for one in book.claims.changed() {
                    if (one.kind, &one.value) == (*kind, value) {
                        page.claims.learn((one.kind, one.value.clone()), Some(one.clone()));
                    }
                }
            }
            Want::Session(hash) => {
                for one in book.sessions.changed().filter(|one| one.token_hash == *hash) {
                    page.sessions.learn(one.token_hash, Some(one.clone()));
                }
            }
            _ => self.read_people(page, want),
        }
    }

    fn read_people(&self, page: &mut Page, want: &Want) {
        let book = &self.page;
        match want {
            Want::HouseFact(name) => {
                for one in book.house_facts.changed().filter(|one| one.name == *name) {
                    page.house_facts.learn(one.name.clone(), Some(one.clone()));
                }
            }
            Want::Grant(_, id) => {
                for one in book.grants.changed().filter(|one| one.id == *id) {
                    page.grants.learn((one.account, one.id), Some(one.clone()));
                }
            }
            Want::Grants(account) => {
                for one in book.grants.changed().filter(|one| one.account == *account) {
                    page.grants.learn((one.account, one.id), Some(one.clone()));
                }
            }
            Want::Person(id) => {
                for one in book.people.changed().filter(|one| one.id == *id) {
                    page.people.learn(one.id, Some(one.clone()));
                }
            }
            Want::ApiToken(hash) => {
                for one in book.api_tokens.changed().filter(|one| one.hash == *hash) {
                    page.api_tokens.learn(one.hash, Some(one.clone()));
                }
            }
            Want::Terms(version) => {
                for one in book.terms.changed().filter(|one| one.version == *version) {
                    page.terms.learn(one.version, Some(one.clone()));
                }
            }
            Want::Link(hash) => {
                for one in book.links.changed().filter(|one| one.hash == *hash) {
                    page.links.learn(one.hash, Some(one.clone()));
                }
            }
            Want::AccessRequest(_, id) => {
                for one in book.access_requests.changed().filter(|one| one.id == *id) {
                    page.access_requests.learn((one.account, one.id), Some(one.clone()));
                }
            }
            other => panic!("nobody here asks for {other:?}"),
        }
    }
}

/// The rows that were put on a page, in a fixed order.
fn changed(page: &Page) -> Vec<Effect> {
    let mut all: Vec<Effect> = Vec::new();
    all.extend(page.accounts.changed().cloned().map(Effect::Account));
    all.extend(page.virtual_accounts.changed().cloned().map(Effect::VirtualAccount));
    all.extend(page.people.changed().cloned().map(Box::new).map(Effect::Person));
    all.extend(page.grants.changed().cloned().map(Effect::Grant));
    all.extend(page.links.changed().cloned().map(Effect::Link));
    all.extend(page.access_requests.changed().cloned().map(Effect::AccessRequest));
    all.extend(page.api_tokens.changed().cloned().map(Effect::ApiToken));
    all.extend(page.terms.changed().cloned().map(Effect::Terms));
    all.extend(page.licenses.changed().cloned().map(Effect::License));
    all.extend(page.entitlements.changed().cloned().map(Effect::Entitlement));
    all.extend(page.instances.changed().cloned().map(Box::new).map(Effect::Instance));
    all.extend(page.device_keys.changed().cloned().map(Effect::DeviceKey));
    all.extend(page.identities.changed().cloned().map(Effect::Identity));
    all.extend(page.names.changed().cloned().map(Effect::Name));
    all.extend(page.uses.changed().cloned().map(Effect::Use));
    all.extend(page.pools.changed().cloned().map(Effect::Pool));
    all.extend(page.alarms.changed().cloned().map(Effect::Alarm));
    all.extend(page.claims.changed().cloned().map(Effect::Claim));
    all.extend(page.house_facts.changed().cloned().map(Effect::HouseFact));
    all.extend(page.sessions.changed().cloned().map(Effect::Session));
    all.extend(page.tokens.changed().cloned().map(Effect::Token));
    all
}
