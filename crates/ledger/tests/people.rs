//! Roles granted and ended, accounts asked for and approved, terms, virtual accounts: what may be
//! done about people, and what may not.

#[path = "stage/book.rs"]
mod book;
#[path = "stage/town.rs"]
mod town;

use book::Reading;
use ledger::account::{Account, AccountKind, AccountState, Tag};
use ledger::command::{
    AcceptTerms, AskAccess, Command, Consent, CreateToken, DecideAccess, DeclineAccount,
    EditAccount, ExchangeToken, KnowPerson, MakeApiToken, Maker, PublicDomain, RequestAccount,
    SeeAsCustomer, Shelf,
};
use ledger::house::HOUSE;
use ledger::person::{
    AccessRequest, AccessState, ApiToken, ApiTokenKind, Area, Bounds, Grant, Link, LinkPurpose,
};
use ledger::posting::Event;
use ledger::role::{Action, Actor, Role, Scope, permit};
use town::{
    ANN, BOB, BRANCH, DEFAULT, NOW, OWN, Scene, account, branch, code, letter, person, role,
};
use wire::id::{AccessRequestId, AccountId, ApiTokenId, PersonId, VirtualAccountId};
use wire::time::Span;

#[test]
fn nobody_grants_more_than_they_hold() {
    let mut scene = Scene::new();
    let vad = Role::VirtualAdministrator;
    assert_eq!(code(scene.grant(&Actor::Host, role(1, ANN, vad, Some(BRANCH)))), "done");
    let ann = scene.actor(ANN);
    for (n, given, place, expected) in [
        (2, Role::VirtualUser, Some(BRANCH), "done"),
        (3, Role::VirtualAdministrator, Some(BRANCH), "done"),
        (4, Role::VirtualUser, Some(DEFAULT), "not_found"),
        (5, Role::VirtualUser, None, "permit.denied"),
        (6, Role::Viewer, None, "permit.denied"),
        (7, Role::Administrator, None, "permit.denied"),
        (8, Role::Administrator, Some(BRANCH), "permit.denied"),
    ] {
        assert_eq!(code(scene.grant(&ann, role(n, BOB, given, place))), expected, "{given:?}");
    }
    assert_eq!(code(scene.grant(&Actor::Host, role(9, BOB, Role::Administrator, None))), "done");
    assert_eq!(code(scene.end(&ann, OWN, 9)), "not_found", "what is wider is not even there");
    let bob = scene.actor(BOB);
    for (n, given) in [(20, Role::Approver), (21, Role::User), (22, Role::Administrator)] {
        assert_eq!(code(scene.grant(&bob, role(n, ANN, given, None))), "done");
    }
    let house = Grant { account: OWN, ..role(23, ANN, Role::Support, None) };
    assert_eq!(code(scene.grant(&bob, house)), "permit.denied");
    assert!(permit(&bob, Action::ManagePeople, Scope::House).is_err());
}

#[test]
fn a_role_is_granted_once_and_ends_at_the_next_request() {
    let mut scene = Scene::new();
    let user = |n| role(n, ANN, Role::User, None);
    assert_eq!(code(scene.grant(&Actor::Host, user(1))), "done");
    assert_eq!(code(scene.grant(&Actor::Host, user(2))), "exists");
    let past = Grant { ends_at: Some(NOW), ..user(3) };
    assert_eq!(code(scene.grant(&Actor::Host, past)), "value.invalid");
    let place = Some(VirtualAccountId::from_bytes([99; 16]));
    let nowhere = role(4, ANN, Role::VirtualUser, place);
    assert_eq!(code(scene.grant(&Actor::Host, nowhere)), "not_found");
    // A permit that was made before the role ended does nothing after it.
    let ann = scene.actor(ANN);
    let asked = scene.asked(&ann, Action::ManageTokens, Scope::Account(OWN));
    let Command::CreateToken(create) = scene.token(DEFAULT) else { unreachable!() };
    assert_eq!(code(scene.end(&Actor::Host, OWN, 1)), "done");
    let late = Command::CreateToken(CreateToken { asked, ..create });
    assert_eq!(scene.refused(late), "permit.denied");
    assert_eq!(code(scene.end(&Actor::Host, OWN, 1)), "done", "it is ended already");
    assert_eq!(code(scene.grant(&Actor::Host, user(5))), "done", "and may be granted again");
}

#[test]
fn the_last_administrator_stays_and_so_does_the_last_operator() {
    let mut scene = Scene::new();
    let house = [(HOUSE, Role::Operator), (OWN, Role::Administrator)];
    for (nth, (account, given)) in house.into_iter().enumerate() {
        let n = u8::try_from(nth).expect("few") * 10 + 30;
        assert_eq!(code(scene.grant(&Actor::Host, role(n, ANN, given, None))), "done");
        assert_eq!(code(scene.end(&Actor::Host, account, n)), "role.last_administrator");
        let soon = scene.now.plus(Span::from_hours(1));
        let other = Grant { ends_at: Some(soon), ..role(n + 1, BOB, given, None) };
        assert_eq!(code(scene.grant(&Actor::Host, other)), "done");
        assert_eq!(code(scene.end(&Actor::Host, account, n)), "done");
        assert_eq!(code(scene.end(&Actor::Host, account, n + 1)), "role.last_administrator");
    }
}

#[test]
fn whoever_was_only_invited_is_no_administrator_to_rely_on() {
    let mut scene = Scene::new();
    for (n, who) in [(1, ANN), (2, BOB)] {
        assert_eq!(
            code(scene.grant(&Actor::Host, role(n, who, Role::Administrator, None))),
            "done"
        );
    }
    scene.activate(ANN);
    assert_eq!(code(scene.end(&Actor::Host, OWN, 1)), "role.last_administrator");
    scene.activate(BOB);
    assert_eq!(code(scene.end(&Actor::Host, OWN, 1)), "done");
}

#[test]
fn who_makes_a_person_known_stands_in_the_log_and_a_second_time_changes_nothing() {
    let mut scene = Scene::new();
    let new = person(PersonId::from_bytes([77; 16]), "cho@a.example");
    for _ in 0..2 {
        let asked = scene.asked(&Actor::Host, Action::Read, Scope::House);
        let know = KnowPerson { person: new.clone(), asked: Some(asked) };
        scene.must(Command::KnowPerson(Box::new(know)));
    }
    let known = |one: &&Event| one.action == "person.known";
    let told: Vec<&Event> = scene.book.events.iter().filter(known).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].account, told[0].subject.as_str()), (HOUSE, &*new.id.to_string()));
    assert!(told[0].private.contains("cho@a.example") && !told[0].detail.contains("cho@"));
}

#[test]
fn an_account_of_limited_use_has_five_people_one_virtual_account_and_no_clients() {
    for reading in [Reading::Whole, Reading::AsAsked, Reading::Kept] {
        limited_use(reading);
    }
}

fn limited_use(reading: Reading) {
    let mut scene = Scene::of(AccountKind::LimitedUse, reading);
    for n in 1..=5 {
        let who = PersonId::from_bytes([100 + n; 16]);
        assert_eq!(code(scene.grant(&Actor::Host, role(n, who, Role::User, None))), "done");
    }
    let sixth = PersonId::from_bytes([106; 16]);
    let more = role(6, sixth, Role::User, None);
    assert_eq!(code(scene.grant(&Actor::Host, more)), "account.limited");
    let known = PersonId::from_bytes([101; 16]);
    let second = role(7, known, Role::Administrator, None);
    assert_eq!(code(scene.grant(&Actor::Host, second)), "done", "one of the five");
    assert_eq!(scene.refused(branch()), "account.limited");
    let admin = scene.actor(known);
    let asked = scene.asked(&admin, Action::ManageClients, Scope::Account(OWN));
    let token = api_token(ApiTokenKind::ClientSecret, known, Bounds::Everything);
    let client = MakeApiToken { maker: Maker::Client(asked), token };
    assert_eq!(scene.refused(Command::MakeApiToken(Box::new(client))), "account.limited");
    // An operator makes it a full account, which keeps everything.
    let asked = scene.asked(&Actor::Host, Action::EditAccount, Scope::Account(OWN));
    let edit = EditAccount {
        asked,
        account: OWN,
        revision: 0,
        name: "A".to_owned(),
        country: String::new(),
        upgrade: Some("grown.example".to_owned()),
    };
    scene.must(Command::EditAccount(Box::new(edit)));
    let account = scene.account();
    assert_eq!((account.kind, account.domain.as_str()), (AccountKind::Customer, "grown.example"));
    assert_eq!(code(scene.grant(&Actor::Host, role(8, sixth, Role::User, None))), "done");
}

fn api_token(kind: ApiTokenKind, person: PersonId, bounds: Bounds) -> ApiToken {
    ApiToken {
        hash: [7; 32],
        id: ApiTokenId::from_bytes([7; 16]),
        kind,
        person,
        account: if kind == ApiTokenKind::ClientSecret { OWN } else { HOUSE },
        name: "ci".to_owned(),
        bounds,
        made_at: NOW,
        expires_at: NOW.plus(Span::from_days(10)),
        revoked_at: None,
    }
}

#[test]
fn an_access_token_gives_no_more_and_lasts_no_longer_than_what_it_was_made_from() {
    let mut scene = Scene::new();
    assert_eq!(code(scene.grant(&Actor::Host, role(1, ANN, Role::Administrator, None))), "done");
    let ann = scene.actor(ANN);
    let asked = scene.asked(&ann, Action::ManageClients, Scope::Account(OWN));
    let read = Bounds::Only([Area::Read].into());
    let secret = api_token(ApiTokenKind::ClientSecret, ANN, read.clone());
    let make = MakeApiToken { maker: Maker::Client(asked.clone()), token: secret.clone() };
    scene.must(Command::MakeApiToken(Box::new(make)));
    let stolen = ApiToken { person: BOB, hash: [9; 32], ..secret.clone() };
    let other = MakeApiToken { maker: Maker::Client(asked), token: stolen };
    assert_eq!(scene.refused(Command::MakeApiToken(Box::new(other))), "not_found");
    let wanted = ApiToken {
        hash: [8; 32],
        bounds: Bounds::Everything,
        person: BOB,
        expires_at: NOW.plus(Span::from_days(300)),
        ..secret.clone()
    };
    let exchange = ExchangeToken { shown: [7; 32], access: wanted };
    scene.must(Command::ExchangeToken(Box::new(exchange.clone())));
    let access = scene.book.page.api_token([8; 32]).expect("read").expect("made").clone();
    assert_eq!((access.kind, access.person, access.account), (ApiTokenKind::Access, ANN, OWN));
    assert_eq!((access.bounds, access.expires_at), (read, secret.expires_at));
    scene.now = NOW.plus(Span::from_days(11));
    assert_eq!(scene.refused(Command::ExchangeToken(Box::new(exchange))), "sign_in.failed");
}

#[test]
fn a_request_for_access_is_decided_once_by_who_may_grant_the_role() {
    let mut scene = Scene::new();
    let id = AccessRequestId::from_bytes([5; 16]);
    let wanted = AccessRequest {
        account: OWN,
        id,
        person: BOB,
        email: "bob@a.example".to_owned(),
        role: Role::User,
        virtual_account: None,
        message: "I count licenses".to_owned(),
        state: AccessState::Granted,
        asked_at: NOW,
        decided_at: Some(NOW),
        decided_by: "me".to_owned(),
    };
    let own = scene.own(BOB);
    let ask = AskAccess { own, wanted, letters: vec![letter(1)] };
    scene.must(Command::AskAccess(Box::new(ask)));
    let row = scene.book.page.access_request(OWN, id).expect("read").expect("asked").clone();
    assert_eq!((row.state, row.decided_at), (AccessState::Waiting, None), "nobody decides theirs");
    let vad = role(1, ANN, Role::VirtualAdministrator, Some(BRANCH));
    assert_eq!(code(scene.grant(&Actor::Host, vad)), "done");
    let decide = |scene: &mut Scene, by: &Actor, n| {
        let asked = scene.asked(by, Action::ManagePeople, Scope::Account(OWN));
        let grant = Some(role(n, BOB, Role::User, None));
        let decide = DecideAccess { asked, account: OWN, id, grant, most_people: 5, letter: None };
        Command::DecideAccess(Box::new(decide))
    };
    let ann = scene.actor(ANN);
    let narrow = decide(&mut scene, &ann, 40);
    assert_eq!(scene.refused(narrow), "not_found", "who could not grant it does not see it");
    let first = decide(&mut scene, &Actor::Host, 41);
    scene.must(first);
    assert!(permit(&scene.actor(BOB), Action::Read, Scope::Account(OWN)).is_ok());
    let second = decide(&mut scene, &Actor::Host, 42);
    assert_eq!(scene.refused(second), "conflict.changed");
}

#[test]
fn new_terms_block_new_acts_on_licenses_until_they_are_accepted() {
    let mut scene = Scene::new();
    let token = scene.token(DEFAULT);
    scene.must(token);
    let publish = scene.publish(1);
    scene.must(publish);
    let twice = scene.publish(1);
    assert_eq!(scene.refused(twice), "conflict.changed");
    let token = scene.token(DEFAULT);
    assert_eq!(scene.refused(token), "terms.not_accepted");
    let old = scene.accept(0);
    assert_eq!(scene.refused(old), "conflict.changed", "what was read is what is accepted");
    let accept = scene.accept(1);
    scene.must(accept);
    assert_eq!(scene.account().terms_accepted_at, Some(NOW));
    let token = scene.token(DEFAULT);
    scene.must(token);
}

fn approval(who: PersonId, purpose: LinkPurpose) -> Link {
    Link {
        hash: [4; 32],
        purpose,
        person: who,
        account: AccountId::from_bytes([50; 16]),
        credentials_version: 0,
        made_at: NOW,
        expires_at: NOW.plus(Span::from_days(30)),
        used_at: None,
    }
}

fn request_account(
    scene: &mut Scene,
    kind: AccountKind,
    domain: &str,
    public: PublicDomain,
) -> Command {
    let wanted = Account {
        id: AccountId::from_bytes([50; 16]),
        domain: domain.to_owned(),
        state: AccountState::Active,
        terms_version: 9,
        ..account(kind)
    };
    let own = scene.own(ANN);
    Command::RequestAccount(Box::new(RequestAccount {
        own,
        account: wanted,
        default_id: VirtualAccountId::from_bytes([51; 16]),
        default_number: 51,
        public_domain: public,
        link: approval(BOB, LinkPurpose::Approval),
        letter: letter(2),
    }))
}

#[test]
fn an_account_is_asked_for_and_used_once_its_approver_accepts() {
    let mut scene = Scene::new();
    for (kind, domain, public, expected) in [
        (AccountKind::Customer, "mail.example", PublicDomain::Yes, "value.invalid"),
        (AccountKind::Holding, "b.example", PublicDomain::No, "value.invalid"),
        (AccountKind::LimitedUse, "b.example", PublicDomain::No, "value.invalid"),
        (AccountKind::Customer, "b\u{430}nk.example", PublicDomain::No, "value.invalid"),
    ] {
        let command = request_account(&mut scene, kind, domain, public);
        assert_eq!(scene.refused(command), expected, "{kind:?} {domain}");
    }
    let ask = request_account(&mut scene, AccountKind::Customer, "b.example", PublicDomain::No);
    scene.must(ask);
    let id = AccountId::from_bytes([50; 16]);
    let state = |scene: &Scene| {
        let account = scene.book.page.account(id).expect("read").expect("asked for");
        (account.state, account.terms_version)
    };
    assert_eq!(state(&scene), (AccountState::PendingApproval, 0), "nobody approves their own");
    let accept = |scene: &mut Scene, who: PersonId, hash| {
        let consent = Consent::Link(scene.own(who), hash);
        let first = Grant { account: id, ..role(60, BOB, Role::Approver, None) };
        let admin = Grant { account: id, ..role(61, ANN, Role::Administrator, None) };
        let first_grants = vec![first, admin];
        let accept = AcceptTerms { consent, account: id, version: 0, first_grants, letter: None };
        Command::AcceptTerms(Box::new(accept))
    };
    let other = accept(&mut scene, ANN, [4; 32]);
    assert_eq!(scene.refused(other), "link.dead", "the link is the approver's");
    let unknown = accept(&mut scene, BOB, [5; 32]);
    assert_eq!(scene.refused(unknown), "link.dead");
    let right = accept(&mut scene, BOB, [4; 32]);
    scene.must(right);
    assert_eq!(state(&scene).0, AccountState::Active);
    assert!(permit(&scene.actor(ANN), Action::ManagePeople, Scope::Account(id)).is_ok());
    assert!(permit(&scene.actor(BOB), Action::ManageTokens, Scope::Account(id)).is_err());
    let again = accept(&mut scene, BOB, [4; 32]);
    assert_eq!(scene.refused(again), "link.dead", "a link works once");
}

#[test]
fn an_account_may_be_declined_with_a_reason() {
    let mut scene = Scene::new();
    let ask = request_account(&mut scene, AccountKind::Customer, "b.example", PublicDomain::No);
    scene.must(ask);
    let id = AccountId::from_bytes([50; 16]);
    let decline = |scene: &mut Scene, reason: &str| {
        let consent = Consent::Link(scene.own(BOB), [4; 32]);
        let reason = reason.to_owned();
        Command::DeclineAccount(Box::new(DeclineAccount {
            consent,
            account: id,
            reason,
            letter: None,
        }))
    };
    let silent = decline(&mut scene, "");
    assert_eq!(scene.refused(silent), "value.invalid");
    let said = decline(&mut scene, "we buy elsewhere");
    scene.must(said);
    let account = scene.book.page.account(id).expect("read").expect("it is there");
    assert_eq!(
        (account.state, account.reason.as_str()),
        (AccountState::Declined, "we buy elsewhere")
    );
}

#[test]
fn two_who_change_one_thing_do_not_overwrite_each_other() {
    let mut scene = Scene::new();
    let edit = |scene: &mut Scene, revision, name: &str| {
        let asked = scene.asked(&Actor::Host, Action::EditAccount, Scope::Account(OWN));
        let (name, country) = (name.to_owned(), "DE".to_owned());
        let edit = EditAccount { asked, account: OWN, revision, name, country, upgrade: None };
        Command::EditAccount(Box::new(edit))
    };
    let first = edit(&mut scene, 0, "First");
    scene.must(first);
    let second = edit(&mut scene, 0, "Second");
    assert_eq!(scene.refused(second), "conflict.changed");
    assert_eq!((scene.account().name.as_str(), scene.account().revision), ("First", 1));
    let tag = |group: &str, value: &str| Tag { group: group.to_owned(), value: value.to_owned() };
    let tags = vec![tag("b", "2"), tag("a", "1"), tag("b", "2")];
    let first = scene.edit_place(0, "Campus", tags);
    scene.must(first);
    let second = scene.edit_place(0, "Other", Vec::new());
    assert_eq!(scene.refused(second), "conflict.changed");
    let place = scene.book.page.virtual_account(OWN, BRANCH).expect("read").expect("there").clone();
    assert_eq!((place.name.as_str(), place.tags), ("Campus", vec![tag("a", "1"), tag("b", "2")]));
    for (name, tags, expected) in [
        ("default", Vec::new(), "exists"),
        ("", Vec::new(), "value.invalid"),
        ("Campus", vec![tag("", "1")], "value.invalid"),
        ("Campus", vec![tag("a:b", "1")], "value.invalid"),
        ("Campus", vec![tag("a", &"x".repeat(65))], "value.invalid"),
    ] {
        let command = scene.edit_place(1, name, tags);
        assert_eq!(scene.refused(command), expected, "{name}");
    }
}

#[test]
fn an_archived_virtual_account_takes_nothing_and_can_come_back() {
    let mut scene = Scene::new();
    let default = scene.archive(DEFAULT, 0, Shelf::Archive);
    assert_eq!(scene.refused(default), "value.invalid");
    let stale = scene.archive(BRANCH, 3, Shelf::Archive);
    assert_eq!(scene.refused(stale), "conflict.changed");
    let archive = scene.archive(BRANCH, 0, Shelf::Archive);
    scene.must(archive);
    let token = scene.token(BRANCH);
    assert_eq!(scene.refused(token), "not_found");
    let inside = role(1, ANN, Role::VirtualUser, Some(BRANCH));
    assert_eq!(code(scene.grant(&Actor::Host, inside.clone())), "not_found");
    let rename = scene.edit_place(1, "Campus", Vec::new());
    assert_eq!(scene.refused(rename), "conflict.changed");
    let back = scene.archive(BRANCH, 1, Shelf::Use);
    scene.must(back);
    assert_eq!(code(scene.grant(&Actor::Host, inside)), "done");
}

#[test]
fn support_sees_an_account_for_a_while_and_says_why() {
    let mut scene = Scene::new();
    assert_eq!(code(scene.grant(&Actor::Host, role(1, ANN, Role::Support, None))), "done");
    let ann = scene.actor(ANN);
    assert!(permit(&ann, Action::Read, Scope::Account(OWN)).is_err(), "not by the house's role");
    let look = |scene: &mut Scene, reason: &str, ends_at| {
        let asked = scene.asked(&ann, Action::SeeAsCustomer, Scope::Account(OWN));
        let grant = Grant { account: OWN, ends_at, ..role(2, ANN, Role::Support, None) };
        let look = SeeAsCustomer { asked, grant, reason: reason.to_owned() };
        Command::SeeAsCustomer(Box::new(look))
    };
    let hour = Some(NOW.plus(Span::from_hours(1)));
    for (reason, ends_at) in [("", hour), ("ticket 7", None), ("ticket 7", Some(NOW))] {
        let command = look(&mut scene, reason, ends_at);
        assert_eq!(scene.refused(command), "value.invalid");
    }
    let command = look(&mut scene, "ticket 7", hour);
    scene.must(command);
    let told = scene.book.events.last().expect("an event");
    assert_eq!((told.account, told.action.as_str()), (OWN, "support.entered"));
    assert!(told.detail.contains("ticket 7"), "{}", told.detail);
    let sees = scene.actor(ANN);
    assert!(permit(&sees, Action::Read, Scope::Account(OWN)).is_ok());
    assert!(permit(&sees, Action::ManageTokens, Scope::Account(OWN)).is_err(), "read-only");
    scene.now = NOW.plus(Span::from_hours(1));
    assert!(permit(&scene.actor(ANN), Action::Read, Scope::Account(OWN)).is_err());
}
