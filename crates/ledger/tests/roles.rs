//! Who may do what, and what no permit opens.

#[path = "stage/book.rs"]
mod book;

use book::{Book, Reading};
use ledger::Refusal;
use ledger::account::{Account, Default as IsDefault, VirtualAccount};
use ledger::command::{
    Asked, Command, Completeness, CreateAccount, CreateToken, CreateVirtualAccount, DefineLicense,
    EndUse, GrantEntitlement, Import, RevokeKey, RevokeToken,
};
use ledger::entitlement::Term;
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::person::{Area, Bounds, Grant};
use ledger::role::{Action, Actor, Breadth, Member, Permit, Reach, Role, Scope, Through, permit};
use ledger::token::{ExportControlled, Token};
use wire::id::{
    AccountId, EntitlementId, GrantId, InstanceId, LicenseId, PersonId, RequestId, TokenId,
    VirtualAccountId,
};
use wire::key::KeyId;
use wire::message::Policy;
use wire::quantity::Count;
use wire::tag::EntitlementTag;
use wire::time::{Span, Timestamp};

const HOUSE: AccountId = AccountId::from_bytes([0; 16]);
const OWN: AccountId = AccountId::from_bytes([1; 16]);
const OTHER: AccountId = AccountId::from_bytes([2; 16]);
const PLACE: VirtualAccountId = VirtualAccountId::from_bytes([3; 16]);
const NOW: Timestamp = Timestamp::from_millis(1_741_000_000_000);

/// The whole matrix, to be read by people: which role may do what, within the breadth of its grant.
/// In order: operator, support; then of a Smart Account approver, administrator, user, viewer;
/// then of a virtual account administrator, user, viewer.
const MATRIX: &str = "\
                   | operator | support | approver | admin | user | viewer | VA admin | VA user | VA viewer
ReadAccount        | yes | yes | yes | yes | yes | yes | yes | yes | yes
Read               | yes | yes | -   | yes | yes | yes | yes | yes | yes
ReadEvents         | yes | yes | yes | yes | -   | -   | yes | -   | -
ReadPeople         | yes | yes | yes | yes | -   | -   | yes | -   | -
CreateAccount      | yes | -   | -   | -   | -   | -   | -   | -   | -
EditAccount        | yes | -   | yes | yes | -   | -   | -   | -   | -
AcceptTerms        | yes | -   | yes | yes | -   | -   | -   | -   | -
PublishTerms       | yes | -   | -   | -   | -   | -   | -   | -   | -
CreateVirtualAccount | yes | - | -   | yes | -   | -   | -   | -   | -
ManagePeople       | yes | -   | -   | yes | -   | -   | yes | -   | -
ManageClients      | yes | -   | -   | yes | -   | -   | -   | -   | -
SeeAsCustomer      | yes | yes | -   | -   | -   | -   | -   | -   | -
DefineLicense      | yes | -   | -   | -   | -   | -   | -   | -   | -
GrantEntitlement   | yes | -   | -   | -   | -   | -   | -   | -   | -
ManageTokens       | yes | -   | -   | yes | yes | -   | yes | yes | -
ImportUsage        | yes | -   | -   | yes | yes | -   | yes | yes | -
RevokeKey          | yes | -   | -   | yes | yes | -   | yes | yes | -
EndUse             | yes | -   | -   | yes | -   | -   | yes | -   | -
ManageInstances    | yes | -   | -   | yes | yes | -   | yes | yes | -
";

#[test]
fn the_matrix_of_roles_is_as_reviewed() {
    let mut rows = vec![];
    for action in Action::ALL {
        let cells = Role::ALL.map(|role| if role.allows(action) { "yes" } else { "-" });
        rows.push(format!("{action:?} | {}", cells.join(" | ")));
    }
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(
        MATRIX.lines().skip(1).map(squeezed).collect::<Vec<_>>(),
        rows,
        "{}",
        rows.join("\n")
    );
}

/// A person with these roles in the own account, and nothing elsewhere.
fn member(roles: &[(Role, Option<VirtualAccountId>)]) -> Actor {
    let grant = |(nth, (role, place)): (usize, &(Role, Option<VirtualAccountId>))| Grant {
        account: OWN,
        id: GrantId::from_bytes([u8::try_from(nth).expect("few") + 1; 16]),
        person: PersonId::from_bytes([7; 16]),
        email: "ann@customer.example".to_owned(),
        role: *role,
        virtual_account: *place,
        granted_by: "host command line".to_owned(),
        granted_at: NOW,
        ends_at: None,
        ended_at: None,
    };
    let grants = roles.iter().enumerate().map(grant).collect();
    let id = PersonId::from_bytes([7; 16]);
    Actor::Person(Box::new(Member::new(id, "ann@customer.example", grants, NOW)))
}

#[test]
fn a_role_counts_in_its_own_account_and_says_nothing_of_others() {
    for role in Role::ALL.into_iter().filter(|role| role.breadth() != Breadth::House) {
        let place = (role.breadth() == Breadth::VirtualAccount).then_some(PLACE);
        let actor = member(&[(role, place)]);
        for action in Action::ALL {
            let own = permit(&actor, action, Scope::Account(OWN));
            assert_eq!(own.is_ok(), role.allows(action), "{role:?} {action:?}");
            let foreign = permit(&actor, action, Scope::Account(OTHER)).expect_err("foreign");
            assert_eq!(foreign.code(), "not_found");
            let house = permit(&actor, action, Scope::House).expect_err("no role in the house");
            assert_eq!(house.code(), "permit.denied");
        }
    }
}

#[test]
fn a_role_in_a_virtual_account_reaches_no_sibling() {
    let sibling = VirtualAccountId::from_bytes([4; 16]);
    let actor = member(&[(Role::VirtualUser, Some(PLACE)), (Role::Approver, None)]);
    let right = permit(&actor, Action::ManageTokens, Scope::Account(OWN)).expect("may");
    assert_eq!(right.reach(), &Reach::Only([PLACE].into()));
    assert_eq!(right.covers(PLACE), Ok(()));
    assert_eq!(right.covers(sibling), Err(Refusal::NotFound { what: "virtual account" }));
    let wide = permit(&actor, Action::EditAccount, Scope::Account(OWN)).expect("may");
    assert_eq!((wide.role(), wide.reach()), (Role::Approver, &Reach::Whole));
}

#[test]
fn a_role_ends_at_its_date_and_when_it_is_ended() {
    let Actor::Person(now) = member(&[(Role::User, None)]) else { panic!() };
    let dated = |ends_at, ended_at| {
        let grants = now.grants().iter().map(|grant| Grant { ends_at, ended_at, ..grant.clone() });
        let later = NOW.plus(Span::from_days(1));
        let member = Member::new(now.person(), now.email(), grants.collect(), later);
        permit(&Actor::Person(Box::new(member)), Action::Read, Scope::Account(OWN)).is_ok()
    };
    assert!(dated(None, None) && dated(Some(NOW.plus(Span::from_days(2))), None));
    assert!(!dated(Some(NOW.plus(Span::from_days(1))), None), "the end is not within the term");
    assert!(!dated(None, Some(NOW)));
}

#[test]
fn nobody_grants_more_than_they_hold() {
    let sibling = VirtualAccountId::from_bytes([4; 16]);
    let may = |actor: &Actor, role, place| {
        let right = permit(actor, Action::ManagePeople, Scope::Account(OWN)).expect("manages");
        right.may_grant(role, place).is_ok()
    };
    let wide = member(&[(Role::Administrator, None)]);
    let narrow = member(&[(Role::VirtualAdministrator, Some(PLACE)), (Role::User, None)]);
    for role in Role::ALL {
        let (account, place) =
            (role.breadth() == Breadth::Account, role.breadth() == Breadth::VirtualAccount);
        assert_eq!(may(&wide, role, None), account, "{role:?}");
        assert_eq!(may(&wide, role, Some(PLACE)), place, "{role:?}");
        assert!(!may(&narrow, role, None), "{role:?}");
        assert_eq!(may(&narrow, role, Some(PLACE)), place, "{role:?}");
        assert!(!may(&narrow, role, Some(sibling)), "{role:?}");
    }
}

#[test]
fn a_token_does_no_more_than_its_bounds_and_its_owner() {
    let Actor::Person(ann) = member(&[(Role::Administrator, None)]) else { panic!() };
    let reader = Bounds::from_words("read").expect("an area");
    let bounded = ann.as_ref().clone().by(Through::PersonalToken("scripts".to_owned()), reader);
    let actor = Actor::Person(Box::new(bounded));
    assert_eq!(actor.words(), "ann@customer.example (personal token \"scripts\")");
    for action in Action::ALL {
        let may = permit(&actor, action, Scope::Account(OWN)).is_ok();
        assert_eq!(may, Area::of(action) == Area::Read, "{action:?}");
    }
    assert_eq!(Bounds::from_words("read everything else"), None);
}

#[test]
fn a_request_is_refused_once_its_grant_has_ended() {
    let right = permit(&member(&[(Role::User, None)]), Action::ManageTokens, Scope::Account(OWN))
        .expect("may");
    let command = Command::CreateToken(CreateToken { asked: asked(&right), token: token() });
    let refusal = Book::new(Reading::Whole).run(&command, NOW).expect_err("no such grant");
    assert_eq!(refusal.code(), "permit.denied");
}

#[test]
fn nobody_may_do_anything_and_is_told_why() {
    for action in Action::ALL {
        for scope in [Scope::House, Scope::Account(OWN)] {
            let refusal = permit(&Actor::Anonymous, action, scope).expect_err("refused");
            assert_eq!(refusal.code(), "permit.denied");
            let words = format!("a visitor may not {}: ask an operator", action.words());
            assert_eq!(refusal.to_string(), format!("{words} (permit.denied)"));
        }
    }
}

#[test]
fn a_permit_is_for_one_act_in_one_account() {
    for action in Action::ALL {
        let own = permit(&Actor::Operator, action, Scope::Account(OWN)).expect("may");
        assert_eq!(own.allows(action, OWN), Ok(()));
        assert!(own.allows(action, OTHER).is_err(), "another account");
        assert!(own.allows(action, HOUSE).is_err(), "the house is no account");
        for other in Action::ALL.into_iter().filter(|other| *other != action) {
            assert!(own.allows(other, OWN).is_err(), "{action:?} is not {other:?}");
        }
        let house = permit(&Actor::Host, action, Scope::House).expect("may");
        assert_eq!(house.allows(action, OTHER), Ok(()));
    }
}

#[test]
fn a_permit_says_who_asked_from_where_and_by_which_right() {
    let made = permit(&Actor::Host, Action::EndUse, Scope::Account(OWN)).expect("may");
    let made = made.asked_from("192.0.2.1");
    assert_eq!((made.actor(), made.role()), (&Actor::Host, Role::Operator));
    assert_eq!((made.action(), made.scope()), (Action::EndUse, Scope::Account(OWN)));
    assert_eq!(made.address(), "192.0.2.1");
    assert_eq!(made.actor().words(), "host command line");
}

fn tag() -> EntitlementTag {
    EntitlementTag::new("advantage").expect("a tag")
}

fn asked(permit: &Permit) -> Asked {
    Asked { permit: permit.clone(), request: RequestId::from_bytes([9; 16]) }
}

fn account() -> Account {
    Account {
        id: OWN,
        number: 1,
        name: "Customer".to_owned(),
        domain: "customer.example".to_owned(),
        policy: Policy::default(),
        created_at: NOW,
        kind: ledger::account::AccountKind::Customer,
        state: ledger::account::AccountState::Active,
        country: String::new(),
        approver: String::new(),
        reason: String::new(),
        terms_version: 0,
        terms_accepted_at: None,
        revision: 0,
    }
}

fn virtual_account() -> VirtualAccount {
    VirtualAccount {
        account: OWN,
        id: PLACE,
        number: 2,
        name: "main".to_owned(),
        description: String::new(),
        default: IsDefault::No,
        created_at: NOW,
        tags: Vec::new(),
        archived_at: None,
        revision: 0,
    }
}

fn token() -> Token {
    Token {
        account: OWN,
        id: TokenId::from_bytes([4; 16]),
        virtual_account: PLACE,
        description: String::new(),
        secret_hash: [0; 32],
        sealed_text: Vec::new(),
        expires_at: NOW.plus(Span::from_days(30)),
        max_uses: None,
        uses: 0,
        export_controlled: ExportControlled::NotAllowed,
        created_by: String::new(),
        created_at: NOW,
        revoked_at: None,
    }
}

fn license() -> License {
    License {
        id: LicenseId::from_bytes([5; 16]),
        tag: tag(),
        name: "Advantage".to_owned(),
        description: String::new(),
        enforcement: Enforcement::NotEnforced,
        kind: Kind::Perpetual,
        concern: Concern::Counted,
        changed_at: NOW,
    }
}

/// Every request that needs a permit, with the act that it needs one for.
fn requests(permit: &Permit) -> Vec<(Action, Command)> {
    let asked = || asked(permit);
    let account_made = CreateAccount {
        asked: asked(),
        account: account(),
        default_id: VirtualAccountId::from_bytes([6; 16]),
        default_number: 3,
    };
    let granted = GrantEntitlement {
        asked: asked(),
        account: OWN,
        virtual_account: PLACE,
        tag: tag(),
        id: EntitlementId::from_bytes([7; 16]),
        quantity: Count::new(1).expect("a count"),
        term: Term { start: NOW, end: None },
        kind: Kind::Perpetual,
        source: String::new(),
    };
    let imported = Import {
        asked: asked(),
        account: OWN,
        virtual_account: PLACE,
        reports: Vec::new(),
        completeness: Completeness::Complete,
    };
    let placed = CreateVirtualAccount { asked: asked(), virtual_account: virtual_account() };
    let key = KeyId::from_bytes([8; 16]);
    let revoked = RevokeKey { asked: asked(), account: OWN, key, reason: "stolen".to_owned() };
    let instance = InstanceId::from_bytes([9; 16]);
    let ended = EndUse { asked: asked(), account: OWN, instance, tag: tag() };
    let withdrawn = RevokeToken { asked: asked(), account: OWN, id: token().id };
    vec![
        (Action::CreateAccount, Command::CreateAccount(account_made)),
        (Action::CreateVirtualAccount, Command::CreateVirtualAccount(placed)),
        (
            Action::DefineLicense,
            Command::DefineLicense(DefineLicense { asked: asked(), license: license() }),
        ),
        (Action::GrantEntitlement, Command::GrantEntitlement(granted)),
        (
            Action::ManageTokens,
            Command::CreateToken(CreateToken { asked: asked(), token: token() }),
        ),
        (Action::ManageTokens, Command::RevokeToken(withdrawn)),
        (Action::ImportUsage, Command::Import(imported)),
        (Action::RevokeKey, Command::RevokeKey(revoked)),
        (Action::EndUse, Command::EndUse(ended)),
    ]
}

#[test]
fn no_request_is_done_on_a_permit_for_another_act() {
    for held in Action::ALL {
        let made = permit(&Actor::Operator, held, Scope::House).expect("may");
        for (needed, command) in requests(&made).into_iter().filter(|(needed, _)| *needed != held) {
            let mut book = Book::new(Reading::Kept);
            let refusal = book.run(&command, NOW).expect_err("refused");
            assert_eq!(refusal.code(), "permit.denied", "{held:?} for {needed:?}");
            assert_eq!(book.rows(), []);
            assert!(book.events.is_empty());
        }
    }
}

#[test]
fn no_request_is_done_on_a_permit_for_another_account() {
    for action in Action::ALL {
        let made = permit(&Actor::Operator, action, Scope::Account(OTHER)).expect("may");
        for (needed, command) in requests(&made).into_iter().filter(|(needed, _)| *needed == action)
        {
            let mut book = Book::new(Reading::AsAsked);
            let refusal = book.run(&command, NOW).expect_err("refused");
            assert_eq!(refusal.code(), "permit.denied", "{needed:?}");
        }
    }
}

#[test]
fn every_act_leaves_an_event_with_who_and_by_which_right() {
    let mut book = Book::new(Reading::Whole);
    for action in [
        Action::CreateAccount,
        Action::CreateVirtualAccount,
        Action::DefineLicense,
        Action::GrantEntitlement,
        Action::ManageTokens,
    ] {
        let made = permit(&Actor::Host, action, Scope::House).expect("may");
        let made = made.asked_from("192.0.2.1");
        let before = book.events.len();
        let own = requests(&made).into_iter().filter(|(needed, _)| *needed == action);
        for (_, command) in own {
            book.run(&command, NOW).expect("done");
        }
        assert!(book.events.len() > before, "{action:?} leaves an event");
    }
    for event in &book.events {
        assert_eq!((event.actor.as_str(), event.role.as_str()), ("host command line", "operator"));
        assert_eq!(event.address, "192.0.2.1");
        assert!(event.detail.starts_with('{') && event.detail.ends_with('}'), "{}", event.detail);
    }
}

#[test]
fn a_denied_request_is_denied_before_anything_else_is_said() {
    let made = permit(&Actor::Operator, Action::Read, Scope::House).expect("may");
    for (_, command) in requests(&made) {
        let refusal = Book::new(Reading::Whole).run(&command, NOW).expect_err("refused");
        assert!(matches!(refusal, Refusal::Denied { .. }), "existence is not told: {refusal}");
    }
}

#[test]
fn an_id_token_is_made_only_where_licenses_may_be_used() {
    use ledger::account::{AccountKind, AccountState, TERMS_FACT};
    use ledger::command::KeepFact;
    use ledger::house::HouseFact;
    let made = |action| permit(&Actor::Host, action, Scope::House).expect("may");
    let outcome = |kind, state, accepted, newest: &str| {
        let mut book = Book::new(Reading::AsAsked);
        let mut create = CreateAccount {
            asked: asked(&made(Action::CreateAccount)),
            account: account(),
            default_id: PLACE,
            default_number: 3,
        };
        create.account.kind = kind;
        create.account.state = state;
        create.account.terms_version = accepted;
        book.run(&Command::CreateAccount(create), NOW).expect("made");
        let value = newest.as_bytes().to_vec();
        let fact = HouseFact { name: TERMS_FACT.to_owned(), value, changed_at: NOW };
        book.run(&Command::KeepFact(KeepFact { fact }), NOW).expect("kept");
        let asked = asked(&made(Action::ManageTokens));
        let create = Command::CreateToken(CreateToken { asked: asked.clone(), token: token() });
        let refused = book.run(&create, NOW).err().map(|refusal| refusal.code());
        let revoke = RevokeToken { asked, account: OWN, id: token().id };
        let revoked = book.run(&Command::RevokeToken(revoke), NOW).map(|_| ());
        // Revoking is never blocked: it is done, or there is nothing to revoke.
        let absent = Err(Refusal::NotFound { what: "ID token" });
        assert_eq!(revoked, if refused.is_none() { Ok(()) } else { absent });
        refused
    };
    let (customer, active) = (AccountKind::Customer, AccountState::Active);
    assert_eq!(outcome(customer, active, 0, "0"), None);
    assert_eq!(outcome(AccountKind::LimitedUse, active, 2, "2"), None);
    assert_eq!(outcome(customer, active, 1, "2"), Some("terms.not_accepted"));
    assert_eq!(outcome(AccountKind::Holding, active, 0, "0"), Some("account.holding"));
    for state in [AccountState::PendingApproval, AccountState::Declined] {
        assert_eq!(outcome(customer, state, 0, "0"), Some("account.not_active"));
    }
}
