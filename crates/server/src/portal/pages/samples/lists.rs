//! Lists, and what was found.

use super::super::list::{
    Bulk, Cell, Chip, Column, ColumnChoice, ColumnChoices, Empty, Facet, FacetOption, List, Opener,
    Row, Search, Way,
};
use super::super::parts::{Act, Counted};
use super::super::search::{Hit, Kind, Search as Found};
use super::{DAY, MINUTE, at, frame, guard, text};

const PATH: &str = "/accounts/acct_01KAQ3/licenses";

fn act(label: &str, href: &str) -> Act {
    Act { label: text(label), href: format!("{PATH}{href}") }
}

fn column(label: &'static str, class: &'static str, sorted: Option<Way>) -> Column {
    Column { label, class, sort: Some(format!("{PATH}?sort=-x")), sorted }
}

fn option(label: &str, count: u64) -> FacetOption {
    let href = format!("{PATH}?kind=x");
    FacetOption { label: text(label), count: Some(count), href, chosen: count > 0 }
}

fn row(id: &str, name: &str, balance: i64, opened: Option<&str>) -> Row {
    let short = Cell::State { tone: "bad", icon: "alarm", word: text("Short by 12") };
    Row {
        id: text(id),
        head: Cell::Link {
            href: format!("/accounts/acct_01KAQ3/pools/{id}"),
            label: text(name),
            aside: text("of two"),
            below: text("regid.2026-01.example,tag"),
        },
        cells: vec![
            Cell::Text(text("Harbour <&>")),
            Cell::Number { units: 1_240, parts: vec![text("6 stale")] },
            Cell::Number { units: 0, parts: Vec::new() },
            Cell::Balance(balance),
            if balance < 0 { short } else { Cell::Nothing("none") },
            Cell::Ago(at(3 * MINUTE)),
            Cell::Day(at(40 * DAY)),
            Cell::Code(text("PID:C9300,SN:A1")),
            Cell::Links {
                all: vec![(format!("/accounts/acct_01KAQ3/pools/{id}"), text("Premier"), 4); 6],
            },
        ],
        facts: text("Harbour: 131 in use of 120"),
        opener: Some(Opener {
            href: format!("{PATH}?open={id}#{id}"),
            label: format!("Open {name}"),
        }),
        opened: opened.map(text),
    }
}

/// A list with everything that a list can show.
pub(super) fn list(rows: Vec<Row>) -> List {
    List {
        frame: frame(),
        as_of: at(0),
        refresh: Some(15),
        title: "Licenses",
        here: "licenses",
        caption: text("Licenses of all virtual accounts"),
        acts: vec![act("Transfer", "/transfer")],
        exports: vec![act("CSV, for spreadsheets", "/export?format=csv")],
        search: Search {
            path: text(PATH),
            label: "Search these licenses",
            text: text("a \"quoted\" <word>"),
            kept: vec![(text("kind"), text("perpetual"))],
        },
        facets: vec![Facet {
            title: "Kind",
            options: vec![option("Perpetual", 3), option("Subscription", 0)],
        }],
        chips: Vec::new(),
        clear: None,
        count_all: Some(format!("{PATH}?count=all")),
        columns: vec![
            column("License", "", None),
            column("Virtual account", "col-1", None),
            column("In use", "num col-1", None),
            column("Future", "num col-2", None),
            column("Balance", "num", Some(Way::Up)),
            column("Alarm", "col-1", None),
            column("Last report", "num col-2", Some(Way::Down)),
            column("Known since", "num col-2", None),
            column("UDI", "col-2", None),
            column("Licenses", "col-2", None),
        ],
        choices: ColumnChoices {
            path: text(PATH),
            kept: vec![(text("q"), text("x"))],
            all: vec![
                ColumnChoice { key: "a", label: "A", shown: true, left: None },
                ColumnChoice { key: "b", label: "B", shown: false, left: Some(text(PATH)) },
            ],
            reset: Some(text(PATH)),
        },
        total: Counted::AtLeast(10_000),
        next: Some(format!("{PATH}?cursor=x")),
        first: Some(text(PATH)),
        bulk: Some(Bulk {
            guard: guard("BULK"),
            field: "instance",
            many: "product instances",
            acts: vec![act("Move\u{2026}", "/move"), act("Remove\u{2026}", "/remove")],
        }),
        empty: Empty { icon: "license", title: "No licenses yet", text: text("They come.") },
        foot: "Different licenses are never added up.",
        rows,
    }
}

/// The same, narrowed.
pub(super) fn narrowed(rows: Vec<Row>) -> List {
    let chip = Chip { title: text("Kind"), value: text("Perpetual"), remove: text(PATH) };
    List { chips: vec![chip], clear: Some(text(PATH)), ..list(rows) }
}

/// Some rows, one of them open.
pub(super) fn rows() -> Vec<Row> {
    vec![
        row(
            "pool_1",
            "Network Advantage",
            -12,
            Some("<div class=\"stack\"><p>What it is made of.</p></div>"),
        ),
        row("pool_2", "Firewall Threat", 4, None),
    ]
}

/// What was found of each kind.
pub(super) fn found(kinds: usize) -> Found {
    let kind = |n: usize| Kind {
        title: ["Licenses", "Orders"][n % 2],
        icon: "license",
        hits: vec![Hit {
            href: format!("{PATH}?x={n}"),
            label: text("Network <Advantage>"),
            about: text("Harbour"),
        }],
        all: (n == 0).then(|| format!("{PATH}?q=net")),
    };
    Found { frame: frame(), text: text("net"), kinds: (0..kinds).map(kind).collect() }
}
