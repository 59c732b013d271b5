//! The payload of our own reports, written and read strictly.
//!
//! Carriers parse it, print it anew, delete its spaces and change its quotes.
//! So it holds none: only printable ASCII without space, `\`, `'`, `<`, `>` and
//! `&`, with whole numbers that every reader keeps exact, and all other text
//! percent-encoded. What the reader takes, the writer would have written, but
//! for the order of members.

use core::fmt::Write;
use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;

use super::{Measurement, Member, MemberRole, Report, ReportError};
use crate::country::Country;
use crate::limits;
use crate::quantity::Count;
use crate::tag::{EntitlementTag, SoftwareTag};
use crate::time::Timestamp;
use crate::udi::Udi;

/// What no string of ours holds as itself.
const ENCODED: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'%').add(b'&').add(b'\'').add(b'<').add(b'>').add(b'\\');

/// Writes `report`, which has been checked.
pub(super) fn write(report: &Report) -> Result<String, ReportError> {
    let mut out = String::with_capacity(768 + 320 * report.measurements.len());
    out.push_str(r#"{"version":"2.0","asset_identification":{"#);
    number(&mut out, "report_id", report.report_id);
    out.push_str(r#","asset":{"#);
    text(&mut out, "name", report.software.as_str());
    out.push_str(r#"},"instance":{"sudi":"#);
    udi(&mut out, &report.udi);
    out.push_str(r#"}},"signature":{"signing_type":"cose","#);
    text(&mut out, "key", report.software.as_str());
    out.push_str(r#","value":""},"meta":{"#);
    meta(&mut out, report);
    out.push_str(r#"},"measurements":["#);
    for (index, measurement) in report.measurements.iter().enumerate() {
        comma(&mut out, index);
        write_measurement(&mut out, measurement);
    }
    out.push_str("]}");
    if out.len() > limits::REPORT_BYTES { Err(ReportError::Size) } else { Ok(out) }
}

fn meta(out: &mut String, report: &Report) {
    text(out, "entitlement_tag", report.entitlement.as_str());
    let utility = if report.utility_enabled { "true" } else { "false" };
    out.push_str(r#","utility_enabled":"#);
    out.push_str(utility);
    optional(out, "software_version", report.software_version.as_deref());
    optional(out, "hostname", report.hostname.as_deref());
    if !report.members.is_empty() {
        out.push_str(r#","ha_udi":["#);
        for (index, member) in report.members.iter().enumerate() {
            comma(out, index);
            out.push('{');
            text(out, "role", member.role.as_str());
            out.push_str(r#","sudi":"#);
            udi(out, &member.udi);
            out.push('}');
        }
        out.push(']');
    }
    if !report.notes.is_empty() {
        out.push_str(r#","notes":["#);
        for (index, note) in report.notes.iter().enumerate() {
            comma(out, index);
            quoted(out, note);
        }
        out.push(']');
    }
    if let Some(country) = report.country {
        let _ = write!(out, r#","customer_info":{{"country":"{country}"}}"#);
    }
}

fn write_measurement(out: &mut String, measurement: &Measurement) {
    out.push('{');
    number(out, "log_time", measurement.log_time.seconds());
    out.push_str(r#","metric_name":"ENTITLEMENT","#);
    number(out, "start_time", measurement.start_time.seconds());
    out.push(',');
    number(out, "end_time", measurement.end_time.seconds());
    out.push(',');
    number(out, "sample_interval", measurement.sample_interval);
    out.push(',');
    number(out, "num_samples", measurement.num_samples);
    out.push_str(r#","meta":{"#);
    let start = out.len();
    if !(measurement.added.is_empty() && measurement.removed.is_empty()) {
        consumers(out, "removed_sudi_list", &measurement.removed);
        out.push(',');
        consumers(out, "added_sudi_list", &measurement.added);
    }
    let delta = measurement.clock_change_delta.map(|delta| delta.to_string());
    for (name, value) in [
        ("clock_change_delta", delta.as_deref()),
        ("termination_reason", measurement.termination_reason.as_deref()),
        ("close_reason", measurement.close_reason.as_deref()),
    ] {
        let Some(value) = value else { continue };
        comma(out, out.len() - start);
        text(out, name, value);
    }
    let _ = write!(out, r#"}},"value":{{"type":"COUNT","value":"{}"}}}}"#, measurement.value);
}

fn consumers(out: &mut String, name: &str, list: &[Udi]) {
    let _ = write!(out, r#""{name}":["#);
    for (index, consumer) in list.iter().enumerate() {
        comma(out, index);
        udi(out, consumer);
    }
    out.push(']');
}

fn udi(out: &mut String, udi: &Udi) {
    out.push('{');
    let start = out.len();
    for (name, value) in Udi::NAMES.into_iter().zip(udi.fields()) {
        let Some(value) = value else { continue };
        comma(out, out.len() - start);
        text(out, name, value);
    }
    out.push('}');
}

/// A comma, unless nothing was written before.
fn comma(out: &mut String, before: usize) {
    if before > 0 {
        out.push(',');
    }
}

fn number(out: &mut String, name: &str, value: impl core::fmt::Display) {
    let _ = write!(out, r#""{name}":{value}"#);
}

fn optional(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.push(',');
        text(out, name, value);
    }
}

fn text(out: &mut String, name: &str, value: &str) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
    quoted(out, value);
}

fn quoted(out: &mut String, value: &str) {
    out.push('"');
    out.extend(utf8_percent_encode(value, ENCODED));
    out.push('"');
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReport<'a> {
    version: &'a str,
    #[serde(borrow)]
    asset_identification: RawAsset<'a>,
    #[serde(borrow)]
    signature: RawSignature<'a>,
    #[serde(borrow)]
    meta: RawMeta<'a>,
    #[serde(borrow)]
    measurements: Vec<RawMeasurement<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAsset<'a> {
    report_id: u64,
    #[serde(borrow)]
    asset: RawName<'a>,
    #[serde(borrow)]
    instance: RawInstance<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawName<'a> {
    name: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInstance<'a> {
    #[serde(borrow)]
    sudi: RawUdi<'a>,
}

/// The field's own place for a signature; ours stands beside the payload.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignature<'a> {
    signing_type: &'a str,
    #[serde(rename = "key")]
    _key: &'a str,
    value: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMeta<'a> {
    entitlement_tag: &'a str,
    utility_enabled: bool,
    #[serde(default)]
    software_version: Option<&'a str>,
    #[serde(default)]
    hostname: Option<&'a str>,
    #[serde(borrow, default)]
    ha_udi: Vec<RawMember<'a>>,
    #[serde(borrow, default)]
    notes: Vec<&'a str>,
    #[serde(borrow, default)]
    customer_info: Option<RawCustomer<'a>>,
}

/// Of what the field tells of a customer, we tell the country alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCustomer<'a> {
    country: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMember<'a> {
    role: &'a str,
    #[serde(borrow)]
    sudi: RawUdi<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUdi<'a> {
    #[serde(default)]
    udi_pid: Option<&'a str>,
    #[serde(default)]
    udi_serial_number: Option<&'a str>,
    #[serde(default)]
    udi_vid: Option<&'a str>,
    #[serde(default)]
    uuid: Option<&'a str>,
    #[serde(default)]
    suvi: Option<&'a str>,
    #[serde(default)]
    host_identifier: Option<&'a str>,
    #[serde(default)]
    mac_address: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMeasurement<'a> {
    log_time: u64,
    metric_name: &'a str,
    start_time: u64,
    end_time: u64,
    sample_interval: u64,
    num_samples: u64,
    #[serde(borrow)]
    meta: RawReasons<'a>,
    #[serde(borrow)]
    value: RawValue<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReasons<'a> {
    #[serde(borrow, default)]
    removed_sudi_list: Vec<RawUdi<'a>>,
    #[serde(borrow, default)]
    added_sudi_list: Vec<RawUdi<'a>>,
    #[serde(default)]
    clock_change_delta: Option<&'a str>,
    #[serde(default)]
    termination_reason: Option<&'a str>,
    #[serde(default)]
    close_reason: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawValue<'a> {
    r#type: &'a str,
    value: &'a str,
}

/// Whether `payload` holds only what every carrier leaves alone.
fn is_plain(payload: &str) -> bool {
    // No early way out, so that the compiler can look at many bytes at once.
    payload.bytes().fold(true, |plain, byte| {
        plain & byte.is_ascii_graphic() & !matches!(byte, b'\\' | b'\'' | b'<' | b'>' | b'&')
    })
}

/// Reads what [`write`] wrote; limits on lists and texts are the caller's to check.
pub(super) fn read(payload: &str) -> Result<Report, ReportError> {
    if payload.len() > limits::REPORT_BYTES {
        return Err(ReportError::Size);
    }
    if !is_plain(payload) {
        return Err(ReportError::Form);
    }
    let raw: RawReport<'_> =
        serde_json::from_str(payload).map_err(|error| ReportError::Json(error.to_string()))?;
    word("version", raw.version, "2.0")?;
    word("signing_type", raw.signature.signing_type, "cose")?;
    word("value", raw.signature.value, "")?;
    Ok(Report {
        report_id: raw.asset_identification.report_id,
        software: SoftwareTag::from_text(decode(raw.asset_identification.asset.name)?)?,
        udi: raw.asset_identification.instance.sudi.read()?,
        entitlement: EntitlementTag::from_text(decode(raw.meta.entitlement_tag)?)?,
        software_version: raw.meta.software_version.map(decode).transpose()?,
        hostname: raw.meta.hostname.map(decode).transpose()?,
        utility_enabled: raw.meta.utility_enabled,
        members: raw.meta.ha_udi.iter().map(RawMember::read).collect::<Result<_, _>>()?,
        measurements: raw
            .measurements
            .iter()
            .map(RawMeasurement::read)
            .collect::<Result<_, _>>()?,
        notes: raw.meta.notes.into_iter().map(decode).collect::<Result<_, _>>()?,
        country: raw.meta.customer_info.map(RawCustomer::read).transpose()?,
    })
}

fn word(field: &'static str, found: &str, wanted: &str) -> Result<(), ReportError> {
    if found == wanted { Ok(()) } else { Err(ReportError::Word { field }) }
}

/// Undoes percent-encoding, which must be just what [`quoted`] makes.
fn decode(text: &str) -> Result<String, ReportError> {
    if !text.as_bytes().contains(&b'%') {
        return Ok(text.to_owned());
    }
    let plain = percent_decode_str(text).decode_utf8().map_err(|_| ReportError::Form)?;
    let again: Cow<'_, str> = utf8_percent_encode(&plain, ENCODED).into();
    if again == text { Ok(plain.into_owned()) } else { Err(ReportError::Form) }
}

impl RawUdi<'_> {
    fn read(&self) -> Result<Udi, ReportError> {
        let field = |text: Option<&str>| text.map(decode).transpose();
        Ok(Udi {
            pid: field(self.udi_pid)?,
            serial: field(self.udi_serial_number)?,
            vid: field(self.udi_vid)?,
            uuid: field(self.uuid)?,
            suvi: field(self.suvi)?,
            host_identifier: field(self.host_identifier)?,
            mac_address: field(self.mac_address)?,
        })
    }
}

impl RawCustomer<'_> {
    fn read(self) -> Result<Country, ReportError> {
        Country::new(self.country).map_err(|_| ReportError::Word { field: "country" })
    }
}

impl RawMember<'_> {
    fn read(&self) -> Result<Member, ReportError> {
        let role = match self.role {
            "Active" => MemberRole::Active,
            "Standby" => MemberRole::Standby,
            "Member" => MemberRole::Member,
            _ => return Err(ReportError::Word { field: "role" }),
        };
        Ok(Member { role, udi: self.sudi.read()? })
    }
}

impl RawMeasurement<'_> {
    fn read(&self) -> Result<Measurement, ReportError> {
        word("metric_name", self.metric_name, "ENTITLEMENT")?;
        word("type", self.value.r#type, "COUNT")?;
        let time = |field, seconds| {
            Timestamp::checked_seconds(seconds).ok_or(ReportError::Number { field })
        };
        let consumers =
            |list: &[RawUdi<'_>]| list.iter().map(RawUdi::read).collect::<Result<_, _>>();
        let count: u64 = integer("value", self.value.value)?;
        let meta = &self.meta;
        Ok(Measurement {
            log_time: time("log_time", self.log_time)?,
            start_time: time("start_time", self.start_time)?,
            end_time: time("end_time", self.end_time)?,
            sample_interval: self.sample_interval,
            num_samples: self.num_samples,
            value: Count::new(count)?,
            added: consumers(&meta.added_sudi_list)?,
            removed: consumers(&meta.removed_sudi_list)?,
            termination_reason: meta.termination_reason.map(decode).transpose()?,
            close_reason: meta.close_reason.map(decode).transpose()?,
            clock_change_delta: meta
                .clock_change_delta
                .map(|delta| integer("clock_change_delta", delta))
                .transpose()?,
        })
    }
}

/// Reads a whole number in a string, which must be written in the one plain way.
fn integer<N: core::str::FromStr>(field: &'static str, text: &str) -> Result<N, ReportError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.starts_with('+') && (!digits.starts_with('0') || text == "0");
    text.parse().ok().filter(|_| plain).ok_or(ReportError::Number { field })
}

/// The device identifier of an own payload, as it is written there, if it is one
/// and not overlong; nothing is verified.
pub(crate) fn sudi_text(payload: &str) -> Option<&str> {
    const MOST_BYTES: usize = 2048;
    let (_, rest) = payload.split_once(r#""instance":{"sudi":"#)?;
    let text = rest.get(..=rest.find('}')?)?;
    let sound = text.len() <= MOST_BYTES && serde_json::from_str::<RawUdi<'_>>(text).is_ok();
    sound.then_some(text)
}
