//! What a token gives: never more than its owner has now, and never more than it was made for.

use axum::http::Method;
use ledger::person::{Area, Bounds};
use serde_json::{Value, json};
use server::app::api_tokens::NewApiToken;
use server::app::people::OwnAsk;
use server::app::sign_in::{Caller, Entered};
use server::proof::Secret;
use wire::time::Span;

use crate::home::both;
use crate::office::{Office, Site, text};
use crate::people::{PASSWORD, Person};

impl Office {
    /// Makes a personal token of somebody who has a password, within bounds.
    pub(crate) async fn bounded_token(&self, email: &str, bounds: Bounds, days: u32) -> String {
        let from = Caller { address: "192.0.2.9".to_owned(), browser: "Test".to_owned() };
        let entered = self.app.sign_in_by_password(email, Secret::new(PASSWORD), &from).await;
        let Entered::In(new) = entered.expect("signed in") else { panic!("a factor is owed") };
        let signed_in = self.app.signed_in(&new.token).await.expect("read").expect("signed in");
        let member = signed_in.member().expect("a person");
        let ask = OwnAsk::new(member, self.app.fresh_request(), "192.0.2.9", b"bounded");
        let token = NewApiToken { name: "bounded".to_owned(), bounds, expires_after_days: days };
        let hash = signed_in.session.token_hash;
        self.app.make_personal_token(ask, hash, token).await.expect("a token").text
    }

    /// An access token for a client's secret.
    pub(crate) async fn exchange(&self, client: &Value) -> String {
        let (id, secret) = (text(&client["client_id"]), text(&client["client_secret"]));
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        text(&self.form("/oauth/token", &form).await.ok()["access_token"])
    }
}

/// An account with an administrator who has a token.
async fn town(office: &Office) -> (Site, Person) {
    let site = office.site("a.example").await;
    let grants = format!("{}/grants", site.path());
    let ann = office.person(&grants, "ann@a.example", &json!({"role": "administrator"})).await;
    (site, ann)
}

pub(crate) fn only(areas: &[Area]) -> Bounds {
    Bounds::Only(areas.iter().copied().collect())
}

both! {
    async fn a_token_ends_with_the_role_of_its_owner(office) {
        let (site, ann) = town(&office).await;
        let pools = format!("{}/pools", site.path());
        let client = office.post_as(&ann.token, &format!("{}/api-clients", site.path()), &json!({
            "name": "billing", "scope": "everything", "expires_after_days": 9,
        })).await.created();
        let access = office.exchange(&client).await;
        for token in [&ann.token, &access] {
            office.get_as(token, &pools).await.ok();
        }
        let grants = office.rows(&format!("{}/grants", site.path())).await;
        let own = grants.iter().find(|one| one["email"] == "ann@a.example").expect("a grant");
        let heir = json!({"email": "bob@a.example", "role": "administrator"});
        office.post(&format!("{}/grants", site.path()), &heir).await.created();
        office.accept("bob@a.example").await;
        let end = format!("{}/grants/{}/end", site.path(), text(&own["id"]));
        assert_eq!(office.post(&end, &json!({})).await.status, 204);
        for token in [&ann.token, &access] {
            office.get_as(token, &pools).await.problem(404, "not_found");
        }
        // The client may what its maker may: nothing any more.
        office.get_as(&office.exchange(&client).await, &pools).await.problem(404, "not_found");
    }

    async fn a_role_that_ends_by_itself_takes_the_token_along(office) {
        let site = office.site("a.example").await;
        let grants = format!("{}/grants", site.path());
        let role = json!({"role": "viewer", "ends_at": "2025-06-20T00:00:00Z"});
        let ann = office.person(&grants, "ann@a.example", &role).await;
        office.get_as(&ann.token, &format!("{}/pools", site.path())).await.ok();
        office.wait(Span::from_days(6));
        let gone = office.get_as(&ann.token, &format!("{}/pools", site.path())).await;
        gone.problem(404, "not_found");
    }

    async fn the_tokens_of_a_blocked_person_give_nothing_until_they_are_admitted(office) {
        let (site, ann) = town(&office).await;
        let client = office.post_as(&ann.token, &format!("{}/api-clients", site.path()), &json!({
            "name": "billing", "expires_after_days": 9,
        })).await.created();
        let access = office.exchange(&client).await;
        let person = text(&office.get_as(&ann.token, "/api/v1/me").await.ok()["id"]);
        let pools = format!("{}/pools", site.path());
        let door = |act: &str| format!("/api/v1/people/{person}/{act}");
        assert_eq!(office.post(&door("block"), &json!({})).await.status, 204);
        for token in [&ann.token, &access] {
            office.get_as(token, &pools).await.problem(401, "auth.wrong");
        }
        let id = text(&client["client_id"]);
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={}", text(&client["client_secret"]));
        assert_eq!(office.form("/oauth/token", &form).await.json()["error"], "invalid_client");
        assert_eq!(office.post(&door("admit"), &json!({})).await.status, 204);
        office.get_as(&ann.token, &pools).await.ok();
    }

    async fn a_token_ends_when_it_is_revoked_and_when_its_time_is_over(office) {
        let (site, ann) = town(&office).await;
        let pools = format!("{}/pools", site.path());
        let short = office.bounded_token("ann@a.example", Bounds::Everything, 1).await;
        office.get_as(&short, &pools).await.ok();
        office.wait(Span::from_days(1));
        office.get_as(&short, &pools).await.problem(401, "auth.wrong");
        let fresh = office.bounded_token("ann@a.example", Bounds::Everything, 3).await;
        let listed = office.get_as(&fresh, "/api/v1/me/api-tokens").await.ok();
        let newest = text(&listed["items"][0]["id"]);
        let grant = format!("grant_type=password&username=ann%40a.example&password={fresh}");
        let access = text(&office.form("/oauth/token", &grant).await.ok()["access_token"]);
        office.get_as(&access, &pools).await.ok();
        let revoke = format!("/api/v1/me/api-tokens/{newest}/revoke");
        assert_eq!(office.post_as(&ann.token, &revoke, &json!({})).await.status, 204);
        for token in [&fresh, &access] {
            office.get_as(token, &pools).await.problem(401, "auth.wrong");
        }
        office.get_as(&ann.token, &pools).await.ok();
    }

    async fn an_access_token_lives_as_long_as_any_secret_of_its_client(office) {
        let (site, ann) = town(&office).await;
        let (clients, pools) = (format!("{}/api-clients", site.path()), format!("{}/pools", site.path()));
        let new = json!({"name": "billing", "expires_after_days": 9});
        let first = office.post_as(&ann.token, &clients, &new).await.created();
        office.wait(Span::from_seconds(1));
        let one = format!("{clients}/{}", text(&first["client_id"]));
        let second = office.post_as(&ann.token, &format!("{one}/secrets"), &json!({"expires_after_days": 9})).await.created();
        assert_eq!(first["client_id"], second["client_id"]);
        assert_ne!(first["client_secret"], second["client_secret"]);
        let listed = office.get_as(&ann.token, &clients).await.ok()["items"].clone();
        assert_eq!(listed.as_array().expect("items").len(), 2);
        let access = office.exchange(&first).await;
        office.get_as(&office.exchange(&second).await, &pools).await.ok();
        let revoke = format!("{one}/revoke");
        let old = json!({"made_at": listed[1]["made_at"]});
        assert_eq!(office.post_as(&ann.token, &revoke, &old).await.status, 204);
        office.get_as(&access, &pools).await.ok();
        let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", text(&first["client_id"]), text(&first["client_secret"]));
        assert_eq!(office.form("/oauth/token", &form).await.json()["error"], "invalid_client");
        office.exchange(&second).await;
        assert_eq!(office.post_as(&ann.token, &revoke, &json!({})).await.status, 204);
        office.get_as(&access, &pools).await.problem(401, "auth.wrong");
        // A secret itself is no token.
        office.get_as(&text(&second["client_secret"]), &pools).await.problem(401, "auth.wrong");
    }

    async fn a_token_does_what_its_scope_says_and_no_more(office) {
        let (site, _ann) = town(&office).await;
        let reads = office.bounded_token("ann@a.example", only(&[Area::Read]), 9).await;
        let path = site.path();
        office.get_as(&reads, &format!("{path}/pools")).await.ok();
        let token = json!({"virtual_account": site.default, "expires_after_days": 1});
        for (act, body) in [
            ("tokens", token),
            ("virtual-accounts", json!({"name": "New"})),
            ("api-clients", json!({"name": "New", "expires_after_days": 1})),
            ("grants", json!({"email": "eve@a.example", "role": "administrator"})),
        ] {
            office.post_as(&reads, &format!("{path}/{act}"), &body).await.problem(403, "permit.denied");
        }
        let profile = "/services/api/smart-accounts-and-licensing/v1/accounts/a.example/virtual-accounts/DEFAULT/tokens";
        let refused = office.post_as(&reads, profile, &json!({})).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["status"]), (403, &json!("ERROR")));
        // Who may make clients makes none that may more than they ask with.
        let people = office.bounded_token("ann@a.example", only(&[Area::People]), 9).await;
        let wide = json!({"name": "wide", "scope": "everything", "expires_after_days": 1});
        office.post_as(&people, &format!("{path}/api-clients"), &wide).await.problem(422, "value.invalid");
        let wide = json!({"name": "wide", "scope": "people licenses", "expires_after_days": 1});
        office.post_as(&people, &format!("{path}/api-clients"), &wide).await.problem(422, "value.invalid");
        let fits = json!({"name": "fits", "scope": "people", "expires_after_days": 1});
        office.post_as(&people, &format!("{path}/api-clients"), &fits).await.created();
        // Nor does an exchange widen anything.
        let form = format!("grant_type=password&username=ann%40a.example&password={reads}");
        let narrow = office.form("/oauth/token", &format!("{form}&scope=read+licenses")).await.ok();
        assert_eq!(narrow["scope"], "read");
        let none = office.form("/oauth/token", &format!("{form}&scope=licenses")).await;
        assert_eq!((none.status.as_u16(), &none.json()["error"]), (400, &json!("invalid_scope")));
    }

    async fn a_client_of_one_account_sees_nothing_of_another(office) {
        let (site, ann) = town(&office).await;
        let other = office.site("b.example").await;
        let second = json!({"email": "ann@a.example", "role": "administrator"});
        office.post(&format!("{}/grants", other.path()), &second).await.created();
        office.get_as(&ann.token, &format!("{}/pools", other.path())).await.ok();
        let client = office.post_as(&ann.token, &format!("{}/api-clients", site.path()), &json!({
            "name": "billing", "scope": "everything", "expires_after_days": 9,
        })).await.created();
        let access = office.exchange(&client).await;
        office.get_as(&access, &format!("{}/pools", site.path())).await.ok();
        for part in ["", "/pools", "/grants", "/api-clients"] {
            let seen = office.get_as(&access, &format!("{}{part}", other.path())).await;
            seen.problem(404, "not_found");
        }
        let n = "/services/api/smart-accounts-and-licensing";
        let names = |answer: Value, field: &str| -> Vec<Value> {
            answer["accounts"].as_array().expect("accounts").iter().map(|one| one[field].clone()).collect()
        };
        for (path, field) in [("v2/accounts", "accountDomain"), ("v1/accounts/search", "domain"), ("v2/accounts/search", "domain")] {
            let path = format!("{n}/{path}");
            assert_eq!(names(office.get_as(&access, &path).await.ok(), field), ["a.example"]);
            assert_eq!(names(office.get_as(&ann.token, &path).await.ok(), field), ["a.example", "b.example"]);
        }
        let foreign = format!("{n}/v1/accounts/b.example/customer/virtual-accounts");
        assert_eq!(office.get_as(&access, &foreign).await.status, 404);
        assert_eq!(office.get_as(&access, "/api/v1/me").await.ok()["accounts"].as_array().expect("accounts").len(), 1);
    }

    async fn an_account_of_limited_use_has_no_clients(office) {
        let (_, ann) = town(&office).await;
        let wanted = json!({"name": "Corner Shop", "kind": "limited_use"});
        let made = office.post_as(&ann.token, "/api/v1/me/account-requests", &wanted).await.created();
        let word = office.link_to("ann@a.example").await;
        office.app.approve(&word, 0, office.app.fresh_request(), "192.0.2.9").await.expect("approved");
        let clients = format!("/api/v1/accounts/{}/api-clients", text(&made["id"]));
        office.ask_as(&ann.token, Method::GET, &clients, "").await.ok();
        let new = json!({"name": "billing", "expires_after_days": 9});
        office.post_as(&ann.token, &clients, &new).await.problem(403, "account.limited");
    }
}
