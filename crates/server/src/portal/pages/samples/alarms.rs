//! Alarms, open and settled.

use super::{DAY, MINUTE, at, frame, link, text, way};
use crate::portal::pages::alarms::{Alarm, AlarmList, Alarms, Cause, Need, SettledAlarm};
use crate::portal::pages::parts::{Counted, Severity};

pub(super) fn alarms(list: AlarmList) -> Alarms {
    let open = if let AlarmList::Open(all) = &list { all.len() as u64 } else { 4 };
    Alarms {
        frame: frame(),
        as_of: at(0),
        list,
        open: Counted::Exactly(open),
        settled: Some(Counted::Exactly(9)),
    }
}

pub(super) fn open_alarms() -> Vec<Alarm> {
    vec![short(), unknown(), cloned(), returned()]
}

fn short() -> Alarm {
    Alarm {
        alarm: text("alarm_01A"),
        severity: Severity::Major,
        cause: Cause::Short {
            license: link("Network Advantage C9300-24", "pool_01A"),
            need: Need { needed: 131, entitled: 120, missing: 11 },
        },
        virtual_account: text("Harbour"),
        since: at(23 * DAY),
        known: at(22 * DAY),
        because: text("30 ended on 31 Oct."),
        ways: vec![
            way(
                "Buy 11 or more",
                ", beginning by today",
                Some(("Open the pool", "/accounts/acct_01KAQ3/pools/pool_01A")),
            ),
            way(
                "Use 11 fewer",
                ": 6 of the 131 are stale, from quay-dock-02",
                Some(("Show who uses them", "/accounts/acct_01KAQ3/pools/pool_01A#users")),
            ),
        ],
    }
}

fn unknown() -> Alarm {
    Alarm {
        alarm: text("alarm_01B"),
        severity: Severity::Major,
        cause: Cause::Unknown {
            license: link("hf_sensor_adv", "pool_01B"),
            need: Need { needed: 2, entitled: 0, missing: 2 },
        },
        virtual_account: text("Lab"),
        since: at(5 * DAY),
        known: at(5 * DAY),
        because: text("First reported by lab-bench-03. It counts, and nothing on it stops."),
        ways: vec![way(
            "Send the tag to the vendor",
            ", who names it in the catalogue; it then settles with a purchase",
            None,
        )],
    }
}

fn cloned() -> Alarm {
    Alarm {
        alarm: text("alarm_01C"),
        severity: Severity::Major,
        cause: Cause::Fork {
            instance: text("pi_01C"),
            name: text("ferry-bridge-07"),
            number: Some(1_412),
        },
        virtual_account: text("Fleet"),
        since: at(3 * 3_600_000),
        known: at(41 * MINUTE),
        because: text("Its key or its store was copied. The higher level counts."),
        ways: vec![way(
            "Find the copy",
            " and give it an ID token of its own; revoke the key if it was stolen",
            Some(("Look at its reports", "/accounts/acct_01KAQ3/instances/pi_01C#reports")),
        )],
    }
}

fn returned() -> Alarm {
    Alarm {
        alarm: text("alarm_01D"),
        severity: Severity::Minor,
        cause: Cause::Other {
            subject: text("quay-old-14"),
            matter: text("reports again after its removal"),
            href: Some(text("/accounts/acct_01KAQ3/instances/pi_01D")),
        },
        virtual_account: text("Harbour"),
        since: at(2 * DAY),
        known: at(2 * DAY),
        because: text("Removed by Marek Dvorak on 3 Nov; 1 license counts again."),
        ways: vec![way("Keep it", ", or revoke its key", None)],
    }
}

pub(super) fn settled_alarms() -> Vec<SettledAlarm> {
    let settled = |alarm: &str, sentence: &str, by: &str, since, settled| SettledAlarm {
        alarm: text(alarm),
        severity: Severity::Major,
        sentence: text(sentence),
        href: Some(text("/accounts/acct_01KAQ3/pools/pool_01E")),
        virtual_account: text("Fleet"),
        since: at(since),
        settled: at(settled),
        by: text(by),
    };
    vec![
        settled(
            "alarm_01E",
            "Routing Advantage was short by 3",
            "5 more were granted",
            9 * DAY,
            4 * DAY,
        ),
        settled(
            "alarm_01E",
            "Routing Advantage was short by 1",
            "ferry-bridge-02 uses 1 less",
            40 * DAY,
            40 * DAY - 25 * MINUTE,
        ),
    ]
}
