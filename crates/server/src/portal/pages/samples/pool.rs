//! A pool: short, of an unknown tag, unused.

use super::alarms::open_alarms;
use super::overview::{pool_rows, used};
use super::{DAY, MINUTE, NOW, at, first_steps, frame, text, way};
use crate::portal::pages::alarms::Alarm;
use crate::portal::pages::moment::Moment;
use crate::portal::pages::parts::{Counted, InstanceState, PoolAlert};
use crate::portal::pages::pool::{Definition, EntitlementRow, Pool, PoolUser, Standing, TermState};

pub(super) fn pool() -> Pool {
    Pool {
        frame: frame(),
        as_of: at(0),
        license: text("Network Advantage C9300-24"),
        tag: pool_rows()[0].tag.clone(),
        virtual_account: text("Harbour"),
        definition: Some(Definition {
            description: text("Switching and routing features of the 24-port C9300."),
            enforcement: text("Not enforced"),
            kind: text("Subscription"),
        }),
        standing: Standing {
            in_force: 120,
            handed_out: 0,
            in_use: used(131, 6, 2),
            borrowed: 0,
            lent: 0,
            balance: -11,
            future: 24,
            expired: 30,
        },
        alert: PoolAlert::Short(11),
        alarm: open_alarms().into_iter().next().map(|alarm| Alarm {
            ways: vec![
                way("Buy 11 or more", ", beginning by today", None),
                way(
                    "Use 11 fewer",
                    ": 6 of the 131 are stale, from quay-dock-02",
                    Some(("Show who uses them", "#users")),
                ),
            ],
            ..alarm
        }),
        entitlements: entitlements(),
        entitlements_total: Counted::Exactly(4),
        users: pool_users(),
        users_total: Counted::Exactly(29),
        grant: first_steps(Counted::Exactly(1)).grant,
    }
}

pub(super) fn pool_unknown() -> Pool {
    Pool {
        license: text("hf_sensor_adv"),
        definition: None,
        standing: Standing { in_use: used(2, 0, 2), balance: -2, ..Standing::default() },
        alert: PoolAlert::Unknown(2),
        alarm: open_alarms().into_iter().nth(1),
        entitlements: Vec::new(),
        entitlements_total: Counted::Exactly(0),
        ..pool()
    }
}

pub(super) fn pool_unused() -> Pool {
    Pool {
        standing: Standing {
            in_force: 2,
            handed_out: 1,
            borrowed: 0,
            lent: 1,
            ..Standing::default()
        },
        alert: PoolAlert::Quiet,
        alarm: None,
        users: Vec::new(),
        users_total: Counted::Exactly(0),
        ..pool()
    }
}

fn entitlements() -> Vec<EntitlementRow> {
    vec![
        entitlement("01A", "Order 4500187321, line 1", 96, (-692, Some(403)), TermState::InForce),
        entitlement("01B", "Goodwill for the harbour move", 24, (-400, None), TermState::InForce),
        entitlement("01C", "Order 4500213377, line 1", 24, (38, Some(1_134)), TermState::Future),
        entitlement("01D", "Order 4500160258, line 1", 30, (-1_119, Some(-23)), TermState::Expired),
    ]
}

fn entitlement(
    mark: &str,
    source: &str,
    quantity: i64,
    days: (i64, Option<i64>),
    term: TermState,
) -> EntitlementRow {
    let midnight = NOW - NOW % DAY;
    let day = |days: i64| Moment::new(midnight + days * DAY, NOW);
    let (starts, ends) = days;
    EntitlementRow {
        entitlement: format!("ent_{mark}"),
        source: text(source),
        kind: text(if ends.is_some() { "Subscription" } else { "Perpetual" }),
        quantity,
        moved: if mark.ends_with('2') { quantity } else { 0 },
        came: mark.ends_with('3'),
        starts: day(starts),
        ends: ends.map(day),
        term,
    }
}

fn pool_users() -> Vec<PoolUser> {
    let user = |mark: &str, name: &str, level, state, unconfirmed| PoolUser {
        instance: format!("pi_{mark}"),
        name: text(name),
        udi: format!("PID:C9300-24UX,SN:HFR2731A{mark}"),
        level,
        since: at(260 * DAY),
        unconfirmed,
        state,
        last_report: Some(at(14 * MINUTE)),
    };
    vec![
        user("01K", "quay-hall-01", 8, InstanceState::Reporting, None),
        user("01L", "quay-dock-02", 6, InstanceState::Stale, None),
        user("01D", "quay-old-14", 2, InstanceState::Unverified, Some(at(12 * DAY))),
    ]
}
