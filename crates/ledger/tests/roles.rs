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
use ledger::role::{Action, Actor, Permit, Scope, permit};
use ledger::token::{ExportControlled, Token};
use wire::id::{
    AccountId, EntitlementId, InstanceId, LicenseId, RequestId, TokenId, VirtualAccountId,
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

/// The whole matrix, to be read by people: who may do what in the house and in an account.
const MATRIX: &str = "\
actor    | action              | house | account
operator | see this            | yes   | yes
operator | make accounts       | yes   | yes
operator | make virtual accounts | yes | yes
operator | define licenses     | yes   | yes
operator | grant entitlements  | yes   | yes
operator | make or revoke ID tokens | yes | yes
operator | import usage        | yes   | yes
operator | revoke keys         | yes   | yes
operator | end a use           | yes   | yes
host     | see this            | yes   | yes
host     | make accounts       | yes   | yes
host     | make virtual accounts | yes | yes
host     | define licenses     | yes   | yes
host     | grant entitlements  | yes   | yes
host     | make or revoke ID tokens | yes | yes
host     | import usage        | yes   | yes
host     | revoke keys         | yes   | yes
host     | end a use           | yes   | yes
nobody   | see this            | no    | no
nobody   | make accounts       | no    | no
nobody   | make virtual accounts | no  | no
nobody   | define licenses     | no    | no
nobody   | grant entitlements  | no    | no
nobody   | make or revoke ID tokens | no | no
nobody   | import usage        | no    | no
nobody   | revoke keys         | no    | no
nobody   | end a use           | no    | no
";

#[test]
fn the_matrix_of_roles_is_as_reviewed() {
    let actors =
        [("operator", Actor::Operator), ("host", Actor::Host), ("nobody", Actor::Anonymous)];
    let mut rows = vec!["actor | action | house | account".to_owned()];
    for (name, actor) in &actors {
        for action in Action::ALL {
            let may = |scope| if permit(actor, action, scope).is_ok() { "yes" } else { "no" };
            let (house, account) = (may(Scope::House), may(Scope::Account(OWN)));
            rows.push(format!("{name} | {} | {house} | {account}", action.words()));
        }
    }
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(MATRIX.lines().map(squeezed).collect::<Vec<_>>(), rows);
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
    assert_eq!((made.actor(), made.role()), (&Actor::Host, "operator"));
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
