//! Authorizations and the count of usage reports, as `show license all` ends.

use super::{put, status};
use crate::device::Device;

pub(super) fn authorizations(text: &mut String, device: &Device) {
    text.push_str("License Authorizations\n======================\nOverall status:\n");
    for (role, udi) in status::members(device) {
        put(text, format_args!("  {role}: {udi}\n      Status: NOT INSTALLED\n"));
    }
    text.push_str("\nPurchased Licenses:\n  No Purchase Information Available\n\n");
}

pub(super) fn summary(text: &mut String, device: &Device) {
    let state = device.state();
    let sent = device.in_flight();
    let left = state.waiting.len().saturating_sub(sent);
    let acknowledged = state.acknowledged;
    let collecting = state.open.len();
    text.push_str("Usage Report Summary:\n=====================\n");
    put(text, format_args!("Total: {},  Purged: 0\n", state.closed));
    put(
        text,
        format_args!("Total Acknowledged Received: {acknowledged},  Waiting for Ack: {sent}\n"),
    );
    put(text, format_args!("Available to Report: {left}  Collecting Data: {collecting}\n"));
    let refused =
        state.waiting.values().filter_map(|report| Some((report, report.refused.as_deref()?)));
    for (report, code) in refused {
        let id = report.epoch + report.number - 1;
        put(text, format_args!("Refused: {id} ({}) {code}\n", report.tag));
    }
    if let Some((at, trouble)) = device.trouble() {
        put(text, format_args!("Last failure: {} {trouble}\n", at.show_style()));
    }
}
