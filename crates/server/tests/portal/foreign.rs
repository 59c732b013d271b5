//! Reports of devices that nobody trusted yet, as they save them in a file.

use serde_json::{Value, json};
use wire::time::Timestamp;

/// The report of a device: its number, the license and the level, measured until a minute before a moment.
pub(crate) fn report(
    now: Timestamp,
    serial: &str,
    (id, tag, level): (u64, &str, u32),
    customer: Value,
) -> String {
    let from = now.seconds() - 3_600;
    let to = now.seconds() - 60;
    let sudi = json!({ "udi_pid": "C9300", "udi_serial_number": serial });
    let payload = json!({
        "version": "2.0",
        "asset_identification": {
            "report_id": id,
            "asset": { "name": "regid.2026-01.example.halden.switch,1.0_a" },
            "instance": { "sudi": sudi },
        },
        "signature": { "signing_type": "builtin", "key": "0", "value": "" },
        "meta": {
            "entitlement_tag": tag, "utility_enabled": false, "software_version": "17.15.2",
            "ha_udi": [], "customer_info": customer,
        },
        "measurements": [{
            "log_time": to, "metric_name": "ENTITLEMENT", "start_time": from, "end_time": to,
            "sample_interval": to - from, "num_samples": 1, "meta": {},
            "value": { "type": "COUNT", "value": level.to_string() },
        }],
    });
    let outer = json!({
        "payload": payload.to_string(),
        "header": { "type": "rum" },
        "signature": { "sudi": sudi, "signing_type": "builtin", "key": "11111111", "value": "AAAA" },
    });
    format!("<RUMReport><![CDATA[{outer}]]></RUMReport>")
}
