//! Accounts and virtual accounts, requests that come again, and pages of lists.

use ledger::role::{Action, Actor, Scope, permit};
use serde_json::{Value, json};
use server::app::Ask;
use server::app::accounts::NewAccount;
use wire::message::Policy;

use crate::home::both;
use crate::office::{Office, text};

const ACCOUNTS: &str = "/api/v1/accounts";

async fn walk(office: &Office, path: &str, limit: u32) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = format!("{path}?limit={limit}");
    loop {
        let page = office.get(&next).await.ok();
        let items = page["items"].as_array().expect("items");
        pages.push(items.iter().map(|item| text(&item["name"])).collect());
        match &page["next_cursor"] {
            Value::Null => return pages,
            cursor => next = format!("{path}?limit={limit}&cursor={}", text(cursor)),
        }
    }
}

both! {
    async fn an_account_is_made_listed_and_shown(office) {
        let new = json!({"name": " Example Networks ", "domain": "Example.COM"});
        let made = office.post(ACCOUNTS, &new).await.created();
        assert_eq!(made["name"], "Example Networks");
        assert_eq!(made["domain"], "example.com");
        assert_eq!(made["created_at"], "2025-06-15T15:06:40.000Z");
        assert_eq!(made["policy"]["name"], "Scrip default");
        assert_eq!(made["policy"]["push_interval_seconds"], 2_592_000);
        let terms = json!({"first_report_days": 365, "frequency_days": 0, "on_change_days": 90});
        assert_eq!(made["policy"]["perpetual"], terms);
        let number = made["number"].as_u64().expect("a number");
        assert!((100_000_000..1_000_000_000).contains(&number), "{number}");
        assert_eq!(office.rows(ACCOUNTS).await, std::slice::from_ref(&made));
        let path = format!("{ACCOUNTS}/{}", text(&made["id"]));
        assert_eq!(office.get(&path).await.ok(), made);
        let parts = office.rows(&format!("{path}/virtual-accounts")).await;
        assert_eq!(parts.len(), 1);
        assert_eq!((&parts[0]["name"], &parts[0]["default"]), (&json!("DEFAULT"), &json!(true)));
        assert_eq!(office.get("/api/v1/totals").await.ok()["accounts"], 1);
    }

    async fn an_account_may_have_a_policy_of_its_own(office) {
        let terms = json!({"first_report_days": 1, "frequency_days": 2, "on_change_days": 3});
        let policy = json!({
            "name": "Strict", "ack_required": true, "perpetual": terms, "subscription": terms,
            "enforced": terms, "export": terms, "push_interval_seconds": 3600,
        });
        let new = json!({"name": "A", "domain": "a.example", "policy": policy});
        let made = office.post(ACCOUNTS, &new).await.created();
        assert_eq!(made["policy"], policy);
        let mut nameless = new.clone();
        nameless["policy"]["name"] = json!("");
        nameless["domain"] = json!("b.example");
        let refused = office.post(ACCOUNTS, &nameless).await.problem(422, "value.invalid");
        assert_eq!(refused, "policy.name must not be empty: write something (value.invalid)");
    }

    async fn a_domain_is_one_accounts_alone(office) {
        office.site("a.example").await;
        let again = json!({"name": "Other", "domain": "A.example"});
        let refused = office.post(ACCOUNTS, &again).await.problem(409, "exists");
        assert_eq!(refused, "the domain \"a.example\" is taken already: choose another (exists)");
        assert_eq!(office.rows(ACCOUNTS).await.len(), 1);
    }

    async fn a_refused_account_claims_no_domain(office) {
        let nameless = json!({"name": " ", "domain": "a.example"});
        let refused = office.post(ACCOUNTS, &nameless).await.problem(422, "value.invalid");
        assert_eq!(refused, "name must not be empty: write something (value.invalid)");
        office.post(ACCOUNTS, &json!({"name": "A", "domain": "a.example"})).await.created();
    }

    async fn a_request_that_comes_again_has_one_effect_and_one_answer(office) {
        let new = json!({"name": "A", "domain": "a.example"});
        let first = office.post_again("order 66", ACCOUNTS, &new).await.created();
        let again = office.post_again("order 66", ACCOUNTS, &new).await.created();
        assert_eq!(first, again);
        let other = json!({"name": "B", "domain": "b.example"});
        let refused = office.post_again("order 66", ACCOUNTS, &other).await.problem(409, "request.reused");
        assert_eq!(
            refused,
            "this request id was used for another request: make a new one (request.reused)"
        );
        assert_eq!(office.rows(ACCOUNTS).await.len(), 1);
        let made = office.post_again("order 67", ACCOUNTS, &other).await.created();
        assert_eq!(made["domain"], "b.example", "the refused request claimed nothing");
        let long = "k".repeat(256);
        office.post_again(&long, ACCOUNTS, &other).await.problem(400, "request.key");
        office.post_again("", ACCOUNTS, &other).await.problem(400, "request.key");
    }

    async fn a_request_id_may_be_of_our_own_kind(office) {
        let id = "req_01JQ8R2M5TC6V7W8X9Y0Z1A2B3";
        let new = json!({"name": "A", "domain": "a.example"});
        let first = office.post_again(id, ACCOUNTS, &new).await.created();
        let again = office.post_again(&id.to_lowercase(), ACCOUNTS, &new).await.created();
        assert_eq!(first["id"], again["id"]);
    }

    async fn virtual_accounts_are_named_apart(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/virtual-accounts", site.path());
        let new = json!({"name": "Lab", "description": "for trials"});
        let made = office.post_again("k", &path, &new).await.created();
        assert_eq!(made["description"], "for trials");
        assert_eq!(office.post_again("k", &path, &new).await.created(), made);
        let refused = office.post(&path, &json!({"name": "LAB"})).await.problem(409, "exists");
        assert_eq!(refused, "the name \"LAB\" is taken already: choose another (exists)");
        assert_eq!(walk(&office, &path, 2).await, [vec!["Branch", "DEFAULT"], vec!["Lab"]]);
        let found = office.rows(&format!("{path}?name=la")).await;
        assert_eq!(found, [made]);
    }

    async fn a_list_goes_on_where_its_page_ended(office) {
        for n in 0..7 {
            let new = json!({"name": format!("Company {n}"), "domain": format!("{n}.example")});
            office.post(ACCOUNTS, &new).await.created();
        }
        let pages = walk(&office, ACCOUNTS, 3).await;
        let name = |n: u32| format!("Company {n}");
        let expected: [Vec<String>; 3] =
            [(0..3).map(name).collect(), (3..6).map(name).collect(), vec![name(6)]];
        assert_eq!(pages, expected);
        assert_eq!(walk(&office, ACCOUNTS, 7).await.len(), 1, "a full last page says that it is the last");
    }

    async fn a_domain_is_free_again_when_its_account_was_refused(office) {
        let app = &office.app;
        let ask = |action, content: &[u8]| {
            let permit = permit(&Actor::Host, action, Scope::House).expect("the host may");
            Ask::new(permit, app.fresh_request(), content)
        };
        let new = || NewAccount {
            name: "Company".to_owned(),
            domain: "c.example".to_owned(),
            policy: Policy::default(),
        };
        let refused = app.create_account(&ask(Action::DefineLicense, b"one"), new()).await;
        assert_eq!(refused.expect_err("another right").code(), "permit.denied");
        app.create_account(&ask(Action::CreateAccount, b"two"), new()).await.expect("it is free");
        let taken = app.create_account(&ask(Action::CreateAccount, b"three"), new()).await;
        assert_eq!(taken.expect_err("it is taken").code(), "exists");
        app.release_claims().await.expect("it is done");
        let taken = app.create_account(&ask(Action::CreateAccount, b"four"), new()).await;
        assert_eq!(taken.expect_err("it is still taken").code(), "exists");
    }

    async fn whether_the_server_is_ready_is_found_out_once_a_second(office) {
        office.app.ready().await.expect("it is");
        office.app.ready().await.expect("it is known");
        office.wait(wire::time::Span::from_seconds(2));
        office.app.ready().await.expect("it still is");
    }

    async fn a_cursor_is_of_its_own_list(office) {
        office.site("a.example").await;
        office.site("b.example").await;
        let page = office.get(&format!("{ACCOUNTS}?limit=1")).await.ok();
        let cursor = text(&page["next_cursor"]);
        office.get(&format!("/api/v1/licenses?cursor={cursor}")).await.problem(400, "cursor.invalid");
        office.get(&format!("{ACCOUNTS}?cursor=AAAA")).await.problem(400, "cursor.invalid");
        let cut = &cursor[..cursor.len() - 2];
        office.get(&format!("{ACCOUNTS}?cursor={cut}")).await.problem(400, "cursor.invalid");
        let zero = office.get(&format!("{ACCOUNTS}?limit=0")).await.problem(400, "query.value");
        assert_eq!(zero, "limit: must be 1 to 500: take the rest from the next page (query.value)");
        office.get(&format!("{ACCOUNTS}?limit=501")).await.problem(400, "query.value");
        office.get(&format!("{ACCOUNTS}?limit=500")).await.ok();
    }

    async fn an_account_that_is_not_there_is_not_found(office) {
        office.site("a.example").await;
        let path = format!("{ACCOUNTS}/acct_01JQ8R2M5TC6V7W8X9Y0Z1A2B3");
        for part in [
            "", "/virtual-accounts", "/pools", "/entitlements", "/instances", "/alarms", "/events",
            "/tokens",
        ] {
            let detail = office.get(&format!("{path}{part}")).await.problem(404, "not_found");
            assert_eq!(detail, "no such account here: check the id (not_found)", "{part}");
        }
        let new = json!({"name": "Lab"});
        office.post(&format!("{path}/virtual-accounts"), &new).await.problem(404, "not_found");
    }
}
