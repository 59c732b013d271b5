//! The usage file: reports of one device, or of many.
//!
//! `<smartLicense>` holds an optional `<smartLicenseSystemInfo>` and any number of
//! `<RUMReport>`; a bare `<RUMReport>` is a usage file too.

use serde::{Deserialize, Serialize};

use super::xml::{self, Document};
use super::{Fault, FileError, ROOT, misplaced, once, read_data};
use crate::json;
use crate::limits;
use crate::seal::{Carried, SealedReport};
use crate::tag::SoftwareTag;
use crate::text;
use crate::time::Timestamp;
use crate::udi::Udi;

pub(super) const SYSTEM: &str = "smartLicenseSystemInfo";
pub(super) const REPORT: &str = "RUMReport";

/// How much a usage file may hold, by the road it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A device's push: 1 MiB, 64 reports.
    Push,
    /// A person's or carrier's upload: 50 MiB, 20,000 reports.
    File,
}

impl Room {
    const fn bytes(self) -> usize {
        match self {
            Room::Push => limits::PUSH_BYTES,
            Room::File => limits::FILE_BYTES,
        }
    }

    const fn reports(self) -> usize {
        match self {
            Room::Push => limits::REPORTS_PER_PUSH,
            Room::File => limits::REPORTS_PER_FILE,
        }
    }

    const fn fault(self) -> Fault {
        match self {
            Room::Push => Fault::PushSize,
            Room::File => Fault::FileSize,
        }
    }
}

/// What the system that wrote the file says of itself; nothing rests on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// When it wrote the file.
    pub timestamp: Option<Timestamp>,
    /// Whatever it put there to tell files apart.
    pub nonce: Option<String>,
    /// Which system it is.
    pub udi: Option<Udi>,
    /// Its name.
    pub hostname: Option<String>,
    /// Its software.
    pub software: Option<SoftwareTag>,
}

/// Reports on their way, unopened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFile {
    /// Who wrote the file.
    pub system: Option<System>,
    /// The reports, in the order of the file.
    pub reports: Vec<Carried>,
}

impl UsageFile {
    /// Reads a usage file, all or nothing.
    ///
    /// # Errors
    /// [`FileError`] names the line, and what is wrong with it.
    pub fn parse(bytes: &[u8], room: Room) -> Result<UsageFile, FileError> {
        if bytes.len() > room.bytes() {
            return Err(FileError::new(&room.fault(), bytes, 0));
        }
        Document::read(bytes, |document| UsageFile::read(document, room))
    }

    fn read(document: &mut Document<'_>, room: Room) -> Result<UsageFile, Fault> {
        let mut file = UsageFile::default();
        let root = document.root()?;
        if root == REPORT {
            file.reports.push(read_report(document)?);
            return Ok(file);
        }
        if root != ROOT {
            return Err(misplaced(root, "<smartLicense> or <RUMReport>"));
        }
        while let Some(name) = document.child()? {
            match name.as_str() {
                REPORT if file.reports.len() == room.reports() => return Err(room.fault()),
                REPORT => file.reports.push(read_report(document)?),
                SYSTEM => once(&mut file.system, SYSTEM, System::read(&read_data(document)?))?,
                _ => return Err(misplaced(name, "<RUMReport>")),
            }
        }
        Ok(file)
    }

    /// Writes the file; foreign reports just as they came.
    pub fn to_xml(&self) -> String {
        let mut out = String::with_capacity(256 + 2048 * self.reports.len());
        xml::open(&mut out, ROOT);
        if let Some(system) = &self.system {
            xml::open(&mut out, SYSTEM);
            xml::open(&mut out, "data");
            xml::verbatim(&mut out, &system.to_json());
            xml::close(&mut out, "data");
            xml::close(&mut out, SYSTEM);
        }
        for report in &self.reports {
            xml::open(&mut out, REPORT);
            xml::verbatim(&mut out, &report.to_json());
            xml::close(&mut out, REPORT);
        }
        xml::close(&mut out, ROOT);
        out
    }
}

fn read_report(document: &mut Document<'_>) -> Result<Carried, Fault> {
    let text = document.text()?;
    Ok(SealedReport::from_json(text.trim_ascii())?)
}

/// The description on the wire.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct RawSystem {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sudi: Option<Udi>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    software_tag_identifier: Option<String>,
}

impl System {
    fn to_json(&self) -> String {
        let raw = RawSystem {
            timestamp: self.timestamp.map(|time| wire_time(time).into()),
            nonce: self.nonce.as_deref().map(Into::into),
            sudi: self.udi.clone(),
            hostname: self.hostname.clone(),
            software_tag_identifier: self.software.as_ref().map(|tag| tag.as_str().to_owned()),
        };
        serde_json::to_string(&raw).unwrap_or_else(|_| "{}".to_owned())
    }

    /// Reads what can be read: a usage file is not refused for what nothing rests on.
    fn read(json: &str) -> System {
        let shallow = json::is_shallow(json);
        let raw: RawSystem = Some(json)
            .filter(|_| shallow)
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default();
        let nonce = raw.nonce.map(|nonce| match nonce {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        });
        let sound = |text: &String| text::check(text).is_ok();
        System {
            timestamp: raw.timestamp.as_ref().and_then(instant),
            nonce: nonce.filter(sound),
            udi: raw.sudi.filter(|udi| udi.validate().is_ok()),
            hostname: raw.hostname.filter(sound),
            software: raw.software_tag_identifier.and_then(|tag| SoftwareTag::from_text(tag).ok()),
        }
    }
}

/// The year 9999 in seconds, January 1978 in milliseconds: no device speaks of days before that.
const LAST_SECOND: i64 = Timestamp::MAX.seconds();

/// A time in digits or a string of digits; makers differ in whether they mean seconds or milliseconds.
fn instant(value: &serde_json::Value) -> Option<Timestamp> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    let number = i64::try_from(number).ok()?;
    Timestamp::checked(if number <= LAST_SECOND { number * 1000 } else { number })
}

/// A time as [`instant`] reads it: in seconds, or in milliseconds where they say more.
fn wire_time(time: Timestamp) -> i64 {
    let whole = time.millis() % 1000 == 0 || time.millis() <= LAST_SECOND;
    if whole { time.seconds() } else { time.millis() }
}
