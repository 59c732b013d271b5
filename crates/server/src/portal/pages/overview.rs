//! The overview: what needs a decision, then what is owned and used, then who uses it.

use askama::Template;

use super::alarms::{Alarm, Cause};
use super::balance_chart::{BalanceChart, Shape};
use super::filters;
use super::frame::Frame;
use super::moment::Moment;
use super::page;
use super::parts::{Counted, InUse, InstanceState, LicenseLink, Paste, PoolAlert};

/// An account, or one virtual account of it, at a glance.
#[derive(Clone, Debug, Template)]
#[template(path = "overview.html", blocks = ["live"])]
pub struct Overview {
    /// The frame.
    pub frame: Frame,
    /// When the numbers were read.
    pub as_of: Moment,
    /// The open alarms that the page covers, worst first, then oldest first; the worst ten are enough.
    pub decisions: Vec<Alarm>,
    /// How many alarms are open in what the page covers.
    pub decisions_total: Counted,
    /// The pools, lowest balance first.
    pub pools: Vec<PoolRow>,
    /// How many pools there are; more than `pools` if the list was cut.
    pub pools_total: Counted,
    /// The product instances, the newest heard first.
    pub instances: Vec<InstanceRow>,
    /// How many there are; more than `instances` if the list was cut.
    pub instances_total: Counted,
    /// How many there are by state; `None` if nobody counted.
    pub states: Option<StateCounts>,
    /// How to begin: shown while nothing is known of any license or product instance.
    pub first_steps: FirstSteps,
}

/// A pool: a license in a virtual account. Units of the license.
#[derive(Clone, Debug)]
pub struct PoolRow {
    /// Its id, `pool_…`.
    pub pool: String,
    /// The license's shown name: the catalogue's, else the tag's short name.
    pub license: String,
    /// The entitlement tag, whole.
    pub tag: String,
    /// The name of the virtual account.
    pub virtual_account: String,
    /// Purchased: in force now.
    pub in_force: i64,
    /// Bought, the term not begun.
    pub future: i64,
    /// Bought, the term over.
    pub expired: i64,
    /// In use, with its stale and its unverified part.
    pub in_use: InUse,
    /// What is left; negative when short, and shown so.
    pub balance: i64,
    /// What the row warns of.
    pub alert: PoolAlert,
}

/// A product instance in the list.
#[derive(Clone, Debug)]
pub struct InstanceRow {
    /// Its id, `pi_…`.
    pub instance: String,
    /// The newest reported name, or the UDI where it has none or keeps it private.
    pub name: String,
    /// Its UDI as text.
    pub udi: String,
    /// How many members the stack or pair has; 0 or 1 if it stands alone.
    pub members: u32,
    /// The name of the virtual account.
    pub virtual_account: String,
    /// Whether its reports come.
    pub state: InstanceState,
    /// When a report was last heard.
    pub last_report: Option<Moment>,
    /// The first few licenses that it uses.
    pub licenses: Vec<LicenseUse>,
    /// How many licenses it uses; more than `licenses` if that was cut.
    pub licenses_total: Counted,
}

/// A license that a product instance uses.
#[derive(Clone, Debug)]
pub struct LicenseUse {
    /// The license.
    pub license: LicenseLink,
    /// The level in use.
    pub level: i64,
}

/// Product instances by state.
#[derive(Clone, Copy, Debug)]
pub struct StateCounts {
    /// Those that report as their policy asks.
    pub reporting: Counted,
    /// Those that are overdue.
    pub stale: Counted,
    /// Those that were trusted and never heard.
    pub never: Counted,
    /// Those known only from unverified reports.
    pub unverified: Counted,
}

/// How to get from nothing to a first number.
#[derive(Clone, Debug)]
pub struct FirstSteps {
    /// How many ID tokens could be used now.
    pub usable_tokens: Counted,
    /// The exact ways to make an ID token without the portal.
    pub make_token: Vec<Paste>,
    /// The exact ways to give the token to a device, with a place-holder for it.
    pub trust: Vec<Paste>,
    /// The exact way to enter what was bought.
    pub grant: Vec<Paste>,
}

impl Overview {
    /// Whether there is nothing to show yet.
    pub fn is_new(&self) -> bool {
        self.pools.is_empty() && self.instances.is_empty() && self.decisions.is_empty()
    }

    /// How many pools on the page are short in a way that raises an alarm.
    fn short_pools(&self) -> usize {
        self.pools
            .iter()
            .filter(|row| matches!(row.alert, PoolAlert::Short(_) | PoolAlert::Unknown(_)))
            .count()
    }

    /// The product instances that were heard last.
    fn last_heard(&self) -> Vec<(&InstanceRow, Moment)> {
        self.instances.iter().filter_map(|row| Some((row, row.last_report?))).take(5).collect()
    }

    fn here(&self) -> &'static str {
        "overview"
    }

    fn chart(&self) -> BalanceChart<'_> {
        BalanceChart::lowest(&self.pools)
    }

    fn shares(&self) -> Vec<Share> {
        self.states.map(|states| states.shares()).unwrap_or_default()
    }
}

/// A state's part of the meter of all product instances.
pub(crate) struct Share {
    pub(crate) state: InstanceState,
    pub(crate) count: Counted,
    pub(crate) fill: &'static str,
    pub(crate) x: String,
    pub(crate) width: String,
}

impl StateCounts {
    fn shares(&self) -> Vec<Share> {
        let counts = [
            (InstanceState::Reporting, self.reporting, "fill-1"),
            (InstanceState::Stale, self.stale, "fill-2"),
            (InstanceState::Never, self.never, "fill-5"),
            (InstanceState::Unverified, self.unverified, "fill-4"),
        ];
        let size = |count: Counted| match count {
            Counted::Exactly(exact) | Counted::AtLeast(exact) => exact as f64,
        };
        let whole = counts.iter().map(|(_, count, _)| size(*count)).sum::<f64>().max(1.0);
        let mut from = 0.0;
        let share = |(state, count, fill)| {
            let width = size(count) / whole * 100.0;
            let share = Share {
                state,
                count,
                fill,
                x: format!("{from:.3}%"),
                width: format!("{width:.3}%"),
            };
            from += width;
            share
        };
        counts.into_iter().map(share).collect()
    }
}

page!(Overview);
