//! Usage files that a person carried.

use std::path::Path;

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use wire::time::{Span, Timestamp};

use crate::asking::endless;
use crate::device::{Device, body, token_text};
use crate::home::both;
use crate::office::{ADVANTAGE, Answer, DNA, NOON, Office, Site};

const SOFTWARE: &str = "regid.2017-05.com.cisco.c9300,v1_727af1d9";

/// A report of a foreign device: a level of a license over fifteen minutes.
pub(crate) fn foreign(serial: &str, id: u64, tag: &str, level: u64, from: Timestamp) -> String {
    let sudi = json!({"udi_pid": "C9300-24UX", "udi_serial_number": serial});
    let signature = json!({"signing_type": "builtin", "key": SOFTWARE, "value": "AAAA"});
    let (start, end) = (from.seconds(), from.plus(Span::from_minutes(15)).seconds());
    let payload = json!({
        "version": "2.0",
        "asset_identification": {"report_id": id, "asset": {"name": SOFTWARE}, "instance": {"sudi": sudi}},
        "signature": signature,
        "meta": {"entitlement_tag": tag, "utility_enabled": false, "software_version": "17.9.4"},
        "measurements": [{
            "log_time": end, "metric_name": "ENTITLEMENT", "start_time": start, "end_time": end,
            "sample_interval": 900, "num_samples": 1, "meta": {},
            "value": {"type": "COUNT", "value": level.to_string()},
        }],
    });
    let mut outer = signature;
    outer["sudi"] = sudi;
    json!({"payload": payload.to_string(), "signature": outer, "header": {"type": "rum"}})
        .to_string()
}

/// A file of some reports.
pub(crate) fn file(reports: &[String]) -> String {
    let reports: String = reports
        .iter()
        .map(|report| format!("<RUMReport><![CDATA[{report}]]></RUMReport>\n"))
        .collect();
    format!("<smartLicense>\n{reports}</smartLicense>\n")
}

/// A complete save of a device.
pub(crate) fn save(reports: &[String]) -> String {
    let system = "<smartLicense>\n<smartLicenseSystemInfo><data>{}</data></smartLicenseSystemInfo>";
    file(reports).replacen("<smartLicense>", system, 1)
}

fn fixture(name: &str) -> Option<String> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/rum"));
    let read = std::fs::read_to_string(folder.join(name));
    read.inspect_err(|_| eprintln!("{name} is not there: skipped")).ok()
}

async fn import_for_xml(office: &Office, site: &Site, file: &str) -> Answer {
    let path = format!("{}/usage-files?virtual_account={}", site.path(), site.default);
    let request = office.request(Method::POST, &path).header(header::ACCEPT, "application/xml");
    office.send(request.body(Body::from(file.to_owned())).expect("a request")).await
}

both! {
    async fn a_file_of_a_foreign_device_is_taken_in_once(office) {
        let site = office.site("a.example").await;
        office.grant(&site, ADVANTAGE, 10).await;
        let file = file(&[foreign("ONE", 100, ADVANTAGE, 6, NOON), foreign("ONE", 101, DNA, 2, NOON)]);
        let first = office.import(&site, &file).await.ok();
        assert_eq!(
            (&first["recorded"], &first["already"], &first["refused"], &first["ack_file"]),
            (&json!(2), &json!(0), &json!(0), &Value::Null)
        );
        assert_eq!(first["reports"][0], json!({
            "udi": "PID:C9300-24UX,SN:ONE", "tag": ADVANTAGE, "report_id": 100, "measurements": 1,
            "verified": false, "outcome": "recorded", "code": null,
        }));
        let again = office.import(&site, &file).await.ok();
        assert_eq!((&again["recorded"], &again["already"]), (&json!(0), &json!(2)));
        let pool = office.pool(&site, ADVANTAGE).await;
        assert_eq!(
            (&pool["in_use"], &pool["unverified"], &pool["balance"]),
            (&json!(6), &json!(6), &json!(4))
        );
        let events = office.rows(&format!("{}/events", site.path())).await;
        let imported: Vec<_> = events.iter().filter(|one| one["action"] == "usage.imported").collect();
        assert_eq!(imported.len(), 1, "what changes nothing is no event");
        assert_eq!(imported[0]["detail"], json!({"reports": "2", "new": "2", "unconfirmed": "0"}));
        let answer = import_for_xml(&office, &site, &file).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0), "there is nothing to carry back");
    }

    async fn reports_of_real_devices_are_taken_in_once(office) {
        let Some(file) = fixture("example-rum-1671840750.xml") else { return };
        let site = office.site("a.example").await;
        let first = office.import(&site, &file).await.ok();
        assert_eq!((&first["recorded"], &first["already"]), (&json!(1), &json!(0)));
        let report = &first["reports"][0];
        assert_eq!(report["udi"], "PID:C9800-CL-K9,SN:9NTUEA8FIIH");
        assert_eq!((&report["report_id"], &report["verified"]), (&json!(1_671_840_750), &json!(false)));
        let again = office.import(&site, &file).await.ok();
        assert_eq!((&again["recorded"], &again["already"]), (&json!(0), &json!(1)));
        let instances = office.rows(&format!("{}/instances", site.path())).await;
        assert_eq!(instances.len(), 1);
        let id = instances[0]["id"].as_str().expect("an id");
        let seen = office.get(&format!("{}/instances/{id}", site.path())).await.ok();
        let measurements = seen["newest_report"]["measurements"].as_array().expect("measurements");
        assert_eq!(measurements.len(), report["measurements"].as_u64().expect("a count") as usize);
        let access_points = measurements[0]["added"].as_array().expect("consumers");
        assert_eq!(access_points.len(), 2);
        assert_eq!(access_points[0]["serial_number"], "FDW2109B29P");
        assert_eq!(seen["members"][0]["role"], "active");
        let last = measurements.last().expect("one")["level"].clone();
        assert_eq!(seen["uses"][0]["level"], last);
        assert_eq!(office.rows(&format!("{}/pools", site.path())).await[0]["in_use"], last);
    }

    async fn a_broken_file_is_refused_with_its_line_and_nothing_is_kept(office) {
        let site = office.site("a.example").await;
        let good = foreign("ONE", 100, ADVANTAGE, 6, NOON);
        let bad = good.replace("\\\"value\\\":\\\"6\\\"", "\\\"value\\\":\\\"six\\\"");
        assert_ne!(good, bad);
        let whole = file(&[good.clone(), foreign("TWO", 7, ADVANTAGE, 1, NOON)]);
        let cut = whole.trim_end().strip_suffix("</smartLicense>").expect("its end");
        let detail = office.import(&site, cut).await.problem(400, "file.xml");
        assert!(detail.starts_with("line 4, column 1: "), "{detail}");
        let wrong = whole.replacen("<RUMReport><![CDATA[{", "<RUMReport><![CDATA[", 1);
        let detail = office.import(&site, &wrong).await.problem(400, "report.malformed");
        assert!(detail.starts_with("line 2, column "), "{detail}");
        let detail = office.import(&site, &file(&[good, bad])).await.problem(400, "report.malformed");
        assert!(detail.starts_with("report 2 of the file: the report cannot be read ("), "{detail}");
        office.import(&site, "").await.problem(400, "file.missing");
        let totals = office.get("/api/v1/totals").await.ok();
        assert_eq!((&totals["reports"], &totals["product_instances"]), (&json!(0), &json!(0)));
        assert!(office.rows(&format!("{}/pools", site.path())).await.is_empty());
    }

    async fn a_sealed_file_brings_back_its_acknowledgement(office) {
        let site = office.site("a.example").await;
        let token = token_text(&office.token(&site).await);
        let mut one = Device::trusted(&office, &token, "ONE", 1).await;
        let file = body(&[one.report(ADVANTAGE, 6, NOON), one.report(DNA, 2, NOON)]);
        let first = office.import(&site, &file).await.ok();
        assert_eq!((&first["recorded"], &first["already"]), (&json!(2), &json!(0)));
        assert_eq!((&first["reports"][0]["verified"], &first["reports"][1]["tag"]), (&json!(true), &json!(DNA)));
        let ack = one.open_ack(&office, first["ack_file"].as_str().expect("a file").as_bytes());
        assert_eq!(ack.reports.len(), 2);
        let answer = import_for_xml(&office, &site, &file).await;
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/xml");
        assert_eq!(one.open_ack(&office, &answer.body).reports, ack.reports);
        let again = office.import(&site, &file).await.ok();
        assert_eq!((&again["recorded"], &again["already"]), (&json!(0), &json!(2)));
        let path = format!("{}/instances/{}", site.path(), one.instance.expect("trusted"));
        assert_eq!(office.get(&path).await.ok()["reports"]["items"][0]["route"], "file");
    }

    async fn each_report_of_a_sealed_file_has_its_own_outcome(office) {
        let site = office.site("a.example").await;
        let token = token_text(&office.token(&site).await);
        let mut one = Device::trusted(&office, &token, "ONE", 1).await;
        let mut two = Device::trusted(&office, &token, "TWO", 2).await;
        let known = one.report(ADVANTAGE, 6, NOON);
        one.push(&office, std::slice::from_ref(&known)).await;
        let file = body(&[two.report(DNA, 1, NOON), known.clone(), two.report(DNA, 2, NOON)]);
        let seen = office.import(&site, &file).await.ok();
        let outcomes: Vec<_> =
            seen["reports"].as_array().expect("reports").iter().map(|one| one["outcome"].clone()).collect();
        assert_eq!(outcomes, ["recorded", "refused", "recorded"]);
        assert_eq!(seen["reports"][1]["code"], "push.mixed");
        assert_eq!((&seen["recorded"], &seen["refused"]), (&json!(2), &json!(1)));
        let file = body(&[known, two.report(DNA, 2, NOON), one.report(ADVANTAGE, 7, NOON)]);
        let seen = office.import(&site, &file).await.ok();
        let outcomes: Vec<_> =
            seen["reports"].as_array().expect("reports").iter().map(|one| one["outcome"].clone()).collect();
        assert_eq!(outcomes, ["already", "refused", "recorded"]);
    }

    async fn a_sealed_file_goes_into_the_account_of_its_device(office) {
        let site = office.site("a.example").await;
        let other = office.site("b.example").await;
        let token = token_text(&office.token(&site).await);
        let mut one = Device::trusted(&office, &token, "ONE", 1).await;
        let file = body(&[one.report(ADVANTAGE, 6, NOON)]);
        office.import(&other, &file).await.problem(403, "report.unknown_key");
        office.import(&site, &file).await.ok();
        let mixed = file.replace("</smartLicense>", &format!("<RUMReport><![CDATA[{}]]></RUMReport></smartLicense>",
            foreign("NINE", 100, ADVANTAGE, 6, NOON)));
        office.import(&site, &mixed).await.problem(422, "import.mixed");
        assert_eq!(office.get("/api/v1/totals").await.ok()["reports"], 1);
    }

    async fn an_import_names_where_new_instances_go(office) {
        let site = office.site("a.example").await;
        let path = format!("{}/usage-files", site.path());
        let file = file(&[foreign("ONE", 100, ADVANTAGE, 6, NOON)]);
        let send = async |path: &str| {
            let request = office.request(Method::POST, path).body(Body::from(file.clone()));
            office.send(request.expect("a request")).await
        };
        let detail = send(&path).await.problem(400, "query.value");
        assert!(detail.contains("missing field `virtual_account`"), "{detail}");
        let ghost = format!("{path}?virtual_account=va_01JQ8R2M5TC6V7W8X9Y0Z1A2B3");
        send(&ghost).await.problem(404, "not_found");
        send(&format!("{path}?virtual_account={}", site.branch)).await.ok();
        let instance = office.rows(&format!("{}/instances", site.path())).await[0].clone();
        assert_eq!(instance["virtual_account"], site.branch);
        let (endless, _) = endless(3201);
        let request = office.request(Method::POST, &format!("{path}?virtual_account={}", site.default));
        office.send(request.body(endless).expect("a request")).await.problem(413, "size.file");
    }
}
