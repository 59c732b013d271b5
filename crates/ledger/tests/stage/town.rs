//! An account with two virtual accounts and two people, for what may be done about them.

use crate::book::{Book, Reading};
use ledger::Refusal;
use ledger::account::{
    Account, AccountKind, AccountState, Default as IsDefault, Tag, VirtualAccount,
};
use ledger::command::{
    AcceptTerms, ArchiveVirtualAccount, Asked, ChangeCredential, Command, Consent, CreateAccount,
    CreateToken, CreateVirtualAccount, CredentialChange, EditVirtualAccount, EndGrant, GrantRole,
    KnowPerson, Own, Proof, PublishTerms, Shelf,
};
use ledger::house::HOUSE;
use ledger::person::{
    Credentials, Grant, Letter, Person, PersonState, Preferences, Strength, Terms,
};
use ledger::role::{Action, Actor, Member, Role, Scope, permit};
use ledger::token::{ExportControlled, Token};
use wire::id::{AccountId, GrantId, MessageId, PersonId, RequestId, TokenId, VirtualAccountId};
use wire::message::Policy;
use wire::time::{Span, Timestamp};

pub(crate) const OWN: AccountId = AccountId::from_bytes([1; 16]);
pub(crate) const DEFAULT: VirtualAccountId = VirtualAccountId::from_bytes([2; 16]);
pub(crate) const BRANCH: VirtualAccountId = VirtualAccountId::from_bytes([3; 16]);
pub(crate) const ANN: PersonId = PersonId::from_bytes([11; 16]);
pub(crate) const BOB: PersonId = PersonId::from_bytes([12; 16]);
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_741_000_000_000);

/// A book with an account of two virtual accounts.
pub(crate) struct Scene {
    pub(crate) book: Book,
    pub(crate) requests: u8,
    pub(crate) now: Timestamp,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::of(AccountKind::Customer, Reading::Kept)
    }

    pub(crate) fn of(kind: AccountKind, reading: Reading) -> Self {
        let mut scene = Self { book: Book::new(reading), requests: 0, now: NOW };
        let asked = scene.asked(&Actor::Host, Action::CreateAccount, Scope::House);
        let create =
            CreateAccount { asked, account: account(kind), default_id: DEFAULT, default_number: 2 };
        scene.must(Command::CreateAccount(create));
        if kind == AccountKind::Customer {
            scene.must(branch());
        }
        for (id, email) in [(ANN, "ann@a.example"), (BOB, "bob@a.example")] {
            let person = person(id, email);
            scene.must(Command::KnowPerson(Box::new(KnowPerson { person, asked: None })));
        }
        scene
    }

    pub(crate) fn asked(&mut self, actor: &Actor, action: Action, scope: Scope) -> Asked {
        self.requests += 1;
        let permit = permit(actor, action, scope).expect("the actor may");
        Asked { permit, request: RequestId::from_bytes([self.requests; 16]) }
    }

    pub(crate) fn own(&mut self, who: PersonId) -> Own {
        self.requests += 1;
        Own {
            person: who,
            actor: "ann@a.example".to_owned(),
            request: RequestId::from_bytes([self.requests; 16]),
            address: "192.0.2.1".to_owned(),
        }
    }

    pub(crate) fn must(&mut self, command: Command) {
        self.book.run(&command, self.now).expect("it is done");
    }

    pub(crate) fn refused(&mut self, command: Command) -> String {
        let before = self.book.rows();
        let refusal = self.book.run(&command, self.now).expect_err("it is refused");
        assert_eq!(before, self.book.rows(), "what is refused changes nothing");
        refusal.code().to_owned()
    }

    pub(crate) fn grant(&mut self, by: &Actor, grant: Grant) -> Result<(), Refusal> {
        let scope =
            if grant.account == HOUSE { Scope::House } else { Scope::Account(grant.account) };
        let asked = self.asked(by, Action::ManagePeople, scope);
        let (introduces, link, letter) = (None, None, None);
        let command = GrantRole { asked, grant, introduces, most_people: 5, link, letter };
        self.book.run(&Command::GrantRole(Box::new(command)), self.now).map(|_| ())
    }

    pub(crate) fn end(&mut self, by: &Actor, account: AccountId, n: u8) -> Result<(), Refusal> {
        let scope = if account == HOUSE { Scope::House } else { Scope::Account(account) };
        let asked = self.asked(by, Action::ManagePeople, scope);
        let id = GrantId::from_bytes([n; 16]);
        let command = EndGrant { asked, account, id, letter: None };
        self.book.run(&Command::EndGrant(Box::new(command)), self.now).map(|_| ())
    }

    /// Lets a person accept, so that they can sign in.
    pub(crate) fn activate(&mut self, who: PersonId) {
        let change = CredentialChange::SetPassword("phc".to_owned(), Strength::Alone);
        let own = self.own(who);
        let command =
            ChangeCredential { own, proof: Proof::Host, version: 0, change, letter: None };
        self.must(Command::ChangeCredential(Box::new(command)));
    }

    /// A person as an actor, with the grants that the book has.
    pub(crate) fn actor(&self, who: PersonId) -> Actor {
        let grants = self.book.page.grants.changed();
        let grants = grants.filter(|one| one.person == who).cloned().collect();
        Actor::Person(Box::new(Member::new(who, "ann@a.example", grants, self.now)))
    }

    pub(crate) fn account(&self) -> Account {
        self.book.page.account(OWN).expect("read").expect("it is there").clone()
    }

    pub(crate) fn publish(&mut self, version: u32) -> Command {
        let asked = self.asked(&Actor::Host, Action::PublishTerms, Scope::House);
        let terms = Terms {
            version,
            title: "EULA".to_owned(),
            text: "Be fair.".to_owned(),
            published_at: NOW,
        };
        Command::PublishTerms(Box::new(PublishTerms { asked, terms }))
    }

    pub(crate) fn accept(&mut self, version: u32) -> Command {
        let asked = self.asked(&Actor::Host, Action::AcceptTerms, Scope::Account(OWN));
        let consent = Consent::Role(asked);
        let (first_grants, letter) = (Vec::new(), None);
        let accept = AcceptTerms { consent, account: OWN, version, first_grants, letter };
        Command::AcceptTerms(Box::new(accept))
    }

    pub(crate) fn token(&mut self, place: VirtualAccountId) -> Command {
        let asked = self.asked(&Actor::Host, Action::ManageTokens, Scope::Account(OWN));
        let token = Token {
            account: OWN,
            id: TokenId::from_bytes([self.requests; 16]),
            virtual_account: place,
            description: String::new(),
            secret_hash: [1; 32],
            sealed_text: Vec::new(),
            expires_at: self.now.plus(Span::from_days(1)),
            max_uses: None,
            uses: 0,
            export_controlled: ExportControlled::NotAllowed,
            created_by: String::new(),
            created_at: self.now,
            revoked_at: None,
        };
        Command::CreateToken(CreateToken { asked, token })
    }

    pub(crate) fn archive(&mut self, id: VirtualAccountId, revision: u32, shelf: Shelf) -> Command {
        let asked = self.asked(&Actor::Host, Action::CreateVirtualAccount, Scope::Account(OWN));
        let account = OWN;
        Command::ArchiveVirtualAccount(ArchiveVirtualAccount {
            asked,
            account,
            id,
            revision,
            shelf,
        })
    }

    pub(crate) fn edit_place(&mut self, revision: u32, name: &str, tags: Vec<Tag>) -> Command {
        let asked = self.asked(&Actor::Host, Action::CreateVirtualAccount, Scope::Account(OWN));
        let (name, description) = (name.to_owned(), String::new());
        let edit = EditVirtualAccount {
            asked,
            account: OWN,
            id: BRANCH,
            revision,
            name,
            description,
            tags,
        };
        Command::EditVirtualAccount(Box::new(edit))
    }
}

/// Makes the second virtual account.
pub(crate) fn branch() -> Command {
    let permit = permit(&Actor::Host, Action::CreateVirtualAccount, Scope::Account(OWN));
    let asked =
        Asked { permit: permit.expect("the host may"), request: RequestId::from_bytes([200; 16]) };
    let virtual_account = VirtualAccount {
        account: OWN,
        id: BRANCH,
        number: 3,
        name: "Branch".to_owned(),
        description: String::new(),
        default: IsDefault::No,
        created_at: NOW,
        tags: Vec::new(),
        archived_at: None,
        revision: 0,
    };
    Command::CreateVirtualAccount(CreateVirtualAccount { asked, virtual_account })
}

pub(crate) fn account(kind: AccountKind) -> Account {
    Account {
        id: OWN,
        number: 1,
        name: "A".to_owned(),
        domain: "a.example".to_owned(),
        policy: Policy::default(),
        created_at: NOW,
        kind,
        state: AccountState::Active,
        country: String::new(),
        approver: "bob@a.example".to_owned(),
        reason: String::new(),
        terms_version: 0,
        terms_accepted_at: None,
        revision: 0,
    }
}

pub(crate) fn person(id: PersonId, email: &str) -> Person {
    Person {
        id,
        email: email.to_owned(),
        name: String::new(),
        state: PersonState::Invited,
        preferences: Preferences::default(),
        credentials: Credentials::default(),
        created_at: NOW,
    }
}

pub(crate) fn role(n: u8, who: PersonId, role: Role, place: Option<VirtualAccountId>) -> Grant {
    let house = matches!(role, Role::Operator | Role::Support);
    Grant {
        account: if house { HOUSE } else { OWN },
        id: GrantId::from_bytes([n; 16]),
        person: who,
        email: "x@a.example".to_owned(),
        role,
        virtual_account: place,
        granted_by: String::new(),
        granted_at: NOW,
        ends_at: None,
        ended_at: None,
    }
}

pub(crate) fn code(done: Result<(), Refusal>) -> String {
    done.map_or_else(|refusal| refusal.code().to_owned(), |()| "done".to_owned())
}

pub(crate) fn letter(n: u8) -> Letter {
    Letter {
        account: OWN,
        id: MessageId::from_bytes([n; 16]),
        to: "bob@a.example".to_owned(),
        subject: "x".to_owned(),
        sealed_text: vec![1],
        queued_at: NOW,
    }
}
