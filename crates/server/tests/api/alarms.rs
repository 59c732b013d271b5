//! Alarms and the log of events.

use serde_json::{Value, json};
use wire::time::Span;

use crate::device::{Device, token_text};
use crate::home::both;
use crate::office::{DNA, NOON, text};

both! {
    async fn an_alarm_opens_with_its_cause_and_settles_with_it(office) {
        let site = office.site("a.example").await;
        office.put(&format!("/api/v1/licenses/{DNA}"), &json!({"name": "DNA Advantage"})).await.ok();
        let token = token_text(&office.token(&site).await);
        let mut one = Device::trusted(&office, &token, "ONE", 1).await;
        office.wait(Span::from_hours(2));
        let report = one.report(DNA, 4, NOON.plus(Span::from_hours(1)));
        one.push(&office, &[report]).await;
        let path = format!("{}/alarms", site.path());
        let open = office.rows(&format!("{path}?state=open")).await;
        assert_eq!(open.len(), 1);
        let pool = office.pool(&site, DNA).await;
        let mut alarm = json!({
            "id": open[0]["id"], "kind": "insufficient_licenses", "severity": "major", "state": "open",
            "virtual_account": site.default, "virtual_account_name": "DEFAULT", "subject": pool["id"],
            "about": DNA, "license_name": "DNA Advantage", "needed": 4, "missing": 4,
            "short_since": "2025-06-15T16:06:40.000Z", "opened_at": "2025-06-15T17:06:40.000Z",
            "settled_at": null, "country_of_use": null, "country_of_purchase": null,
        });
        assert_eq!(open[0], alarm);
        assert!(office.rows(&format!("{path}?state=settled")).await.is_empty());
        assert_eq!(office.get("/api/v1/totals").await.ok()["alarms_open"], 1);
        assert_eq!(office.get("/api/v1/totals").await.ok()["pools_short"], 1);
        office.wait(Span::from_hours(1));
        office.grant(&site, DNA, 4).await;
        assert!(office.rows(&format!("{path}?state=open")).await.is_empty());
        let settled = office.rows(&path).await;
        alarm["state"] = json!("settled");
        alarm["missing"] = json!(0);
        alarm["settled_at"] = json!("2025-06-15T18:06:40.000Z");
        assert_eq!(settled, [alarm], "equal is sufficient");
    }

    async fn every_change_is_an_event_and_a_report_is_none(office) {
        let site = office.site("a.example").await;
        let token = office.token(&site).await;
        office.wait(Span::from_seconds(1));
        let mut one = Device::trusted(&office, &token_text(&token), "ONE", 1).await;
        let report = one.report(DNA, 4, NOON);
        one.push(&office, &[report]).await;
        office.wait(Span::from_seconds(1));
        let path = format!("{}/tokens/{}/revoke", site.path(), text(&token["id"]));
        office.post(&path, &json!({})).await;
        let path = format!("{}/events", site.path());
        let events = office.rows(&path).await;
        let mut actions: Vec<_> = events.iter().map(|event| text(&event["action"])).collect();
        assert_eq!(actions[..2], ["token.revoked", "instance.bound"], "the newest first");
        actions.sort_unstable();
        assert_eq!(
            actions,
            ["account.created", "instance.bound", "token.created", "token.revoked", "virtual_account.created"]
        );
        let bound = &events[1];
        assert_eq!((&bound["role"], &bound["address"]), (&json!("device"), &Value::Null));
        assert_eq!(bound["actor"], format!("ID token {}", text(&token["id"])));
        assert_eq!(bound["subject"], one.instance.expect("trusted").to_string());
        assert_eq!(bound["detail"]["udi"], "PID:C9300-24UX,SN:ONE");
        let page = office.get(&format!("{path}?limit=4")).await.ok();
        let cursor = text(&page["next_cursor"]);
        let rest = office.get(&format!("{path}?limit=4&cursor={cursor}")).await.ok();
        assert_eq!(rest["items"].as_array().expect("items").len(), 1);
    }
}
