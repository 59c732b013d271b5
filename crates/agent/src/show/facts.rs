//! The same facts for programs, as JSON. Fields are added, never renamed.

use serde_json::{Value, json};
use wire::time::Timestamp;

use super::usage::{enforcement, in_use, kind};
use crate::device::Device;

/// All that `show license all` says, as one JSON object; times are RFC 3339 or null.
#[must_use]
pub fn facts(device: &Device) -> Value {
    let state = device.state();
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let policy = device.policy();
    json!({
        "udi": device.profile().udi.to_string(),
        "members": device.profile().members.iter().map(|member| json!({
            "role": member.role.as_str(), "udi": member.udi.to_string(),
        })).collect::<Vec<_>>(),
        "key": device.key_id().to_string(),
        "licenses": licenses(device),
        "trust": state.trust.as_ref().map(|trust| json!({
            "instance": trust.instance().to_string(),
            "realm": trust.realm.to_string(),
            "account": trust.account_name,
            "virtual_account": trust.virtual_account_name,
            "installed_at": trust.installed_at.to_string(),
        })),
        "trust_pending": state.asking.is_some(),
        "policy": { "name": policy.name, "ack_required": policy.ack_required,
            "installed_at": time(state.policy.as_ref().map(|installed| installed.at)) },
        "reporting": {
            "last_ack": time(state.last_ack),
            "ack_deadline": time(device.ack_deadline()),
            "interval_seconds": device.interval().seconds(),
            "next_push": time(device.next_push()),
            "last_push": time(state.last_push),
            "last_file": time(state.last_save),
        },
        "reports": reports(device),
        "trouble": device.trouble().map(|(at, trouble)| json!({
            "at": at.to_string(), "code": trouble.code, "detail": trouble.detail,
        })),
    })
}

fn licenses(device: &Device) -> Vec<Value> {
    let one = |(license, count): (crate::device::License, u32)| {
        json!({
            "tag": license.tag.as_str(), "name": license.name, "description": license.description,
            "count": count, "status": "IN USE",
            "enforcement": enforcement(license.enforcement), "kind": kind(license.kind),
        })
    };
    in_use(device).map(one).collect()
}

fn reports(device: &Device) -> Value {
    let state = device.state();
    let refused: Vec<_> = state
        .waiting
        .values()
        .filter_map(|report| {
            let code = report.refused.as_deref()?;
            Some(json!({ "epoch": report.epoch, "number": report.number, "tag": report.tag.as_str(), "code": code }))
        })
        .collect();
    json!({
        "epoch": state.epoch,
        "closed": state.closed,
        "acknowledged": state.acknowledged,
        "waiting": state.waiting.len(),
        "open": state.open.len(),
        "refused": refused,
    })
}
