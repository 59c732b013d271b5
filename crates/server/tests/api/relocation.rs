//! Product instances moved to another virtual account, removed, and back again.

use serde_json::{Value, json};
use wire::time::Span;

use crate::device::{Device, token_text};
use crate::home::both;
use crate::imports::{foreign, save};
use crate::office::{ADVANTAGE, NOON, Office, Site, text};

/// A site with five licenses and two devices in its default virtual account, which use four and three.
async fn furnished(office: &Office) -> (Site, [Device; 2]) {
    let site = office.site("a.example").await;
    office.grant(&site, ADVANTAGE, 5).await;
    let token = token_text(&office.token(&site).await);
    let mut one = Device::trusted(office, &token, "FOC1", 21).await;
    let mut two = Device::trusted(office, &token, "FOC2", 22).await;
    let (four, three) = (one.report(ADVANTAGE, 4, NOON), two.report(ADVANTAGE, 3, NOON));
    one.push(office, &[four]).await;
    two.push(office, &[three]).await;
    office.wait(Span::from_hours(1));
    (site, [one, two])
}

fn id(device: &Device) -> String {
    device.instance.expect("trusted").to_string()
}

/// Which pools shift: the virtual account, in use before and after, and what its alarm does.
fn shifts(answer: &Value) -> Vec<(String, i64, i64, String)> {
    let pools = answer["pools"].as_array().expect("pools");
    let mut all: Vec<_> = pools
        .iter()
        .map(|pool| {
            let number = |name: &str| pool[name].as_i64().expect("a number");
            let alarm = pool["alarm"].as_str().unwrap_or("none").to_owned();
            let place = text(&pool["virtual_account_name"]);
            (place, number("in_use_before"), number("in_use"), alarm)
        })
        .collect();
    all.sort();
    all
}

fn shift(place: &str, before: i64, after: i64, alarm: &str) -> (String, i64, i64, String) {
    (place.to_owned(), before, after, alarm.to_owned())
}

fn counts(answer: &Value) -> [i64; 3] {
    ["found", "changed", "unchanged"].map(|name| answer[name].as_i64().expect("a number"))
}

both! {
    async fn a_preview_says_what_the_move_then_does(office) {
        let (site, [one, two]) = furnished(&office).await;
        let path = format!("{}/instances/move", site.path());
        let lines = "foc1\n\nPID:C9300-24UX,SN:FOC2\n";
        let ask = json!({"to": site.branch, "lines": lines, "dry_run": true});
        let seen = office.post(&path, &ask).await.ok();
        assert_eq!((counts(&seen), &seen["dry_run"], &seen["unclear"]), ([2, 2, 0], &json!(true), &json!([])));
        let expected = [shift("Branch", 0, 7, "opens"), shift("DEFAULT", 7, 0, "settles")];
        assert_eq!(shifts(&seen), expected);
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 7, "nothing was written");

        let ask = json!({"to": site.branch, "lines": lines});
        let done = office.post_again("move-1", &path, &ask).await.ok();
        assert_eq!((counts(&done), &done["dry_run"], shifts(&done).as_slice()), ([2, 2, 0], &json!(false), &expected[..]));
        let again = office.post_again("move-1", &path, &ask).await.ok();
        assert_eq!((counts(&again), shifts(&again)), ([2, 0, 2], Vec::new()), "asked again, nothing is left to do");
        let other = json!({"to": site.default, "lines": lines});
        office.post_again("move-1", &path, &other).await.problem(409, "request.reused");

        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 0);
        let there = office.rows(&format!("{}/instances?virtual_account={}", site.path(), site.branch)).await;
        assert_eq!(there.len(), 2);
        let log = format!("{}/events?action=instance.moved", site.path());
        let moved = office.rows(&log).await;
        assert_eq!(moved.len(), 2);
        assert_eq!(moved[0]["detail"]["virtual_account"], json!({"before": site.default, "after": site.branch}));
        let left = office.rows(&format!("{}/events?action=instance.moved_away&virtual_account={}", site.path(), site.default)).await;
        assert_eq!((left.len(), &left[0]["detail"]["instances"]), (1, &json!("2")));
        let back = json!({"to": site.branch, "instances": [id(&one), id(&two)]});
        assert_eq!(counts(&office.post(&path, &back).await.ok()), [2, 0, 2], "who is there already is no error");
    }

    async fn a_line_that_is_not_clear_is_named_and_nothing_is_done(office) {
        let (site, [one, _]) = furnished(&office).await;
        let path = format!("{}/instances/move", site.path());
        // A second device with the same serial number under another product id.
        let twin = foreign("FOC1", 7, ADVANTAGE, 1, NOON).replace("C9300-24UX", "C9500-16X");
        office.import(&site, &save(&[twin])).await.ok();
        let lines = "foc2\nFOC1\nFOC9\nP:C9300-24UX,S:FOC1";
        let ask = json!({"to": site.branch, "lines": lines, "dry_run": true});
        let seen = office.post(&path, &ask).await.ok();
        assert_eq!(counts(&seen), [2, 2, 0]);
        let unclear = seen["unclear"].as_array().expect("lines");
        let named: Vec<(&Value, &Value)> = unclear.iter().map(|one| (&one["line"], &one["why"])).collect();
        assert_eq!(named, [(&json!(2), &json!("several")), (&json!(3), &json!("unknown"))]);
        assert_eq!(unclear[0]["candidates"].as_array().map(Vec::len), Some(2));
        let why = office.post(&path, &json!({"to": site.branch, "lines": lines})).await.problem(422, "instances.unclear");
        assert!(why.contains("line 2 (\"FOC1\") means several") && why.contains("line 3 (\"FOC9\") is not known here"), "{why}");
        let there = office.rows(&format!("{}/instances?virtual_account={}", site.path(), site.branch)).await;
        assert_eq!(there.len(), 0);
        assert_eq!(text(&office.get(&format!("{}/instances/{}", site.path(), id(&one))).await.ok()["virtual_account"]), site.default);

        let shut = office.post(&format!("{}/virtual-accounts", site.path()), &json!({"name": "Shut"})).await.created();
        office.post(&format!("{}/virtual-accounts/{}/archive", site.path(), text(&shut["id"])), &json!({"revision": 0})).await.ok();
        let shut = json!({"to": shut["id"], "lines": "foc2", "dry_run": true});
        office.post(&path, &shut).await.problem(422, "value.invalid");
        let other = office.site("b.example").await;
        office.post(&path, &json!({"to": other.branch, "lines": "foc2"})).await.problem(404, "not_found");
        office.post(&path, &json!({"to": site.branch})).await.problem(422, "value.invalid");
        let long = "foc2\n".repeat(5_001);
        let why = office.post(&path, &json!({"to": site.branch, "lines": long})).await.problem(422, "value.invalid");
        assert!(why.contains("5001 lines"), "{why}");
        let wide = "x".repeat(256 * 1024 + 1);
        office.post(&path, &json!({"to": site.branch, "lines": wide})).await.problem(422, "value.invalid");
    }

    async fn a_removed_instance_frees_its_licenses_and_comes_back_when_it_measures_on(office) {
        let (site, [mut one, _]) = furnished(&office).await;
        let path = format!("{}/instances/remove", site.path());
        let own = format!("{}/instances/{}", site.path(), id(&one));
        let ask = json!({"instances": [id(&one)], "dry_run": true});
        let expected = [shift("DEFAULT", 7, 3, "settles")];
        assert_eq!(shifts(&office.post(&path, &ask).await.ok()), expected);
        assert_eq!(office.rows(&format!("{}/instances", site.path())).await.len(), 2);

        let done = office.post(&path, &json!({"lines": "foc1"})).await.ok();
        assert_eq!((counts(&done), shifts(&done).as_slice()), ([1, 1, 0], &expected[..]));
        assert_eq!(counts(&office.post(&path, &json!({"lines": "foc1"})).await.ok()), [1, 0, 1]);
        let rows = office.rows(&format!("{}/instances", site.path())).await;
        assert_eq!(rows.len(), 1, "lists leave it out");
        assert_eq!(office.get("/api/v1/totals").await.ok()["product_instances"], 1);
        let shown = office.get(&own).await.ok();
        assert!(shown["removed_at"].is_string() && shown["reports"]["items"].as_array().is_some_and(|all| all.len() == 1), "its history stays: {shown}");
        assert_eq!((&shown["uses"][0]["level"], &shown["reports_again_since"]), (&json!(0), &Value::Null));
        let to = json!({"to": site.branch, "lines": "foc1"});
        let why = office.post(&format!("{}/instances/move", site.path()), &to).await.problem(422, "instances.unclear");
        assert!(why.contains("was removed"), "{why}");

        // What it measured before counts in the past; what it measures now brings it back.
        let late = one.report(ADVANTAGE, 4, NOON.plus(Span::from_minutes(20)));
        one.push(&office, &[late]).await;
        assert!(office.get(&own).await.ok()["reports_again_since"].is_null());
        office.wait(Span::from_hours(1));
        let now = one.report(ADVANTAGE, 4, NOON.plus(Span::from_minutes(90)));
        one.push(&office, &[now]).await;
        let shown = office.get(&own).await.ok();
        assert!(shown["reports_again_since"].is_string() && shown["removed_at"].is_string(), "{shown}");
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 7, "no usage is lost");
        let alarms = office.rows(&format!("{}/alarms?state=open", site.path())).await;
        let kinds: Vec<String> = alarms.iter().map(|alarm| text(&alarm["kind"])).collect();
        assert!(kinds.contains(&"reports_again".to_owned()), "{kinds:?}");
        office.wait(Span::from_minutes(1));
        let kept = office.post(&format!("{}/instances/keep", site.path()), &json!({"lines": "FOC1"})).await.ok();
        assert_eq!(counts(&kept), [1, 1, 0]);
        assert!(office.get(&own).await.ok()["removed_at"].is_null());
        let log = office.rows(&format!("{}/events?subject={}", site.path(), id(&one))).await;
        // Who removed it stands in the log, where it can be erased, and a return has one name a device.
        let who = |action: &str| log.iter().find(|one| one["action"] == action).map(|one| text(&one["actor"]));
        assert!(who("instance.removed").is_some_and(|who| !who.is_empty()), "{log:?}");
        assert!(who("instance.returned").is_some_and(|who| who.starts_with("device key ")), "{log:?}");
        let mut log: Vec<String> = log.iter().map(|one| text(&one["action"])).collect();
        log.reverse();
        assert_eq!(log, ["instance.bound", "instance.removed", "instance.returned", "instance.kept"]);
    }

    async fn who_may_manage_one_virtual_account_moves_nothing_in_or_out(office) {
        let (site, [one, _]) = furnished(&office).await;
        let grants = format!("{}/grants", site.path());
        let role = |role: &str| json!({"role": role, "virtual_account": site.branch});
        let ned = office.person(&grants, "ned@a.example", &role("virtual_user")).await;
        let (moves, removes) = (format!("{}/instances/move", site.path()), format!("{}/instances/remove", site.path()));
        let out = json!({"to": site.branch, "instances": [id(&one)]});
        office.post_as(&ned.token, &moves, &out).await.problem(422, "instances.unclear");
        let out = json!({"to": site.default, "lines": "nothing"});
        office.post_as(&ned.token, &moves, &out).await.problem(404, "not_found");
        let gone = json!({"lines": format!("foc1\n{}\nfoc9", id(&one)), "dry_run": true});
        let seen = office.post_as(&ned.token, &removes, &gone).await.ok();
        let unclear = seen["unclear"].as_array().expect("lines");
        assert!(unclear.len() == 3 && unclear.iter().all(|one| one["why"] == "unknown"), "{seen}");
        let vera = office.person(&grants, "vera@a.example", &json!({"role": "viewer"})).await;
        office.post_as(&vera.token, &removes, &gone).await.problem(403, "permit.denied");
        office.post("/api/v1/terms", &json!({"title": "Terms", "text": "Be fair."})).await.created();
        office.post(&moves, &json!({"to": site.branch, "lines": "foc1"})).await.problem(403, "terms.not_accepted");
        office.post(&removes, &json!({"lines": "foc1"})).await.ok();
    }
}
