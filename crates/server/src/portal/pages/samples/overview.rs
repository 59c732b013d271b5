//! The overview: full, new, calm and too long to show.

use super::alarms::open_alarms;
use super::{DAY, MINUTE, at, first_steps, frame, link, text};
use crate::portal::pages::frame::Frame;
use crate::portal::pages::moment::Moment;
use crate::portal::pages::overview::{InstanceRow, LicenseUse, Overview, PoolRow, StateCounts};
use crate::portal::pages::parts::{Counted, InUse, InstanceState, PoolAlert};

pub(super) fn overview() -> Overview {
    let open = open_alarms();
    Overview {
        frame: frame(),
        as_of: at(0),
        decisions_total: Counted::Exactly(open.len() as u64),
        decisions: open,
        pools: pool_rows(),
        pools_total: Counted::Exactly(8),
        instances: instance_rows(),
        instances_total: Counted::Exactly(1_284),
        states: Some(StateCounts {
            reporting: Counted::Exactly(1_236),
            stale: Counted::Exactly(31),
            never: Counted::Exactly(14),
            unverified: Counted::Exactly(3),
        }),
        first_steps: first_steps(Counted::Exactly(2)),
    }
}

pub(super) fn overview_new(usable_tokens: Counted) -> Overview {
    let none = Counted::Exactly(0);
    let frame = Frame { open_alarms: none, ..frame() };
    Overview {
        frame,
        decisions: Vec::new(),
        decisions_total: none,
        pools: Vec::new(),
        pools_total: none,
        instances: Vec::new(),
        instances_total: none,
        states: None,
        first_steps: first_steps(usable_tokens),
        ..overview()
    }
}

pub(super) fn overview_calm() -> Overview {
    let mut frame = frame();
    frame.chosen = Some(text("va_01KAQ6"));
    frame.open_alarms = Counted::Exactly(0);
    let pools = pool_rows().into_iter().filter(|row| row.balance >= 0).collect();
    Overview {
        frame,
        decisions: Vec::new(),
        decisions_total: Counted::Exactly(0),
        pools,
        pools_total: Counted::Exactly(5),
        instances: Vec::new(),
        ..overview()
    }
}

pub(super) fn overview_many() -> Overview {
    let many = Counted::AtLeast(10_000);
    Overview {
        decisions_total: Counted::Exactly(212),
        pools_total: many,
        instances_total: many,
        states: None,
        ..overview()
    }
}

pub(super) fn pool_rows() -> Vec<PoolRow> {
    let mut rows = vec![
        pool_row(
            "pool_01A",
            "Network Advantage C9300-24",
            "Harbour",
            [120, 24, 30],
            used(131, 6, 2),
            PoolAlert::Short(11),
        ),
        pool_row(
            "pool_01B",
            "hf_sensor_adv",
            "Lab",
            [0, 0, 0],
            used(2, 0, 2),
            PoolAlert::Unknown(2),
        ),
        pool_row(
            "pool_01F",
            "Voice Gateway Ports",
            "Harbour",
            [0, 0, 0],
            used(1, 0, 0),
            PoolAlert::Tolerated(1),
        ),
    ];
    rows.extend(sufficient_rows());
    rows
}

fn sufficient_rows() -> Vec<PoolRow> {
    let quiet = PoolAlert::Quiet;
    vec![
        pool_row(
            "pool_01G",
            "Network Premier C9300-24",
            "Fleet",
            [12, 0, 0],
            used(12, 3, 0),
            quiet,
        ),
        pool_row("pool_01H", "High Security C8300", "Fleet", [2, 0, 0], used(0, 0, 0), quiet),
        pool_row(
            "pool_01I",
            "Data Centre Advantage N9300 with a rather long name",
            "Lab",
            [12, 0, 4],
            used(9, 0, 0),
            quiet,
        ),
        pool_row(
            "pool_01E",
            "Routing Advantage C8300 Tier 2",
            "Fleet",
            [38, 16, 0],
            used(33, 0, 0),
            quiet,
        ),
        pool_row(
            "pool_01J",
            "Wireless Advantage AP-9160",
            "Harbour",
            [12_500, 0, 0],
            used(1_284, 17, 0),
            quiet,
        ),
    ]
}

fn pool_row(
    pool: &str,
    license: &str,
    virtual_account: &str,
    counts: [i64; 3],
    in_use: InUse,
    alert: PoolAlert,
) -> PoolRow {
    let [in_force, future, expired] = counts;
    PoolRow {
        pool: text(pool),
        license: text(license),
        tag: format!(
            "regid.2026-01.example.halden.{},1.0_411773c3-2116-4c10-94a4-5d357fe6ff18",
            license.to_lowercase().replace([' ', '-'], "_")
        ),
        virtual_account: text(virtual_account),
        in_force,
        future,
        expired,
        in_use,
        balance: in_force - in_use.total,
        alert,
    }
}

pub(super) fn used(total: i64, stale: i64, unverified: i64) -> InUse {
    InUse { total, stale, unverified }
}

fn instance_rows() -> Vec<InstanceRow> {
    let fresh = InstanceRow {
        licenses: Vec::new(),
        licenses_total: Counted::Exactly(0),
        ..instance_row("01Z", "lab-bench-09", InstanceState::Never, None)
    };
    vec![
        instance_row("01C", "ferry-bridge-07", InstanceState::Reporting, Some(at(2_000))),
        instance_row("01K", "quay-hall-01", InstanceState::Reporting, Some(at(14 * MINUTE))),
        instance_row("01D", "quay-old-14", InstanceState::Unverified, Some(at(2 * DAY))),
        instance_row("01L", "quay-dock-02", InstanceState::Stale, Some(at(107 * DAY))),
        fresh,
    ]
}

fn instance_row(
    mark: &str,
    name: &str,
    state: InstanceState,
    last_report: Option<Moment>,
) -> InstanceRow {
    InstanceRow {
        instance: format!("pi_{mark}"),
        name: text(name),
        udi: format!("PID:C9300-24UX,SN:HFR2731A{mark}"),
        members: if name == "quay-hall-01" { 2 } else { 0 },
        virtual_account: text("Harbour"),
        state,
        last_report,
        licenses: vec![
            LicenseUse { license: link("Network Advantage C9300-24", "pool_01A"), level: 8 },
            LicenseUse { license: link("Routing Advantage C8300 Tier 2", "pool_01E"), level: 1 },
        ],
        licenses_total: Counted::Exactly(if name == "quay-hall-01" { 5 } else { 2 }),
    }
}
