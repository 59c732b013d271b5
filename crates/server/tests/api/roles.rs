//! The whole matrix of roles as one reviewed text file, and every route driven by every role: on
//! what is theirs, on a sibling's, on a foreign account's, and on what is not there at all.

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, header};
use ledger::house::HOUSE;
use ledger::person::Grant;
use ledger::role::{Action, Actor, Breadth, Member, Role, Scope, permit};
use serde_json::{Value, json};
use server::api::{Need, Stated, Where, stated};
use wire::id::{AccountId, GrantId, PersonId, VirtualAccountId};
use wire::time::Span;

use crate::device::{Device, token_text};
use crate::home::both;
use crate::imports::{foreign, save};
use crate::office::{ADVANTAGE, Answer, DNA, NOON, Office, Site, text};

const HEAD: &str = "\
# Who may ask what: made from the table of routes and the rules of roles. Review each change.
# yes: in the whole account (or house); part: in the virtual accounts of the role; no.
# opr operator, sup support, app approver, adm administrator, usr user, vwr viewer, vad virtual
# administrator, vus virtual user, vvw virtual viewer. Each cell is executed by roles.rs.
# N: /services/api/smart-accounts-and-licensing, the documented profile.
# UPDATE=1 cargo test -p server --test api roles  writes it anew.
#
";

/// Somebody with one role: in the house, in the account of ones, or in a virtual account of it.
fn with_role(role: Role) -> Actor {
    let id = PersonId::from_bytes([7; 16]);
    let breadth = role.breadth();
    let grant = Grant {
        account: if breadth == Breadth::House { HOUSE } else { AccountId::from_bytes([1; 16]) },
        id: GrantId::from_bytes([8; 16]),
        person: id,
        email: "ann@a.example".to_owned(),
        role,
        virtual_account: (breadth == Breadth::VirtualAccount)
            .then(|| VirtualAccountId::from_bytes([2; 16])),
        granted_by: String::new(),
        granted_at: NOON,
        ends_at: None,
        ended_at: None,
    };
    Actor::Person(Box::new(Member::new(id, "ann@a.example", vec![grant], NOON)))
}

fn may(actor: &Actor, need: Need) -> &'static str {
    let (action, place) = match need {
        Need::Nothing | Need::Seal | Need::Secret => return "yes",
        Need::Person if matches!(actor, Actor::Person(_)) => return "yes",
        Need::Person => return "no",
        Need::Right(action, place) => (action, place),
    };
    let scope = match place {
        Where::House => Scope::House,
        Where::Account | Where::Domain => Scope::Account(AccountId::from_bytes([1; 16])),
    };
    match permit(actor, action, scope) {
        Ok(permit) if *permit.reach() == ledger::role::Reach::Whole => "yes",
        Ok(_) => "part",
        Err(_) => "no",
    }
}

fn needs(need: Need) -> String {
    match need {
        Need::Nothing => "nothing".to_owned(),
        Need::Seal => "a seal".to_owned(),
        Need::Secret => "a secret in the request".to_owned(),
        Need::Person => "to be a person".to_owned(),
        Need::Right(action, Where::House) => format!("{}, house", action.words()),
        Need::Right(action, Where::Account | Where::Domain) => {
            format!("{}, account", action.words())
        }
    }
}

fn line(route: &Stated) -> String {
    let cells: String = Role::ALL
        .map(with_role)
        .iter()
        .chain([&Actor::Operator, &Actor::Host, &Actor::Anonymous])
        .map(|actor| format!(" {:<4}", may(actor, route.need)))
        .collect();
    let path = route.path.replace("/services/api/smart-accounts-and-licensing", "N");
    let (asked, needed) = (format!("{:<4} {path}", route.method), needs(route.need));
    format!("{asked:<75} | {needed:<41} |{}\n", cells.trim_end())
}

#[test]
fn the_matrix_of_roles_is_the_reviewed_one() {
    let (route, right) = ("method and path", "what it needs, and where");
    let roles = " opr  sup  app  adm  usr  vwr  vad  vus  vvw  secret host nobody";
    let names = format!("{route:<75} | {right:<41} |{roles}\n");
    let matrix = format!("{HEAD}{names}{}", stated().iter().map(line).collect::<String>());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roles.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &matrix).expect("the file is written");
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(matrix, reviewed, "review the change, then run with UPDATE=1");
}

#[test]
fn every_action_has_a_route() {
    for action in Action::ALL {
        let asks = |route: &Stated| matches!(route.need, Need::Right(own, _) if own == action);
        assert!(stated().iter().any(asks), "nobody can {}", action.words());
    }
}

/// Everything that paths and bodies may name.
#[derive(Clone)]
struct Scene {
    account: String,
    domain: String,
    /// The name of the virtual account.
    name: String,
    token_text: String,
    place: String,
    pool: String,
    instance: String,
    token: String,
    key: String,
    grant: String,
    request: String,
    person: String,
    client: String,
    own_token: String,
    /// A saved trust request.
    carried: String,
}

impl Scene {
    /// The same of an account that is not there: ids of the right form that name nothing.
    fn absent(&self) -> Self {
        let absent = |id: &String| {
            let (kind, rest) = id.split_once('_').expect("an id");
            format!("{kind}_{}", "0".repeat(rest.len()))
        };
        Self {
            account: absent(&self.account),
            domain: "absent.example".to_owned(),
            name: self.name.clone(),
            token_text: self.token_text.clone(),
            place: absent(&self.place),
            pool: absent(&self.pool),
            instance: absent(&self.instance),
            token: absent(&self.token),
            key: self.key.clone(),
            grant: absent(&self.grant),
            request: absent(&self.request),
            person: absent(&self.person),
            client: absent(&self.client),
            own_token: self.own_token.clone(),
            carried: self.carried.clone(),
        }
    }
}

/// A device that reported, one that was imported with a use that can be ended, an ID token, people
/// and a client: all of one virtual account.
async fn furnish(office: &Office, site: &Site, place: &str, mark: &str) -> Scene {
    let path = format!("/api/v1/accounts/{}", site.account);
    let new = json!({"virtual_account": place, "expires_after_days": 30});
    let token = office.post(&format!("{path}/tokens"), &new).await.created();
    let seed = mark.bytes().fold(1_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let mut one = Device::trusted(office, &token_text(&token), &format!("{mark}ONE"), seed).await;
    let report = one.report(ADVANTAGE, 6, NOON);
    one.push(office, &[report]).await;
    let two = format!("{mark}TWO");
    let import = |file: String| {
        let path = format!("{path}/usage-files?virtual_account={place}");
        let request = office.request(axum::http::Method::POST, &path);
        office.send(request.body(Body::from(file)).expect("a request"))
    };
    let saved = [foreign(&two, 100, ADVANTAGE, 1, NOON), foreign(&two, 101, DNA, 3, NOON)];
    office.wait(Span::from_hours(1));
    import(save(&saved)).await.ok();
    let later = foreign(&two, 102, ADVANTAGE, 1, NOON.plus(Span::from_minutes(30)));
    import(save(&[later])).await.ok();
    let instances = office.rows(&format!("{path}/instances")).await;
    let foreign = instances
        .iter()
        .find(|one| one["bound_at"].is_null() && one["virtual_account"] == place)
        .expect("it is there");
    let pools = office.rows(&format!("{path}/pools?virtual_account={place}")).await;
    let viewer = json!({"email": format!("{mark}@spare.example").to_lowercase(), "role": "virtual_viewer", "virtual_account": place});
    let grant = office.post(&format!("{path}/grants"), &viewer).await.created();
    let spare = office.post(&format!("{path}/tokens"), &new).await.created();
    let account = office.get(&path).await.ok();
    let places = office.rows(&format!("{path}/virtual-accounts")).await;
    let fresh = Device::new(&format!("{mark}FIVE"), seed.wrapping_add(1));
    Scene {
        account: site.account.clone(),
        domain: text(&account["domain"]),
        name: text(&places.iter().find(|one| one["id"] == place).expect("it is there")["name"]),
        token_text: token_text(&token),
        place: place.to_owned(),
        pool: text(&pools[0]["id"]),
        instance: text(&foreign["id"]),
        token: text(&token["id"]),
        key: one.key.id().to_string(),
        grant: text(&grant["id"]),
        request: wire::id::AccessRequestId::from_bytes([9; 16]).to_string(),
        person: text(&grant["person"]),
        client: wire::id::ApiTokenId::from_bytes([9; 16]).to_string(),
        own_token: wire::id::ApiTokenId::from_bytes([9; 16]).to_string(),
        carried: fresh.trust_body(&fresh.request(&token_text(&spare), office.app.world.now())),
    }
}

/// A request of a route that would have an effect.
fn path_of(route: &Stated, scene: &Scene) -> String {
    let put = |path: String, name: &str, id: &str| path.replace(&format!("{{{name}}}"), id);
    let profile = route.path.starts_with("/services/");
    let mut path = put(route.path.clone(), "account", &scene.account);
    if profile {
        path = put(path, "virtual_account", &scene.name);
    }
    for (name, id) in [
        ("pool", &scene.pool),
        ("instance", &scene.instance),
        ("token", &scene.token),
        ("key", &scene.key),
        ("virtual_account", &scene.place),
        ("grant", &scene.grant),
        ("request", &scene.request),
        ("person", &scene.person),
        ("api_client", &scene.client),
        ("api_token", &scene.own_token),
        ("domain", &scene.domain),
        ("customer", &"customer".to_owned()),
    ] {
        path = put(path, name, id);
    }
    path = path.replace("{tag}", DNA);
    assert!(!path.contains('{'), "{path}: the test does not know what to put there");
    match route.path.rsplit('/').next() {
        Some("standing") => format!("{path}?at=2025-06-15T15:06:40Z"),
        Some("usage-files") => format!("{path}?virtual_account={}", scene.place),
        _ => path,
    }
}

/// The body of a request of a route that would have an effect.
fn body_of(route: &Stated, scene: &Scene, nth: usize) -> String {
    let profile = route.path.starts_with("/services/");
    let place = &scene.place;
    let body = match (route.method, route.path.rsplit('/').next()) {
        ("GET", _) => return String::new(),
        (_, Some("token.oauth2" | "token")) => return String::new(),
        (_, Some("licenses" | "devices")) => json!({"virtualAccounts": [scene.name]}),
        (_, Some("revoke")) if profile => json!({"tokens": [scene.token_text]}),
        (_, Some("tokens")) if profile => json!({"expiresAfterDays": 1}),
        (_, Some("delete")) => json!({}),
        (_, Some("usage-files")) => {
            return save(&[foreign(&format!("NEW{nth}"), 1, DNA, 1, NOON)]);
        }
        (_, Some("trust-requests")) => return scene.carried.clone(),
        (_, Some("usage" | "trust")) => return String::new(),
        (_, Some("accounts")) => json!({"name": "New", "domain": format!("new{nth}.example")}),
        (_, Some("virtual-accounts")) => json!({"name": format!("New {nth}")}),
        (_, Some("entitlements")) => json!({"virtual_account": place, "tag": DNA, "quantity": 1}),
        (_, Some("tokens")) => json!({"virtual_account": place, "expires_after_days": 1}),
        (_, Some("revoke")) if route.path.contains("/device-keys/") => json!({"reason": "stolen"}),
        (_, Some("grants")) if route.path.contains("{account}") => json!({
            "email": format!("new{nth}@x.example"), "role": "virtual_viewer", "virtual_account": place,
        }),
        (_, Some("grants")) => json!({"email": format!("new{nth}@x.example"), "role": "support"}),
        (_, Some("decide")) => json!({"decision": "declined"}),
        (_, Some("see-as-customer")) => json!({"reason": "a question", "minutes": 5}),
        (_, Some("terms")) => json!({"title": "Terms", "text": "Be fair."}),
        (_, Some("accept")) => json!({"version": 0}),
        (_, Some("move")) => json!({"to": place, "instances": [scene.instance]}),
        (_, Some("remove")) => json!({"lines": scene.instance}),
        (_, Some("keep")) => json!({"instances": [scene.instance]}),
        (_, Some("archive" | "restore")) => json!({"revision": 7}),
        (_, Some("api-clients")) => {
            json!({"name": format!("client {nth}"), "expires_after_days": 1})
        }
        (_, Some("secrets")) => json!({"expires_after_days": 1}),
        (_, Some("access-requests")) => json!({"domain": "nobody.example", "role": "viewer"}),
        (_, Some("account-requests")) => {
            json!({"name": "New", "domain": format!("asked{nth}.example"), "kind": "customer"})
        }
        ("PUT", _)
            if route.path.contains("virtual-accounts") || route.path.ends_with("{account}") =>
        {
            json!({"revision": 7, "name": "New"})
        }
        ("PUT", _) => json!({"name": "New"}),
        (_, Some("end" | "revoke" | "invite" | "block" | "admit")) => json!({}),
        (method, _) => panic!("{method} {}: the test does not know what to send", route.path),
    };
    body.to_string()
}

fn request(route: &Stated, scene: &Scene, nth: usize) -> (String, String) {
    (path_of(route, scene), body_of(route, scene, nth))
}

async fn drive(
    office: &Office,
    route: &Stated,
    scene: &Scene,
    secret: Option<&str>,
    nth: usize,
) -> Answer {
    let (path, body) = request(route, scene, nth);
    let mut request = Request::builder().method(route.method).uri(path);
    if let Some(secret) = secret {
        request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
    }
    office.send(request.body(Body::from(body)).expect("a request")).await
}

/// All that the API tells.
async fn everything(office: &Office, scene: &Scene) -> Vec<Value> {
    let mut told = Vec::new();
    for path in ["totals", "accounts", "events", "licenses", "people", "grants"] {
        told.push(office.get(&format!("/api/v1/{path}")).await.ok());
    }
    let account = format!("/api/v1/accounts/{}", scene.account);
    for part in [
        "virtual-accounts",
        "entitlements",
        "pools",
        "instances",
        "tokens",
        "events",
        "alarms",
        "grants",
        "access-requests",
        "api-clients",
    ] {
        let mut list = office.get(&format!("{account}/{part}")).await.ok();
        list["next_cursor"] = Value::Null;
        told.push(list);
    }
    told.push(office.get(&format!("{account}/instances/{}", scene.instance)).await.ok());
    told
}

/// The code of a problem, or nothing.
fn code(answer: &Answer) -> String {
    if answer.status.is_success() {
        return String::new();
    }
    let problem = answer.json();
    text(problem.get("code").unwrap_or(&problem["error"]))
}

/// An account with what each route may name in both of its virtual accounts, and a foreign one.
struct Town {
    own: Scene,
    sibling: Scene,
    foreign: Scene,
    site: Site,
}

async fn town(office: &Office) -> Town {
    let site = office.site("a.example").await;
    let other = office.site("b.example").await;
    let own = furnish(office, &site, &site.branch.clone(), "OWN").await;
    let sibling = furnish(office, &site, &site.default.clone(), "SIB").await;
    let foreign = furnish(office, &other, &other.branch.clone(), "FOR").await;
    Town { own, sibling, foreign, site }
}

/// What a role is granted as.
fn granted(role: Role, site: &Site) -> Value {
    let word = match role {
        Role::Operator => "operator",
        Role::Support => "support",
        Role::Approver => "approver",
        Role::Administrator => "administrator",
        Role::User => "user",
        Role::Viewer => "viewer",
        Role::VirtualAdministrator => "virtual_administrator",
        Role::VirtualUser => "virtual_user",
        Role::VirtualViewer => "virtual_viewer",
    };
    match role.breadth() {
        Breadth::VirtualAccount => json!({"role": word, "virtual_account": site.branch}),
        _ => json!({"role": word}),
    }
}

/// Judges what came of a request about what is in the role's own account.
fn judge(what: &str, route: &Stated, role: Role, expected: &str, own: &Answer) {
    let refused = code(own);
    if expected == "no" {
        let told = ["permit.denied", "not_found"].contains(&refused.as_str());
        assert!(told, "{what}: {}", own.text());
        let secret = role == Role::Support || refused == "permit.denied";
        assert!(secret, "{what}: who has a role here learns that it is not enough");
        return;
    }
    // Approvers see no license acts, narrow roles no whole tree: those say so.
    let narrow = expected == "part" || role == Role::Approver;
    if !(narrow && route.path.contains("/events/")) {
        assert_ne!(refused, "permit.denied", "{what}: {}", own.text());
    }
    let unmade = ["{request}", "{api_client}", "/terms", "v1/grants/{grant}"];
    let unmade = unmade.iter().any(|part| route.path.contains(part));
    assert!(refused != "not_found" || unmade, "{what}: {}", own.text());
}

/// Drives every route as somebody with a role, on what is theirs and what is not.
async fn walk(office: &Office, town: &Town, role: Role, token: &str) {
    let whole = Actor::Host;
    let mut routes = stated();
    // From then on support sees the account as its customer does.
    routes.sort_by_key(|route| route.path.ends_with("/see-as-customer"));
    for (nth, route) in routes.iter().enumerate() {
        let nth = nth + 100 * role as usize;
        let what = format!("{role:?} {} {}", route.method, route.path);
        let expected = may(&with_role(role), route.need);
        let own = drive(office, route, &town.own, Some(token), nth).await;
        let right = match route.need {
            Need::Right(action, place) => Some((action, place)),
            _ => None,
        };
        let Some((_, place)) = right else {
            assert!(
                !["permit.denied", "auth.wrong"].contains(&code(&own).as_str()),
                "{what}: {}",
                own.text()
            );
            continue;
        };
        judge(&what, route, role, expected, &own);
        if place == Where::House || may(&whole, route.need) == "no" {
            continue;
        }
        let names_a_thing = route.path.replace("{customer}", "").matches('{').count() > 1
            && !route.path.contains("{tag}")
            || route.method == "POST";
        if role.breadth() == Breadth::VirtualAccount && names_a_thing {
            let answer = drive(office, route, &town.sibling, Some(token), nth + 40).await;
            let refused = code(&answer);
            assert!(
                // What is out of reach is as unclear as what is not there.
                [
                    "permit.denied",
                    "not_found",
                    "instances.unclear",
                    "trust.token_unknown",
                    "request.expired",
                ]
                .contains(&refused.as_str()),
                "{what}, sibling: {}",
                answer.text()
            );
        }
        if role.breadth() != Breadth::House {
            let foreign = drive(office, route, &town.foreign, Some(token), nth + 50).await;
            let absent = drive(office, route, &town.foreign.absent(), Some(token), nth + 50).await;
            assert_eq!((foreign.status, foreign.text()), (absent.status, absent.text()), "{what}");
            assert_eq!(code(&foreign), "not_found", "{what}, foreign");
        }
    }
}

both! {
    async fn nobody_gets_through_any_guard_and_nothing_changes(office) {
        let town = town(&office).await;
        let before = everything(&office, &town.own).await;
        for route in stated() {
            let answer = drive(&office, &route, &town.own, None, 0).await;
            let expected = match route.need {
                Need::Nothing if route.path.ends_with("/terms") => 404,
                Need::Nothing => 200,
                Need::Seal | Need::Secret => 400,
                Need::Right(..) | Need::Person => 401,
            };
            assert_eq!(answer.status.as_u16(), expected, "{} {}", route.method, route.path);
        }
        for route in stated().iter().filter(|route| matches!(route.need, Need::Right(..))).take(5) {
            drive(&office, route, &town.own, Some("wrong"), 0).await.problem(401, "auth.wrong");
        }
        assert_eq!(everything(&office, &town.own).await, before);
    }

    async fn the_set_up_secret_gets_through_every_guard_but_those_of_persons(office) {
        let town = town(&office).await;
        let secret = office.secret.clone();
        for (nth, route) in stated().iter().enumerate() {
            let answer = drive(&office, route, &town.own, Some(&secret), nth).await;
            let refused = code(&answer);
            match route.need {
                Need::Person => assert_eq!(refused, "auth.person", "{}", route.path),
                Need::Right(..) => {
                    assert!(!["permit.denied", "auth.wrong"].contains(&refused.as_str()), "{} {}: {}", route.method, route.path, answer.text());
                    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
                }
                _ => {}
            }
        }
    }

    async fn every_role_gets_through_where_the_matrix_says_so_and_nowhere_else(office) {
        let town = town(&office).await;
        let path = format!("{}/grants", town.site.path());
        let mut people = Vec::new();
        for role in Role::ALL.into_iter().rev() {
            let email = format!("{role:?}@a.example").to_lowercase();
            let grants = if role.breadth() == Breadth::House { "/api/v1/grants" } else { path.as_str() };
            // The first operator who can sign in voids the set-up secret, so they come last.
            people.push((role, office.person(grants, &email, &granted(role, &town.site)).await));
        }
        office.get("/api/v1/accounts").await.problem(401, "auth.wrong");
        for (role, person) in &people {
            walk(&office, &town, *role, &person.token).await;
        }
    }
}
