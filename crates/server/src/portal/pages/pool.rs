//! One pool: where it stands, what it is made of, who uses it.

use askama::Template;

use super::alarms::{Alarm, Cause};
use super::filters;
use super::frame::Frame;
use super::moment::Moment;
use super::page;
use super::parts::{Counted, InUse, InstanceState, Paste, PoolAlert};

/// A license in a virtual account.
#[derive(Clone, Debug, Template)]
#[template(path = "pool.html", blocks = ["live"])]
pub struct Pool {
    /// The frame.
    pub frame: Frame,
    /// When the numbers were read.
    pub as_of: Moment,
    /// The license's shown name: the catalogue's, else the tag's short name.
    pub license: String,
    /// The entitlement tag, whole.
    pub tag: String,
    /// The name of the virtual account.
    pub virtual_account: String,
    /// What the catalogue says of the license; `None` for a tag that it does not name.
    pub definition: Option<Definition>,
    /// Where the pool stands.
    pub standing: Standing,
    /// What it warns of.
    pub alert: PoolAlert,
    /// Its open alarm, if there is one; its ways without the act that would lead here.
    pub alarm: Option<Alarm>,
    /// What was bought: in force first, then future, then expired; each by its end.
    pub entitlements: Vec<EntitlementRow>,
    /// How many there are; more than `entitlements` if the list was cut.
    pub entitlements_total: Counted,
    /// Who uses it, most first.
    pub users: Vec<PoolUser>,
    /// How many product instances use it; more than `users` if the list was cut.
    pub users_total: Counted,
    /// How to enter what was bought: shown while there is no entitlement.
    pub grant: Vec<Paste>,
}

/// A pool's row, opened in place: how its balance comes about, what it is made of, who uses it.
#[derive(Clone, Debug, Template)]
#[template(path = "pool-opened.html")]
pub struct PoolOpened {
    /// The pool's own page.
    pub href: String,
    /// All product instances that use it.
    pub users_href: String,
    /// Where a product instance's page is, but for its id.
    pub instance_base: String,
    /// The license's shown name.
    pub license: String,
    /// The name of the virtual account.
    pub virtual_account: String,
    /// Where the pool stands.
    pub standing: Standing,
    /// Its open alarm, if there is one.
    pub alarm: Option<Opened>,
    /// The first of what was bought.
    pub entitlements: Vec<EntitlementRow>,
    /// How much was bought in all.
    pub entitlements_total: Counted,
    /// Who uses it most.
    pub users: Vec<PoolUser>,
    /// How many use it.
    pub users_total: Counted,
}

/// What an open alarm of a pool says.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The class of its colour.
    pub tone: &'static str,
    /// How much is missing.
    pub missing: i64,
    /// Since when.
    pub since: Moment,
    /// What would settle it.
    pub ways: String,
}

/// The catalogue's words on a license, ready to be shown.
#[derive(Clone, Debug)]
pub struct Definition {
    /// A sentence about it; may be empty.
    pub description: String,
    /// `Not enforced`, `Enforced` or `Export-controlled`.
    pub enforcement: String,
    /// `Perpetual` or `Subscription`.
    pub kind: String,
}

/// The terms of the sum that is the balance. Units of the license, each as it counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Standing {
    /// Purchased: in force now, wherever it was handed out to.
    pub in_force: i64,
    /// Handed out by reservation, delegation or a transfer under way.
    pub handed_out: i64,
    /// In use, with its stale and its unverified part.
    pub in_use: InUse,
    /// Lent to this pool by a higher tier.
    pub borrowed: i64,
    /// Lent by this pool to lower tiers.
    pub lent: i64,
    /// The sum; negative when short, and shown so.
    pub balance: i64,
    /// Bought, the term not begun; not in the sum.
    pub future: i64,
    /// Bought, the term over; not in the sum.
    pub expired: i64,
}

/// A lot of the license.
#[derive(Clone, Debug)]
pub struct EntitlementRow {
    /// Its id, `ent_…`.
    pub entitlement: String,
    /// Where it came from: an order number or a reason, in words.
    pub source: String,
    /// `Perpetual` or `Subscription`.
    pub kind: String,
    /// What was granted, or came.
    pub quantity: i64,
    /// What went to another virtual account.
    pub moved: i64,
    /// Whether it came from another virtual account.
    pub came: bool,
    /// The first moment in force.
    pub starts: Moment,
    /// The exclusive end, shown by its last day; `None` for a perpetual right.
    pub ends: Option<Moment>,
    /// Where its term is.
    pub term: TermState,
}

/// Where a lot's term is at the page's moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermState {
    /// In force.
    InForce,
    /// Not begun.
    Future,
    /// Over.
    Expired,
}

impl TermState {
    /// The words for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::InForce => "In force",
            Self::Future => "Future",
            Self::Expired => "Expired",
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::InForce => "good",
            Self::Future => "info",
            Self::Expired => "",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::InForce => "check",
            Self::Future => "clock",
            Self::Expired => "cross",
        }
    }
}

/// A product instance that uses the license.
#[derive(Clone, Debug)]
pub struct PoolUser {
    /// Its id, `pi_…`.
    pub instance: String,
    /// Its shown name.
    pub name: String,
    /// Its UDI as text.
    pub udi: String,
    /// The level that it reports.
    pub level: i64,
    /// From when the level counts.
    pub since: Moment,
    /// A later complete save of the device left the license out: since when it is unconfirmed.
    pub unconfirmed: Option<Moment>,
    /// Whether its reports come.
    pub state: InstanceState,
    /// When a report was last heard.
    pub last_report: Option<Moment>,
}

/// A term of the sum as it is shown.
struct Summand {
    sign: &'static str,
    units: i64,
    words: String,
}

impl Standing {
    /// The sum's terms: what is zero is left out, but for the two that a reader looks for.
    fn summands(&self) -> Vec<Summand> {
        let parts = self.in_use.parts();
        let used = if parts.is_empty() {
            "in use".to_owned()
        } else {
            format!("in use, {}", parts.join(", "))
        };
        let all = [
            ("", self.in_force, "in force".to_owned(), Shown::Always),
            ("\u{2212}", self.handed_out, "handed out".to_owned(), Shown::UnlessZero),
            ("\u{2212}", self.in_use.total, used, Shown::Always),
            ("+", self.borrowed, "borrowed".to_owned(), Shown::UnlessZero),
            ("\u{2212}", self.lent, "lent".to_owned(), Shown::UnlessZero),
        ];
        let kept =
            all.into_iter().filter(|(_, units, _, shown)| *units != 0 || *shown == Shown::Always);
        kept.map(|(sign, units, words, _)| Summand { sign, units, words }).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Always,
    UnlessZero,
}

impl PoolOpened {
    fn summands(&self) -> Vec<Summand> {
        self.standing.summands()
    }

    fn instance_path(&self, instance: &str) -> String {
        format!("{}/{instance}", self.instance_base)
    }
}

impl Pool {
    fn here(&self) -> &'static str {
        "licenses"
    }

    fn summands(&self) -> Vec<Summand> {
        self.standing.summands()
    }
}

page!(Pool);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_names_in_force_and_in_use_even_when_zero_and_nothing_else_that_is() {
        let words = |standing: Standing| {
            standing
                .summands()
                .iter()
                .map(|term| format!("{}{} {}", term.sign, term.units, term.words))
                .collect::<Vec<_>>()
        };
        assert_eq!(words(Standing::default()), ["0 in force", "\u{2212}0 in use"]);
        let used = InUse { total: 131, stale: 6, unverified: 0 };
        let full = Standing {
            in_force: 120,
            handed_out: 4,
            in_use: used,
            borrowed: 3,
            balance: -12,
            ..Standing::default()
        };
        assert_eq!(
            words(full),
            ["120 in force", "\u{2212}4 handed out", "\u{2212}131 in use, 6 stale", "+3 borrowed"]
        );
    }
}
