//! The whole matrix of roles as one reviewed text file, and every route driven by who may not
//! and by who may.

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, header};
use ledger::role::{Action, Actor, Scope, permit};
use serde_json::{Value, json};
use server::api::{Need, Stated, Where, stated};
use wire::id::AccountId;
use wire::time::Span;

use crate::device::{Device, token_text};
use crate::home::both;
use crate::imports::{foreign, save};
use crate::office::{ADVANTAGE, Answer, DNA, NOON, Office, Site, text};

const HEAD: &str = "\
# Who may ask what: made from the table of routes and the rules of roles. Review each change.
# UPDATE=1 cargo test -p server --test api roles  writes it anew.
#
";

fn may(actor: &Actor, need: Need) -> &'static str {
    let Need::Right(action, place) = need else { return "yes" };
    let scope = match place {
        Where::House => Scope::House,
        Where::Account => Scope::Account(AccountId::from_bytes([1; 16])),
    };
    if permit(actor, action, scope).is_ok() { "yes" } else { "no" }
}

fn needs(need: Need) -> String {
    match need {
        Need::Nothing => "nothing".to_owned(),
        Need::Seal => "a seal".to_owned(),
        Need::Right(action, Where::House) => format!("{}, house", action.words()),
        Need::Right(action, Where::Account) => format!("{}, account", action.words()),
    }
}

fn line(route: &Stated) -> String {
    let actors = [Actor::Operator, Actor::Host, Actor::Anonymous];
    let [operator, host, anonymous] = actors.map(|actor| may(&actor, route.need));
    let (asked, needed) = (format!("{:<4} {}", route.method, route.path), needs(route.need));
    format!("{asked:<73} | {needed:<33} | {operator:<8} {host:<4} {anonymous}\n")
}

#[test]
fn the_matrix_of_roles_is_the_reviewed_one() {
    let (route, right) = ("method and path", "what it needs, and where");
    let names = format!("{route:<73} | {right:<33} | operator host nobody\n");
    let matrix = format!("{HEAD}{names}{}", stated().iter().map(line).collect::<String>());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/roles.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &matrix).expect("the file is written");
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(matrix, reviewed, "review the change, then run with UPDATE=1");
}

/// Rights that the roles know and no route asks for yet. This list may only become shorter.
const WITHOUT_A_ROUTE: [Action; 7] = [
    Action::ReadPeople,
    Action::EditAccount,
    Action::AcceptTerms,
    Action::PublishTerms,
    Action::ManagePeople,
    Action::ManageClients,
    Action::SeeAsCustomer,
];

#[test]
fn every_action_has_a_route() {
    let waits = |action: &Action| !WITHOUT_A_ROUTE.contains(action);
    for action in Action::ALL.into_iter().filter(waits) {
        let asks = |route: &Stated| matches!(route.need, Need::Right(own, _) if own == action);
        assert!(stated().iter().any(asks), "nobody can {}", action.words());
    }
}

/// Everything that paths may name.
struct Scene {
    site: Site,
    pool: String,
    instance: String,
    token: String,
    key: String,
    /// A saved trust request.
    request: String,
}

async fn scene(office: &Office) -> Scene {
    let site = office.site("a.example").await;
    let token = office.token(&site).await;
    let mut one = Device::trusted(office, &token_text(&token), "ONE", 1).await;
    let report = one.report(ADVANTAGE, 6, NOON);
    one.push(office, &[report]).await;
    let saved = [foreign("TWO", 100, ADVANTAGE, 1, NOON), foreign("TWO", 101, DNA, 3, NOON)];
    office.wait(Span::from_hours(1));
    office.import(&site, &save(&saved)).await.ok();
    let later = foreign("TWO", 102, ADVANTAGE, 1, NOON.plus(Span::from_minutes(30)));
    office.import(&site, &save(&[later])).await.ok();
    let path = format!("{}/instances", site.path());
    let instances = office.rows(&path).await;
    let foreign = instances.iter().find(|one| one["bound_at"].is_null()).expect("it is there");
    let spare = token_text(&office.token(&site).await);
    let new = Device::new("FIVE", 5);
    Scene {
        request: new.trust_body(&new.request(&spare, office.app.world.now())),
        pool: text(&office.pool(&site, ADVANTAGE).await["id"]),
        instance: text(&foreign["id"]),
        token: text(&token["id"]),
        key: one.key.id().to_string(),
        site,
    }
}

/// A request of a route that would have an effect.
fn request(route: &Stated, scene: &Scene) -> (String, String) {
    let path = route.path.replace("{account}", &scene.site.account);
    let path = path.replace("{pool}", &scene.pool).replace("{instance}", &scene.instance);
    let path = path.replace("{token}", &scene.token).replace("{key}", &scene.key);
    let mut path = path.replace("{tag}", DNA);
    assert!(!path.contains('{'), "{path}: the test does not know what to put there");
    let place = &scene.site.default;
    let body = match (route.method, path.rsplit('/').next()) {
        ("GET", _) => return (path, String::new()),
        (_, Some("usage-files")) => {
            path = format!("{path}?virtual_account={place}");
            return (path, save(&[foreign("NEW", 1, DNA, 1, NOON)]));
        }
        (_, Some("trust-requests")) => return (path, scene.request.clone()),
        (_, Some("usage" | "trust")) => return (path, String::new()),
        (_, Some("accounts")) => json!({"name": "New", "domain": "new.example"}),
        (_, Some("virtual-accounts")) => json!({"name": "New"}),
        (_, Some("entitlements")) => json!({"virtual_account": place, "tag": DNA, "quantity": 1}),
        (_, Some("tokens")) => json!({"virtual_account": place, "expires_after_days": 1}),
        (_, Some("end")) => json!({}),
        (_, Some("revoke")) if path.contains("/device-keys/") => json!({"reason": "stolen"}),
        (_, Some("revoke")) => json!({}),
        ("PUT", _) => json!({"name": "New"}),
        (method, _) => panic!("{method} {path}: the test does not know what to send"),
    };
    (path, body.to_string())
}

async fn drive(office: &Office, route: &Stated, scene: &Scene, secret: Option<&str>) -> Answer {
    let (path, body) = request(route, scene);
    let mut request = Request::builder().method(route.method).uri(path);
    if let Some(secret) = secret {
        request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
    }
    office.send(request.body(Body::from(body)).expect("a request")).await
}

/// All that the API tells.
async fn everything(office: &Office, scene: &Scene) -> Vec<Value> {
    let mut told = Vec::new();
    for path in ["/api/v1/totals", "/api/v1/accounts", "/api/v1/events", "/api/v1/licenses"] {
        told.push(office.get(path).await.ok());
    }
    for part in
        ["virtual-accounts", "entitlements", "pools", "instances", "tokens", "events", "alarms"]
    {
        let mut list = office.get(&format!("{}/{part}", scene.site.path())).await.ok();
        list["next_cursor"] = Value::Null;
        told.push(list);
    }
    let path = format!("{}/instances/{}", scene.site.path(), scene.instance);
    told.push(office.get(&path).await.ok());
    told
}

both! {
    async fn nobody_gets_through_any_guard_and_nothing_changes(office) {
        let scene = scene(&office).await;
        let before = everything(&office, &scene).await;
        for route in stated() {
            let status = drive(&office, &route, &scene, None).await.status.as_u16();
            let expected = match route.need {
                Need::Nothing => 200,
                Need::Seal => 400,
                Need::Right(..) => 401,
            };
            assert_eq!(status, expected, "{} {}", route.method, route.path);
        }
        for route in stated().iter().filter(|route| matches!(route.need, Need::Right(..))).take(5) {
            drive(&office, route, &scene, Some("wrong")).await.problem(401, "auth.wrong");
        }
        assert_eq!(everything(&office, &scene).await, before);
    }

    async fn an_operator_gets_through_every_guard(office) {
        let scene = scene(&office).await;
        let secret = office.secret.clone();
        for route in stated().iter().filter(|route| matches!(route.need, Need::Right(..))) {
            let answer = drive(&office, route, &scene, Some(&secret)).await;
            let status = answer.status.as_u16();
            // Without a question there is no proof, but the door was open.
            let let_in = (200..300).contains(&status) || answer.text().contains("proof.query");
            assert!(let_in, "{} {}: {}", route.method, route.path, answer.text());
            assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        }
    }
}
