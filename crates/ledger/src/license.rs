//! License definitions: what the vendor's catalogue says of an entitlement tag.
//!
//! The catalogue is the house's, the same for every account. A pool needs no definition:
//! an unknown tag counts under its own name until one comes.

use wire::id::LicenseId;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

/// How strictly a product treats the license (`domain.md` 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforcement {
    /// Used freely, counted, reported.
    NotEnforced,
    /// Needs an authorization code before use.
    Enforced,
    /// Needs an authorization code because export law says so.
    ExportControlled,
}

/// How long the right to use lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Without end.
    Perpetual,
    /// For the term of a subscription.
    Subscription,
}

/// Whether a shortage of the license is anybody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// A shortage raises an alarm.
    Counted,
    /// Shown for information; never short, never alarmed.
    InformationOnly,
}

/// A license definition.
#[derive(Clone, Debug, PartialEq)]
pub struct License {
    /// Its id.
    pub id: LicenseId,
    /// The entitlement tag that devices report.
    pub tag: EntitlementTag,
    /// The shown name, such as `Network Advantage C9300-24`.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// How strictly products treat it.
    pub enforcement: Enforcement,
    /// How long the right to use lasts.
    pub kind: Kind,
    /// Whether a shortage raises an alarm.
    pub concern: Concern,
    /// When it was last changed.
    pub changed_at: Timestamp,
}

macro_rules! codes {
    ($type:ty { $($variant:ident = $code:literal / $name:literal),+ $(,)? }) => {
        impl $type {
            /// The number that stands in the store.
            pub fn code(self) -> i64 {
                match self { $(Self::$variant => $code),+ }
            }
            /// The value of a stored number, or `None` for one that no version wrote.
            pub fn from_code(code: i64) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
            /// The word in JSON, on pages and in files.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            /// The value of a word, or `None` for an unknown one.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use codes;

codes!(Enforcement { NotEnforced = 0 / "not_enforced", Enforced = 1 / "enforced", ExportControlled = 2 / "export_controlled" });
codes!(Kind { Perpetual = 0 / "perpetual", Subscription = 1 / "subscription" });
codes!(Concern { Counted = 0 / "counted", InformationOnly = 1 / "information_only" });
codes!(crate::account::Default { No = 0 / "no", Yes = 1 / "yes" });
