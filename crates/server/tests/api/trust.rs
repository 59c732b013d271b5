//! First trust: an ID token, a key that the device made, and an answer that proves itself.

use wire::file::AckFile;
use wire::time::Span;
use wire::token::IdToken;

use serde_json::json;

use crate::asking::endless;
use crate::device::{Device, token_text};
use crate::home::both;
use crate::office::{NOON, Office, Site, text};

async fn token(office: &Office, site: &Site, uses: Option<u32>) -> String {
    let new = json!({"virtual_account": site.default, "expires_after_days": 1, "max_uses": uses});
    token_text(&office.post(&format!("{}/tokens", site.path()), &new).await.created())
}

both! {
    async fn a_trusted_device_is_told_who_it_is(office) {
        let site = office.site("a.example").await;
        let token = token(&office, &site, None).await;
        let mut one = Device::new("ONE", 1);
        let code = one.ask_trust(&office, &token).await;
        assert_eq!(code.account.to_string(), site.account);
        assert_eq!(code.account_name, "Company a.example");
        assert_eq!(code.virtual_account.to_string(), site.default);
        assert_eq!((code.udi, code.key, code.nonce), (one.udi.clone(), one.key.id(), [5; 16]));
        assert_eq!((code.highest_epoch, code.bundle_version, code.issued_at), (0, 1, NOON));
        let again = one.ask_trust(&office, &token).await;
        assert_eq!(again.instance, code.instance, "one device is one instance");
        let answer = office.get("/device/v1/trust-bundle").await;
        assert_eq!(answer.headers["content-type"], "application/xml");
        let bundle = AckFile::parse(&answer.body).expect("a file").bundle.expect("a bundle");
        let realm = token.parse::<IdToken>().expect("a token").realm;
        assert_eq!(bundle.open_in(realm).expect("of the realm").keys.len(), 1);
    }

    async fn a_token_that_does_not_bind_says_why(office) {
        let site = office.site("a.example").await;
        let known = token(&office, &site, Some(1)).await;
        let one = Device::new("ONE", 1);
        let two = Device::new("TWO", 2);
        let detail = one.try_trust(&office, "NO TOKEN").await.problem(403, "trust.token_unknown");
        assert_eq!(
            detail,
            "this ID token is not known here: copy it again from the page that made it (trust.token_unknown)"
        );
        let mut forged: IdToken = known.parse().expect("a token");
        forged.secret[0] ^= 1;
        one.try_trust(&office, &forged.to_string()).await.problem(403, "trust.token_unknown");
        let elsewhere = IdToken { realm: wire::key::Realm::from_bytes([9; 16]), ..forged };
        one.try_trust(&office, &elsewhere.to_string()).await.problem(403, "trust.token_unknown");
        assert_eq!(one.try_trust(&office, &known).await.status, 200);
        let detail = two.try_trust(&office, &known).await.problem(403, "trust.token_used_up");
        assert_eq!(
            detail,
            "this ID token was made for 1 product instances and bound them all: ask for a new one (trust.token_used_up)"
        );
        assert_eq!(one.try_trust(&office, &known).await.status, 200, "who is at home may come again");
        let path = format!("{}/tokens", site.path());
        let id = text(&office.rows(&path).await[0]["id"]);
        office.wait(Span::from_days(1));
        one.try_trust(&office, &known).await.problem(403, "trust.token_expired");
        office.post(&format!("{path}/{id}/revoke"), &json!({})).await;
        one.try_trust(&office, &known).await.problem(403, "trust.token_revoked");
        assert_eq!(office.rows(&format!("{}/instances", site.path())).await.len(), 1);
    }

    async fn a_request_must_be_fresh_and_the_clock_right(office) {
        let site = office.site("a.example").await;
        let token = token(&office, &site, None).await;
        let one = Device::new("ONE", 1);
        let trust = "/device/v1/trust";
        let late = one.trust_body(&one.request(&token, NOON.minus(Span::from_minutes(60))));
        let detail = office.device_post(trust, late).await.problem(400, "request.expired");
        assert_eq!(detail, "the request has expired: make a new one (request.expired)");
        let ahead = one.trust_body(&one.request(&token, NOON.plus(Span::from_seconds(3601))));
        let detail = office.device_post(trust, ahead).await.problem(422, "request.clock");
        assert_eq!(
            detail,
            "the device's clock says 2025-06-15T16:06:41.000Z, ours 2025-06-15T15:06:40.000Z: \
             set the device's clock to within an hour and ask again (request.clock)"
        );
        let near = one.trust_body(&one.request(&token, NOON.plus(Span::from_minutes(60))));
        assert_eq!(office.device_post(trust, near).await.status, 200);
    }

    async fn a_request_that_is_not_whole_is_refused(office) {
        let site = office.site("a.example").await;
        let token = token(&office, &site, None).await;
        let one = Device::new("ONE", 1);
        let trust = "/device/v1/trust";
        let body = one.trust_body(&one.request(&token, NOON));
        let detail = office.device_post(trust, body[..200].to_owned()).await.problem(400, "file.xml");
        assert!(detail.starts_with("line 1, column "), "{detail}");
        office.device_post(trust, "").await.problem(400, "file.missing");
        let mut request = one.request(&token, NOON);
        request.key = Device::new("TWO", 2).key.verifying().to_bytes();
        office.device_post(trust, one.trust_body(&request)).await.problem(400, "message.key");
        let (endless, taken) = endless(1000);
        office.device_post(trust, endless).await.problem(413, "size.trust");
        assert!(taken.load(std::sync::atomic::Ordering::SeqCst) <= 10, "{taken:?}");
        assert!(office.rows(&format!("{}/instances", site.path())).await.is_empty());
    }

    async fn a_key_is_one_instances_alone(office) {
        let site = office.site("a.example").await;
        let token = token(&office, &site, None).await;
        Device::trusted(&office, &token, "ONE", 1).await;
        let detail = Device::new("TWO", 1).try_trust(&office, &token).await.problem(409, "exists");
        assert_eq!(detail, "this device key is taken already: choose another (exists)");
        let other = office.site("b.example").await;
        let theirs = token_text(&office.token(&other).await);
        Device::new("ONE", 1).try_trust(&office, &theirs).await.problem(409, "exists");
    }
}
