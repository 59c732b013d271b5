//! The gallery: every component in every state. It holds nobody's data: what it shows is made up.

use askama::Template;

use super::charts::{self, Level, Levels, Months, Portion};
use super::filters;
use super::frame::Visitor;
use super::moment::Moment;
use super::page;
use super::parts::{Act, Paste, Way};
use super::tokens::Field;

/// The gallery.
#[derive(Clone, Debug, Template)]
#[template(path = "gallery.html", blocks = ["live"])]
pub struct Gallery {
    /// Who looks at it.
    pub visitor: Visitor,
    /// A moment to show.
    pub now: Moment,
}

page!(Gallery);

/// Every icon of the sprite.
const ICONS: [&str; 31] = [
    "overview", "alarm", "bell", "license", "device", "key", "log", "order", "menu", "up-down",
    "right", "plus", "check", "cross", "clock", "dots", "eye", "lock", "info", "note", "copy",
    "open", "search", "filter", "down", "up", "download", "people", "help", "sync", "move",
];

/// What was in use and entitled in a year that never was.
const YEAR: [(&str, u64, u64); 14] = [
    ("Dec", 96, 146),
    ("Jan", 97, 146),
    ("Feb", 101, 146),
    ("Mar", 104, 146),
    ("Apr", 104, 146),
    ("May", 109, 146),
    ("Jun", 112, 146),
    ("Jul", 118, 146),
    ("Aug", 121, 146),
    ("Sep", 124, 146),
    ("Oct", 128, 119),
    ("Nov", 131, 119),
    ("Dec 27", 131, 119),
    ("Jan 28", 131, 140),
];

/// What ends in each of twelve months: renewed, and without a renewal.
const ENDS: [(&str, [u64; 2]); 12] = [
    ("Dec", [2, 3]),
    ("Jan", [2, 5]),
    ("Feb", [4, 2]),
    ("Mar", [6, 1]),
    ("Apr", [2, 0]),
    ("May", [0, 4]),
    ("Jun", [1, 2]),
    ("Jul", [0, 0]),
    ("Aug", [0, 1]),
    ("Sep", [0, 3]),
    ("Oct", [0, 2]),
    ("Nov", [0, 6]),
];

fn portion(words: &str, units: u64, fill: &'static str) -> Portion {
    Portion { words: words.to_owned(), units, fill }
}

fn sum(kind: usize) -> u64 {
    ENDS.iter().map(|(_, amounts)| amounts[kind]).sum()
}

impl Gallery {
    fn levels(&self) -> Levels {
        let level = |&(name, used, entitled): &(&str, u64, u64)| Level {
            name: name.to_owned(),
            used,
            entitled,
        };
        Levels {
            title: "Network Advantage in Harbour: in use and entitled".to_owned(),
            steps: YEAR.iter().map(level).collect(),
            now: 11,
        }
    }

    fn months(&self) -> Months {
        let month = |(name, amounts): &(&str, [u64; 2])| ((*name).to_owned(), amounts.to_vec());
        Months {
            title: "Entitlements that end, by month".to_owned(),
            kinds: vec![
                portion("end with a renewal", sum(0), "fill-3"),
                portion("end without one", sum(1), "fill-2"),
            ],
            months: ENDS.iter().map(month).collect(),
        }
    }

    fn devices(&self) -> Vec<Portion> {
        vec![
            portion("on time", 1_236, "fill-1"),
            portion("due within 7 days", 31, "fill-3"),
            portion("not reporting", 3, "fill-2"),
            portion("not yet reported", 14, "fill-5"),
        ]
    }

    fn before(&self, days: i64) -> Moment {
        self.now.before_by(days)
    }

    fn field(&self, value: &str, error: &str) -> Field {
        let error = (!error.is_empty()).then(|| error.to_owned());
        Field { value: value.to_owned(), error }
    }

    fn ways(&self) -> Vec<Way> {
        let act = |label: &str| Some(Act { label: label.to_owned(), href: "/gallery".to_owned() });
        let way =
            |lead: &str, rest: &str, act| Way { lead: lead.to_owned(), rest: rest.to_owned(), act };
        vec![
            way("Move 12 from Fleet", ", which has 18 free", act("Move 12 from Fleet…")),
            way("Buy 12 or more", ", beginning by today", None),
        ]
    }

    fn pastes(&self) -> Vec<Paste> {
        let command = "scrip-agent trust idtoken TOKEN".to_owned();
        vec![Paste { label: "On a device, with the Scrip agent".to_owned(), command }]
    }
}
