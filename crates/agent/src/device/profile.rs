//! What a device is told about itself before it starts: identity, names, timing.
//!
//! Nothing here changes while the device runs; reading it from a file is the configuration's part.

use wire::country::Country;
use wire::limits::{MEMBERS, TAGS_PER_INSTANCE};
use wire::report::Member;
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Span;
use wire::udi::Udi;

/// The identity and the habits of a device.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Who this device is.
    pub udi: Udi,
    /// The members of its set, the active one first; empty for a single device.
    pub members: Vec<Member>,
    /// Which software runs.
    pub software: SoftwareTag,
    /// Its version; `None` when it is kept private.
    pub software_version: Option<String>,
    /// The host name; `None` when there is none or it is kept private.
    pub hostname: Option<String>,
    /// The country in which it is used; `None` when nobody said or it is kept private.
    pub country: Option<Country>,
    /// What is known by name of the licenses of this product.
    pub licenses: Vec<License>,
    /// The words of the product's maker.
    pub words: Words,
    /// When things are sent.
    pub habits: Habits,
}

/// A license by its tag and names.
#[derive(Clone, Debug)]
pub struct License {
    /// The entitlement tag.
    pub tag: EntitlementTag,
    /// The short name, as `network-advantage`.
    pub name: String,
    /// The long name, as `C9300-24 Network Advantage`.
    pub description: String,
    /// For how long it is bought.
    pub kind: Kind,
    /// What it takes to use it.
    pub enforcement: Enforcement,
}

/// For how long a license is bought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// For ever.
    #[default]
    Perpetual,
    /// For a term.
    Subscription,
}

/// What it takes to use a license. The device only reports by it; it stops nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enforcement {
    /// Nothing.
    #[default]
    NotEnforced,
    /// An authorization.
    Enforced,
    /// An authorization, for export control.
    ExportRestricted,
}

/// Words of the product's maker in what is shown.
#[derive(Clone, Debug)]
pub struct Words {
    /// The label of the default policy's values.
    pub default_policy: String,
    /// The label of the values of a policy that a manager sent.
    pub custom_policy: String,
    /// The name of the agent with its version.
    pub agent: String,
    /// The address of the manager, as shown.
    pub transport: Option<String>,
}

impl Default for Words {
    fn default() -> Words {
        Words {
            default_policy: "SCRIP default".to_owned(),
            custom_policy: "Customer Policy".to_owned(),
            agent: concat!("Scrip agent: ", env!("CARGO_PKG_VERSION")).to_owned(),
            transport: None,
        }
    }
}

/// When reports are made and sent.
#[derive(Clone, Debug)]
pub struct Habits {
    /// The interval an administrator set on the device; the shortest of this, the policy's and
    /// [`DEFAULT_INTERVAL`] holds.
    pub interval: Option<Span>,
    /// A fixed interval that overrides all others, for laboratories and demonstrations.
    pub report_every: Option<Span>,
    /// How long after its start a device first sends.
    pub first_push: Span,
    /// The first pause after a failure; it doubles with each further one.
    pub retry_min: Span,
    /// The longest pause after a failure.
    pub retry_max: Span,
}

/// The interval between pushes where nobody says a shorter one.
pub const DEFAULT_INTERVAL: Span = Span::from_days(30);

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            interval: None,
            report_every: None,
            first_push: Span::from_minutes(2),
            retry_min: Span::from_seconds(5),
            retry_max: Span::from_hours(1),
        }
    }
}

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// The UDI says too little.
    #[error("the UDI is not usable: {0}")]
    Udi(#[from] wire::udi::UdiError),
    /// Too many members.
    #[error("a set has {0} members, {MEMBERS} are possible: name fewer (agent.members)")]
    Members(usize),
    /// Too many licenses.
    #[error(
        "{0} licenses are named, {TAGS_PER_INSTANCE} are possible: name fewer (agent.licenses)"
    )]
    Licenses(usize),
}

impl Profile {
    /// A single device with the usual habits.
    #[must_use]
    pub fn new(udi: Udi, software: SoftwareTag) -> Profile {
        Profile {
            udi,
            members: Vec::new(),
            software,
            software_version: None,
            hostname: None,
            country: None,
            licenses: Vec::new(),
            words: Words::default(),
            habits: Habits::default(),
        }
    }

    /// Checks what would make reports unusable.
    ///
    /// # Errors
    /// Names the first thing that is out of range.
    pub fn check(&self) -> Result<(), ProfileError> {
        self.udi.validate()?;
        self.udi.identity()?;
        for member in &self.members {
            member.udi.validate()?;
        }
        if self.members.len() > MEMBERS {
            return Err(ProfileError::Members(self.members.len()));
        }
        if self.licenses.len() > TAGS_PER_INSTANCE {
            return Err(ProfileError::Licenses(self.licenses.len()));
        }
        Ok(())
    }

    /// The license of a tag; one that nobody named is perpetual, not enforced, and named by its tag.
    #[must_use]
    pub fn license(&self, tag: &EntitlementTag) -> License {
        self.licenses.iter().find(|license| license.tag == *tag).cloned().unwrap_or_else(|| {
            License {
                tag: tag.clone(),
                name: tag.short_name().to_owned(),
                description: tag.short_name().to_owned(),
                kind: Kind::default(),
                enforcement: Enforcement::default(),
            }
        })
    }
}
