//! The device endpoint: what a device sends, and what it is told.

use axum::http::StatusCode;
use ledger::role::Action;
use server::app::import_usage::Destination;
use wire::key::Realm;
use wire::limits;
use wire::seal::SealedReport;
use wire::time::Span;

use crate::stage::{Device, NOON, Stage};

#[tokio::test]
async fn a_trusted_device_pushes_and_the_bundles_key_opens_the_acknowledgement() {
    let stage = Stage::new().await;
    let device = stage.trusted(1).await;
    let report = device.report(1, 3, NOON, stage.realm());
    let ack = stage.ack(&stage.push(vec![report.clone()]).await);
    assert_eq!(ack.reports.len(), 1);
    assert_eq!(ack.reports[0].hash, report.hash());
    assert_eq!(stage.in_use().await, (3, -3), "an unknown tag opens a short pool");
    assert_eq!(stage.alarms().await, ["insufficient_licenses"]);
}

#[tokio::test]
async fn a_repeated_push_is_acknowledged_again_and_counts_nothing() {
    let stage = Stage::new().await;
    let device = stage.trusted(1).await;
    let report = device.report(1, 3, NOON, stage.realm());
    for _ in 0..2 {
        let ack = stage.ack(&stage.push(vec![report.clone()]).await);
        assert_eq!(ack.reports.len(), 1);
        assert_eq!(stage.in_use().await.0, 3);
    }
}

#[tokio::test]
async fn a_push_that_is_too_large_or_cut_off_is_refused_and_counts_nothing() {
    let stage = Stage::new().await;
    let device = stage.trusted(1).await;
    let large = stage.post("/device/v1/usage", vec![b' '; limits::PUSH_BYTES + 1]).await;
    assert_eq!((large.status, large.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "size.push"));
    let report = wire::seal::Carried::Sealed(device.report(1, 3, NOON, stage.realm()));
    let whole = wire::file::UsageFile { system: None, reports: vec![report] }.to_xml();
    for length in [0, 1, whole.len() / 2, whole.len() - 2] {
        let cut = stage.post("/device/v1/usage", whole[..length].to_owned()).await;
        assert_eq!(cut.status, StatusCode::BAD_REQUEST, "{length} bytes of it");
    }
    assert_eq!(stage.in_use().await.0, 0);
}

#[tokio::test]
async fn a_forged_report_and_one_of_another_realm_are_refused() {
    let stage = Stage::new().await;
    let device = stage.trusted(1).await;
    let foreign = device.report(1, 3, NOON, Realm::from_bytes([9; 16]));
    let answer = stage.push(vec![foreign]).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "report.realm"));
    let answer = stage.push(vec![forged(&device.report(1, 3, NOON, stage.realm()))]).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::FORBIDDEN, "report.signature")
    );
    assert_eq!(stage.in_use().await.0, 0);
}

/// The report with a level that nobody signed.
fn forged(report: &SealedReport) -> SealedReport {
    let payload = report.payload().replace("\"value\":\"3\"", "\"value\":\"0\"");
    assert_ne!(payload, report.payload());
    SealedReport::from_parts(payload, report.cose().to_vec())
}

#[tokio::test]
async fn of_ten_reports_the_bad_one_is_named_and_the_others_count() {
    let stage = Stage::new().await;
    let device = stage.trusted(1).await;
    let at = |number| NOON.minus(Span::from_hours(10 - i64::try_from(number).unwrap_or(0)));
    let mut reports: Vec<SealedReport> =
        (1..=10).map(|number| device.report(number, 3, at(number), stage.realm())).collect();
    reports[4] = forged(&reports[4]);
    let ack = stage.ack(&stage.push(reports).await);
    assert_eq!((ack.reports.len(), ack.refused.len()), (9, 1));
    assert_eq!((ack.refused[0].number, ack.refused[0].code.as_str()), (5, "report.signature"));
    assert_eq!(stage.in_use().await.0, 3);
}

#[tokio::test]
async fn only_a_fresh_request_with_a_good_token_binds() {
    let stage = Stage::new().await;
    let device = Device::new(1);
    let token = stage.token(Some(1)).await;
    let text = token.text.expect("a text");
    let ask = async |body: String| stage.post("/device/v1/trust", body).await.code();
    let hour = Span::from_hours(1);
    let old = device.request_until(&text, NOON.minus(hour), NOON.minus(Span::from_minutes(1)));
    assert_eq!(ask(old).await, "request.expired");
    let ahead = NOON.plus(Span::from_hours(2));
    assert_eq!(ask(device.request(&text, ahead)).await, "request.clock");
    assert_eq!(ask(device.request("NOTATOKEN", NOON)).await, "trust.token_unknown");
    stage.post("/device/v1/trust", device.request(&text, NOON)).await.file();
    let other = Device::new(2);
    assert_eq!(ask(other.request(&text, NOON)).await, "trust.token_used_up");

    let revoked = stage.token(None).await;
    let may = stage.ask(Action::ManageTokens);
    stage.app.revoke_token(&may, stage.account, revoked.token.id).await.expect("revoked");
    let text = revoked.text.expect("a text");
    assert_eq!(ask(other.request(&text, NOON)).await, "trust.token_revoked");

    let expired = stage.token(None).await.text.expect("a text");
    stage.script.set(NOON.plus(Span::from_days(31)));
    assert_eq!(ask(other.request(&expired, stage.now())).await, "trust.token_expired");
}

#[tokio::test]
async fn an_unknown_key_and_a_revoked_one_are_refused() {
    let stage = Stage::new().await;
    let stranger = Device::new(9);
    let answer = stage.push(vec![stranger.report(1, 3, NOON, stage.realm())]).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::FORBIDDEN, "report.unknown_key")
    );
    let device = stage.trusted(1).await;
    stage.push(vec![device.report(1, 3, NOON, stage.realm())]).await.file();
    let may = stage.ask(Action::RevokeKey);
    let revoking =
        stage.app.revoke_key(&may, stage.account, device.key.id(), "stolen".to_owned()).await;
    revoking.expect("revoked");
    let answer = stage.push(vec![device.report(2, 5, NOON, stage.realm())]).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "trust.revoked"));
    assert_eq!(stage.in_use().await.0, 3);
}

#[tokio::test]
async fn of_a_push_of_two_devices_only_the_first_ones_reports_count() {
    let stage = Stage::new().await;
    let (one, two) = (stage.trusted(1).await, stage.trusted(2).await);
    let realm = stage.realm();
    let mixed = vec![one.report(1, 3, NOON, realm), two.report(1, 4, NOON, realm)];
    let ack = stage.ack(&stage.push(mixed).await);
    assert_eq!((ack.reports.len(), ack.refused[0].code.as_str()), (1, "push.mixed"));
    assert_eq!(stage.in_use().await.0, 3);
}

#[tokio::test]
async fn two_reports_at_one_position_open_the_alarm_of_a_clone() {
    let stage = Stage::new().await;
    let device = stage.trusted(1).await;
    for level in [3, 4] {
        stage.push(vec![device.report(1, level, NOON, stage.realm())]).await.file();
    }
    assert!(stage.alarms().await.contains(&"cloned_instance"));
}

#[tokio::test]
async fn a_foreign_file_is_taken_in_once_and_never_by_the_device_endpoint() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/fixtures/rum/example-rum-1671840750.xml"
    );
    let Ok(file) = std::fs::read(path) else {
        eprintln!("the fixtures are not there: skipped");
        return;
    };
    let stage = Stage::new().await;
    let pushed = stage.post("/device/v1/usage", file.clone()).await;
    assert_eq!(pushed.code(), "report.unsealed");
    let to = Destination { account: stage.account, virtual_account: stage.place };
    let may = stage.permit(Action::ImportUsage);
    let broken = stage.app.import_usage(&may, to, &file[..file.len() - 20]).await;
    let text = broken.expect_err("it is cut off").to_string();
    assert!(text.starts_with("line "), "{text}");
    assert_eq!(stage.in_use().await.0, 0, "nothing of a broken file is kept");
    let first = stage.app.import_usage(&may, to, &file).await.expect("taken in");
    let used = stage.in_use().await;
    let again = stage.app.import_usage(&may, to, &file).await.expect("taken in");
    assert!(first.reports.iter().all(|one| !one.already));
    assert!(again.reports.iter().all(|one| one.already));
    assert_eq!(stage.in_use().await, used);
}
