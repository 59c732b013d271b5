//! Roles bounded to one virtual account: what they show, and what they do not even admit to be there.

use axum::body::Body;
use axum::http::{Method, Request};
use ledger::person::Grant;
use ledger::role::{Actor, Member, Role};
use serde_json::{Value, json};
use wire::id::{GrantId, PersonId, TokenId};
use wire::token::IdToken;

use crate::device::{Device, token_text};
use crate::home::both;
use crate::imports::{foreign, save};
use crate::office::{ADVANTAGE, Answer, DNA, NOON, Office, Site, text};

/// Ann, who has a role in the branch and nothing else.
fn ann(site: &Site, role: Role) -> Actor {
    let id = PersonId::from_bytes([7; 16]);
    let grant = Grant {
        account: site.account.parse().expect("an account"),
        id: GrantId::from_bytes([8; 16]),
        person: id,
        email: "ann@a.example".to_owned(),
        role,
        virtual_account: Some(site.branch.parse().expect("a virtual account")),
        granted_by: "host command line".to_owned(),
        granted_at: NOON,
        ends_at: None,
        ended_at: None,
    };
    Actor::Person(Box::new(Member::new(id, "ann@a.example", vec![grant], NOON)))
}

/// Sends a request of somebody whom the door has made out.
async fn ask(office: &Office, actor: &Actor, method: Method, path: &str, body: String) -> Answer {
    let mut request = Request::builder().method(method).uri(path).body(Body::from(body));
    let request = request.as_mut().expect("a request");
    request.extensions_mut().insert(actor.clone());
    office.send(std::mem::take(request)).await
}

async fn get(office: &Office, actor: &Actor, path: &str) -> Answer {
    ask(office, actor, Method::GET, path, String::new()).await
}

/// An account in which both virtual accounts have a device, a shortage, a lot and an ID token.
struct Scene {
    site: Site,
    tokens: [String; 2],
    pools: [String; 2],
    instances: [String; 2],
    keys: [String; 2],
}

async fn scene(office: &Office) -> Scene {
    let site = office.site("a.example").await;
    let path = site.path();
    let mut scene = Scene {
        tokens: Default::default(),
        pools: Default::default(),
        instances: Default::default(),
        keys: Default::default(),
        site,
    };
    let places = [scene.site.default.clone(), scene.site.branch.clone()];
    for (n, (place, tag)) in places.iter().zip([ADVANTAGE, DNA]).enumerate() {
        let lot = json!({"virtual_account": place, "tag": tag, "quantity": 5});
        office.post(&format!("{path}/entitlements"), &lot).await.created();
        let new = json!({"virtual_account": place, "expires_after_days": 30});
        let token = office.post(&format!("{path}/tokens"), &new).await.created();
        let serial = ["ONE", "TWO"][n];
        let mut device = Device::trusted(office, &token_text(&token), serial, n as u8 + 1).await;
        let report = device.report(tag, 9, NOON);
        device.push(office, &[report]).await;
        scene.tokens[n] = text(&token["id"]);
        scene.keys[n] = device.key.id().to_string();
        let own = |list: Vec<Value>| {
            text(&list.iter().find(|one| one["virtual_account"] == **place).expect("it")["id"])
        };
        scene.pools[n] = own(office.rows(&format!("{path}/pools")).await);
        scene.instances[n] = own(office.rows(&format!("{path}/instances")).await);
    }
    scene
}

both! {
    async fn lists_hold_what_is_within_reach_and_nothing_of_a_sibling(office) {
        let Scene { site, tokens, pools, instances, .. } = scene(&office).await;
        for role in [Role::VirtualAdministrator, Role::VirtualUser, Role::VirtualViewer] {
            let ann = ann(&site, role);
            for (part, own) in [
                ("virtual-accounts", &site.branch),
                ("pools", &pools[1]),
                ("instances", &instances[1]),
                ("tokens", &tokens[1]),
            ] {
                let list = get(&office, &ann, &format!("{}/{part}", site.path())).await.ok();
                let ids: Vec<&Value> = list["items"].as_array().expect("items").iter().map(|one| &one["id"]).collect();
                assert_eq!(ids, [own], "{role:?} {part}");
            }
            for part in ["alarms", "entitlements"] {
                let list = get(&office, &ann, &format!("{}/{part}", site.path())).await.ok();
                let places: Vec<&Value> = list["items"].as_array().expect("items").iter().map(|one| &one["virtual_account"]).collect();
                assert_eq!(places, [&site.branch], "{role:?} {part}");
            }
            let of_sibling = format!("{}/entitlements?pool={}", site.path(), pools[0]);
            assert_eq!(get(&office, &ann, &of_sibling).await.ok()["items"], json!([]));
            let events = get(&office, &ann, &format!("{}/events", site.path())).await;
            if role == Role::VirtualAdministrator {
                let events = events.ok()["items"].as_array().expect("items").clone();
                assert!(events.len() >= 4, "{events:?}");
                assert!(events.iter().all(|one| one["virtual_account"] == site.branch), "{events:?}");
            } else {
                events.problem(403, "permit.denied");
            }
            for part in ["events/checkpoint", "events/entries", "events/proof?from=0"] {
                get(&office, &ann, &format!("{}/{part}", site.path())).await.problem(403, "permit.denied");
            }
        }
        for part in ["pools", "instances", "tokens", "alarms", "entitlements"] {
            assert_eq!(office.rows(&format!("{}/{part}", site.path())).await.len(), 2, "{part}");
        }
    }

    async fn a_sibling_is_answered_like_nothing_at_all(office) {
        let Scene { site, tokens, pools, instances, keys } = scene(&office).await;
        let (ann, path) = (ann(&site, Role::VirtualAdministrator), site.path());
        let absent = |id: &str| {
            let (kind, rest) = id.split_once('_').expect("an id");
            format!("{kind}_{}", "0".repeat(rest.len()))
        };
        let both = |part: &str, tail: &str, sibling: &str| {
            [sibling.to_owned(), absent(sibling)].map(|id| format!("{path}/{part}/{id}{tail}"))
        };
        for [sibling, nothing] in [
            both("pools", "", &pools[0]),
            both("pools", "/standing?at=2025-06-15T15:06:40Z", &pools[0]),
            both("instances", "", &instances[0]),
        ] {
            let seen = get(&office, &ann, &sibling).await;
            let unknown = get(&office, &ann, &nothing).await;
            assert_eq!((seen.status, seen.text()), (unknown.status, unknown.text()), "{sibling}");
            seen.problem(404, "not_found");
        }
        let token = format!("{path}/tokens/{}", tokens[0]);
        get(&office, &ann, &token).await.problem(404, "not_found");
        for (method, path, body) in [
            (Method::POST, format!("{path}/tokens"), json!({"virtual_account": site.default, "expires_after_days": 1})),
            (Method::POST, format!("{token}/revoke"), json!({})),
            (Method::POST, format!("{path}/device-keys/{}/revoke", keys[0]), json!({"reason": "stolen"})),
        ] {
            // The right is not in the book, so nothing is done even within reach; see below.
            let answer = ask(&office, &ann, method, &path, body.to_string()).await;
            assert!([403, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.text());
        }
        let import = format!("{path}/usage-files?virtual_account={}", site.default);
        let file = save(&[foreign("NEW", 1, DNA, 1, NOON)]);
        ask(&office, &ann, Method::POST, &import, file).await.problem(404, "not_found");
        let import = format!("{path}/trust-requests");
        let theirs = token_text(&office.get(&token).await.ok());
        let known: IdToken = theirs.parse().expect("a token");
        let unknown = IdToken { id: TokenId::from_bytes([1; 16]), ..known }.to_string();
        let mut said = Vec::new();
        for token in [theirs, unknown] {
            let file = Device::new("NEW", 9).saved_trust(&token, NOON);
            let answer = ask(&office, &ann, Method::POST, &import, file).await;
            said.push(answer.problem(403, "trust.token_unknown"));
        }
        assert_eq!(said[0], said[1]);
        assert_eq!(office.rows(&format!("{path}/tokens")).await.len(), 2);
        assert_eq!(office.rows(&format!("{path}/instances")).await.len(), 2);
    }

    async fn a_foreign_account_is_answered_like_nothing_at_all(office) {
        let site = office.site("a.example").await;
        let other = office.site("b.example").await;
        let ann = ann(&site, Role::VirtualAdministrator);
        for part in ["", "/pools", "/instances", "/tokens", "/alarms", "/events", "/virtual-accounts"] {
            let foreign = get(&office, &ann, &format!("{}{part}", other.path())).await;
            let nothing = get(&office, &ann, &format!("/api/v1/accounts/acct_{}{part}", "0".repeat(26))).await;
            if part != "/events" {
                assert_eq!(foreign.text(), nothing.text(), "{part}");
            }
            foreign.problem(404, "not_found");
        }
        get(&office, &ann, "/api/v1/accounts").await.problem(403, "permit.denied");
        get(&office, &ann, "/api/v1/events").await.problem(403, "permit.denied");
    }

    async fn a_right_that_is_not_in_the_book_any_more_does_nothing(office) {
        let Scene { site, tokens, .. } = scene(&office).await;
        let ann = ann(&site, Role::VirtualUser);
        let new = json!({"virtual_account": site.branch, "expires_after_days": 1}).to_string();
        let path = format!("{}/tokens", site.path());
        ask(&office, &ann, Method::POST, &path, new).await.problem(403, "permit.denied");
        let revoke = format!("{path}/{}/revoke", tokens[1]);
        ask(&office, &ann, Method::POST, &revoke, "{}".to_owned()).await.problem(403, "permit.denied");
        assert_eq!(office.rows(&path).await.len(), 2);
    }
}
