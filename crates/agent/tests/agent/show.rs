//! The pages of `show license`: our own as they are (`tests/golden`, rewritten when
//! `UPDATE_GOLDEN` is set), and those of the field beside them, where its samples are at hand.

use std::path::{Path, PathBuf};

use agent::device::{
    Clock, Device, Enforcement, Installed, Kind, License, Profile, Saving, Seed, State, Trust,
};
use agent::show::{Page, facts, page};
use wire::id::{AccountId, InstanceId, VirtualAccountId};
use wire::key::{Realm, SigningKey};
use wire::message::{Policy, Terms, TrustCode};
use wire::quantity::Count;
use wire::report::{Member, MemberRole};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

const START: i64 = 1_800_000_000;

fn clock(seconds: i64) -> Clock {
    Clock { wall: Timestamp::from_seconds(START + seconds), monotonic: Span::from_seconds(seconds) }
}

fn license(tag: &str, name: &str, description: &str, kind: Kind) -> License {
    License {
        tag: EntitlementTag::new(tag).expect("a tag"),
        name: name.to_owned(),
        description: description.to_owned(),
        kind,
        enforcement: Enforcement::NotEnforced,
    }
}

fn profile(udi: &str) -> Profile {
    let software = SoftwareTag::new("regid.2026-01.com.example.OS,1.0_c").expect("a tag");
    let mut profile = Profile::new(udi.parse().expect("a UDI"), software);
    profile.hostname = Some("switch-1".to_owned());
    profile.software_version = Some("17.9".to_owned());
    profile
}

fn device(profile: Profile, state: Option<State>) -> Device {
    let floor = Timestamp::from_seconds(START);
    let seed = Seed { key: SigningKey::from_seed([5; 32]), floor, noise: [6; 32] };
    match state {
        Some(state) => Device::restore(profile, seed, state),
        None => Device::new(profile, seed),
    }
}

fn set(device: &mut Device, tag: &str, level: u64, at: i64) {
    let tag = EntitlementTag::new(tag).expect("a tag");
    device.usage(&tag, Count::new(level).expect("a count"), clock(at)).expect("it can be measured");
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("written");
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, wanted, "{name}: set UPDATE_GOLDEN to rewrite it");
}

/// A sample of the field without carriage returns and what the terminal printed before the page.
fn sample(name: &str) -> Option<String> {
    let folder: PathBuf =
        [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "shared", "fixtures", "cli"]
            .iter()
            .collect();
    let Ok(text) = std::fs::read_to_string(folder.join(name)) else {
        eprintln!("skipped: the field's sample {name} is not at hand");
        return None;
    };
    let text = text.replace('\r', "");
    let page = match text.split_once("\n\n") {
        Some((terminal, page)) if terminal.starts_with("Load for") => page.to_owned(),
        _ => text,
    };
    Some(page.trim_end().to_owned())
}

fn switch() -> Profile {
    let mut profile = profile("PID:SW-48,SN:SN1");
    profile.licenses = vec![
        license("a", "network-advantage", "Switch 48 Network Advantage", Kind::Perpetual),
        license("b", "analytics", "Switch Analytics", Kind::Subscription),
    ];
    profile.licenses[1].enforcement = Enforcement::ExportRestricted;
    profile
}

fn trusted() -> State {
    let at = Timestamp::from_seconds(START);
    let key = SigningKey::from_seed([5; 32]);
    let terms = Terms { first_report_days: 30, frequency_days: 60, on_change_days: 45 };
    let policy = Policy { name: "House Policy".to_owned(), perpetual: terms, ..Policy::default() };
    let code = TrustCode {
        instance: InstanceId::from_bytes([9; 16]),
        udi: "PID:SW-48,SN:SN1".parse().expect("a UDI"),
        key: key.id(),
        account: AccountId::from_bytes([3; 16]),
        account_name: "Example Networks".to_owned(),
        virtual_account: VirtualAccountId::from_bytes([4; 16]),
        virtual_account_name: "Default".to_owned(),
        policy: policy.clone(),
        highest_epoch: 0,
        issued_at: at,
        nonce: [0; 16],
        bundle_version: 1,
    };
    let mut state = State::new(at);
    state.trust = Some(Trust {
        account_name: code.account_name.clone(),
        virtual_account_name: code.virtual_account_name.clone(),
        code,
        bytes: Vec::new(),
        realm: Realm::from_bytes([1; 16]),
        installed_at: at,
        named_at: at.plus(Span::from_days(1)),
    });
    state.policy = Some(Installed { policy, at });
    state
}

#[test]
fn our_pages_before_trust_are_as_they_were_agreed() {
    let mut device = device(switch(), None);
    golden("summary-empty.txt", &page(&device, Page::Summary));
    set(&mut device, "a", 2, 0);
    set(&mut device, "b", 1_000, 60);
    set(&mut device, "regid.2026-01.com.example.UNNAMED,1.0_x", 3, 90);
    golden("summary.txt", &page(&device, Page::Summary));
    golden("usage.txt", &page(&device, Page::Usage));
    golden("status-untrusted.txt", &page(&device, Page::Status));
    golden("udi.txt", &page(&device, Page::Udi));
    golden("all-untrusted.txt", &page(&device, Page::All));
}

#[test]
fn our_pages_of_a_trusted_set_are_as_they_were_agreed() {
    let mut profile = switch();
    let member = |role, serial: &str| Member { role, udi: Udi::pid_serial("SW-48", serial) };
    profile.members = vec![member(MemberRole::Active, "SN1"), member(MemberRole::Standby, "SN2")];
    profile.words.transport = Some("https://licenses.example".to_owned());
    profile.hostname = None;
    let mut device = device(profile, Some(trusted()));
    set(&mut device, "a", 2, 0);
    device.save(Saving::All, clock(900)).expect("something to save");
    set(&mut device, "b", 7, 1_000);
    golden("status-trusted.txt", &page(&device, Page::Status));
    golden("all-trusted.txt", &page(&device, Page::All));
    golden("facts-trusted.json", &format!("{:#}\n", facts(&device)));
}

#[test]
fn the_usage_page_is_the_fields_to_the_letter() {
    let Some(wanted) = sample("ShowLicenseUsage.golden_output1.txt") else { return };
    let mut profile = profile("PID:C9300-24UX,SN:FCW2303D16Y");
    profile.licenses = vec![
        license("1", "network-advantage", "C9300-24 Network Advantage", Kind::Perpetual),
        license("2", "dna-advantage", "C9300-24 DNA Advantage", Kind::Subscription),
        license("3", "network-advantage", "C9300-48 Network Advantage", Kind::Perpetual),
        license("4", "dna-advantage", "C9300-48 DNA Advantage", Kind::Subscription),
    ];
    let mut device = device(profile, None);
    for (tag, level) in [("1", 2), ("2", 2), ("3", 1), ("4", 1)] {
        set(&mut device, tag, level, 0);
    }
    assert_eq!(page(&device, Page::Usage).trim_end(), wanted);
}

#[test]
fn the_summary_page_is_the_fields_to_the_letter() {
    let Some(wanted) = sample("ShowLicenseSummary.golden_output2.txt") else { return };
    let mut profile = profile("PID:ESR,SN:1");
    profile.licenses = vec![
        license("1", "network-premier_5G", "ESR_P_5G_P", Kind::Perpetual),
        license("2", "dna-premier_5G", "DNA_P_5G_P", Kind::Subscription),
        license("3", "hseck9", "DNA_HSEC", Kind::Perpetual),
    ];
    let mut device = device(profile, None);
    for tag in ["1", "2", "3"] {
        set(&mut device, tag, 1, 0);
    }
    assert_eq!(page(&device, Page::Summary).trim_end(), wanted);
}

#[test]
fn the_udi_page_is_the_fields_to_the_letter() {
    let Some(wanted) = sample("ShowLicenseUdi.golden_output2.txt") else { return };
    let mut profile = profile("PID:C9350-24U,SN:FOC2705Y8X0");
    let member = |role, pid: &str, serial: &str| Member { role, udi: Udi::pid_serial(pid, serial) };
    profile.members = vec![
        member(MemberRole::Active, "C9350-24U", "FOC2705Y8X0"),
        member(MemberRole::Standby, "C9350-24U", "FOC2705Y8XF"),
        member(MemberRole::Member, "C9350-24U", "FOC2718Y66X"),
        member(MemberRole::Member, "C9350-24U", "FOC2719YOHR"),
    ];
    assert_eq!(page(&device(profile, None), Page::Udi).trim_end(), wanted);
}

#[test]
fn the_page_of_all_has_the_fields_lines_in_the_fields_order() {
    let Some(wanted) = sample("ShowLicenseAll.golden_output.txt") else { return };
    let mut profile = profile("PID:C9300-24UX,SN:FCW2303D16Y");
    profile.words.default_policy = "CISCO default".to_owned();
    profile.words.agent = "Smart Agent for Licensing: 5.3.10_rel/25".to_owned();
    profile.licenses = vec![
        license("1", "network-advantage", "C9300-24 Network Advantage", Kind::Perpetual),
        license("2", "dna-advantage", "C9300-24 DNA Advantage", Kind::Subscription),
        license("3", "network-advantage", "C9300-48 Network Advantage", Kind::Perpetual),
        license("4", "dna-advantage", "C9300-48 DNA Advantage", Kind::Subscription),
    ];
    let member = |role, pid: &str, serial: &str| Member { role, udi: Udi::pid_serial(pid, serial) };
    profile.members = vec![
        member(MemberRole::Active, "C9300-24UX", "FCW2303D16Y"),
        member(MemberRole::Standby, "C9300-24U", "FHH2043P09E"),
        member(MemberRole::Member, "C9300-48T", "FCW2139L056"),
    ];
    let mut device = device(profile, None);
    for (tag, level) in [("1", 2), ("2", 2), ("3", 1), ("4", 1)] {
        set(&mut device, tag, level, 0);
    }
    let ours = page(&device, Page::All);
    // What differs from device to device: times, the kind of transport, counts of reports.
    let comparable = |text: &str| -> Vec<String> {
        let differs = ["Next", "Type", "Total", "Available"];
        let line = |line: &str| {
            let differs = differs.iter().any(|word| line.trim_start().starts_with(word));
            if differs {
                line.split(':').next().unwrap_or_default().to_owned()
            } else {
                line.to_owned()
            }
        };
        text.trim().lines().map(line).collect()
    };
    assert_eq!(comparable(&ours), comparable(&wanted));
}
