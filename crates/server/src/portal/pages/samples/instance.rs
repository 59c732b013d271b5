//! A product instance: full, never heard, unverified.

use super::overview::pool_rows;
use super::{DAY, MINUTE, NOW, at, frame, link, paste, text};
use crate::portal::pages::instance::{
    ConsumerRow, CountryRow, Elsewhere, Instance, InstanceActs, KeyRow, LevelRow, LevelStanding,
    MemberRow, Proof, RemovalNote, ReportLine, ReportRow, ReportState,
};
use crate::portal::pages::moment::Moment;
use crate::portal::pages::parts::{Counted, InstanceState, PoolAlert};

pub(super) fn instance() -> Instance {
    Instance {
        frame: frame(),
        as_of: at(0),
        instance: text("pi_01KAQZ3M2X8V6T0Q4R5S7W9Y1B"),
        name: text("ferry-bridge-07"),
        old_names: vec![text("bridge-7"), text("spare-2")],
        udi: text("PID:C9300-24UX,SN:HFR2731A1C0"),
        virtual_account: text("Fleet"),
        placed: Some(at(630 * DAY)),
        state: InstanceState::Reporting,
        stale_at: Some(Moment::new(NOW + 83 * DAY, NOW)),
        last_report: Some(at(41 * MINUTE)),
        software: text("C9300 17.15.2"),
        country: Some(CountryRow {
            country: text("FR"),
            told: "as its network is listed",
            since: at(9 * DAY),
            elsewhere: Some(Elsewhere { purchase: text("NO"), since: at(9 * DAY) }),
        }),
        policy: text("Scrip default: a report every 90 days, and within 90 days of a change"),
        keys: vec![
            KeyRow { key: text("key_01K9F3C71AA"), bound: at(40 * DAY), revoked: None },
            KeyRow {
                key: text("key_01J7D2B90CC"),
                bound: at(630 * DAY),
                revoked: Some(text("board replaced")),
            },
        ],
        levels: vec![
            level(LevelStanding::Confirmed, PoolAlert::Short(11)),
            level(LevelStanding::Unconfirmed(at(12 * DAY)), PoolAlert::Quiet),
            level(LevelStanding::Stale(at(3 * DAY)), PoolAlert::Quiet),
        ],
        reports: reports(),
        reports_total: Counted::Exactly(233),
        members: vec![
            MemberRow { role: text("Active"), udi: text("PID:C9300-24UX,SN:HFR2731A1C0") },
            MemberRow { role: text("Standby"), udi: text("PID:C9300-24UX,SN:HFR2731A1C6") },
        ],
        consumers: vec![
            ConsumerRow {
                udi: text("PID:AP-9160,SN:HFA001"),
                license: link("Wireless Advantage AP-9160", "pool_01J"),
                also_under: None,
            },
            ConsumerRow {
                udi: text("PID:AP-9160,SN:HFA002"),
                license: link("Wireless Advantage AP-9160", "pool_01J"),
                also_under: Some(text("ferry-bridge-08")),
            },
        ],
        consumers_total: Counted::Exactly(212),
        report_now: Vec::new(),
        removal: None,
        acts: Some(acts()),
    }
}

fn acts() -> InstanceActs {
    let path = |verb: &str| format!("/accounts/acct_01KAQ3/instances/{verb}?instance=pi_01KAQZ3");
    InstanceActs { move_path: path("move"), remove_path: path("remove"), keep_path: path("keep") }
}

/// Removed; with `again`, and measuring since.
pub(super) fn instance_removed(again: Option<Moment>) -> Instance {
    let removal =
        RemovalNote { at: at(2 * DAY), by: again.map(|_| text("ann@halden.example")), again };
    Instance { removal: Some(removal), ..instance_never() }
}

pub(super) fn instance_never() -> Instance {
    Instance {
        name: text("PID:C9300-24UX,SN:HFR2731A1C0"),
        old_names: Vec::new(),
        state: InstanceState::Never,
        country: None,
        placed: None,
        stale_at: None,
        last_report: None,
        software: String::new(),
        levels: Vec::new(),
        reports: Vec::new(),
        reports_total: Counted::Exactly(0),
        members: Vec::new(),
        consumers: Vec::new(),
        report_now: vec![paste("On the device", "scrip-agent sync")],
        ..instance()
    }
}

pub(super) fn instance_unverified() -> Instance {
    Instance {
        state: InstanceState::Unverified,
        keys: Vec::new(),
        levels: vec![level(LevelStanding::Unverified, PoolAlert::Tolerated(1))],
        reports: vec![report(236, ReportState::Newest, Proof::Unverified, &[])],
        ..instance()
    }
}

fn reports() -> Vec<ReportLine> {
    vec![
        report(1_412, ReportState::Forked, Proof::Verified, &["clock 2 hours ahead"]),
        report(1_411, ReportState::Past, Proof::Verified, &[]),
        ReportLine::Missing { first: 1_408, last: 1_410 },
        report(
            1_407,
            ReportState::Past,
            Proof::Verified,
            &["added and level disagree", "store was reset"],
        ),
        ReportLine::NewEpoch { epoch: 1_763_900_000 },
        report(236, ReportState::Kept, Proof::Unverified, &[]),
    ]
}

fn report(number: u64, state: ReportState, proof: Proof, flags: &[&str]) -> ReportLine {
    let week = 7 * DAY * (if number < 1_000 { 9 } else { 1_412 - number as i64 });
    ReportLine::Heard(ReportRow {
        number,
        license: link("Network Advantage C9300-24", "pool_01A"),
        from: at(week + 7 * DAY),
        to: at(week),
        heard: at(week),
        level: 8,
        state,
        proof,
        flags: flags.iter().map(|flag| text(flag)).collect(),
    })
}

fn level(standing: LevelStanding, pool: PoolAlert) -> LevelRow {
    LevelRow {
        license: link("Network Advantage C9300-24", "pool_01A"),
        tag: pool_rows()[0].tag.clone(),
        level: 8,
        since: at(260 * DAY),
        standing,
        pool,
    }
}
