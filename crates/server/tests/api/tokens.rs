//! ID tokens, and the revoking of keys.

use serde_json::{Value, json};
use wire::time::Span;

use crate::device::{Device, push, token_text};
use crate::home::both;
use crate::office::{ADVANTAGE, NOON, text};

both! {
    async fn a_token_is_shown_with_its_text_to_who_may_make_tokens(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/tokens", site.path());
        let new = json!({
            "virtual_account": site.default, "description": "lab", "expires_after_days": 30, "max_uses": 2,
            "export_controlled": "allowed",
        });
        let made = office.post_again("k", &path, &new).await.created();
        assert_eq!(text(&made["text"]).len(), 77);
        assert_eq!((&made["state"], &made["max_uses"], &made["uses"]), (&json!("active"), &json!(2), &json!(0)));
        assert_eq!((&made["description"], &made["export_controlled"]), (&json!("lab"), &json!("allowed")));
        assert_eq!(made["expires_at"], "2025-07-15T15:06:40.000Z");
        assert_eq!(made["created_by"], "operator (set-up secret)");
        let again = office.post_again("k", &path, &new).await.created();
        assert_eq!(again, made, "the same request shows the same text");
        let one = format!("{path}/{}", text(&made["id"]));
        assert_eq!(office.get(&one).await.ok(), made);
        let listed = office.rows(&path).await;
        assert_eq!((listed.len(), listed[0].get("text")), (1, None));
        let fresh = office.post(&path, &new).await.created();
        assert_ne!((&fresh["id"], &fresh["text"]), (&made["id"], &made["text"]));
    }

    async fn a_token_has_bounds(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/tokens", site.path());
        for (field, value) in [("expires_after_days", 0), ("expires_after_days", 366), ("max_uses", 0)] {
            let mut new = json!({"virtual_account": site.default, "expires_after_days": 1});
            new[field] = json!(value);
            let detail = office.post(&path, &new).await.problem(422, "value.invalid");
            assert!(detail.starts_with(field), "{detail}");
        }
        let elsewhere = json!({"virtual_account": "va_01JQ8R2M5TC6V7W8X9Y0Z1A2B3", "expires_after_days": 1});
        office.post(&path, &elsewhere).await.problem(404, "not_found");
        assert!(office.rows(&path).await.is_empty());
    }

    async fn tokens_say_why_they_no_longer_bind(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/tokens", site.path());
        let make = async |days: u32, uses: Option<u32>| {
            let new = json!({"virtual_account": site.default, "expires_after_days": days, "max_uses": uses});
            office.post(&path, &new).await.created()
        };
        let (short, once, revoked) = (make(1, None).await, make(9, Some(1)).await, make(9, None).await);
        Device::trusted(&office, &token_text(&once), "ONE", 1).await;
        let one = format!("{path}/{}", text(&revoked["id"]));
        assert_eq!(office.post(&format!("{one}/revoke"), &json!({})).await.status, 204);
        assert_eq!(office.post(&format!("{one}/revoke"), &json!({})).await.status, 204);
        office.wait(Span::from_days(1));
        let state = async |token: &Value| {
            office.get(&format!("{path}/{}", text(&token["id"]))).await.ok()["state"].clone()
        };
        assert_eq!(state(&short).await, "expired");
        assert_eq!(state(&once).await, "used_up");
        assert_eq!(state(&revoked).await, "revoked");
        let unknown = format!("{path}/tok_01JQ8R2M5TC6V7W8X9Y0Z1A2B3");
        office.get(&unknown).await.problem(404, "not_found");
        office.post(&format!("{unknown}/revoke"), &json!({})).await.problem(404, "not_found");
    }

    async fn a_revoked_key_speaks_for_nobody(office) {
        let site = office.site("a.example").await;
        let token = token_text(&office.token(&site).await);
        let mut one = Device::trusted(&office, &token, "ONE", 1).await;
        let (first, second) = (one.report(ADVANTAGE, 6, NOON), one.report(ADVANTAGE, 9, NOON));
        one.push(&office, std::slice::from_ref(&first)).await;
        let path = format!("{}/device-keys/{}/revoke", site.path(), one.key.id());
        office.post(&path, &json!({})).await.problem(400, "json.missing_field");
        office.post(&path, &json!({"reason": ""})).await.problem(422, "value.invalid");
        assert_eq!(office.post(&path, &json!({"reason": "stolen"})).await.status, 204);
        let detail = push(&office, &[second]).await.problem(403, "trust.revoked");
        assert_eq!(
            detail,
            "this key was revoked (stolen): bind the device again with a new ID token and a new key (trust.revoked)"
        );
        push(&office, &[first]).await.problem(403, "trust.revoked");
        one.try_trust(&office, &token).await.problem(403, "trust.revoked");
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 6, "what was counted stays");
        let instance = format!("{}/instances/{}", site.path(), one.instance.expect("trusted"));
        let keys = office.get(&instance).await.ok()["keys"].clone();
        assert_eq!((&keys[0]["state"], &keys[0]["reason"]), (&json!("revoked"), &json!("stolen")));
        let ghost = format!("{}/device-keys/key_01JQ8R2M5TC6V7W8X9Y0Z1A2B3/revoke", site.path());
        office.post(&ghost, &json!({"reason": "stolen"})).await.problem(404, "not_found");
    }
}
