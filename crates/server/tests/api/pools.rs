//! Where pools stand, who uses them, and where they stood.

use serde_json::{Value, json};
use wire::time::Span;

use crate::device::{Device, token_text};
use crate::home::both;
use crate::office::{ADVANTAGE, DNA, NOON, Office, Site, text};

async fn device(office: &Office, site: &Site, serial: &str, seed: u8) -> Device {
    let token = token_text(&office.token(site).await);
    Device::trusted(office, &token, serial, seed).await
}

both! {
    async fn a_pool_shows_where_it_stands_and_who_uses_it(office) {
        let site = office.site("a.example").await;
        office.grant(&site, ADVANTAGE, 10).await;
        let mut one = device(&office, &site, "ONE", 1).await;
        let mut two = device(&office, &site, "TWO", 2).await;
        let first = one.report(ADVANTAGE, 6, NOON);
        one.push(&office, &[first]).await;
        let pool = office.pool(&site, ADVANTAGE).await;
        assert_eq!(
            (&pool["purchased"], &pool["in_use"], &pool["balance"], &pool["state"]),
            (&json!(10), &json!(6), &json!(4), &json!("sufficient"))
        );
        assert_eq!(pool["short_since"], Value::Null);
        office.wait(Span::from_hours(1));
        let second = two.report(ADVANTAGE, 7, NOON.plus(Span::from_minutes(10)));
        two.push(&office, &[second]).await;
        let path = format!("{}/pools/{}", site.path(), text(&pool["id"]));
        let pool = office.get(&path).await.ok();
        assert_eq!(
            (&pool["in_use"], &pool["balance"], &pool["shortage"], &pool["state"]),
            (&json!(13), &json!(-3), &json!(3), &json!("short"))
        );
        assert_eq!(pool["short_since"], "2025-06-15T15:16:40.000Z", "as measured, not as heard");
        let users = pool["users"].as_array().expect("users");
        assert_eq!(users.len(), 2);
        assert_eq!((&users[0]["level"], &users[0]["name"]), (&json!(7), &json!("switch TWO")));
        assert_eq!(users[0]["udi"], "PID:C9300-24UX,SN:TWO");
        assert_eq!(users[0]["instance"], two.instance.expect("trusted").to_string());
        assert_eq!((&users[1]["level"], &users[1]["since"]), (&json!(6), &json!("2025-06-15T15:06:40.000Z")));
        let largest = office.get(&format!("{path}?limit=1")).await.ok();
        assert_eq!(largest["users"], json!([users[0]]));
    }

    async fn pools_are_filtered_and_paged_by_balance(office) {
        let site = office.site("a.example").await;
        office.grant(&site, ADVANTAGE, 10).await;
        let new = json!({"virtual_account": site.branch, "tag": ADVANTAGE, "quantity": 4});
        office.post(&format!("{}/entitlements", site.path()), &new).await.created();
        let mut one = device(&office, &site, "ONE", 1).await;
        let report = one.report(DNA, 2, NOON);
        one.push(&office, &[report]).await;
        let path = format!("{}/pools", site.path());
        let balances = |rows: &[Value]| -> Vec<i64> {
            rows.iter().map(|row| row["balance"].as_i64().expect("a balance")).collect()
        };
        assert_eq!(balances(&office.rows(&path).await), [-2, 4, 10]);
        let short = office.rows(&format!("{path}?short=true")).await;
        assert_eq!((balances(&short), &short[0]["tag"]), (vec![-2], &json!(DNA)));
        assert_eq!(short[0]["license"], Value::Null, "nobody defined it, and it counts");
        assert_eq!(balances(&office.rows(&format!("{path}?tag={ADVANTAGE}")).await), [4, 10]);
        let there = office.rows(&format!("{path}?virtual_account={}", site.branch)).await;
        assert_eq!((balances(&there), &there[0]["virtual_account_name"]), (vec![4], &json!("Branch")));
        let page = office.get(&format!("{path}?limit=2")).await.ok();
        let cursor = text(&page["next_cursor"]);
        let rest = office.get(&format!("{path}?limit=2&cursor={cursor}")).await.ok();
        assert_eq!(balances(rest["items"].as_array().expect("items")), [10]);
        assert_eq!(rest["next_cursor"], Value::Null);
    }

    async fn a_pool_is_shown_as_it_stood_and_as_it_was_known(office) {
        let site = office.site("a.example").await;
        office.grant(&site, ADVANTAGE, 10).await;
        let mut one = device(&office, &site, "ONE", 1).await;
        let measured = NOON.plus(Span::from_hours(1));
        office.script.set(NOON.plus(Span::from_hours(3)));
        let report = one.report(ADVANTAGE, 6, measured);
        one.push(&office, &[report]).await;
        let pool = office.pool(&site, ADVANTAGE).await;
        let path = format!("{}/pools/{}/standing", site.path(), text(&pool["id"]));
        let now = office.get(&path).await.ok();
        assert_eq!((&now["in_use"], &now["at"]), (&json!(6), &json!("2025-06-15T18:06:40.000Z")));
        let in_use = async |query: &str| office.get(&format!("{path}?{query}")).await.ok()["in_use"].clone();
        assert_eq!(in_use("at=2025-06-15T16:06:39Z").await, 0, "before it was used");
        assert_eq!(in_use("at=2025-06-15T16:06:40Z").await, 6);
        assert_eq!(
            in_use("at=2025-06-15T16:06:40Z&known_at=2025-06-15T18:06:39Z").await, 0,
            "before it was heard"
        );
        let before = office.get(&format!("{path}?at=2025-06-15")).await.ok();
        assert_eq!((&before["purchased"], &before["at"]), (&json!(0), &json!("2025-06-15T00:00:00.000Z")));
    }

    async fn a_term_that_ended_counts_before_anyone_wrote_it_down(office) {
        let site = office.site("a.example").await;
        let new = json!({
            "virtual_account": site.default, "tag": ADVANTAGE, "quantity": 5, "end": "2025-06-15",
        });
        office.post(&format!("{}/entitlements", site.path()), &new).await.created();
        let mut one = device(&office, &site, "ONE", 1).await;
        let report = one.report(ADVANTAGE, 2, NOON);
        one.push(&office, &[report]).await;
        assert_eq!(office.pool(&site, ADVANTAGE).await["balance"], 3);
        office.script.set("2025-06-15T23:59:59.999Z".parse().expect("a time"));
        assert_eq!(office.pool(&site, ADVANTAGE).await["balance"], 3);
        office.script.set("2025-06-16T00:00:00Z".parse().expect("a time"));
        let pool = office.pool(&site, ADVANTAGE).await;
        assert_eq!(
            (&pool["purchased"], &pool["expired"], &pool["balance"]),
            (&json!(0), &json!(5), &json!(-2))
        );
        let path = format!("{}/pools/{}", site.path(), text(&pool["id"]));
        assert_eq!(office.get(&path).await.ok()["short_since"], "2025-06-16T00:00:00.000Z");
        assert_eq!(office.app.tend().await.expect("it is written down"), 1);
        let written = office.pool(&site, ADVANTAGE).await;
        assert_eq!(written["balance"], -2);
        assert_eq!(written["short_since"], "2025-06-16T00:00:00.000Z");
    }

    async fn a_pool_of_another_account_is_not_found(office) {
        let (mine, other) = (office.site("a.example").await, office.site("b.example").await);
        office.grant(&other, ADVANTAGE, 1).await;
        let pool = text(&office.pool(&other, ADVANTAGE).await["id"]);
        let detail = office.get(&format!("{}/pools/{pool}", mine.path())).await.problem(404, "not_found");
        assert_eq!(detail, "no such pool here: check the id (not_found)");
        office.get(&format!("{}/pools/{pool}/standing", mine.path())).await.problem(404, "not_found");
        assert!(office.rows(&format!("{}/pools", mine.path())).await.is_empty());
    }
}
