//! Product instances, and uses that nobody confirms.

use serde_json::{Value, json};
use wire::time::Span;

use crate::device::{Device, EPOCH, token_text};
use crate::home::both;
use crate::imports::{foreign, save};
use crate::office::{ADVANTAGE, DNA, NOON, text};

both! {
    async fn an_instance_shows_its_keys_names_reports_and_gaps(office) {
        let site = office.site("a.example").await;
        let token = token_text(&office.token(&site).await);
        let mut one = Device::trusted(&office, &token, "ONE", 1).await;
        let first = one.report(ADVANTAGE, 6, NOON);
        let _lost = one.report(ADVANTAGE, 7, NOON.plus(Span::from_minutes(15)));
        let third = one.report(DNA, 2, NOON.plus(Span::from_minutes(30)));
        one.push(&office, &[first]).await;
        office.wait(Span::from_hours(1));
        one.push(&office, &[third]).await;
        let id = one.instance.expect("trusted").to_string();
        let path = format!("{}/instances/{id}", site.path());
        let seen = office.get(&path).await.ok();
        assert_eq!((&seen["id"], &seen["name"]), (&json!(id), &json!("switch ONE")));
        assert_eq!(seen["udi"]["text"], "PID:C9300-24UX,SN:ONE");
        assert_eq!((&seen["udi"]["pid"], &seen["udi"]["uuid"]), (&json!("C9300-24UX"), &Value::Null));
        assert_eq!(seen["software_version"], "17.9.4");
        assert_eq!((&seen["virtual_account_name"], &seen["stale"]), (&json!("DEFAULT"), &json!(false)));
        assert_eq!(seen["placements"], json!([{"virtual_account": site.default, "since": null}]));
        let key = one.key.id().to_string();
        let bound = json!([{"id": key, "state": "bound", "reason": null, "bound_at": "2025-06-15T15:06:40.000Z"}]);
        assert_eq!(seen["keys"], bound);
        assert_eq!(seen["names"][0]["name"], "switch ONE");
        assert_eq!(seen["progress"], json!([{"key": key, "epoch": EPOCH, "number": 3, "gaps": 1}]));
        let uses: Vec<_> = seen["uses"].as_array().expect("uses").iter().map(|one| {
            (text(&one["tag"]), one["level"].as_u64(), one["verified"].as_bool())
        }).collect();
        assert_eq!(uses.len(), 2);
        assert!(uses.contains(&(ADVANTAGE.to_owned(), Some(6), Some(true))), "{uses:?}");
        assert!(uses.contains(&(DNA.to_owned(), Some(2), Some(true))), "{uses:?}");
        let reports = seen["reports"]["items"].as_array().expect("reports");
        assert_eq!((&reports[0]["number"], &reports[1]["number"]), (&json!(3), &json!(1)));
        assert_eq!(reports[0]["route"], "direct");
        assert_eq!(reports[0]["flags"], json!([]));
        let level = json!([{"starts_at": "2025-06-15T15:06:40.000Z", "ends_at": "2025-06-15T15:06:40.000Z", "level": 6}]);
        assert_eq!(reports[1]["levels"], level, "never later than it was heard");
        assert_eq!(seen["newest_report"]["report_id"], EPOCH + 2);
        let page = office.get(&format!("{path}?limit=1")).await.ok();
        let cursor = text(&page["reports"]["next_cursor"]);
        let rest = office.get(&format!("{path}?limit=1&cursor={cursor}")).await.ok();
        assert_eq!(rest["reports"]["items"][0]["number"], 1);
        assert_eq!(rest["newest_report"]["report_id"], EPOCH + 2, "whichever page is shown");
    }

    async fn instances_are_listed_by_place_and_name(office) {
        let site = office.site("a.example").await;
        let token = token_text(&office.token(&site).await);
        for (seed, serial) in [(1, "ONE"), (2, "TWO"), (3, "TOO")] {
            office.wait(Span::from_minutes(1));
            let mut device = Device::trusted(&office, &token, serial, seed).await;
            let report = device.report(ADVANTAGE, 1, NOON);
            device.push(&office, &[report]).await;
        }
        let path = format!("{}/instances", site.path());
        let names = |rows: &[Value]| -> Vec<String> { rows.iter().map(|row| text(&row["name"])).collect() };
        assert_eq!(names(&office.rows(&path).await), ["switch TOO", "switch TWO", "switch ONE"]);
        let found = office.rows(&format!("{path}?name=SWITCH%20t")).await;
        assert_eq!(names(&found), ["switch TOO", "switch TWO"]);
        assert!(office.rows(&format!("{path}?virtual_account={}", site.branch)).await.is_empty());
        let page = office.get(&format!("{path}?limit=2")).await.ok();
        let cursor = text(&page["next_cursor"]);
        assert_eq!(names(&office.rows(&format!("{path}?limit=2&cursor={cursor}")).await), ["switch ONE"]);
        assert_eq!(office.get("/api/v1/totals").await.ok()["product_instances"], 3);
    }

    async fn a_device_that_moves_keeps_its_past(office) {
        let site = office.site("a.example").await;
        let mut one = Device::trusted(&office, &token_text(&office.token(&site).await), "ONE", 1).await;
        let first = one.report(ADVANTAGE, 6, NOON);
        one.push(&office, &[first]).await;
        office.wait(Span::from_hours(1));
        let new = json!({"virtual_account": site.branch, "expires_after_days": 1});
        let token = office.post(&format!("{}/tokens", site.path()), &new).await.created();
        let code = one.ask_trust(&office, &token_text(&token)).await;
        assert_eq!(code.virtual_account_name, "Branch");
        let path = format!("{}/instances/{}", site.path(), code.instance);
        let placements = office.get(&path).await.ok()["placements"].clone();
        assert_eq!(placements, json!([
            {"virtual_account": site.default, "since": null},
            {"virtual_account": site.branch, "since": "2025-06-15T16:06:40.000Z"},
        ]));
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 0);
        let there = office.rows(&format!("{}/pools?virtual_account={}", site.path(), site.branch)).await;
        assert_eq!(there[0]["in_use"], 6);
    }

    async fn only_a_use_that_nobody_confirms_can_be_ended(office) {
        let site = office.site("a.example").await;
        let both = [foreign("ONE", 100, ADVANTAGE, 6, NOON), foreign("ONE", 101, DNA, 3, NOON)];
        office.wait(Span::from_hours(1));
        office.import(&site, &save(&both)).await.ok();
        let instance = text(&office.rows(&format!("{}/instances", site.path())).await[0]["id"]);
        let path = format!("{}/instances/{instance}/uses/{DNA}/end", site.path());
        let detail = office.post(&path, &json!({})).await.problem(422, "value.invalid");
        assert_eq!(
            detail,
            "tag is still confirmed by the device: only an unconfirmed use can be ended (value.invalid)"
        );
        let later = foreign("ONE", 102, ADVANTAGE, 6, NOON.plus(Span::from_minutes(30)));
        office.import(&site, &save(&[later])).await.ok();
        let seen = office.get(&format!("{}/instances/{instance}", site.path())).await.ok();
        let dna = seen["uses"].as_array().expect("uses").iter().find(|one| one["tag"] == DNA);
        let dna = dna.expect("it is still counted");
        assert_eq!((&dna["level"], &dna["unconfirmed_since"]), (&json!(3), &json!("2025-06-15T15:51:40.000Z")));
        let ended = office.post_again("k", &path, &json!({})).await;
        assert_eq!((ended.status.as_u16(), ended.body.len()), (204, 0));
        assert_eq!(office.pool(&site, DNA).await["in_use"], 0);
        assert_eq!(office.post_again("k", &path, &json!({})).await.status, 204);
        office.post(&path, &json!({})).await.problem(422, "value.invalid");
        office.post(&path, &json!({"why": 1})).await.problem(400, "json.unknown_field");
        let ghost = format!("{}/instances/{instance}/uses/ghost/end", site.path());
        office.post(&ghost, &json!({})).await.problem(404, "not_found");
        let events = office.rows(&format!("{}/events", site.path())).await;
        assert_eq!(events.iter().filter(|event| event["action"] == "use.ended").count(), 1);
    }
}
