//! Trust requests that a person carried, of devices that never had a network.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use wire::key::Realm;
use wire::time::Span;
use wire::token::IdToken;

use crate::device::{Device, body, token_text};
use crate::home::both;
use crate::imports::{file, foreign};
use crate::office::{ADVANTAGE, Answer, NOON, Office, Site, text};

async fn token(office: &Office, site: &Site, most: Option<u32>) -> String {
    let new = json!({"virtual_account": site.default, "expires_after_days": 30, "max_uses": most});
    token_text(&office.post(&format!("{}/tokens", site.path()), &new).await.created())
}

async fn carry(office: &Office, site: &Site, file: &str) -> Answer {
    let request = office.request(Method::POST, &format!("{}/trust-requests", site.path()));
    office.send(request.body(Body::from(file.to_owned())).expect("a request")).await
}

/// How often the newest ID token was used, and how many product instances there are.
async fn figures(office: &Office, site: &Site) -> (u64, usize) {
    let tokens = office.rows(&format!("{}/tokens", site.path())).await;
    let instances = office.rows(&format!("{}/instances", site.path())).await;
    (tokens[0]["uses"].as_u64().expect("a number"), instances.len())
}

both! {
    async fn a_device_that_never_had_a_network_is_trusted_and_its_usage_is_verified(office) {
        let site = office.site("a.example").await;
        office.grant(&site, ADVANTAGE, 10).await;
        let token = token(&office, &site, Some(1)).await;
        let mut one = Device::new("ONE", 1);
        let before = one.report(ADVANTAGE, 4, NOON);
        let request = one.saved_trust(&token, NOON.plus(Span::from_minutes(20)));
        let usage = body(std::slice::from_ref(&before));
        office.import(&site, &usage).await.problem(403, "report.unknown_key");
        office.wait(Span::from_days(20));
        let trusted = carry(&office, &site, &request).await.ok();
        assert_eq!(trusted["udi"], "PID:C9300-24UX,SN:ONE");
        assert_eq!(
            (&trusted["virtual_account"], &trusted["virtual_account_name"]),
            (&json!(site.default), &json!("DEFAULT"))
        );
        let answer = trusted["ack_file"].as_str().expect("a file");
        let code = one.believe(&office, &token, answer.as_bytes());
        assert_eq!(code.instance.to_string(), trusted["instance"]);
        assert_eq!(code.key.to_string(), trusted["key"]);
        let seen = office.import(&site, &body(&[before, one.report(ADVANTAGE, 6, NOON)])).await.ok();
        assert_eq!((&seen["recorded"], &seen["reports"][0]["verified"]), (&json!(2), &json!(true)));
        let ack = one.open_ack(&office, seen["ack_file"].as_str().expect("a file").as_bytes());
        assert_eq!(ack.reports.len(), 2);
        let pool = office.pool(&site, ADVANTAGE).await;
        assert_eq!(
            (&pool["in_use"], &pool["unverified"], &pool["balance"]),
            (&json!(6), &json!(0), &json!(4))
        );
        let events = office.rows(&format!("{}/events", site.path())).await;
        let bound = events.iter().find(|one| one["action"] == "instance.bound").expect("an event");
        assert_eq!(bound["detail"]["carried_by"], "operator (set-up secret)");
    }

    async fn the_same_file_has_the_same_answer_and_uses_the_token_once(office) {
        let site = office.site("a.example").await;
        let token = token(&office, &site, Some(1)).await;
        let mut one = Device::new("ONE", 1);
        let request = one.saved_trust(&token, NOON);
        let path = format!("{}/trust-requests", site.path());
        let for_xml = office.request(Method::POST, &path).header(header::ACCEPT, "application/xml");
        let first = office.send(for_xml.body(Body::from(request.clone())).expect("a request")).await;
        assert_eq!(first.headers[header::CONTENT_TYPE], "application/xml");
        let first = one.believe(&office, &token, &first.body);
        let events = office.rows(&format!("{}/events", site.path())).await.len();
        office.wait(Span::from_days(3));
        let again = text(&carry(&office, &site, &request).await.ok()["ack_file"]);
        let mut again = one.believe(&office, &token, again.as_bytes());
        assert!(again.issued_at > first.issued_at, "the answer is of now");
        again.issued_at = first.issued_at;
        assert_eq!(again, first);
        assert_eq!(figures(&office, &site).await, (1, 1));
        assert_eq!(office.rows(&format!("{}/events", site.path())).await.len(), events);
        // What was sent by the network meanwhile is the same request.
        assert_eq!(one.try_trust(&office, &token).await.status, 200);
        assert_eq!(figures(&office, &site).await, (1, 1));
    }

    async fn a_request_that_is_no_good_says_why_and_binds_nothing(office) {
        let site = office.site("a.example").await;
        let other = office.site("b.example").await;
        let theirs = token(&office, &other, None).await;
        let own = token(&office, &site, Some(1)).await;
        let (one, two) = (Device::new("ONE", 1), Device::new("TWO", 2));
        let good = one.saved_trust(&own, NOON);
        carry(&office, &site, &good[..200]).await.problem(400, "file.xml");
        carry(&office, &site, "").await.problem(400, "file.missing");
        let changed = good.replacen("<data>0oR", "<data>0oT", 1);
        assert_ne!(changed, good);
        carry(&office, &site, &changed).await.problem(400, "seal.malformed");
        let elsewhere = IdToken { realm: Realm::from_bytes([9; 16]), ..own.parse().expect("a token") };
        let elsewhere = one.saved_trust(&elsewhere.to_string(), NOON);
        let detail = carry(&office, &site, &elsewhere).await.problem(403, "trust.realm");
        assert!(detail.contains(&office.app.keys.realm.to_string()), "{detail}");
        let mut forged: IdToken = own.parse().expect("a token");
        forged.secret[0] ^= 1;
        for unknown in ["NO TOKEN", &forged.to_string(), &theirs] {
            let request = one.saved_trust(unknown, NOON);
            carry(&office, &site, &request).await.problem(403, "trust.token_unknown");
        }
        let ahead = one.saved_trust(&own, NOON.plus(Span::from_seconds(3601)));
        carry(&office, &site, &ahead).await.problem(422, "request.clock");
        let before_the_token = one.saved_trust(&own, NOON.minus(Span::from_seconds(3601)));
        let detail = carry(&office, &site, &before_the_token).await.problem(422, "request.clock");
        assert!(detail.ends_with("set the device's clock and save the request again (request.clock)"));
        assert_eq!(figures(&office, &site).await, (0, 0));
        carry(&office, &site, &good).await.ok();
        let detail = carry(&office, &site, &two.saved_trust(&own, NOON)).await;
        detail.problem(403, "trust.token_used_up");
        office.wait(Span::from_days(30));
        carry(&office, &site, &good).await.problem(403, "trust.token_expired");
        let tokens = format!("{}/tokens", site.path());
        let id = text(&office.rows(&tokens).await[0]["id"]);
        office.post(&format!("{tokens}/{id}/revoke"), &json!({})).await;
        carry(&office, &site, &good).await.problem(403, "trust.token_revoked");
        assert_eq!(figures(&office, &site).await, (1, 1));
    }

    async fn a_file_that_turns_up_late_does_not_undo_a_newer_move(office) {
        let site = office.site("a.example").await;
        let first = token(&office, &site, None).await;
        let new = json!({"virtual_account": site.branch, "expires_after_days": 30});
        let tokens = format!("{}/tokens", site.path());
        let second = token_text(&office.post(&tokens, &new).await.created());
        let one = Device::new("ONE", 1);
        let early = one.saved_trust(&first, NOON);
        carry(&office, &site, &early).await.ok();
        office.wait(Span::from_hours(2));
        let move_it = one.saved_trust(&second, office.app.world.now());
        assert_eq!(carry(&office, &site, &move_it).await.ok()["virtual_account"], site.branch);
        office.wait(Span::from_hours(2));
        let detail = carry(&office, &site, &early).await.problem(409, "trust.overtaken");
        assert!(detail.contains("2025-06-15T17:06:40.000Z"), "{detail}");
        let instances = office.rows(&format!("{}/instances", site.path())).await;
        assert_eq!(instances[0]["virtual_account"], site.branch);
        let back = one.saved_trust(&first, office.app.world.now());
        assert_eq!(carry(&office, &site, &back).await.ok()["virtual_account"], site.default);
    }

    async fn a_file_from_before_a_removal_decides_nothing_of_it(office) {
        let site = office.site("a.example").await;
        let first = token(&office, &site, None).await;
        let mut one = Device::new("ONE", 1);
        let early = one.saved_trust(&first, NOON);
        let answer = text(&carry(&office, &site, &early).await.ok()["ack_file"]);
        one.believe(&office, &first, answer.as_bytes());
        office.wait(Span::from_hours(2));
        let removes = format!("{}/instances/remove", site.path());
        office.post(&removes, &json!({"lines": "ONE"})).await.ok();
        carry(&office, &site, &early).await.problem(409, "trust.overtaken");
        office.wait(Span::from_hours(2));
        let usage = one.report(ADVANTAGE, 2, NOON.plus(Span::from_minutes(210)));
        one.push(&office, &[usage]).await;
        let again = |rows: Vec<Value>| rows[0]["reports_again_since"].is_string();
        let instances = format!("{}/instances", site.path());
        assert!(again(office.rows(&instances).await));
        carry(&office, &site, &early).await.problem(409, "trust.overtaken");
        assert!(again(office.rows(&instances).await), "nobody has said that it stays");
    }

    async fn a_revoked_key_is_not_bound_again_by_a_file(office) {
        let site = office.site("a.example").await;
        let token = token(&office, &site, None).await;
        let one = Device::new("ONE", 1);
        let request = one.saved_trust(&token, NOON);
        let key = text(&carry(&office, &site, &request).await.ok()["key"]);
        let path = format!("{}/device-keys/{key}/revoke", site.path());
        office.post(&path, &json!({"reason": "stolen"})).await;
        carry(&office, &site, &request).await.problem(403, "trust.revoked");
    }

    async fn a_file_of_another_kind_is_told_where_it_belongs(office) {
        let site = office.site("a.example").await;
        let token = token(&office, &site, None).await;
        let mut one = Device::new("ONE", 1);
        let request = one.saved_trust(&token, NOON);
        let detail = office.import(&site, &request).await.problem(400, "file.kind");
        assert!(detail.contains("`scrip import trust`"), "{detail}");
        let answer = text(&carry(&office, &site, &request).await.ok()["ack_file"]);
        one.believe(&office, &token, answer.as_bytes());
        let usage = body(&[one.report(ADVANTAGE, 6, NOON)]);
        let ack = text(&office.import(&site, &usage).await.ok()["ack_file"]);
        for returned in [&answer, &ack] {
            let detail = office.import(&site, returned).await.problem(400, "file.kind");
            assert!(detail.contains("`scrip-agent import`"), "{detail}");
            carry(&office, &site, returned).await.problem(400, "file.kind");
        }
        for usage in [usage, file(&[foreign("TWO", 7, ADVANTAGE, 1, NOON)])] {
            let detail = carry(&office, &site, &usage).await.problem(400, "file.kind");
            assert!(detail.contains("`scrip import usage`"), "{detail}");
        }
        assert_eq!(office.get("/api/v1/totals").await.ok()["reports"], 1);
    }
}
