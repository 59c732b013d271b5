//! In which country devices are used, how that is known, and what follows from it: a notice.

use axum::http::StatusCode;
use serde_json::{Value, json};
use wire::message::Ack;
use wire::time::Span;

use crate::device::{Device, body, token_text};
use crate::home::both;
use crate::office::{ADVANTAGE, NOON, Office, Site, text};

const NETWORKS: &str = "# where we are\n192.0.2.0/24,DE\n198.51.100.0/24,US\n198.51.100.64/26,FR\n";

async fn scene(office: &Office, country: &str) -> (Site, Device) {
    let site = office.site("a.example").await;
    buy_in(office, &site, country).await;
    let token = token_text(&office.token(&site).await);
    let device = Device::trusted(office, &token, "ONE", 1).await;
    office.wait(Span::from_hours(1));
    (site, device)
}

async fn buy_in(office: &Office, site: &Site, country: &str) {
    let account = office.get(&site.path()).await.ok();
    let edit =
        json!({"revision": account["revision"], "name": account["name"], "country": country});
    office.put(&site.path(), &edit).await.ok();
}

/// What is known of the device's country, with that of its alarm.
async fn known(office: &Office, site: &Site, device: &Device) -> Value {
    let path = format!("{}/instances/{}", site.path(), device.instance.expect("trusted"));
    let seen = office.get(&path).await.ok();
    let open = office.rows(&format!("{}/alarms?state=open", site.path())).await;
    let elsewhere = open.iter().find(|alarm| alarm["kind"] == "used_elsewhere");
    json!([
        seen["country_of_use"],
        seen["country_known_by"],
        seen["elsewhere_since"],
        elsewhere.map(|alarm| json!([alarm["country_of_use"], alarm["country_of_purchase"]])),
    ])
}

async fn tell(office: &Office, device: &mut Device, country: &str) -> Ack {
    device.country = country.parse().ok();
    let report = device.report(ADVANTAGE, 6, NOON);
    device.push(office, &[report]).await
}

async fn from(office: &Office, device: &mut Device, address: &str, proxied: Option<&str>) {
    let report = device.report(ADVANTAGE, 6, NOON);
    let answer = office.device_post_from(address, proxied, body(&[report])).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

async fn notices(office: &Office, site: &Site) -> Vec<(String, Value)> {
    let mut events = office.rows(&format!("{}/events?limit=100", site.path())).await;
    events.retain(|event| text(&event["action"]).contains("elsewhere"));
    events.iter().rev().map(|event| (text(&event["action"]), event["detail"].clone())).collect()
}

both! {
    async fn use_outside_the_country_of_purchase_is_noticed_once_and_stops_nothing(office) {
        let (site, mut one) = scene(&office, "DE").await;
        let silent = tell(&office, &mut one, "").await;
        assert_eq!(known(&office, &site, &one).await, json!([null, null, null, null]));
        let at_home = tell(&office, &mut one, "DE").await;
        assert_eq!(known(&office, &site, &one).await, json!(["DE", "device", null, null]));
        let elsewhere = tell(&office, &mut one, "FR").await;
        let since = "2025-06-15T16:06:40.000Z";
        let noticed = json!(["FR", "device", since, ["FR", "DE"]]);
        assert_eq!(known(&office, &site, &one).await, noticed);
        let bare = |ack: Ack| Ack { reports: Vec::new(), ..ack };
        let silent = bare(silent);
        assert_eq!([bare(at_home), bare(elsewhere)], [silent.clone(), silent], "the device is told the same");
        office.wait(Span::from_hours(1));
        tell(&office, &mut one, "FR").await;
        tell(&office, &mut one, "").await;
        assert_eq!(known(&office, &site, &one).await, noticed);
        let alarm = &office.rows(&format!("{}/alarms?state=open", site.path())).await;
        let alarm = alarm.iter().find(|alarm| alarm["kind"] == "used_elsewhere").expect("open");
        assert_eq!((&alarm["severity"], &alarm["needed"]), (&json!("minor"), &Value::Null));
        assert_eq!(alarm["subject"], one.instance.expect("trusted").to_string());
        tell(&office, &mut one, "DE").await;
        assert_eq!(known(&office, &site, &one).await, json!(["DE", "device", null, null]));
        let notices = notices(&office, &site).await;
        let udi = "PID:C9300-24UX,SN:ONE";
        let change = |before: &str, after: &str| json!({
            "udi": udi, "known_by": "device", "country_of_purchase": "DE",
            "country_of_use": {"before": before, "after": after},
        });
        assert_eq!(notices, [
            ("instance.used_elsewhere".to_owned(), change("DE", "FR")),
            ("instance.elsewhere_settled".to_owned(), change("FR", "DE")),
        ]);
        assert_eq!(office.pool(&site, ADVANTAGE).await["in_use"], 6);
    }

    async fn without_a_country_of_purchase_no_use_is_elsewhere_until_one_is_given(office) {
        let (site, mut one) = scene(&office, "").await;
        tell(&office, &mut one, "FR").await;
        assert_eq!(known(&office, &site, &one).await, json!(["FR", "device", null, null]));
        buy_in(&office, &site, "DE").await;
        tell(&office, &mut one, "").await;
        assert_eq!(known(&office, &site, &one).await[3], json!(["FR", "DE"]), "judged with the next report");
        buy_in(&office, &site, "FR").await;
        tell(&office, &mut one, "").await;
        assert_eq!(known(&office, &site, &one).await, json!(["FR", "device", null, null]));
    }

    async fn the_network_tells_the_country_where_the_device_does_not(office) {
        let office = office.knowing(NETWORKS);
        let (site, mut one) = scene(&office, "DE").await;
        from(&office, &mut one, "203.0.113.1", None).await;
        assert_eq!(known(&office, &site, &one).await, json!([null, null, null, null]));
        from(&office, &mut one, "192.0.2.7", None).await;
        assert_eq!(known(&office, &site, &one).await, json!(["DE", "network", null, null]));
        from(&office, &mut one, "::ffff:198.51.100.65", None).await;
        assert_eq!(known(&office, &site, &one).await[3], json!(["FR", "DE"]), "the smallest network");
        one.country = "DE".parse().ok();
        from(&office, &mut one, "198.51.100.1", None).await;
        assert_eq!(known(&office, &site, &one).await, json!(["DE", "device", null, null]), "its own word counts first");
        one.country = None;
        from(&office, &mut one, "198.51.100.1", Some("192.0.2.7")).await;
        assert_eq!(known(&office, &site, &one).await, json!(["DE", "device", null, null]), "a proxy is not the device");
        from(&office, &mut one, "198.51.100.1", None).await;
        assert_eq!(known(&office, &site, &one).await[3], json!(["US", "DE"]));
    }

    async fn a_carried_file_tells_only_what_the_device_says(office) {
        let office = office.knowing("0.0.0.0/0,US\n::/0,US\n");
        let (site, mut one) = scene(&office, "DE").await;
        let carried = body(&[one.report(ADVANTAGE, 6, NOON)]);
        office.import(&site, &carried).await.ok();
        assert_eq!(known(&office, &site, &one).await, json!([null, null, null, null]));
        one.country = "FR".parse().ok();
        let carried = body(&[one.report(ADVANTAGE, 6, NOON)]);
        office.import(&site, &carried).await.ok();
        assert_eq!(known(&office, &site, &one).await[3], json!(["FR", "DE"]));
    }
}
