//! Trust, policy and reporting, and who the device is.

use wire::message::Terms;
use wire::report::MemberRole;

use super::{put, when};
use crate::device::Device;

pub(super) fn status(text: &mut String, device: &Device) {
    put(text, format_args!("Utility:\n  Status: DISABLED\n\n"));
    text.push_str("Smart Licensing Using Policy:\n  Status: ENABLED\n\n");
    account(text, device);
    privacy(text, device);
    transport(text, device);
    policy(text, device);
    text.push_str("Miscellaneous:\n  Custom Id: <empty>\n\n");
    reporting(text, device);
    trust(text, device);
}

/// The same parts in the order of `show license all`.
pub(super) fn parts(text: &mut String, device: &Device) {
    text.push_str("Utility:\n  Status: DISABLED\n\n");
    text.push_str("Smart Licensing Using Policy:\n  Status: ENABLED\n\n");
    account(text, device);
    privacy(text, device);
    transport(text, device);
    text.push_str("Miscellaneous:\n  Custom Id: <empty>\n\n");
    policy(text, device);
    reporting(text, device);
    trust(text, device);
}

pub(super) fn udi(text: &mut String, device: &Device) {
    let profile = device.profile();
    put(text, format_args!("UDI: {}\n", profile.udi));
    if !profile.members.is_empty() {
        text.push_str("\nHA UDI List:\n");
        for member in &profile.members {
            put(text, format_args!("    {}:{}\n", member.role.as_str(), member.udi));
        }
    }
}

/// The members of the set with their roles; a single device is its own active member.
pub(super) fn members(device: &Device) -> Vec<(&'static str, String)> {
    let profile = device.profile();
    if profile.members.is_empty() {
        return vec![(MemberRole::Active.as_str(), profile.udi.to_string())];
    }
    profile.members.iter().map(|member| (member.role.as_str(), member.udi.to_string())).collect()
}

fn account(text: &mut String, device: &Device) {
    text.push_str("Account Information:\n");
    match &device.state().trust {
        Some(trust) => {
            let as_of = trust.named_at.show_style();
            put(text, format_args!("  Smart Account: {} As of {as_of}\n", trust.account_name));
            put(text, format_args!("  Virtual Account: {}\n\n", trust.virtual_account_name));
        }
        None => text.push_str("  Smart Account: <none>\n  Virtual Account: <none>\n\n"),
    }
}

fn privacy(text: &mut String, device: &Device) {
    let switch = |sent: bool| if sent { "DISABLED" } else { "ENABLED" };
    let profile = device.profile();
    let hostname = switch(profile.hostname.is_some());
    text.push_str("Data Privacy:\n");
    put(
        text,
        format_args!(
            "  Sending Hostname: {}\n",
            if profile.hostname.is_some() { "yes" } else { "no" }
        ),
    );
    put(text, format_args!("    Callhome hostname privacy: {hostname}\n"));
    put(text, format_args!("    Smart Licensing hostname privacy: {hostname}\n"));
    put(
        text,
        format_args!("  Version privacy: {}\n\n", switch(profile.software_version.is_some())),
    );
}

fn transport(text: &mut String, device: &Device) {
    text.push_str("Transport:\n");
    match &device.profile().words.transport {
        Some(url) => {
            put(text, format_args!("  Type: Smart\n  URL: {url}\n"));
            text.push_str("  Proxy:\n    Not Configured\n  VRF:\n    Not Configured\n\n");
        }
        None => text.push_str("  Type: Transport Off\n\n"),
    }
}

fn policy(text: &mut String, device: &Device) {
    let words = &device.profile().words;
    let policy = device.policy();
    text.push_str("Policy:\n");
    let label = match &device.state().policy {
        Some(installed) => {
            put(
                text,
                format_args!("  Policy in use: Installed On {}\n", installed.at.show_style()),
            );
            put(text, format_args!("  Policy name: {}\n", policy.name));
            &words.custom_policy
        }
        None => {
            text.push_str("  Policy in use: Merged from multiple sources.\n");
            &words.default_policy
        }
    };
    let required = if policy.ack_required { "yes" } else { "no" };
    put(text, format_args!("  Reporting ACK required: {required} ({label})\n"));
    terms(text, "Unenforced/Non-Export Perpetual", &policy.perpetual, label);
    terms(text, "Unenforced/Non-Export Subscription", &policy.subscription, label);
    terms(text, "Enforced (Perpetual/Subscription) License", &policy.enforced, label);
    terms(text, "Export (Perpetual/Subscription) License", &policy.export, label);
    text.push('\n');
}

fn terms(text: &mut String, name: &str, terms: &Terms, label: &str) {
    put(text, format_args!("  {name} Attributes:\n"));
    put(
        text,
        format_args!(
            "    First report requirement (days): {} ({label})\n",
            terms.first_report_days
        ),
    );
    put(text, format_args!("    Reporting frequency (days): {} ({label})\n", terms.frequency_days));
    put(text, format_args!("    Report on change (days): {} ({label})\n", terms.on_change_days));
}

fn reporting(text: &mut String, device: &Device) {
    let state = device.state();
    text.push_str("Usage Reporting:\n");
    put(text, format_args!("  Last ACK received: {}\n", when(state.last_ack)));
    put(text, format_args!("  Next ACK deadline: {}\n", when(device.ack_deadline())));
    put(
        text,
        format_args!("  Reporting push interval: {}\n", interval(device.interval().seconds())),
    );
    text.push_str("  Next ACK push check: <none>\n");
    put(text, format_args!("  Next report push: {}\n", when(device.next_push())));
    put(text, format_args!("  Last report push: {}\n", when(state.last_push)));
    put(text, format_args!("  Last report file write: {}\n\n", when(state.last_save)));
}

/// Whole days as the field writes them (with two spaces), anything else in seconds.
fn interval(seconds: i64) -> String {
    const DAY: i64 = 86_400;
    if seconds % DAY == 0 {
        format!("{}  days", seconds / DAY)
    } else {
        format!("{seconds}  seconds")
    }
}

fn trust(text: &mut String, device: &Device) {
    let Some(trust) = &device.state().trust else {
        return text.push_str("Trust Code Installed: <none>\n");
    };
    text.push_str("Trust Code Installed:\n");
    for (role, udi) in members(device) {
        put(
            text,
            format_args!("  {role}: {udi}\n    INSTALLED on {}\n", trust.installed_at.show_style()),
        );
    }
}
