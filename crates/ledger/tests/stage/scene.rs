//! A scene: a book that is spoken to line by line.

use std::collections::BTreeMap;

use ledger::Refusal;
use ledger::account::{Account, Default as IsDefault, VirtualAccount};
use ledger::alarm::{Alarm, AlarmKind, AlarmState};
use ledger::command::{Answer, Asked, Command, CreateAccount, CreateVirtualAccount};
use ledger::report::Heard;
use ledger::role::{Action, Actor, Scope, permit};
use wire::id::{AccountId, AlarmId, InstanceId, RequestId, VirtualAccountId};
use wire::message::Policy;
use wire::time::Timestamp;

use crate::audit::audit;
use crate::book::{Book, Reading};
use crate::words;

/// When every scene begins: a Monday.
const BEGINNING: &str = "2025-03-03T08:00:00Z";

/// A book, a clock and what was said so far.
pub(crate) struct Scene {
    /// The book.
    pub(crate) book: Book,
    /// The time.
    pub(crate) clock: Timestamp,
    /// The one account.
    pub(crate) account: AccountId,
    /// Reports by the words that said them: the same words are the same bytes.
    pub(crate) said: BTreeMap<String, Heard>,
    /// How many news were read out.
    pub(crate) news_read: usize,
    /// How many events were read out.
    pub(crate) events_read: usize,
    requests: u64,
}

/// The virtual account that lines mean when they name none.
pub(crate) const MAIN: &str = "main";

/// The id of a virtual account.
pub(crate) fn place(name: &str) -> VirtualAccountId {
    VirtualAccountId::derive(&[name.as_bytes()])
}

impl Scene {
    /// A new account with the virtual account `main` and a token `door` for it.
    pub(crate) fn new(reading: Reading) -> Self {
        let mut scene = Self {
            book: Book::new(reading),
            clock: BEGINNING.parse().expect("a moment"),
            account: AccountId::derive(&[b"customer"]),
            said: BTreeMap::new(),
            news_read: 0,
            events_read: 0,
            requests: 0,
        };
        let account = Account {
            id: scene.account,
            number: 1,
            name: "Customer".to_owned(),
            domain: "customer.example".to_owned(),
            policy: Policy::default(),
            created_at: scene.clock,
            kind: ledger::account::AccountKind::Customer,
            state: ledger::account::AccountState::Active,
            country: String::new(),
            approver: String::new(),
            reason: String::new(),
            terms_version: 0,
            terms_accepted_at: None,
            revision: 0,
        };
        let asked = scene.asked(Action::CreateAccount);
        let default_id = place("DEFAULT");
        scene.must(Command::CreateAccount(CreateAccount {
            asked,
            account,
            default_id,
            default_number: 2,
        }));
        scene.virtual_account(MAIN);
        scene.token("door", &[]);
        scene.events_read = scene.book.events.len();
        scene
    }

    /// Makes a virtual account.
    pub(crate) fn virtual_account(&mut self, name: &str) -> String {
        let asked = self.asked(Action::CreateVirtualAccount);
        let virtual_account = VirtualAccount {
            account: self.account,
            id: place(name),
            number: 3,
            name: name.to_owned(),
            description: String::new(),
            default: IsDefault::No,
            created_at: self.clock,
            tags: Vec::new(),
            archived_at: None,
            revision: 0,
        };
        let made = CreateVirtualAccount { asked, virtual_account };
        self.act(Command::CreateVirtualAccount(made), "made")
    }

    /// A right, with a new request's id.
    pub(crate) fn asked(&mut self, action: Action) -> Asked {
        self.requests += 1;
        let request = RequestId::derive(&[&self.requests.to_be_bytes()]);
        let permit = permit(&Actor::Operator, action, Scope::House).expect("an operator may");
        Asked { permit, request }
    }

    /// Runs a command and checks the book.
    pub(crate) fn run(&mut self, command: Command) -> Result<Answer, Refusal> {
        let answer = self.book.run(&command, self.clock);
        audit(&self.book, self.clock);
        answer
    }

    /// Runs a command that cannot be refused.
    pub(crate) fn must(&mut self, command: Command) -> Answer {
        self.run(command).expect("not refused")
    }

    /// Runs a command and says what became of it: `done`, then what changed in alarms.
    pub(crate) fn act(&mut self, command: Command, done: &str) -> String {
        let before = self.open_alarms();
        match self.run(command) {
            Ok(_) => self.say(done.to_owned(), &before),
            Err(refusal) => format!("refused: {}", refusal.code()),
        }
    }

    /// Runs a command and says how many entries it posted and what changed in alarms.
    pub(crate) fn post(&mut self, command: Command) -> String {
        let (before, entries) = (self.open_alarms(), self.book.entries.len());
        match self.run(command) {
            Ok(_) => {
                let posted = self.book.entries.len() - entries;
                self.say(format!("{posted} posted"), &before)
            }
            Err(refusal) => format!("refused: {}", refusal.code()),
        }
    }

    /// The open alarms.
    pub(crate) fn open_alarms(&self) -> BTreeMap<AlarmId, Alarm> {
        let alarms = self.book.page.alarms.changed();
        let open = alarms.filter(|alarm| alarm.state == AlarmState::Open);
        open.map(|alarm| (alarm.id, alarm.clone())).collect()
    }

    /// Adds what is different about the alarms.
    pub(crate) fn say(&self, mut said: String, before: &BTreeMap<AlarmId, Alarm>) -> String {
        let after = self.open_alarms();
        let mut all: Vec<&Alarm> = self.book.page.alarms.changed().collect();
        all.sort_by_key(|alarm| alarm.virtual_account != place(MAIN));
        for alarm in all {
            let (was, is) = (before.get(&alarm.id), after.get(&alarm.id));
            match (was.map(|one| one.missing), is.map(|one| one.missing)) {
                (was, Some(missing)) if was != Some(missing) => {
                    said += &format!(", {}", self.words_of(alarm, &format!("short {missing}")));
                }
                (Some(_), None) => said += &format!(", {}", self.words_of(alarm, "settled")),
                _ => {}
            }
        }
        said
    }

    /// What is said of an alarm, with the place where it is unless that is `main`.
    fn words_of(&self, alarm: &Alarm, what: &str) -> String {
        let place_name = self.place_name(alarm.virtual_account);
        let main = place_name == MAIN;
        match (alarm.kind, main) {
            (AlarmKind::InsufficientLicenses, true) => what.to_owned(),
            (AlarmKind::InsufficientLicenses, false) => format!("{what} in {place_name}"),
            (AlarmKind::ClonedInstance, _) if what == "settled" => "clone settled".to_owned(),
            (AlarmKind::ClonedInstance, _) => "clone".to_owned(),
            (AlarmKind::UsedElsewhere, _) if what == "settled" => "elsewhere settled".to_owned(),
            (AlarmKind::UsedElsewhere, _) => "elsewhere".to_owned(),
            (AlarmKind::ReportsAgain, _) if what == "settled" => "again settled".to_owned(),
            (AlarmKind::ReportsAgain, _) => "reports again".to_owned(),
        }
    }

    /// The name of a virtual account.
    pub(crate) fn place_name(&self, id: VirtualAccountId) -> String {
        let all = self.book.page.virtual_accounts_of(self.account).expect("the book is read");
        all.iter().find(|one| one.id == id).expect("it was made").name.clone()
    }

    /// The instance that a device is, if it is known.
    pub(crate) fn instance_of(&self, device: &str) -> Option<InstanceId> {
        let found = self.book.page.identity(self.account, &words::identity(device));
        found.expect("the book is read").map(|identity| identity.instance)
    }
}
