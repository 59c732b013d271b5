//! How programs sign in, and what those meet who do not.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use ledger::role::Actor;
use serde_json::json;
use wire::time::Span;

use crate::home::both;
use crate::office::Answer;

const ACCOUNTS: &str = "/api/v1/accounts";

async fn ask(office: &crate::office::Office, secret: Option<&str>, from: &str) -> Answer {
    let peer: SocketAddr = from.parse().expect("an address");
    let mut request = Request::get(ACCOUNTS).extension(ConnectInfo(peer));
    if let Some(secret) = secret {
        request = request.header(header::AUTHORIZATION, secret);
    }
    office.send(request.body(Body::empty()).expect("a request")).await
}

both! {
    async fn nobody_gets_in_without_the_set_up_secret(office) {
        let answer = ask(&office, None, "192.0.2.1:5000").await;
        assert_eq!(
            answer.problem(401, "auth.missing"),
            "sign in with the header `Authorization: Bearer <token>`: a personal token, an access token, or at first the set-up secret (auth.missing)"
        );
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        ask(&office, Some("Basic c2NyaXA="), "192.0.2.1:5000").await.problem(401, "auth.missing");
        ask(&office, Some("Bearer"), "192.0.2.1:5000").await.problem(401, "auth.missing");
        let answer = ask(&office, Some("Bearer 0123"), "192.0.2.1:5000").await;
        answer.problem(401, "auth.wrong");
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        let right = format!("bearer {}", office.secret);
        assert_eq!(ask(&office, Some(&right), "192.0.2.1:5000").await.ok()["items"], json!([]));
    }

    async fn guessing_is_slow_for_one_address(office) {
        let right = format!("Bearer {}", office.secret);
        for _ in 0..10 {
            ask(&office, Some("Bearer wrong"), "192.0.2.1:5000").await.problem(401, "auth.wrong");
        }
        let answer = ask(&office, Some(&right), "192.0.2.1:5001").await;
        assert_eq!(
            answer.problem(429, "auth.too_often"),
            "too many wrong secrets from here: try again in 60 s (auth.too_often)"
        );
        assert_eq!(answer.headers[header::RETRY_AFTER], "60");
        ask(&office, Some(&right), "192.0.2.2:5000").await.ok();
        office.wait(Span::from_seconds(59));
        ask(&office, Some(&right), "192.0.2.1:5000").await.problem(429, "auth.too_often");
        office.wait(Span::from_seconds(1));
        ask(&office, Some(&right), "192.0.2.1:5000").await.ok();
    }

    async fn whom_the_door_has_made_out_needs_no_secret(office) {
        let as_actor = |actor: Actor| {
            let body = json!({"name": "Host", "domain": "host.example"}).to_string();
            let request = Request::post(ACCOUNTS).extension(actor);
            let bearer = format!("Bearer {}", office.secret);
            request.header(header::AUTHORIZATION, bearer).body(Body::from(body)).expect("a request")
        };
        let denied = office.send(as_actor(Actor::Anonymous)).await.problem(403, "permit.denied");
        assert_eq!(denied, "a visitor may not make accounts: ask an operator (permit.denied)");
        let made = office.send(as_actor(Actor::Host)).await.created();
        let events = format!("{ACCOUNTS}/{}/events", made["id"].as_str().expect("an id"));
        assert_eq!(office.rows(&events).await[0]["actor"], "host command line");
    }

    async fn an_event_names_the_address_that_asked(office) {
        let peer: SocketAddr = "[2001:db8::1]:5000".parse().expect("an address");
        let body = json!({"name": "A", "domain": "a.example"}).to_string();
        let request = office.request(axum::http::Method::POST, ACCOUNTS).extension(ConnectInfo(peer));
        let made = office.send(request.body(Body::from(body)).expect("a request")).await.created();
        let events = format!("{ACCOUNTS}/{}/events", made["id"].as_str().expect("an id"));
        let event = office.rows(&events).await[0].clone();
        assert_eq!(event["address"], "2001:db8::1");
        assert_eq!(event["action"], "account.created");
        assert_eq!(event["role"], "operator");
        assert_eq!(event["detail"], json!({"name": "A", "domain": "a.example"}));
    }
}
