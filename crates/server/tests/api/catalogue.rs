//! License definitions and entitlements.

use serde_json::{Value, json};
use wire::time::Span;

use crate::home::both;
use crate::office::{ADVANTAGE, DNA, Office, Site};

async fn grant(office: &Office, site: &Site, term: Value) -> crate::office::Answer {
    let mut new = json!({"virtual_account": site.default, "tag": ADVANTAGE, "quantity": 10});
    for (name, value) in term.as_object().expect("fields") {
        new[name] = value.clone();
    }
    office.post(&format!("{}/entitlements", site.path()), &new).await
}

both! {
    async fn a_license_is_defined_and_named_in_pools(office) {
        let site = office.site("a.example").await;
        office.grant(&site, ADVANTAGE, 5).await;
        let pool = office.pool(&site, ADVANTAGE).await;
        assert_eq!((&pool["license"], &pool["short_name"]), (&Value::Null, &json!("advantagek9-Nyquist-C9300")));
        let path = format!("/api/v1/licenses/{ADVANTAGE}");
        let definition = json!({"name": "Network Advantage", "kind": "subscription"});
        let made = office.put(&path, &definition).await.ok();
        assert_eq!(made["tag"], ADVANTAGE);
        assert_eq!(made["enforcement"], "not_enforced");
        assert_eq!(made["kind"], "subscription");
        assert_eq!(made["concern"], "counted");
        assert_eq!(office.rows("/api/v1/licenses").await, std::slice::from_ref(&made));
        let known = json!({"name": "Network Advantage", "enforcement": "not_enforced", "kind": "subscription"});
        assert_eq!(office.pool(&site, ADVANTAGE).await["license"], known);
        office.wait(Span::from_seconds(1));
        let changed = json!({"name": "Network Advantage", "concern": "information_only"});
        let again = office.put(&path, &changed).await.ok();
        assert_eq!(again["id"], made["id"]);
        assert_eq!(again["kind"], "perpetual", "a definition is changed as a whole");
        assert_eq!(office.pool(&site, ADVANTAGE).await["concern"], "information_only");
        let events = office.rows("/api/v1/events").await;
        assert_eq!(events.len(), 2);
        assert_eq!((&events[0]["action"], &events[0]["subject"]), (&json!("license.defined"), &made["id"]));
    }

    async fn a_definition_must_make_sense(office) {
        let path = format!("/api/v1/licenses/{ADVANTAGE}");
        office.put(&path, &json!({"name": ""})).await.problem(422, "value.invalid");
        let odd = json!({"name": "A", "kind": "rented"});
        let detail = office.put(&path, &odd).await.problem(400, "json.value");
        assert!(
            detail.ends_with("kind: unknown variant `rented`, expected `perpetual` or `subscription` (json.value)"),
            "{detail}"
        );
        office.put("/api/v1/licenses/a%20b", &json!({"name": "A"})).await.problem(400, "tag.character");
        assert!(office.rows("/api/v1/licenses").await.is_empty());
    }

    async fn licenses_are_listed_by_tag_in_pages(office) {
        for tag in ["b", "c", "a"] {
            office.put(&format!("/api/v1/licenses/{tag}"), &json!({"name": tag})).await.ok();
        }
        let first = office.get("/api/v1/licenses?limit=2").await.ok();
        assert_eq!((&first["items"][0]["tag"], &first["items"][1]["tag"]), (&json!("a"), &json!("b")));
        let cursor = first["next_cursor"].as_str().expect("a cursor");
        let last = office.get(&format!("/api/v1/licenses?limit=2&cursor={cursor}")).await.ok();
        assert_eq!((&last["items"][0]["tag"], &last["next_cursor"]), (&json!("c"), &Value::Null));
    }

    async fn an_end_given_as_a_day_counts_to_its_end(office) {
        let site = office.site("a.example").await;
        let term = json!({"start": "2025-06-01", "end": "2025-06-30", "source": "PO 4711"});
        let made = grant(&office, &site, term).await.created();
        assert_eq!(made["kind"], "subscription");
        assert_eq!(made["starts_at"], "2025-06-01T00:00:00.000Z");
        assert_eq!(made["ends_at"], "2025-07-01T00:00:00.000Z");
        assert_eq!(made["last_day"], "2025-06-30");
        assert_eq!(made["source"], "PO 4711");
        assert_eq!((&made["quantity"], &made["available"], &made["future"]), (&json!(10), &json!(10), &json!(0)));
        let exact = json!({"start": "2025-07-01T00:00:00+02:00", "end": "2025-07-31T12:00:00Z"});
        let made = grant(&office, &site, exact).await.created();
        assert_eq!(made["starts_at"], "2025-06-30T22:00:00.000Z");
        assert_eq!(made["ends_at"], "2025-07-31T12:00:00.000Z");
        assert_eq!(made["last_day"], "2025-07-31");
        assert_eq!((&made["available"], &made["future"]), (&json!(0), &json!(10)));
        let midnight = json!({"end": "2025-08-01T00:00:00Z"});
        assert_eq!(grant(&office, &site, midnight).await.created()["last_day"], "2025-07-31");
    }

    async fn a_perpetual_entitlement_has_no_end(office) {
        let site = office.site("a.example").await;
        let made = grant(&office, &site, json!({})).await.created();
        assert_eq!(made["kind"], "perpetual");
        assert_eq!((&made["ends_at"], &made["last_day"]), (&Value::Null, &Value::Null));
        assert_eq!(made["starts_at"], "2025-06-15T15:06:40.000Z");
        let detail = grant(&office, &site, json!({"kind": "perpetual", "end": "2026-01-01"})).await.problem(422, "value.invalid");
        assert_eq!(detail, "end must be left out: a perpetual license has no end (value.invalid)");
        grant(&office, &site, json!({"kind": "subscription"})).await.problem(422, "value.invalid");
        let backwards = json!({"start": "2026-01-02", "end": "2026-01-01"});
        let detail = grant(&office, &site, backwards).await.problem(422, "value.invalid");
        assert_eq!(detail, "end must be later than the start (value.invalid)");
        let detail = grant(&office, &site, json!({"end": "01.01.2026"})).await.problem(400, "time.malformed");
        assert!(detail.contains(": end: that is no time"), "{detail}");
        assert_eq!(office.rows(&format!("{}/entitlements", site.path())).await.len(), 1);
    }

    async fn a_quantity_has_bounds(office) {
        let site = office.site("a.example").await;
        grant(&office, &site, json!({"quantity": 0})).await.problem(422, "value.invalid");
        grant(&office, &site, json!({"quantity": -1})).await.problem(400, "json.value");
        grant(&office, &site, json!({"quantity": 1.5})).await.problem(400, "json.value");
        grant(&office, &site, json!({"quantity": 1_000_000_001})).await.problem(400, "count.range");
        grant(&office, &site, json!({"quantity": 1_000_000_000})).await.created();
    }

    async fn entitlements_are_listed_with_their_pools(office) {
        let site = office.site("a.example").await;
        let first = office.grant(&site, ADVANTAGE, 1).await;
        let second = office.grant(&site, DNA, 2).await;
        let path = format!("{}/entitlements", site.path());
        let mut rows = office.rows(&path).await;
        rows.sort_by_key(|row| row["quantity"].as_u64());
        assert_eq!(rows, [first.clone(), second]);
        let pool = first["pool"].as_str().expect("an id");
        assert_eq!(office.rows(&format!("{path}?pool={pool}")).await, [first]);
        let page = office.get(&format!("{path}?limit=1")).await.ok();
        let cursor = page["next_cursor"].as_str().expect("a cursor");
        let rest = office.rows(&format!("{path}?limit=1&cursor={cursor}")).await;
        assert_ne!(rest[0]["id"], page["items"][0]["id"]);
    }

    async fn a_grant_that_comes_again_is_granted_once(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/entitlements", site.path());
        let new = json!({"virtual_account": site.default, "tag": ADVANTAGE, "quantity": 3});
        let first = office.post_again("po-1", &path, &new).await.created();
        assert_eq!(office.post_again("po-1", &path, &new).await.created(), first);
        let more = json!({"virtual_account": site.default, "tag": ADVANTAGE, "quantity": 4});
        office.post_again("po-1", &path, &more).await.problem(409, "request.reused");
        assert_eq!(office.pool(&site, ADVANTAGE).await["purchased"], 3);
        office.post(&path, &new).await.created();
        office.post(&path, &new).await.created();
        assert_eq!(office.pool(&site, ADVANTAGE).await["purchased"], 9, "without a key each is one");
        let elsewhere = json!({"virtual_account": "va_01JQ8R2M5TC6V7W8X9Y0Z1A2B3", "tag": "a", "quantity": 1});
        let detail = office.post(&path, &elsewhere).await.problem(404, "not_found");
        assert_eq!(detail, "no such virtual account here: check the id (not_found)");
    }
}
