//! Pushes: what devices say, and what they are told.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use wire::key::Realm;
use wire::message::AvailabilityState;
use wire::seal::SealedReport;
use wire::time::Span;

use crate::asking::endless;
use crate::device::{Device, EPOCH, body, push, token_text};
use crate::home::both;
use crate::imports::{file, foreign};
use crate::office::{ADVANTAGE, DNA, NOON, Office, Site};

const USAGE: &str = "/device/v1/usage";

async fn scene(office: &Office) -> (Site, Device) {
    let site = office.site("a.example").await;
    let token = token_text(&office.token(&site).await);
    let device = Device::trusted(office, &token, "ONE", 1).await;
    (site, device)
}

/// The report with another payload under the same signature.
fn forged(report: &SealedReport) -> SealedReport {
    let payload = report.payload().replace("\"value\":\"6\"", "\"value\":\"1\"");
    assert_ne!(payload, report.payload());
    SealedReport::from_parts(payload, report.cose().to_vec())
}

async fn reports(office: &Office) -> Value {
    office.get("/api/v1/totals").await.ok()["reports"].clone()
}

both! {
    async fn a_push_is_acknowledged_with_a_key_of_the_bundle(office) {
        let (site, mut one) = scene(&office).await;
        office.put(&format!("/api/v1/licenses/{ADVANTAGE}"), &json!({"name": "Network Advantage"})).await.ok();
        office.grant(&site, ADVANTAGE, 10).await;
        let report = one.report(ADVANTAGE, 6, NOON);
        let ack = one.push(&office, std::slice::from_ref(&report)).await;
        assert_eq!(Some(ack.instance), one.instance);
        assert_eq!(ack.account_name, "Company a.example");
        assert_eq!(ack.virtual_account_name, "DEFAULT");
        assert_eq!(ack.reports.len(), 1);
        let named = &ack.reports[0];
        assert_eq!((named.key, named.epoch, named.number), (one.key.id(), EPOCH, 1));
        assert_eq!(named.hash, report.hash());
        assert_eq!((ack.refused.len(), ack.highest_epoch, ack.issued_at), (0, EPOCH, NOON));
        assert_eq!(ack.policy.name, "Scrip default");
        let standing = &ack.standings[0];
        assert_eq!((standing.tag.as_str(), standing.state), (ADVANTAGE, AvailabilityState::Sufficient));
        assert_eq!(standing.available, Some(4));
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 6);
    }

    async fn a_report_that_comes_again_is_acknowledged_again_and_counts_once(office) {
        let (site, mut one) = scene(&office).await;
        let report = one.report(ADVANTAGE, 6, NOON);
        let first = one.push(&office, std::slice::from_ref(&report)).await;
        let again = one.push(&office, &[report.clone(), report]).await;
        assert_eq!(again.reports.len(), 2);
        assert_eq!(again.reports[0], first.reports[0]);
        assert_eq!(again.reports[1], first.reports[0]);
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 6);
        assert_eq!(reports(&office).await, 1);
    }

    async fn an_unknown_tag_opens_a_pool_that_is_short(office) {
        let (site, mut one) = scene(&office).await;
        let report = one.report("nobody.knows", 3, NOON);
        let ack = one.push(&office, &[report]).await;
        assert_eq!(ack.standings[0].state, AvailabilityState::Unknown);
        assert_eq!(ack.standings[0].available, Some(-3));
        let pool = office.pool(&site, "nobody.knows").await;
        assert_eq!((&pool["state"], &pool["license"]), (&json!("short"), &Value::Null));
        assert_eq!(office.rows(&format!("{}/alarms?state=open", site.path())).await.len(), 1);
        assert!(office.rows("/api/v1/licenses").await.is_empty(), "the catalogue is the vendor's");
    }

    async fn of_ten_reports_nine_are_acknowledged_and_the_bad_one_is_named(office) {
        let (site, mut one) = scene(&office).await;
        let mut sent: Vec<_> = (0..10).map(|n| {
            one.report(ADVANTAGE, 6, NOON.minus(Span::from_minutes(20 - n)))
        }).collect();
        sent[4] = forged(&sent[4]);
        let ack = one.push(&office, &sent).await;
        let acked: Vec<u64> = ack.reports.iter().map(|report| report.number).collect();
        assert_eq!(acked, [1, 2, 3, 4, 6, 7, 8, 9, 10]);
        assert_eq!(ack.refused.len(), 1);
        let refused = &ack.refused[0];
        assert_eq!((refused.epoch, refused.number, refused.code.as_str()), (EPOCH, 5, "report.signature"));
        assert_eq!(refused.hash, sent[4].hash());
        assert_eq!(reports(&office).await, 9);
        let path = format!("{}/instances/{}", site.path(), one.instance.expect("trusted"));
        assert_eq!(office.get(&path).await.ok()["progress"][0]["gaps"], 1);
    }

    async fn who_proves_nothing_is_told_nothing(office) {
        let (_, mut one) = scene(&office).await;
        let (first, second) = (one.report(ADVANTAGE, 6, NOON), one.report(ADVANTAGE, 6, NOON));
        let detail = push(&office, &[forged(&first), forged(&second)]).await.problem(403, "report.signature");
        assert_eq!(
            detail,
            "the report was changed after it was signed: send it as the device wrote it (report.signature)"
        );
        push(&office, &[forged(&first)]).await.problem(403, "report.signature");
        assert_eq!(reports(&office).await, 0);
    }

    async fn a_report_for_another_installation_is_not_opened(office) {
        let (_, mut one) = scene(&office).await;
        one.realm = Some(Realm::from_bytes([9; 16]));
        let elsewhere = one.report(ADVANTAGE, 6, NOON);
        let detail = push(&office, &[elsewhere]).await.problem(403, "report.realm");
        assert_eq!(detail, "the report belongs to another installation: send it there (report.realm)");
        one.realm = None;
        let before_trust = one.report(ADVANTAGE, 6, NOON);
        assert_eq!(one.push(&office, &[before_trust]).await.reports.len(), 1);
    }

    async fn a_device_that_nobody_trusted_must_ask_for_trust(office) {
        let (_, one) = scene(&office).await;
        let mut two = Device::new("TWO", 2);
        two.realm = one.realm;
        let report = two.report(ADVANTAGE, 6, NOON);
        let detail = push(&office, &[report]).await.problem(403, "report.unknown_key");
        assert_eq!(
            detail,
            "no device with this key is known: trust the device with an ID token first (report.unknown_key)"
        );
    }

    async fn a_push_holds_reports_of_one_instance(office) {
        let (site, mut one) = scene(&office).await;
        let token = token_text(&office.token(&site).await);
        let mut two = Device::trusted(&office, &token, "TWO", 2).await;
        let (mine, theirs) = (one.report(ADVANTAGE, 6, NOON), two.report(ADVANTAGE, 5, NOON));
        let ack = one.push(&office, &[mine, theirs]).await;
        assert_eq!((ack.reports.len(), ack.refused.len()), (1, 1));
        assert_eq!((ack.refused[0].number, ack.refused[0].code.as_str()), (1, "push.mixed"));
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 6);
        let unsealed = file(&[foreign("ONE", 100, ADVANTAGE, 9, NOON)]);
        office.device_post(USAGE, unsealed).await.problem(422, "report.unsealed");
        office.device_post(USAGE, "<smartLicense></smartLicense>").await.problem(422, "push.empty");
        assert_eq!(reports(&office).await, 1);
    }

    async fn a_push_that_is_not_whole_is_refused_with_its_line(office) {
        let (_, mut one) = scene(&office).await;
        let whole = body(&[one.report(ADVANTAGE, 6, NOON)]);
        let detail = office.device_post(USAGE, whole[..whole.len() - 20].to_owned()).await.problem(400, "file.xml");
        assert!(detail.starts_with("line 1, column "), "{detail}");
        office.device_post(USAGE, "").await.problem(400, "file.missing");
        office.device_post(USAGE, vec![0xFF, 0xFE]).await.problem(400, "file.encoding");
        let many: Vec<_> = (0..65).map(|_| one.report(ADVANTAGE, 6, NOON)).collect();
        office.device_post(USAGE, body(&many)).await.problem(413, "size.push");
        assert_eq!(reports(&office).await, 0);
    }

    async fn a_push_is_read_no_further_than_it_may_be_long(office) {
        let (endless, taken) = endless(10_000);
        let detail = office.device_post(USAGE, endless).await.problem(413, "size.push");
        assert_eq!(detail, "the body is larger than 1048576 bytes: send less at once (size.push)");
        assert!(taken.load(Ordering::SeqCst) <= 66, "{taken:?}");
    }

    async fn a_clone_is_counted_once_and_raises_an_alarm(office) {
        let (site, mut one) = scene(&office).await;
        office.grant(&site, ADVANTAGE, 20).await;
        let original = one.report(ADVANTAGE, 4, NOON.minus(Span::from_minutes(5)));
        one.push(&office, std::slice::from_ref(&original)).await;
        one.previous = [0; 32];
        let cloned = one.seal(ADVANTAGE, 9, NOON.minus(Span::from_minutes(4)));
        let ack = one.push(&office, std::slice::from_ref(&cloned)).await;
        assert_eq!(ack.reports[0].hash, cloned.hash(), "a fact cannot be refused");
        let open = office.rows(&format!("{}/alarms?state=open", site.path())).await;
        assert_eq!(open.len(), 1);
        assert_eq!((&open[0]["kind"], &open[0]["severity"]), (&json!("cloned_instance"), &json!("major")));
        assert_eq!(open[0]["subject"], one.instance.expect("trusted").to_string());
        assert_eq!((&open[0]["about"], &open[0]["needed"]), (&json!("P:C9300-24UX,S:ONE"), &Value::Null));
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 9, "the higher level, once");
        let path = format!("{}/instances/{}", site.path(), one.instance.expect("trusted"));
        let listed = office.get(&path).await.ok()["reports"]["items"].clone();
        let flags: Vec<_> = listed.as_array().expect("reports").iter().map(|one| one["flags"].clone()).collect();
        assert_eq!(flags.len(), 2);
        assert!(flags.contains(&json!(["forked"])), "{flags:?}");
    }

    async fn a_clock_that_is_ahead_is_flagged_and_counts_from_when_it_was_heard(office) {
        let (site, mut one) = scene(&office).await;
        let near = one.report(DNA, 1, NOON.plus(Span::from_minutes(60)));
        let ahead = one.report(ADVANTAGE, 6, NOON.plus(Span::from_seconds(3601)));
        assert_eq!(one.push(&office, &[near, ahead]).await.reports.len(), 2);
        let path = format!("{}/instances/{}", site.path(), one.instance.expect("trusted"));
        let seen = office.get(&path).await.ok()["reports"]["items"].clone();
        let of = |number: u64| {
            let mut reports = seen.as_array().expect("reports").iter();
            reports.find(|one| one["number"] == number).expect("it is there").clone()
        };
        assert_eq!((&of(1)["flags"], &of(2)["flags"]), (&json!([]), &json!(["clock_ahead"])));
        assert_eq!(of(2)["levels"][0]["starts_at"], "2025-06-15T15:06:40.000Z");
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 6);
    }

    async fn a_late_report_changes_only_the_past(office) {
        let (site, mut one) = scene(&office).await;
        let first = one.report(ADVANTAGE, 6, NOON);
        let second = one.report(ADVANTAGE, 2, NOON.plus(Span::from_minutes(20)));
        office.wait(Span::from_hours(1));
        one.push(&office, &[second]).await;
        one.push(&office, &[first]).await;
        let pool = office.pool(&site, ADVANTAGE).await;
        assert_eq!(pool["in_use"], 2);
        let id = pool["id"].as_str().expect("an id");
        let path = format!("{}/pools/{id}/standing?at=2025-06-15T15:10:00Z", site.path());
        assert_eq!(office.get(&path).await.ok()["in_use"], 6);
        let other = one.report(DNA, 1, NOON);
        assert_eq!(one.push(&office, &[other]).await.standings.len(), 1);
    }
}
