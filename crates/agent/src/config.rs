//! The agent's configuration file, `agent.toml`: one struct, unknown keys refused.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use wire::country::Country;
use wire::report::{Member, MemberRole};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Span;
use wire::udi::Udi;

use crate::device::{Enforcement, Habits, Kind, License, Profile, Words};

/// A configuration that can be used as it is, with a comment on each key.
pub const EXAMPLE: &str = include_str!("config/example.toml");

/// The file, as it is written. Each key is explained in [`EXAMPLE`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the agent keeps its store; relative to the file.
    pub folder: PathBuf,
    /// The manager's address.
    pub server: Option<String>,
    /// The certificates by which it is known; relative to the file.
    pub server_ca: Option<PathBuf>,
    /// Who the device is.
    pub udi: UdiKeys,
    /// The device's host name.
    pub hostname: Option<String>,
    /// The country in which the device is used.
    pub country: Option<String>,
    /// The tag of its software.
    pub software: String,
    /// The version of its software.
    pub software_version: Option<String>,
    /// The members of its set.
    #[serde(default)]
    pub members: Vec<MemberKeys>,
    /// The names of its licenses.
    #[serde(default)]
    pub licenses: Vec<LicenseKeys>,
    /// Days between reports.
    pub report_interval_days: Option<u16>,
    /// Seconds between reports, for laboratories; overrides all else.
    pub report_every_seconds: Option<u32>,
    /// Seconds until the first report after a start.
    pub first_report_seconds: Option<u32>,
    /// The first pause after a failure.
    pub retry_min_seconds: Option<u32>,
    /// The longest pause after a failure.
    pub retry_max_seconds: Option<u32>,
    /// The words of the product's maker.
    #[serde(default)]
    pub words: WordKeys,
}

/// A UDI.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UdiKeys {
    /// Product id.
    pub pid: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Version id.
    pub vid: Option<String>,
    /// UUID of a virtual device.
    pub uuid: Option<String>,
    /// Free identifier of a virtual device.
    pub suvi: Option<String>,
}

/// A member of a set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberKeys {
    /// Its part.
    pub role: Role,
    /// Product id.
    pub pid: String,
    /// Serial number.
    pub serial: String,
}

/// A member's part.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Does the work.
    Active,
    /// Takes over.
    Standby,
    /// Is one of the others.
    Member,
}

/// A license's names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenseKeys {
    /// The entitlement tag.
    pub tag: String,
    /// The short name.
    pub name: String,
    /// The long name; the short one when absent.
    pub description: Option<String>,
    /// For how long it is bought.
    #[serde(default)]
    pub kind: KindKey,
    /// What it takes to use it.
    #[serde(default)]
    pub enforcement: EnforcementKey,
}

/// For how long a license is bought.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KindKey {
    /// For ever.
    #[default]
    Perpetual,
    /// For a term.
    Subscription,
}

/// What it takes to use a license.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnforcementKey {
    /// Nothing.
    #[default]
    NotEnforced,
    /// An authorization.
    Enforced,
    /// An authorization, for export control.
    ExportRestricted,
}

/// Words of the product's maker.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WordKeys {
    /// The label of the default policy.
    pub default_policy: Option<String>,
    /// The label of a policy that a manager sent.
    pub custom_policy: Option<String>,
    /// The agent's name with its version.
    pub agent: Option<String>,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{} cannot be read ({reason}): write one with `scrip-agent config example`, or name it with --config (config.read)", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// It is not in form.
    #[error("{} is not in form: {reason} (config.form)", .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the place.
        reason: String,
    },
}

impl Config {
    /// Reads a configuration; relative paths in it become relative to its folder.
    ///
    /// # Errors
    /// When it cannot be read or a key is wrong, missing or unknown.
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|reason| ConfigError::Read { path: path.to_owned(), reason })?;
        let form = |reason: String| ConfigError::Form { path: path.to_owned(), reason };
        let mut config: Config =
            toml::from_str(&text).map_err(|error| form(error.to_string().trim_end().to_owned()))?;
        let base = path.parent().unwrap_or(Path::new(""));
        config.folder = base.join(&config.folder);
        config.server_ca = config.server_ca.map(|ca| base.join(ca));
        config.profile().map_err(form)?;
        Ok(config)
    }

    /// The device's profile.
    ///
    /// # Errors
    /// Says which value cannot be used.
    pub fn profile(&self) -> Result<Profile, String> {
        let software =
            SoftwareTag::new(&self.software).map_err(|error| format!("software: {error}"))?;
        let mut profile = Profile::new(self.udi.to_udi(), software);
        profile.members = self.members.iter().map(MemberKeys::to_member).collect();
        profile.software_version = self.software_version.clone();
        profile.hostname = self.hostname.clone();
        profile.country = self
            .country
            .as_deref()
            .map(Country::new)
            .transpose()
            .map_err(|error| format!("country: {error}"))?;
        profile.licenses =
            self.licenses.iter().map(LicenseKeys::to_license).collect::<Result<_, _>>()?;
        profile.words = self.words();
        profile.habits = self.habits();
        profile.check().map_err(|error| error.to_string())?;
        Ok(profile)
    }

    fn words(&self) -> Words {
        let usual = Words::default();
        Words {
            default_policy: self.words.default_policy.clone().unwrap_or(usual.default_policy),
            custom_policy: self.words.custom_policy.clone().unwrap_or(usual.custom_policy),
            agent: self.words.agent.clone().unwrap_or(usual.agent),
            transport: self.server.clone(),
        }
    }

    fn habits(&self) -> Habits {
        let usual = Habits::default();
        let seconds =
            |value: Option<u32>| value.map(|value| Span::from_seconds(i64::from(value.max(1))));
        Habits {
            interval: self
                .report_interval_days
                .map(|days| Span::from_days(i64::from(days.clamp(1, 365)))),
            report_every: seconds(self.report_every_seconds),
            first_push: seconds(self.first_report_seconds).unwrap_or(usual.first_push),
            retry_min: seconds(self.retry_min_seconds).unwrap_or(usual.retry_min),
            retry_max: seconds(self.retry_max_seconds).unwrap_or(usual.retry_max),
        }
    }
}

impl UdiKeys {
    fn to_udi(&self) -> Udi {
        Udi {
            pid: self.pid.clone(),
            serial: self.serial.clone(),
            vid: self.vid.clone(),
            uuid: self.uuid.clone(),
            suvi: self.suvi.clone(),
            host_identifier: None,
            mac_address: None,
        }
    }
}

impl MemberKeys {
    fn to_member(&self) -> Member {
        let role = match self.role {
            Role::Active => MemberRole::Active,
            Role::Standby => MemberRole::Standby,
            Role::Member => MemberRole::Member,
        };
        Member { role, udi: Udi::pid_serial(self.pid.clone(), self.serial.clone()) }
    }
}

impl LicenseKeys {
    fn to_license(&self) -> Result<License, String> {
        Ok(License {
            tag: EntitlementTag::new(&self.tag)
                .map_err(|error| format!("licenses: {}: {error}", self.name))?,
            name: self.name.clone(),
            description: self.description.clone().unwrap_or_else(|| self.name.clone()),
            kind: match self.kind {
                KindKey::Perpetual => Kind::Perpetual,
                KindKey::Subscription => Kind::Subscription,
            },
            enforcement: match self.enforcement {
                EnforcementKey::NotEnforced => Enforcement::NotEnforced,
                EnforcementKey::Enforced => Enforcement::Enforced,
                EnforcementKey::ExportRestricted => Enforcement::ExportRestricted,
            },
        })
    }
}
