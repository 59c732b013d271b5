//! The policy: how often a product instance must report.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::text_in;
use crate::limits;
use crate::seal::Message;

/// What is asked of product instances, by the kind of license they use.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
pub struct Policy {
    /// What `show license` calls it.
    #[n(0)]
    pub name: String,
    /// Whether reports must be acknowledged.
    #[n(1)]
    pub ack_required: bool,
    /// For perpetual licenses that are not enforced.
    #[n(2)]
    pub perpetual: Terms,
    /// For subscriptions that are not enforced.
    #[n(3)]
    pub subscription: Terms,
    /// For enforced licenses.
    #[n(4)]
    pub enforced: Terms,
    /// For export-controlled licenses.
    #[n(5)]
    pub export: Terms,
    /// How often a device pushes by itself, in seconds.
    #[n(6)]
    pub push_interval_seconds: u32,
}

/// When reports are due, in days; 0 means that none is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cbor(map)]
pub struct Terms {
    /// The first report after use begins.
    #[n(0)]
    pub first_report_days: u32,
    /// The reports after that.
    #[n(1)]
    pub frequency_days: u32,
    /// A report after the use changes.
    #[n(2)]
    pub on_change_days: u32,
}

impl Terms {
    /// Terms of so many days each.
    pub const fn days(first_report: u32, frequency: u32, on_change: u32) -> Terms {
        Terms {
            first_report_days: first_report,
            frequency_days: frequency,
            on_change_days: on_change,
        }
    }
}

/// What the field's devices start with (`domain.md` 4.2), and a push every 30 days.
impl Default for Policy {
    fn default() -> Policy {
        Policy {
            name: "Scrip default".to_owned(),
            ack_required: true,
            perpetual: Terms::days(365, 0, 90),
            subscription: Terms::days(90, 90, 90),
            enforced: Terms::days(0, 0, 0),
            export: Terms::days(0, 0, 0),
            push_interval_seconds: 30 * 86_400,
        }
    }
}

impl Message for Policy {
    const TYP: &'static str = "scrip.policy.v1";
    const LIMIT: usize = limits::POLICY_BYTES;

    fn check(&self) -> Result<(), &'static str> {
        text_in("the name of the policy", &self.name)
    }
}
