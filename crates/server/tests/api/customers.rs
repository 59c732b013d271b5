//! Accounts asked for, approved and changed; virtual accounts archived; who sees which events.

use axum::http::Method;
use ledger::house::Factors;
use ledger::person::Area;
use serde_json::{Value, json};
use server::app::sign_in::{Caller, Entered};
use server::proof::Secret;
use wire::id::VirtualAccountId;
use wire::time::Span;

use crate::api_tokens::only;
use crate::home::both;
use crate::office::{DNA, Office, Site, text};
use crate::people::{PASSWORD, Person};

fn from() -> Caller {
    Caller { address: "192.0.2.9".to_owned(), browser: "Test".to_owned() }
}

impl Office {
    /// A person with a role in the whole account.
    async fn with_role(&self, site: &Site, email: &str, role: &str) -> Person {
        let grants = format!("{}/grants", site.path());
        self.person(&grants, email, &json!({"role": role})).await
    }

    /// What is wrong with a sign-in, if anything.
    async fn sign_in_error(&self, email: &str, password: &str) -> String {
        match self.app.sign_in_by_password(email, Secret::new(password), &from()).await {
            Ok(Entered::In(_) | Entered::Owes(_)) => "none".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

both! {
    async fn an_account_is_asked_for_approved_by_a_link_and_then_used(office) {
        let site = office.site("a.example").await;
        let ann = office.with_role(&site, "ann@b.example", "viewer").await;
        let wanted = json!({"name": "B", "domain": "b.example", "kind": "customer", "country": "DE", "approver": "boss@b.example"});
        let asked = office.post_as(&ann.token, "/api/v1/me/account-requests", &wanted).await.created();
        assert_eq!((&asked["state"], &asked["kind"]), (&json!("pending_approval"), &json!("customer")));
        let path = format!("/api/v1/accounts/{}", text(&asked["id"]));
        office.get_as(&ann.token, &path).await.problem(404, "not_found");
        let taken = office.post_as(&ann.token, "/api/v1/me/account-requests", &wanted).await;
        taken.problem(409, "exists");
        let places = office.rows(&format!("{path}/virtual-accounts")).await;
        let token = json!({"virtual_account": places[0]["id"], "expires_after_days": 1});
        office.post(&format!("{path}/tokens"), &token).await.problem(403, "account.not_active");
        let letter = office.letter_to("boss@b.example").await;
        assert!(letter.starts_with("ann@b.example asks for a Smart Account for B (b.example)"), "{letter}");
        let link = letter.lines().find(|line| line.contains("/approval/")).expect("a link");
        let word = link.rsplit('/').next().expect("a word");
        for _ in 0..2 {
            assert_eq!(office.app.approval(word).await.expect("looking uses nothing up").account.name, "B");
        }
        let request = office.app.fresh_request();
        office.app.approve(word, 0, request, "192.0.2.9").await.expect("approved");
        let again = office.app.approve(word, 0, office.app.fresh_request(), "192.0.2.9").await;
        assert_eq!(again.expect_err("a link works once").code(), "link.dead");
        let seen = office.get_as(&ann.token, &path).await.ok();
        assert_eq!((&seen["state"], &seen["country"]), (&json!("active"), &json!("DE")));
        office.post_as(&ann.token, &format!("{path}/tokens"), &token).await.created();
        assert!(office.letter_to("ann@b.example").await.contains("is in use"));
        let mine = office.get_as(&ann.token, "/api/v1/me").await.ok();
        let accounts: Vec<&Value> = mine["accounts"].as_array().expect("accounts").iter().map(|one| &one["domain"]).collect();
        assert_eq!(accounts, [&json!("b.example"), &json!("a.example")]);
    }

    async fn access_is_asked_for_without_learning_which_accounts_there_are(office) {
        let site = office.site("a.example").await;
        let other = office.site("c.example").await;
        let admin = office.with_role(&site, "admin@a.example", "administrator").await;
        let ann = office.with_role(&other, "ann@c.example", "viewer").await;
        let ask = |domain: &str| json!({"domain": domain, "role": "user", "message": "I count"});
        let path = "/api/v1/me/access-requests";
        let known = office.post_as(&ann.token, path, &ask("A.example")).await;
        let unknown = office.post_as(&ann.token, path, &ask("nobody.example")).await;
        assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
        assert_eq!(known.status, 202);
        let narrow = json!({"domain": "a.example", "role": "virtual_user"});
        office.post_as(&ann.token, path, &narrow).await.problem(422, "value.invalid");
        let letter = office.letter_to(&admin.email).await;
        assert!(letter.starts_with("ann@c.example asks for the role Smart Account User.\n\nI count\n"), "{letter}");
        let waiting = format!("{}/access-requests", site.path());
        let rows = office.get_as(&admin.token, &waiting).await.ok();
        let id = text(&rows["items"][0]["id"]);
        let decide = format!("{waiting}/{id}/decide");
        office.post_as(&admin.token, &decide, &json!({"decision": "granted"})).await;
        office.get_as(&ann.token, &format!("{}/pools", site.path())).await.ok();
        office.post_as(&admin.token, &decide, &json!({"decision": "declined"})).await.problem(409, "conflict.changed");
        assert!(office.letter_to(&ann.email).await.contains("was granted"));
    }

    async fn the_last_administrator_stays_and_a_removal_counts_from_the_next_request(office) {
        let site = office.site("a.example").await;
        let (ann, bob) = (office.with_role(&site, "ann@a.example", "administrator").await, office.with_role(&site, "bob@a.example", "administrator").await);
        let grants = format!("{}/grants", site.path());
        let rows = office.get_as(&ann.token, &grants).await.ok();
        let id_of = |email: &str| text(&rows["items"].as_array().expect("items").iter().find(|one| one["email"] == email).expect("it")["id"]);
        let end = |email: &str| format!("{grants}/{}/end", id_of(email));
        office.wait(Span::from_seconds(1));
        assert_eq!(office.post_as(&ann.token, &end(&bob.email), &json!({})).await.status, 204);
        office.get_as(&bob.token, &grants).await.problem(404, "not_found");
        office.post_as(&ann.token, &end(&ann.email), &json!({})).await.problem(409, "role.last_administrator");
        assert!(office.letter_to(&bob.email).await.contains("do not have the role Smart Account Administrator"));
    }

    async fn a_role_that_is_refused_leaves_nobody_behind(office) {
        let site = office.site("a.example").await;
        let nowhere = VirtualAccountId::derive(&[b"nowhere"]).to_string();
        let new = json!({"email": "zoe@a.example", "role": "virtual_user", "virtual_account": nowhere});
        office.post(&format!("{}/grants", site.path()), &new).await.problem(404, "not_found");
        assert!(office.rows("/api/v1/people?email=zoe").await.is_empty());
        let new = json!({"email": "zoe@a.example", "role": "virtual_user", "virtual_account": site.branch});
        office.post(&format!("{}/grants", site.path()), &new).await.created();
        assert_eq!(office.rows("/api/v1/people?email=zoe").await[0]["state"], "invited");
    }

    async fn terms_may_be_as_long_as_terms_are(office) {
        let text = "A line of terms with \"quotes\".\n".repeat(4_000);
        let made = office.post("/api/v1/terms", &json!({"title": "Long", "text": text})).await.created();
        assert_eq!(made["text"], json!(text));
        let text = "x".repeat(128 * 1024 + 1);
        office.post("/api/v1/terms", &json!({"title": "Longer", "text": text})).await.problem(422, "value.invalid");
    }

    async fn a_virtual_account_is_archived_only_when_it_is_empty(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/virtual-accounts/{}", site.path(), site.branch);
        let new = json!({"virtual_account": site.branch, "expires_after_days": 1});
        let token = office.post(&format!("{}/tokens", site.path()), &new).await.created();
        let seen = json!({"revision": 0});
        let why = office.post(&format!("{path}/archive"), &seen).await.problem(409, "virtual_account.in_use");
        assert!(why.contains("ID tokens that can be used"), "{why}");
        office.post(&format!("{}/tokens/{}/revoke", site.path(), text(&token["id"])), &json!({})).await;
        let lot = json!({"virtual_account": site.branch, "tag": DNA, "quantity": 1});
        office.post(&format!("{}/entitlements", site.path()), &lot).await.created();
        let why = office.post(&format!("{path}/archive"), &seen).await.problem(409, "virtual_account.in_use");
        assert!(why.contains("licenses"), "{why}");
        let empty = office.post(&format!("{}/virtual-accounts", site.path()), &json!({"name": "Empty", "tags": [{"group": "site", "value": "Oslo"}]})).await.created();
        let path = format!("{}/virtual-accounts/{}", site.path(), text(&empty["id"]));
        let done = office.post(&format!("{path}/archive"), &seen).await.ok();
        assert_eq!(done, json!({"archived": true, "moved_instances": 0, "moved_entitlements": 0, "moved_tokens": 0}));
        let rows = office.rows(&format!("{}/virtual-accounts?name=empty", site.path())).await;
        assert!(rows[0]["archived_at"].is_string());
        assert_eq!(rows[0]["tags"], json!([{"group": "site", "value": "Oslo"}]));
        office.post(&format!("{path}/restore"), &seen).await.problem(409, "conflict.changed");
        assert_eq!(office.post(&format!("{path}/restore"), &json!({"revision": 1})).await.status, 204);
    }

    async fn everything_moves_to_another_virtual_account_as_one_act(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/virtual-accounts/{}", site.path(), site.branch);
        let new = json!({"virtual_account": site.branch, "expires_after_days": 1});
        office.post(&format!("{}/tokens", site.path()), &new).await.created();
        let lot = json!({"virtual_account": site.branch, "tag": DNA, "quantity": 3, "source": "order 7"});
        let lot = office.post(&format!("{}/entitlements", site.path()), &lot).await.created();
        let home = text(&office.post(&format!("{}/virtual-accounts", site.path()), &json!({"name": "Home"})).await.created()["id"]);
        let to = |place: &str| json!({"revision": 0, "move_to": place});
        let why = office.post(&format!("{path}/archive"), &to(&site.branch.to_string())).await.problem(422, "value.invalid");
        assert!(why.contains("another virtual account"), "{why}");
        let nobody = VirtualAccountId::derive(&[b"nobody"]).to_string();
        office.post(&format!("{path}/archive"), &to(&nobody)).await.problem(404, "not_found");
        office.post(&format!("{path}/archive"), &json!({"revision": 4, "move_to": home})).await.problem(409, "conflict.changed");
        let shut = office.post(&format!("{}/virtual-accounts", site.path()), &json!({"name": "Shut"})).await.created();
        office.post(&format!("{}/virtual-accounts/{}/archive", site.path(), text(&shut["id"])), &json!({"revision": 0})).await.ok();
        let why = office.post(&format!("{path}/archive"), &to(&text(&shut["id"]))).await.problem(422, "value.invalid");
        assert!(why.contains("is archived"), "{why}");
        let ned = office.with_role(&site, "ned@a.example", "user").await;
        office.post_as(&ned.token, &format!("{path}/archive"), &to(&home)).await.problem(403, "permit.denied");
        let rows = office.rows(&format!("{}/tokens", site.path())).await;
        assert_eq!(text(&rows[0]["virtual_account"]), site.branch.to_string(), "nothing moved yet");

        let ada = office.with_role(&site, "ada@a.example", "administrator").await;
        let narrow = office.bounded_token("ada@a.example", only(&[Area::Read, Area::Accounts]), 9).await;
        office.post_as(&narrow, &format!("{path}/archive"), &to(&home)).await.problem(403, "permit.denied");
        let other = office.site("c.example").await;
        office.post_as(&ada.token, &format!("{path}/archive"), &to(&other.branch.to_string())).await.problem(404, "not_found");

        let done = office.post_again("move-1", &format!("{path}/archive"), &to(&home)).await.ok();
        assert_eq!(done, json!({"archived": true, "moved_instances": 0, "moved_entitlements": 1, "moved_tokens": 1}));
        let again = office.post_again("move-1", &format!("{path}/archive"), &to(&home)).await.ok();
        assert_eq!(again["archived"], json!(true), "the answer may have been lost");
        office.post(&format!("{path}/archive"), &to(&home)).await.problem(409, "conflict.changed");
        let pools = office.rows(&format!("{}/pools", site.path())).await;
        let of = |place: &str| pools.iter().find(|pool| pool["virtual_account"] == place).expect("a pool").clone();
        let (there, here) = (of(&home), of(&site.branch.to_string()));
        assert_eq!((&there["purchased"], &here["purchased"], &here["expired"]), (&json!(3), &json!(0), &json!(0)));
        let lots = office.rows(&format!("{}/entitlements?pool={}", site.path(), text(&there["id"]))).await;
        assert_eq!((&lots[0]["moved_from"], &lots[0]["source"]), (&lot["id"], &json!("order 7")));
        let gone = office.rows(&format!("{}/entitlements?pool={}", site.path(), text(&here["id"]))).await;
        assert_eq!((&gone[0]["available"], &gone[0]["moved"], &gone[0]["moved_from"]), (&json!(0), &json!(3), &json!(null)));
        assert_eq!(text(&office.rows(&format!("{}/tokens", site.path())).await[0]["virtual_account"]), home);
        let log = office.rows(&format!("{}/events?virtual_account={home}", site.path())).await;
        let log: Vec<String> = log.iter().map(|one| text(&one["action"])).collect();
        assert!(log.contains(&"entitlement.moved".to_owned()) && log.contains(&"token.moved".to_owned()), "{log:?}");
        let left = office.rows(&format!("{}/events?virtual_account={}&action=virtual_account.emptied", site.path(), site.branch)).await;
        assert_eq!((left.len(), &left[0]["detail"]["tokens"]), (1, &json!("1")), "{left:?}");
    }

    async fn nothing_moves_while_the_terms_are_not_accepted_and_an_old_request_says_how_it_ended(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/virtual-accounts/{}", site.path(), site.branch);
        let new = json!({"virtual_account": site.branch, "expires_after_days": 1});
        office.post(&format!("{}/tokens", site.path()), &new).await.created();
        let seen = json!({"revision": 0});
        office.post_again("plain", &format!("{path}/archive"), &seen).await.problem(409, "virtual_account.in_use");
        office.post("/api/v1/terms", &json!({"title": "Terms", "text": "Be fair."})).await.created();
        let to = json!({"revision": 0, "move_to": site.default});
        office.post(&format!("{path}/archive"), &to).await.problem(403, "terms.not_accepted");
        let rows = office.rows(&format!("{}/tokens", site.path())).await;
        assert_eq!(text(&rows[0]["virtual_account"]), site.branch.to_string());
    }

    async fn an_approver_sees_who_did_what_about_people_and_nothing_about_licenses(office) {
        let site = office.site("a.example").await;
        office.grant(&site, DNA, 3).await;
        let boss = office.with_role(&site, "boss@a.example", "approver").await;
        let log = format!("{}/events", site.path());
        let all: Vec<String> = office.rows(&log).await.iter().map(|one| text(&one["action"])).collect();
        assert!(all.contains(&"entitlement.granted".to_owned()), "{all:?}");
        let seen = office.get_as(&boss.token, &log).await.ok();
        let seen: Vec<&str> = seen["items"].as_array().expect("items").iter().map(|one| one["action"].as_str().expect("text")).collect();
        assert_eq!(seen, ["role.granted", "virtual_account.created", "account.created"]);
        let file = office.get_as(&boss.token, &format!("{log}/export")).await.text();
        assert!(!file.contains("entitlement.granted") && file.contains("role.granted"), "{file}");
        office.get_as(&boss.token, &format!("{log}/entries")).await.problem(403, "permit.denied");
        for part in ["pools", "tokens", "instances"] {
            office.get_as(&boss.token, &format!("{}/{part}", site.path())).await.problem(403, "permit.denied");
        }
        let change = json!({"revision": 0, "name": "A ltd"});
        let changed = office.ask_as(&boss.token, Method::PUT, &site.path(), &change.to_string()).await.ok();
        assert_eq!((&changed["name"], &changed["revision"]), (&json!("A ltd"), &json!(1)));
        let stale = office.ask_as(&boss.token, Method::PUT, &site.path(), &change.to_string()).await;
        stale.problem(409, "conflict.changed");
    }

    async fn a_wrong_password_and_an_unknown_address_are_told_the_same(office) {
        let site = office.site("a.example").await;
        let ann = office.with_role(&site, "ann@a.example", "user").await;
        assert_eq!(ann.session.factors, Factors::Password);
        let wrong = office.sign_in_error(&ann.email, "not it at all, sorry").await;
        assert_eq!(wrong, office.sign_in_error("nobody@a.example", "not it at all, sorry").await);
        assert!(wrong.ends_with("(sign_in.failed)"), "{wrong}");
        assert_eq!(office.sign_in_error("ANN@a.example", PASSWORD).await, "none");
        for _ in 0..8 {
            office.sign_in_error(&ann.email, "wrong").await;
        }
        let slow = office.sign_in_error(&ann.email, PASSWORD).await;
        assert!(slow.ends_with("(auth.too_often)"), "{slow}");
        office.wait(Span::from_minutes(1));
        assert_eq!(office.sign_in_error(&ann.email, PASSWORD).await, "none");
    }

    async fn the_set_up_secret_does_not_come_back_when_the_only_operator_is_kept_out(office) {
        let operator = office.person("/api/v1/grants", "op@vendor.example", &json!({"role": "operator"})).await;
        office.get("/api/v1/accounts").await.problem(401, "auth.wrong");
        let people = office.get_as(&operator.token, "/api/v1/people?email=op@").await.ok();
        let block = format!("/api/v1/people/{}/block", text(&people["items"][0]["id"]));
        assert_eq!(office.post_as(&operator.token, &block, &json!({})).await.status, 204);
        office.get_as(&operator.token, "/api/v1/accounts").await.problem(401, "auth.wrong");
        office.get("/api/v1/accounts").await.problem(401, "auth.wrong");
    }

    async fn who_is_kept_out_is_out_at_once_and_everywhere(office) {
        let site = office.site("a.example").await;
        let ann = office.with_role(&site, "ann@a.example", "user").await;
        let path = format!("{}/pools", site.path());
        office.get_as(&ann.token, &path).await.ok();
        let people = office.rows("/api/v1/people?email=ANN").await;
        let person = format!("/api/v1/people/{}", text(&people[0]["id"]));
        assert_eq!(office.post(&format!("{person}/block"), &json!({})).await.status, 204);
        office.get_as(&ann.token, &path).await.problem(401, "auth.wrong");
        let refused = office.sign_in_error(&ann.email, PASSWORD).await;
        assert!(refused.ends_with("(sign_in.failed)"), "{refused}");
        assert_eq!(office.post(&format!("{person}/admit"), &json!({})).await.status, 204);
        office.get_as(&ann.token, &path).await.ok();
        let roles = office.get(&person).await.ok();
        assert_eq!((&roles["state"], &roles["grants"][0]["role"]), (&json!("active"), &json!("user")));
    }
}
