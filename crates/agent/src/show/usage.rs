//! The licenses in use, short and long.

use wire::tag::EntitlementTag;

use super::put;
use crate::device::{Device, Enforcement, Kind, License};

/// The most characters of a long name in a summary line.
const LONG_NAME: usize = 25;

/// What stands in place of the rest of a name that is too long.
const ELLIPSIS: &str = "...";

pub(super) fn summary(text: &mut String, device: &Device) {
    text.push_str("License Usage:\n");
    text.push_str("  License                 Entitlement Tag               Count Status\n");
    put(text, format_args!("  {}\n", "-".repeat(77)));
    let mut none = true;
    for (license, count) in in_use(device) {
        let long = format!("({})", shorten(&license.description));
        put(text, format_args!("  {:<23} {:<27} {:>7} IN USE\n", license.name, long, count));
        none = false;
    }
    if none {
        text.push_str("  No licenses in use\n");
    }
}

pub(super) fn usage(text: &mut String, device: &Device) {
    text.push_str("License Authorization:\n  Status: Not Applicable\n\n");
    licenses(text, device);
    // The last block needs no empty line after it.
    if text.ends_with("\n\n") {
        text.pop();
    }
}

pub(super) fn licenses(text: &mut String, device: &Device) {
    let mut none = true;
    for (license, count) in in_use(device) {
        none = false;
        let License { name, description, .. } = &license;
        put(
            text,
            format_args!(
                "{name} ({description}):\n  Description: {description}\n  Count: {count}\n"
            ),
        );
        text.push_str("  Version: 1.0\n  Status: IN USE\n");
        put(text, format_args!("  Export status: {}\n", export_status(license.enforcement)));
        put(text, format_args!("  Feature Name: {name}\n  Feature Description: {description}\n"));
        put(text, format_args!("  Enforcement type: {}\n", enforcement(license.enforcement)));
        put(text, format_args!("  License type: {}\n\n", kind(license.kind)));
    }
    if none {
        text.push_str("No licenses in use\n\n");
    }
}

/// The licenses in use with their levels, in the order of their tags.
pub(super) fn in_use(device: &Device) -> impl Iterator<Item = (License, u32)> {
    let of = |tag: &EntitlementTag| device.profile().license(tag);
    device
        .state()
        .open
        .iter()
        .filter(|(_, open)| open.running.level > 0)
        .map(move |(tag, open)| (of(tag), open.running.level))
}

pub(super) fn enforcement(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::NotEnforced => "NOT ENFORCED",
        Enforcement::Enforced => "ENFORCED",
        Enforcement::ExportRestricted => "EXPORT RESTRICTED",
    }
}

fn export_status(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::NotEnforced | Enforcement::Enforced => "NOT RESTRICTED",
        Enforcement::ExportRestricted => "RESTRICTED - ALLOWED",
    }
}

pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Perpetual => "Perpetual",
        Kind::Subscription => "Subscription",
    }
}

fn shorten(name: &str) -> String {
    if name.chars().count() <= LONG_NAME {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(LONG_NAME - ELLIPSIS.len()).collect();
    short.push_str(ELLIPSIS);
    short
}
