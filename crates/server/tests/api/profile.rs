//! The documented profile as existing clients speak it, and the token endpoint in all their ways.

use axum::body::Body;
use axum::http::{Method, Request, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wire::time::Span;

use crate::device::{Device, token_text};
use crate::home::both;
use crate::office::{ADVANTAGE, Answer, NOON, Office, Site, text};
use crate::people::{PASSWORD, Person};

/// Where the profile begins.
const N: &str = "/services/api/smart-accounts-and-licensing";

impl Office {
    /// Posts a form, without signing in.
    pub(crate) async fn form(&self, path: &str, form: &str) -> Answer {
        let request = Request::post(path);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).expect("a request")).await
    }
}

/// An account with a shortage, its administrator, and a client that may do everything.
struct Scene {
    site: Site,
    ann: Person,
    client: Value,
}

async fn scene(office: &Office) -> Scene {
    let site = office.site("a.example").await;
    let other = office.site("b.example").await;
    office.grant(&other, ADVANTAGE, 7).await;
    office.grant(&site, ADVANTAGE, 5).await;
    let token = token_text(&office.token(&site).await);
    let mut one = Device::trusted(office, &token, "ONE", 1).await;
    let report = one.report(ADVANTAGE, 9, NOON);
    one.push(office, &[report]).await;
    let grants = format!("{}/grants", site.path());
    let ann = office.person(&grants, "ann@a.example", &json!({"role": "administrator"})).await;
    let new = json!({"name": "billing", "scope": "everything", "expires_after_days": 9});
    let clients = format!("{}/api-clients", site.path());
    let client = office.post_as(&ann.token, &clients, &new).await.created();
    Scene { site, ann, client }
}

/// A refusal in the profile's form: what the body says, and the HTTP status.
fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["code"]), (status, &json!(code)), "{body}");
    assert_eq!((&body["status"], body["statusMessage"].is_string()), (&json!("ERROR"), true));
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
}

fn oauth_refused(answer: &Answer, status: u16, error: &str) -> String {
    let body = answer.json();
    assert_eq!((answer.status.as_u16(), &body["error"]), (status, &json!(error)), "{body}");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    text(&body["error_description"])
}

both! {
    async fn a_token_is_got_in_all_the_ways_that_clients_ask(office) {
        let Scene { client, ann, .. } = scene(&office).await;
        let (id, secret) = (text(&client["client_id"]), text(&client["client_secret"]));
        let all = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let json = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret}).to_string();
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        for path in ["/as/token.oauth2", "/oauth2/default/v1/token", "/oauth/token", "/backend/oauth/token", "//as/token.oauth2"] {
            let by_query = office.form(&format!("{path}?{all}"), "").await;
            let by_json = Request::post(path).body(Body::from(json.clone())).expect("a request");
            let by_basic = Request::post(path).header(header::AUTHORIZATION, format!("Basic {basic}"));
            let by_basic = by_basic.body(Body::from("grant_type=client_credentials")).expect("a request");
            for answer in [by_query, office.form(path, &all).await, office.send(by_json).await, office.send(by_basic).await] {
                let token = answer.ok();
                assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
                assert_eq!((&token["token_type"], &token["expires_in"]), (&json!("Bearer"), &json!(3599)));
                assert_eq!(token["scope"], "everything");
                assert!(!answer.text().contains(": "), "compact: {}", answer.text());
                office.get_as(&text(&token["access_token"]), &format!("{N}/v2/accounts")).await.ok();
            }
        }
        let personal = format!("grant_type=password&username=Ann%40A.example&password={}", ann.token);
        let token = office.form("/oauth/token", &format!("{personal}&scope=read")).await.ok();
        assert_eq!(token["scope"], "read");
        let both = format!("{personal}&client_id={id}&client_secret={secret}");
        office.form("/oauth/token", &both).await.ok();
        oauth_refused(&office.form("/oauth/token", &format!("{both}x")).await, 401, "invalid_client");
        office.wait(Span::from_seconds(3_599));
        let late = office.get_as(&text(&token["access_token"]), &format!("{N}/v2/accounts")).await;
        refused(&late, 401, "auth.wrong");
    }

    async fn what_gives_no_token_is_told_as_the_rfc_says(office) {
        let Scene { client, ann, .. } = scene(&office).await;
        let (id, secret) = (text(&client["client_id"]), text(&client["client_secret"]));
        let form = async |form: String| office.form("/oauth/token", &form).await;
        oauth_refused(&form(String::new()).await, 400, "invalid_request");
        oauth_refused(&form("grant_type=implicit".to_owned()).await, 400, "unsupported_grant_type");
        let wrong = form(format!("grant_type=client_credentials&client_id={id}&client_secret=no")).await;
        oauth_refused(&wrong, 401, "invalid_client");
        assert_eq!(wrong.headers[header::WWW_AUTHENTICATE], "Basic realm=\"scrip\"");
        oauth_refused(&form(format!("grant_type=client_credentials&client_id={id}")).await, 401, "invalid_client");
        let twice = office.form("/oauth/token?client_id=a", "grant_type=client_credentials&client_id=b&client_secret=c").await;
        oauth_refused(&twice, 400, "invalid_request");
        let scope = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=moon");
        oauth_refused(&form(scope).await, 400, "invalid_scope");
        // A personal token is no client's secret, and a client's secret no personal token.
        let mixed = format!("grant_type=client_credentials&client_id={id}&client_secret={}", ann.token);
        oauth_refused(&form(mixed).await, 401, "invalid_client");
        let mixed = format!("grant_type=password&username=ann%40a.example&password={secret}");
        assert!(oauth_refused(&form(mixed).await, 400, "invalid_grant").ends_with("(token.password)"));
        // The right token under another's name, and the person's own password.
        let other = format!("grant_type=password&username=bob%40a.example&password={}", ann.token);
        assert!(oauth_refused(&form(other).await, 400, "invalid_grant").ends_with("(oauth.invalid_grant)"));
        let password = PASSWORD.replace(' ', "+");
        let password = format!("grant_type=password&username=ann%40a.example&password={password}");
        assert!(oauth_refused(&form(password.clone()).await, 400, "invalid_grant").ends_with("(token.password)"));
        let mut last = form(password.clone()).await;
        for _ in 0..10 {
            last = form(password.clone()).await;
        }
        assert!(oauth_refused(&last, 429, "temporarily_unavailable").ends_with("(auth.too_often)"));
        assert_eq!(last.headers[header::RETRY_AFTER], "60");
        let get = Request::get("/oauth/token").body(Body::empty()).expect("a request");
        assert_eq!(office.send(get).await.status, 405);
    }

    async fn accounts_are_found_with_roles_and_numbers(office) {
        let Scene { site, client, .. } = scene(&office).await;
        let access = office.exchange(&client).await;
        let own = office.get(&site.path()).await.ok();
        let answer = office.get_as(&access, &format!("{N}/v2/accounts")).await;
        assert_eq!(answer.ok(), json!({
            "accounts": [{
                "accountDomain": "a.example", "accountName": "Company a.example", "accountStatus": "ACTIVE",
                "accountType": "CUSTOMER", "roles": [{"role": "Smart Account Administrator"}],
            }],
            "status": "SUCCESS", "statusMessage": "Accounts retrieved",
        }));
        assert!(!answer.text().contains("\": "), "compact: {}", answer.text());
        let number = own["number"].as_u64().expect("a number").to_string();
        assert_eq!(number.len(), 9);
        let search = format!("{N}/v1/accounts/search");
        for (query, total) in [("", 1), ("?domain=a.ex&type=CUSTOMER&limit=10&offset=0", 1), ("?name=COMPANY", 1), ("?domain=b.", 0), ("?type=HOLDING", 0)] {
            let found = office.get_as(&access, &format!("{search}{query}")).await.ok();
            assert_eq!(found["totalRecords"], total, "{query}");
            assert_eq!(found["accounts"].as_array().expect("accounts").len(), total, "{query}");
        }
        let found = office.get_as(&access, &search).await.ok();
        assert_eq!(found["accounts"][0], json!({
            "domain": "a.example", "name": "Company a.example", "id": number, "type": "CUSTOMER", "status": "ACTIVE",
        }));
        let found = office.get_as(&access, &format!("{N}/v2/accounts/search")).await.ok();
        assert_eq!((&found["status"], &found["accounts"][0]["account_id"]), (&json!("COMPLETE"), &json!(number)));
        let places = found["accounts"][0]["virtual_accounts"].as_array().expect("virtual accounts").clone();
        let names: Vec<&Value> = places.iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["Branch", "DEFAULT"]);
        assert_eq!(text(&places[0]["virtual_account_id"]).len(), 9);
        refused(&office.get_as(&access, &format!("{search}?type=moon")).await, 422, "value.invalid");
    }

    async fn virtual_accounts_are_listed_made_and_deleted_under_every_spelling(office) {
        let Scene { client, .. } = scene(&office).await;
        let access = office.exchange(&client).await;
        let path = format!("{N}/v1/accounts/a.example/customer/virtual-accounts");
        let new = json!({"name": "Lab 7/ü", "description": "test", "isDefault": "false", "commerceAccessLevel": "PUBLIC"});
        let made = office.post_as(&access, &path, &new).await.ok();
        assert_eq!(made, json!({"status": "SUCCESS", "statusMessage": "Virtual Account 'Lab 7/ü' created"}));
        let expected = json!([
            {"name": "Branch", "isDefault": "false", "description": "", "commerceAccessLevel": "PUBLIC"},
            {"name": "DEFAULT", "isDefault": "true", "description": "", "commerceAccessLevel": "PUBLIC"},
            {"name": "Lab 7/ü", "isDefault": "false", "description": "test", "commerceAccessLevel": "PUBLIC"},
        ]);
        for spelling in [path.clone(), format!("/{path}"), format!("/services/api{path}"), format!("//services/api{path}"), format!("{N}/v1/accounts/A.example/virtual-accounts")] {
            let listed = office.get_as(&access, &spelling).await.ok();
            assert_eq!(listed["virtualAccounts"], expected, "{spelling}");
            assert_eq!(listed["status"], "SUCCESS");
        }
        refused(&office.post_as(&access, &path, &new).await, 409, "exists");
        let second = json!({"name": "Second", "isDefault": "yes"});
        refused(&office.post_as(&access, &path, &second).await, 422, "value.invalid");
        let delete = format!("{path}/lab%207%2F%C3%BC/delete");
        assert_eq!(office.ask_as(&access, Method::POST, &delete, "").await.ok()["status"], "SUCCESS");
        refused(&office.ask_as(&access, Method::POST, &format!("{path}/DEFAULT/delete"), "").await, 409, "virtual_account.in_use");
        refused(&office.ask_as(&access, Method::POST, &format!("{path}/Nowhere/delete"), "").await, 404, "not_found");
        assert_eq!(office.get_as(&access, &path).await.ok()["virtualAccounts"].as_array().expect("a list").len(), 2);
        refused(&office.get_as(&access, &format!("{N}/v9/moon")).await, 404, "path.unknown");
        let foreign = office.get_as(&access, &path.replace("a.example", "b.example")).await;
        let nobodys = office.get_as(&access, &path.replace("a.example", "c.example")).await;
        refused(&foreign, 404, "not_found");
        assert_eq!((foreign.text(), foreign.headers), (nobodys.text(), nobodys.headers));
    }

    async fn licenses_and_devices_are_told_as_far_as_the_asker_sees_them(office) {
        let Scene { site, client, .. } = scene(&office).await;
        let access = office.exchange(&client).await;
        let path = format!("{N}/v1/accounts/a.example/licenses");
        let told = office.post_as(&access, &path, &json!({"virtualAccounts": [], "limit": -1})).await.ok();
        assert_eq!((&told["status"], &told["totalRecords"]), (&json!("SUCCESS"), &json!(1)));
        let license = &told["licenses"][0];
        for (field, value) in [("virtualAccount", json!("DEFAULT")), ("quantity", json!(5)), ("inUse", json!(9)), ("available", json!(-4)), ("reserved", json!(0)), ("status", json!("Out of Compliance"))] {
            assert_eq!(license[field], value, "{field}");
        }
        assert_eq!(license["licenseDetails"][0]["licenseType"], "PERPETUAL");
        assert_eq!(license["licenseDetails"][0]["quantity"], 5);
        for body in [json!({"virtualAccounts": ["Branch"]}), json!({"limit": "50", "offset": 1})] {
            assert_eq!(office.post_as(&access, &path, &body).await.ok()["licenses"], json!([]));
        }
        assert_eq!(office.ask_as(&access, Method::POST, &path, "").await.ok()["totalRecords"], 1);
        refused(&office.post_as(&access, &path, &json!({"virtualAccounts": ["Moon"]})).await, 404, "not_found");
        let devices = format!("{N}/v1/accounts/a.example/devices");
        let told = office.post_as(&access, &devices, &json!({"virtualAccounts": ["default"]})).await.ok();
        assert_eq!(told["totalRecords"], 1);
        assert_eq!(told["devices"][0]["sudi"]["udiSerialNumber"], "ONE");
        // Who has a role in the branch alone sees the branch alone.
        let grants = format!("{}/grants", site.path());
        let role = json!({"role": "virtual_user", "virtual_account": site.branch});
        let bob = office.person(&grants, "bob@a.example", &role).await;
        for path in [&path, &devices] {
            assert_eq!(office.post_as(&bob.token, path, &json!({})).await.ok()["totalRecords"], 0);
            refused(&office.post_as(&bob.token, path, &json!({"virtualAccounts": ["DEFAULT"]})).await, 404, "not_found");
        }
        let listed = office.get_as(&bob.token, &format!("{N}/v2/accounts")).await.ok();
        assert_eq!(listed["accounts"][0]["roles"], json!([{"role": "Virtual Account User", "virtualAccount": "Branch"}]));
        let found = office.get_as(&bob.token, &format!("{N}/v2/accounts/search")).await.ok();
        assert_eq!(found["accounts"][0]["virtual_accounts"].as_array().expect("a list").len(), 1);
    }

    async fn id_tokens_are_made_shown_and_revoked_by_their_texts(office) {
        let Scene { client, .. } = scene(&office).await;
        let access = office.exchange(&client).await;
        let path = format!("{N}/v1/accounts/a.example/virtual-accounts/Branch/tokens");
        let new = json!({"description": "lab", "expiresAfterDays": "10", "exportControlled": "Allowed"});
        let made = office.post_as(&access, &path, &new).await.ok();
        assert_eq!(made["status"], "SUCCESS");
        let word = text(&made["tokenInfo"]["token"]);
        Device::trusted(&office, &word, "TWO", 2).await;
        let listed = office.get_as(&access, &path).await.ok();
        assert_eq!(listed["tokens"][0]["token"], word);
        assert_eq!(listed["tokens"][0]["exportControlled"], "Allowed");
        let revoke = format!("{path}/revoke");
        let sibling = revoke.replace("Branch", "DEFAULT");
        refused(&office.post_as(&access, &sibling, &json!({"tokens": [word]})).await, 404, "not_found");
        refused(&office.post_as(&access, &revoke, &json!({"tokens": ["moon"]})).await, 404, "not_found");
        refused(&office.post_as(&access, &revoke, &json!({})).await, 400, "json.missing_field");
        let revoked = office.post_as(&access, &revoke, &json!({"tokens": [word]})).await.ok();
        assert_eq!((&revoked["status"], &revoked["tokensRevokeStatus"][0]["status"]), (&json!("SUCCESS"), &json!("SUCCESS")));
        assert_eq!(office.get_as(&access, &path).await.ok()["tokens"], json!([]));
        for (field, value) in [("expiresAfterDays", json!(400)), ("expiresAfterDays", json!(-1)), ("exportControlled", json!("maybe"))] {
            let mut wrong = new.clone();
            wrong[field] = value;
            refused(&office.post_as(&access, &path, &wrong).await, 422, "value.invalid");
        }
    }
}
