//! What is wrong with a request is said, with its place and a stable code.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::http::{Method, header};
use futures_util::stream;
use serde_json::json;

use crate::home::both;
use crate::office::{ADVANTAGE, Office};

const ACCOUNTS: &str = "/api/v1/accounts";

async fn post_text(office: &Office, text: &str) -> crate::office::Answer {
    let request = office.request(Method::POST, ACCOUNTS).body(Body::from(text.to_owned()));
    office.send(request.expect("a request")).await
}

/// A body of many pieces of 16 KiB, and how many of them were taken.
pub(crate) fn endless(pieces: usize) -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let piece = move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 16 * 1024]))
    };
    (Body::from_stream(stream::iter((0..pieces).map(piece))), taken)
}

both! {
    async fn bad_json_is_told_with_its_line(office) {
        let detail = post_text(&office, "{\n  \"name\": \"A\",,\n}").await.problem(400, "json.syntax");
        assert_eq!(
            detail,
            "line 2, column 15: the body is not JSON, key must be a string: correct it (json.syntax)"
        );
        post_text(&office, "{\"name\": \"A\"").await.problem(400, "json.syntax");
        post_text(&office, "{\"name\":\"A\",\"domain\":\"a.example\"} x").await.problem(400, "json.syntax");
        let deep = "[".repeat(10_000);
        post_text(&office, &format!("{{\"name\":{deep}")).await.problem(400, "json.value");
        assert!(office.rows(ACCOUNTS).await.is_empty());
    }

    async fn a_field_that_is_unknown_missing_or_wrong_is_named(office) {
        let unknown = json!({"name": "A", "domain": "a.example", "colour": 1});
        let detail = office.post(ACCOUNTS, &unknown).await.problem(400, "json.unknown_field");
        assert_eq!(
            detail,
            "line 1, column 9: unknown field `colour`, expected one of `name`, `domain`, `policy`: \
             leave it out (json.unknown_field)"
        );
        let detail = post_text(&office, "").await.problem(400, "json.missing_field");
        assert_eq!(detail, "line 1, column 2: missing field `name`: add it (json.missing_field)");
        let detail = post_text(&office, "[]").await.problem(400, "json.value");
        assert!(detail.contains("invalid length 0, expected struct NewAccount"), "{detail}");
        let wrong = "{\"name\":\"A\",\"domain\":\"a\",\"policy\":{\"perpetual\":{\"frequency_days\":-1}}}";
        let detail = post_text(&office, wrong).await.problem(400, "json.value");
        assert_eq!(
            detail,
            "line 1, column 67: policy.perpetual.frequency_days: invalid value: integer `-1`, \
             expected u32 (json.value)"
        );
        assert!(office.rows(ACCOUNTS).await.is_empty());
    }

    async fn an_id_of_another_kind_is_told_apart(office) {
        let site = office.site("a.example").await;
        let pool = format!("{}/pools/pi_01JQ8R2M5TC6V7W8X9Y0Z1A2B3", site.path());
        let detail = office.get(&pool).await.problem(400, "id.kind");
        assert_eq!(detail, "that is a product instance id, a pool id is needed (id.kind)");
        let account = format!("{ACCOUNTS}/{}/pools", site.default);
        let detail = office.get(&account).await.problem(400, "id.kind");
        assert_eq!(detail, "account: that is a virtual account id, an account id is needed (id.kind)");
        let query = format!("{}/pools?virtual_account={}", site.path(), site.account);
        let detail = office.get(&query).await.problem(400, "id.kind");
        assert_eq!(
            detail,
            "virtual_account: that is an account id, a virtual account id is needed (id.kind)"
        );
        let new = json!({"virtual_account": site.account, "tag": ADVANTAGE, "quantity": 1});
        let path = format!("{}/entitlements", site.path());
        let detail = office.post(&path, &new).await.problem(400, "id.kind");
        assert!(
            detail.ends_with(
                ": virtual_account: that is an account id, a virtual account id is needed (id.kind)"
            ),
            "{detail}"
        );
        office.get(&format!("{}/pools/4711", site.path())).await.problem(400, "id.malformed");
        office.get(&format!("{ACCOUNTS}/4711")).await.problem(400, "id.malformed");
    }

    async fn a_query_must_be_known(office) {
        let detail = office.get(&format!("{ACCOUNTS}?colour=1")).await.problem(400, "query.unknown");
        assert!(detail.contains("unknown field `colour`, expected `limit` or `cursor`"), "{detail}");
        let site = office.site("a.example").await;
        let path = format!("{}/alarms?state=odd", site.path());
        let detail = office.get(&path).await.problem(400, "query.value");
        assert!(detail.contains("unknown variant `odd`, expected `open` or `settled`"), "{detail}");
        let path = format!("{}/pools/pool_01JQ8R2M5TC6V7W8X9Y0Z1A2B3/standing?at=noon", site.path());
        office.get(&path).await.problem(400, "time.malformed");
    }

    async fn an_unknown_path_or_method_is_told(office) {
        let detail = office.get("/api/v1/account").await.problem(404, "path.unknown");
        assert_eq!(
            detail,
            "there is nothing at /api/v1/account: see /api/v1/openapi.json (path.unknown)"
        );
        office.get("/api").await.problem(404, "path.unknown");
        office.get("/api/v2/accounts").await.problem(404, "path.unknown");
        office.get("/device/v2/usage").await.problem(404, "path.unknown");
        let answer = office.put(ACCOUNTS, &json!({})).await;
        let detail = answer.problem(405, "method.unknown");
        assert_eq!(
            detail,
            "/api/v1/accounts does not take PUT: see the header Allow (method.unknown)"
        );
        let allow = answer.headers[header::ALLOW].to_str().expect("a text");
        assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
        office.get("/device/v1/usage").await.problem(405, "method.unknown");
    }

    async fn a_body_is_read_no_further_than_it_may_be_long(office) {
        let (body, taken) = endless(1000);
        let request = office.request(Method::POST, ACCOUNTS).body(body).expect("a request");
        let detail = office.send(request).await.problem(413, "size.body");
        assert_eq!(detail, "the body is larger than 65536 bytes: send less at once (size.body)");
        assert!(taken.load(Ordering::SeqCst) <= 6, "{taken:?}");
        post_text(&office, &" ".repeat(65_537)).await.problem(413, "size.body");
        post_text(&office, &" ".repeat(65_536)).await.problem(400, "json.syntax");
    }
}
