//! Reports of other makers, read leniently under the limits of our own.
//!
//! Numbers may come as strings, unknown members are skipped, empty texts count
//! as absent. Nothing is written here: a foreign report travels on as it came.

use core::fmt;
use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, Visitor};

use super::{Measurement, Member, MemberRole, Report, ReportError};
use crate::country::Country;
use crate::json;
use crate::limits;
use crate::quantity::Count;
use crate::tag::{EntitlementTag, SoftwareTag};
use crate::time::Timestamp;
use crate::udi::Udi;

/// A whole number, in digits or in a string of digits.
#[derive(Clone, Copy)]
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Whole, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Whole, E> {
                i64::try_from(value).map(Whole).map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Whole, E> {
                Ok(Whole(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Whole, E> {
                value.trim().parse().map(Whole).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

type Text<'a> = Option<Cow<'a, str>>;

#[derive(Deserialize)]
struct RawReport<'a> {
    #[serde(borrow)]
    asset_identification: RawAsset<'a>,
    #[serde(borrow)]
    meta: RawMeta<'a>,
    #[serde(borrow)]
    measurements: Vec<RawMeasurement<'a>>,
}

#[derive(Deserialize)]
struct RawAsset<'a> {
    report_id: Option<Whole>,
    #[serde(borrow)]
    asset: RawName<'a>,
    #[serde(borrow)]
    instance: RawInstance<'a>,
}

#[derive(Deserialize)]
struct RawName<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RawInstance<'a> {
    #[serde(borrow)]
    sudi: RawUdi<'a>,
}

#[derive(Deserialize)]
struct RawMeta<'a> {
    #[serde(borrow)]
    entitlement_tag: Text<'a>,
    report_id: Option<Whole>,
    utility_enabled: Option<bool>,
    #[serde(borrow)]
    software_version: Text<'a>,
    #[serde(borrow)]
    hostname: Text<'a>,
    #[serde(borrow, default)]
    ha_udi: Option<Vec<RawMember<'a>>>,
    #[serde(borrow, default)]
    customer_info: Option<RawCustomer<'a>>,
}

/// What is told of the customer; all but the country is skipped, in whatever form it is.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawCustomer<'a> {
    At {
        #[serde(borrow)]
        country: Cow<'a, str>,
    },
    Else(IgnoredAny),
}

impl RawCustomer<'_> {
    /// The country, if it is written as ISO 3166 has it: free text names none.
    fn country(self) -> Option<Country> {
        match self {
            Self::At { country } => Country::new(&country.trim().to_ascii_uppercase()).ok(),
            Self::Else(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct RawMember<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    sudi: RawUdi<'a>,
}

/// A device identifier as other makers write it.
#[derive(Deserialize)]
pub(crate) struct RawUdi<'a> {
    #[serde(borrow)]
    udi_pid: Text<'a>,
    #[serde(borrow)]
    udi_serial_number: Text<'a>,
    #[serde(borrow)]
    udi_vid: Text<'a>,
    #[serde(borrow)]
    uuid: Text<'a>,
    #[serde(borrow)]
    suvi: Text<'a>,
    #[serde(borrow)]
    host_identifier: Text<'a>,
    #[serde(borrow)]
    mac_address: Text<'a>,
}

#[derive(Deserialize)]
struct RawMeasurement<'a> {
    log_time: Whole,
    #[serde(borrow)]
    metric_name: Text<'a>,
    start_time: Whole,
    end_time: Whole,
    sample_interval: Option<Whole>,
    num_samples: Option<Whole>,
    #[serde(borrow)]
    meta: Option<RawReasons<'a>>,
    #[serde(borrow)]
    value: RawValue<'a>,
}

#[derive(Deserialize, Default)]
struct RawReasons<'a> {
    #[serde(borrow)]
    removed_sudi_list: Option<Vec<RawUdi<'a>>>,
    #[serde(borrow)]
    added_sudi_list: Option<Vec<RawUdi<'a>>>,
    clock_change_delta: Option<Whole>,
    #[serde(borrow)]
    termination_reason: Text<'a>,
    #[serde(borrow)]
    close_reason: Text<'a>,
}

#[derive(Deserialize)]
struct RawValue<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    value: Whole,
}

/// Reads any maker's payload; limits on lists and texts are the caller's to check.
pub(super) fn read(payload: &str) -> Result<Report, ReportError> {
    if payload.len() > limits::REPORT_BYTES {
        return Err(ReportError::Size);
    }
    if !json::is_shallow(payload) {
        return Err(ReportError::Depth);
    }
    let raw: RawReport<'_> =
        serde_json::from_str(payload).map_err(|error| ReportError::Json(error.to_string()))?;
    let RawReport { asset_identification: asset, meta, measurements } = raw;
    let report_id = asset.report_id.or(meta.report_id);
    let report_id =
        report_id.ok_or(ReportError::Missing { field: "asset_identification.report_id" })?;
    let tag =
        text(meta.entitlement_tag).ok_or(ReportError::Missing { field: "meta.entitlement_tag" })?;
    let members = meta.ha_udi.unwrap_or_default();
    Ok(Report {
        report_id: unsigned("report_id", report_id)?,
        software: SoftwareTag::new(&asset.asset.name)?,
        udi: asset.instance.sudi.read(),
        entitlement: EntitlementTag::from_text(tag)?,
        software_version: text(meta.software_version),
        hostname: text(meta.hostname),
        utility_enabled: meta.utility_enabled.unwrap_or(false),
        members: members.into_iter().map(RawMember::read).collect(),
        measurements: measurements
            .into_iter()
            .map(RawMeasurement::read)
            .collect::<Result<_, _>>()?,
        notes: Vec::new(),
        country: meta.customer_info.and_then(RawCustomer::country),
    })
}

/// An empty text is none.
fn text(raw: Text<'_>) -> Option<String> {
    raw.filter(|text| !text.is_empty()).map(Cow::into_owned)
}

fn unsigned(field: &'static str, whole: Whole) -> Result<u64, ReportError> {
    u64::try_from(whole.0).map_err(|_| ReportError::Number { field })
}

impl RawUdi<'_> {
    /// What is there, unchecked.
    pub(crate) fn read(self) -> Udi {
        Udi {
            pid: text(self.udi_pid),
            serial: text(self.udi_serial_number),
            vid: text(self.udi_vid),
            uuid: text(self.uuid),
            suvi: text(self.suvi),
            host_identifier: text(self.host_identifier),
            mac_address: text(self.mac_address),
        }
    }
}

impl RawMember<'_> {
    fn read(self) -> Member {
        let role = match self.role.as_deref() {
            Some(role) if role.eq_ignore_ascii_case("active") => MemberRole::Active,
            Some(role) if role.eq_ignore_ascii_case("standby") => MemberRole::Standby,
            _ => MemberRole::Member,
        };
        Member { role, udi: self.sudi.read() }
    }
}

impl RawMeasurement<'_> {
    fn read(self) -> Result<Measurement, ReportError> {
        expected("metric_name", self.metric_name.as_deref(), "ENTITLEMENT")?;
        expected("type", self.value.r#type.as_deref(), "COUNT")?;
        let time = |field, whole: Whole| {
            let seconds = unsigned(field, whole)?;
            Timestamp::checked_seconds(seconds).ok_or(ReportError::Number { field })
        };
        let consumers =
            |list: Option<Vec<RawUdi<'_>>>| list.into_iter().flatten().map(RawUdi::read).collect();
        let meta = self.meta.unwrap_or_default();
        Ok(Measurement {
            log_time: time("log_time", self.log_time)?,
            start_time: time("start_time", self.start_time)?,
            end_time: time("end_time", self.end_time)?,
            sample_interval: unsigned("sample_interval", self.sample_interval.unwrap_or(Whole(0)))?,
            num_samples: unsigned("num_samples", self.num_samples.unwrap_or(Whole(0)))?,
            value: Count::new(unsigned("value", self.value.value)?)?,
            added: consumers(meta.added_sudi_list),
            removed: consumers(meta.removed_sudi_list),
            termination_reason: text(meta.termination_reason),
            close_reason: text(meta.close_reason),
            clock_change_delta: meta.clock_change_delta.map(|delta| delta.0),
        })
    }
}

/// A word that may be left out, but not be another.
fn expected(field: &'static str, found: Option<&str>, wanted: &str) -> Result<(), ReportError> {
    if found.is_none_or(|found| found == wanted) {
        Ok(())
    } else {
        Err(ReportError::Word { field })
    }
}
