//! A stage: an open book with a customer in it, and the things that happen to one.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ledger::account::{Account, Default as IsDefault, VirtualAccount};
use ledger::command::{
    Answer, Asked, Bind, Command, CreateAccount, CreateToken, CreateVirtualAccount, DefineLicense,
    GrantEntitlement, Push, Pushed,
};
use ledger::entitlement::Term;
use ledger::instance::Proof;
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::report::{Heard, Route, foreign_key};
use ledger::role::{Action, Actor, Scope, permit};
use ledger::token::{ExportControlled, Token};
use store::{Book, NotWritten, Order, Reading, Sight, Written};
use wire::id::{
    AccountId, EntitlementId, InstanceId, LicenseId, RequestId, TokenId, VirtualAccountId,
};
use wire::key::KeyId;
use wire::message::Policy;
use wire::quantity::Count;
use wire::report::{Measurement, Report};
use wire::seal::Position;
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

/// A device that was bound.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) key: KeyId,
    pub(crate) instance: InstanceId,
    pub(crate) place: VirtualAccountId,
}

/// An open book with a customer in it.
pub(crate) struct Stage {
    pub(crate) book: Book,
    pub(crate) account: AccountId,
    pub(crate) main: VirtualAccountId,
    clock: AtomicI64,
    requests: AtomicU64,
}

/// SHA-256-sized bytes that stand for a text.
pub(crate) fn hash_of(text: &str) -> [u8; 32] {
    let half = AccountId::derive(&[text.as_bytes()]);
    let mut hash = [7; 32];
    hash[..16].copy_from_slice(half.as_bytes());
    hash
}

/// An entitlement tag by its name.
pub(crate) fn tag(name: &str) -> EntitlementTag {
    EntitlementTag::new(name).expect("a tag")
}

/// The identifier of a device.
pub(crate) fn udi(name: &str) -> Udi {
    Udi::pid_serial("C9300-24UX", name.to_uppercase())
}

impl Stage {
    /// Makes a customer in the book.
    pub(crate) fn new(book: Book) -> Self {
        let stage = Self::beside(book, "customer");
        stage.must(stage.new_account("Customer"));
        stage.must(stage.new_token("door"));
        stage
    }

    /// The same customer, as another node or a later start sees it; `who` keeps request ids apart.
    pub(crate) fn again(book: Book, who: u64) -> Self {
        let stage = Self::beside(book, "customer");
        stage.requests.store(who << 32, Ordering::Relaxed);
        stage
    }

    /// A stage for a customer who is not made yet.
    pub(crate) fn beside(book: Book, customer: &str) -> Self {
        let account = AccountId::derive(&[customer.as_bytes()]);
        let main = VirtualAccountId::derive(&[customer.as_bytes(), b"main"]);
        let clock = AtomicI64::new(1_750_000_000_000);
        Self { book, account, main, clock, requests: AtomicU64::new(1) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.load(Ordering::Relaxed))
    }

    pub(crate) fn wait(&self, span: Span) {
        self.clock.fetch_add(span.millis(), Ordering::Relaxed);
    }

    pub(crate) fn asked(&self, action: Action) -> Asked {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let request = RequestId::derive(&[self.account.as_bytes(), &number.to_be_bytes()]);
        let permit = permit(&Actor::Operator, action, Scope::House).expect("an operator may");
        Asked { permit, request }
    }

    pub(crate) fn order(&self, command: Command) -> Order {
        let digest = command.request().map(|(_, id)| hash_of(&id.to_string()));
        Order { command, now: self.now(), digest }
    }

    pub(crate) fn write(&self, command: Command) -> Written {
        self.book.write_waiting(self.order(command))
    }

    pub(crate) fn must(&self, command: Command) -> Answer {
        self.write(command).expect("it is written")
    }

    /// The code of the refusal or fault.
    pub(crate) fn refused(&self, command: Command) -> String {
        code(self.write(command))
    }

    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&mut Reading<'_>) -> Result<T, store::Fault>,
    ) -> T {
        self.book.read_waiting(Sight::Account(self.account), read).expect("it is read")
    }

    pub(crate) fn house<T>(
        &self,
        read: impl FnOnce(&mut Reading<'_>) -> Result<T, store::Fault>,
    ) -> T {
        self.book.read_waiting(Sight::House, read).expect("it is read")
    }
}

/// The code of a refusal or fault.
pub(crate) fn code(written: Written) -> String {
    match written {
        Ok(answer) => format!("written: {answer:?}"),
        Err(NotWritten::Refused(refusal)) => refusal.code().to_owned(),
        Err(NotWritten::Fault(fault)) => fault.code().to_owned(),
    }
}

/// The commands, each with what the tests do not care about filled in.
impl Stage {
    pub(crate) fn new_account(&self, name: &str) -> Command {
        let account = Account {
            id: self.account,
            number: 123_456_789,
            name: name.to_owned(),
            domain: format!("{}.example", name.to_lowercase()),
            policy: Policy::default(),
            created_at: self.now(),
            kind: ledger::account::AccountKind::Customer,
            state: ledger::account::AccountState::Active,
            country: String::new(),
            approver: String::new(),
            reason: String::new(),
            terms_version: 0,
            terms_accepted_at: None,
            revision: 0,
        };
        Command::CreateAccount(CreateAccount {
            asked: self.asked(Action::CreateAccount),
            account,
            default_id: self.main,
            default_number: 987_654_321,
        })
    }

    pub(crate) fn new_place(&self, name: &str) -> Command {
        let virtual_account = VirtualAccount {
            account: self.account,
            id: self.place(name),
            number: 3,
            name: name.to_owned(),
            description: format!("what {name} is for"),
            default: IsDefault::No,
            created_at: self.now(),
            tags: Vec::new(),
            archived_at: None,
            revision: 0,
        };
        let asked = self.asked(Action::CreateVirtualAccount);
        Command::CreateVirtualAccount(CreateVirtualAccount { asked, virtual_account })
    }

    pub(crate) fn place(&self, name: &str) -> VirtualAccountId {
        VirtualAccountId::derive(&[self.account.as_bytes(), name.as_bytes()])
    }

    pub(crate) fn definition(&self, license: &str) -> Command {
        let license = License {
            id: LicenseId::derive(&[license.as_bytes()]),
            tag: tag(license),
            name: license.to_uppercase(),
            description: "a sentence".to_owned(),
            enforcement: Enforcement::NotEnforced,
            kind: Kind::Perpetual,
            concern: Concern::Counted,
            changed_at: self.now(),
        };
        let asked = self.asked(Action::DefineLicense);
        Command::DefineLicense(DefineLicense { asked, license })
    }

    pub(crate) fn grant(&self, license: &str, quantity: u64) -> Command {
        self.grant_in(self.main, license, quantity)
    }

    pub(crate) fn grant_in(
        &self,
        place: VirtualAccountId,
        license: &str,
        quantity: u64,
    ) -> Command {
        self.grant_for(place, license, quantity, Term { start: self.now(), end: None })
    }

    pub(crate) fn grant_for(
        &self,
        virtual_account: VirtualAccountId,
        license: &str,
        quantity: u64,
        term: Term,
    ) -> Command {
        let asked = self.asked(Action::GrantEntitlement);
        Command::GrantEntitlement(GrantEntitlement {
            account: self.account,
            virtual_account,
            tag: tag(license),
            id: EntitlementId::derive(&[asked.request.as_bytes()]),
            asked,
            quantity: Count::new(quantity).expect("a count"),
            term,
            kind: if term.end.is_some() { Kind::Subscription } else { Kind::Perpetual },
            source: "order 4711".to_owned(),
        })
    }

    pub(crate) fn new_token(&self, name: &str) -> Command {
        self.new_token_for(name, self.main)
    }

    pub(crate) fn new_token_for(&self, name: &str, virtual_account: VirtualAccountId) -> Command {
        let asked = self.asked(Action::ManageTokens);
        let token = Token {
            account: self.account,
            id: self.token(name),
            virtual_account,
            description: name.to_owned(),
            secret_hash: hash_of(name),
            sealed_text: vec![0, 1, 255],
            expires_at: self.now().plus(Span::from_days(365)),
            max_uses: None,
            uses: 0,
            export_controlled: ExportControlled::NotAllowed,
            created_by: "operator".to_owned(),
            created_at: self.now(),
            revoked_at: None,
        };
        Command::CreateToken(CreateToken { asked, token })
    }

    pub(crate) fn token(&self, name: &str) -> TokenId {
        TokenId::derive(&[self.account.as_bytes(), name.as_bytes()])
    }

    pub(crate) fn binding(&self, device: &str, token: &str) -> Command {
        Command::Bind(Box::new(Bind {
            account: self.account,
            token: self.token(token),
            secret_hash: hash_of(token),
            udi: udi(device),
            members: Vec::new(),
            key: self.key(device),
            public: [7; 32],
            software: SoftwareTag::new("switch-software").expect("a tag"),
            software_version: "17.9".to_owned(),
            name: device.to_owned(),
            fresh_id: InstanceId::derive(&[self.account.as_bytes(), device.as_bytes()]),
            carried: None,
        }))
    }

    pub(crate) fn key(&self, device: &str) -> KeyId {
        let id = AccountId::derive(&[self.account.as_bytes(), b"key", device.as_bytes()]);
        KeyId::from_bytes(*id.as_bytes())
    }

    /// Binds a device by the token `door`.
    pub(crate) fn bind(&self, device: &str) -> Device {
        let Answer::Bound(bound) = self.must(self.binding(device, "door")) else { panic!("bound") };
        let place = bound.virtual_account;
        Device { name: device.to_owned(), key: self.key(device), instance: bound.instance, place }
    }

    /// A push of one report: its number, its license, and the level from now on.
    pub(crate) fn push(&self, device: &Device, number: u64, license: &str, level: u64) -> Command {
        self.push_all(device, vec![self.heard(device, number, license, level)])
    }

    pub(crate) fn push_all(&self, device: &Device, reports: Vec<Heard>) -> Command {
        Command::Push(Push {
            account: self.account,
            key: device.key,
            hint: (device.instance, device.place),
            route: Route::Direct,
            reports,
        })
    }

    pub(crate) fn heard(&self, device: &Device, number: u64, license: &str, level: u64) -> Heard {
        let position = Position { epoch: 1, number };
        let hash = |number: u64| hash_of(&format!("{} {number}", device.key));
        let text = format!("{} reports {license} {level} as number {number}", device.name);
        Heard {
            key: device.key,
            position,
            hash: hash(number),
            previous: if number == 1 { [0; 32] } else { hash(number - 1) },
            proof: Proof::Verified,
            report: self.report(&device.name, number, license, level),
            network: None,
            evidence: store::evidence::pack(text.as_bytes()),
        }
    }

    /// A report of a device whose key nobody knows.
    pub(crate) fn foreign(
        &self,
        device: &str,
        number: u64,
        license: &str,
        level: u64,
    ) -> (Heard, InstanceId) {
        let report = self.report(device, number, license, level);
        let identity = report.udi.identity().expect("an identity");
        let text = format!("foreign {device} {number} {license} {level}");
        let heard = Heard {
            key: foreign_key(&identity),
            position: Position { epoch: 0, number },
            hash: hash_of(&text),
            previous: [0; 32],
            proof: Proof::Unverified,
            report,
            network: None,
            evidence: store::evidence::pack(text.as_bytes()),
        };
        (heard, InstanceId::derive(&[self.account.as_bytes(), device.as_bytes()]))
    }

    fn report(&self, device: &str, number: u64, license: &str, level: u64) -> Report {
        let at = self.now();
        Report {
            report_id: number,
            software: SoftwareTag::new("switch-software").expect("a tag"),
            udi: udi(device),
            entitlement: tag(license),
            software_version: Some("17.9".to_owned()),
            hostname: Some(device.to_owned()),
            utility_enabled: false,
            members: Vec::new(),
            measurements: vec![Measurement {
                log_time: at,
                start_time: at,
                end_time: at,
                sample_interval: 0,
                num_samples: 1,
                value: Count::new(level).expect("a count"),
                added: Vec::new(),
                removed: Vec::new(),
                termination_reason: None,
                close_reason: None,
                clock_change_delta: None,
            }],
            notes: Vec::new(),
            country: None,
        }
    }
}

/// What became of a push.
pub(crate) fn pushed(answer: Answer) -> Pushed {
    let Answer::Pushed(pushed) = answer else { panic!("a push answers so") };
    pushed
}
