//! Usage reports as they are carried: the payload string, and beside it the
//! signature. Our own are sealed with `COSE_Sign1` over the detached payload;
//! those of other makers (`builtin`) come with a signature that nobody can check.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::envelope::{SigStructure, Sign1};
use super::header::{Chain, Header, RawClaims};
use super::{OpenError, Opened, OpenedReportHeader, SealError};
use crate::cbor::Canonical;
use crate::json;
use crate::key::{KeyId, Realm, SigningKey, VerifyingKey};
use crate::limits;
use crate::report::{RawUdi, Report, ReportError, sudi_text};
use crate::text::TextFault;
use crate::udi::{Udi, UdiError};

/// The type and version of a sealed report.
const TYP: &str = "scrip.report.v1";

/// The signing type of our own reports.
const COSE: &str = "cose";

/// A place in the chain of one key's reports; later ones compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Which store of the device the report comes from; greater for each new one.
    pub epoch: u64,
    /// Counts from 1 in each epoch, without gaps.
    pub number: u64,
}

impl Position {
    /// The number people see: epoch + number − 1, if it is one.
    pub fn report_id(self) -> Option<u64> {
        let id = self.epoch.checked_add(self.number.checked_sub(1)?)?;
        (self.epoch <= limits::WHOLE_NUMBER && id <= limits::WHOLE_NUMBER).then_some(id)
    }
}

/// What stands on the seal of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportHeader {
    /// The key that sealed it.
    pub key: KeyId,
    /// The installation it is for; none when it was closed before the first trust.
    pub realm: Option<Realm>,
    /// Where it stands in the chain.
    pub position: Position,
    /// The hash of the report before; 32 zero bytes for the first.
    pub previous: [u8; 32],
}

/// A report sealed by the device's own key, unopened.
///
/// Only the payload and the signature are kept. The device identifier and key
/// name beside them on the wire are for carriers to read; they are never
/// trusted, and written anew from what is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedReport {
    payload: String,
    cose: Vec<u8>,
}

/// A report of another maker: its signature cannot be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignReport {
    /// The payload, byte for byte.
    pub payload: String,
    /// How it says it is signed, `builtin` mostly.
    pub signing_type: String,
    /// What it names as its key.
    pub key: String,
    /// What it gives as its signature.
    pub value: String,
    /// Whose it says it is.
    pub sudi: Udi,
    /// All of it, as it came.
    pub json: String,
}

/// A report as it comes off the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// One of ours: it can be opened.
    Sealed(SealedReport),
    /// One of another maker: it can be read, and stays unverified.
    Foreign(Box<ForeignReport>),
}

#[derive(Deserialize)]
struct RawCarried<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    signature: RawSignature<'a>,
}

#[derive(Deserialize)]
struct RawSignature<'a> {
    #[serde(borrow)]
    signing_type: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
}

/// What is looked at in foreign reports only.
#[derive(Deserialize)]
struct RawOwner<'a> {
    #[serde(borrow)]
    signature: RawSudi<'a>,
}

#[derive(Deserialize)]
struct RawSudi<'a> {
    #[serde(borrow, default)]
    sudi: Option<RawUdi<'a>>,
}

/// How much longer the frame that we write may be than the one that came.
const FRAME_GROWTH: usize = 4096;

impl SealedReport {
    /// Seals `report` at `position`, after the report whose hash is `previous`.
    ///
    /// # Errors
    /// [`SealError`] when the report exceeds a limit, or its id does not follow from the position.
    pub fn seal(
        report: &Report,
        position: Position,
        previous: [u8; 32],
        realm: Option<Realm>,
        key: &SigningKey,
    ) -> Result<SealedReport, SealError> {
        if position.report_id() != Some(report.report_id) {
            return Err(SealError::Position);
        }
        let payload = report.to_payload()?;
        let header = Header {
            key: Some(key.id()),
            claims: RawClaims {
                audience: realm.map(|realm| *realm.as_bytes()),
                ..RawClaims::default()
            },
            typ: Some(TYP),
            chain: Some(Chain { position, previous }),
        };
        let protected = header.to_bytes();
        let signature = key.sign(&structure(&protected, &payload));
        let cose = Sign1 { protected: &protected, payload: None, signature }.to_bytes();
        let sealed = SealedReport { payload, cose };
        // The quotes of the payload are escaped when it is carried.
        if sealed.to_json().len() > limits::REPORT_BYTES {
            return Err(SealError::Report(ReportError::Size));
        }
        Ok(sealed)
    }

    /// Reads a report off the wire, ours or another maker's.
    ///
    /// # Errors
    /// [`ReportError`] when it is too large or not of the carried form. Nothing is verified.
    pub fn from_json(json: &str) -> Result<Carried, ReportError> {
        if json.len() > limits::REPORT_BYTES {
            return Err(ReportError::Size);
        }
        let raw: RawCarried<'_> =
            serde_json::from_str(json).map_err(|error| ReportError::Json(error.to_string()))?;
        if raw.signature.signing_type != COSE {
            return ForeignReport::take(raw, json)
                .map(|foreign| Carried::Foreign(Box::new(foreign)));
        }
        let cose = STANDARD
            .decode(raw.signature.value.as_bytes())
            .map_err(|_| ReportError::Json("its signature is not base64".to_owned()))?;
        let sealed = SealedReport { payload: raw.payload.into_owned(), cose };
        // What is taken in can always be carried on.
        if json.len() > limits::REPORT_BYTES - FRAME_GROWTH
            && sealed.to_json().len() > limits::REPORT_BYTES
        {
            return Err(ReportError::Size);
        }
        Ok(Carried::Sealed(sealed))
    }

    /// Takes up the two parts that are kept of a sealed report.
    pub fn from_parts(payload: String, cose: Vec<u8>) -> SealedReport {
        SealedReport { payload, cose }
    }

    /// The payload, byte for byte as it is signed.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// The signature: a `COSE_Sign1` with detached payload.
    pub fn cose(&self) -> &[u8] {
        &self.cose
    }

    /// Writes the report as it is carried: compact JSON.
    pub fn to_json(&self) -> String {
        let sudi = sudi_text(&self.payload).unwrap_or("{}");
        let key = self.peek().map(|header| header.key.to_string()).unwrap_or_default();
        let payload = serde_json::Value::from(self.payload.as_str()).to_string();
        let value = STANDARD.encode(&self.cose);
        format!(
            r#"{{"payload":{payload},"signature":{{"sudi":{sudi},"signing_type":"{COSE}","key":"{key}","value":"{value}"}},"header":{{"type":"rum"}}}}"#
        )
    }

    /// Reads the seal without verifying it: only to find the key.
    ///
    /// # Errors
    /// [`OpenError`] when the signature is not of the form.
    pub fn peek(&self) -> Result<ReportHeader, OpenError> {
        self.parse().map(|(header, _)| header)
    }

    /// Verifies the report with the device's key and reads it.
    ///
    /// # Errors
    /// [`OpenError::Realm`] when the report names an installation other than
    /// `realm`, [`OpenError::Key`] or [`OpenError::Signature`] when `key` did not
    /// sign it, others when it is malformed.
    pub fn open(&self, key: &VerifyingKey, realm: Realm) -> Result<Opened<Report>, OpenError> {
        if self.payload.len() > limits::REPORT_BYTES {
            return Err(OpenError::Size { limit: limits::REPORT_BYTES });
        }
        let (header, sealed) = self.parse()?;
        if header.realm.is_some_and(|named| named != realm) {
            return Err(OpenError::Realm);
        }
        if header.key != key.id() {
            return Err(OpenError::Key);
        }
        let signed = structure(sealed.protected, &self.payload);
        if !key.verify(&signed, &sealed.signature) {
            return Err(OpenError::Signature);
        }
        let inner = Report::from_payload(&self.payload)?;
        let header = OpenedReportHeader { header, hash: Sha256::digest(&signed).into() };
        Ok(Opened { inner, header })
    }

    /// The hash that the report goes by: SHA-256 over the `Sig_structure`. Of a
    /// signature that is malformed, over its bytes and the payload.
    pub fn hash(&self) -> [u8; 32] {
        match Sign1::parse(&self.cose) {
            Ok(sealed) => Sha256::digest(structure(sealed.protected, &self.payload)).into(),
            Err(_) => Sha256::digest(structure(&self.cose, &self.payload)).into(),
        }
    }

    fn parse(&self) -> Result<(ReportHeader, Sign1<'_>), OpenError> {
        let sealed = Sign1::parse(&self.cose)?;
        if sealed.payload.is_some() {
            return Err(OpenError::Malformed { what: "the signature" });
        }
        let header = Header::parse(sealed.protected)?;
        if header.typ != Some(TYP) {
            return Err(OpenError::Type { expected: TYP });
        }
        let malformed = OpenError::Malformed { what: "the header of the signature" };
        let RawClaims { audience, expires: None, issued: None } = header.claims else {
            return Err(malformed);
        };
        let (Some(key), Some(Chain { position, previous })) = (header.key, header.chain) else {
            return Err(malformed);
        };
        position.report_id().ok_or(malformed)?;
        let realm = audience.map(Realm::from_bytes);
        Ok((ReportHeader { key, realm, position, previous }, sealed))
    }
}

fn structure(protected: &[u8], payload: &str) -> Vec<u8> {
    SigStructure { protected, signer: None, payload: payload.as_bytes() }.to_bytes()
}

impl ForeignReport {
    fn take(raw: RawCarried<'_>, json: &str) -> Result<ForeignReport, ReportError> {
        if !json::is_shallow(json) {
            return Err(ReportError::Depth);
        }
        let owner: RawOwner<'_> =
            serde_json::from_str(json).map_err(|error| ReportError::Json(error.to_string()))?;
        let RawCarried { payload, signature } = raw;
        let foreign = ForeignReport {
            payload: payload.into_owned(),
            signing_type: signature.signing_type.into_owned(),
            key: signature.key.unwrap_or_default().into_owned(),
            value: signature.value.into_owned(),
            sudi: owner.signature.sudi.map(RawUdi::read).unwrap_or_default(),
            json: json.to_owned(),
        };
        foreign.check()?;
        Ok(foreign)
    }

    /// No store takes a NUL, and no list of devices a name of a million characters.
    fn check(&self) -> Result<(), ReportError> {
        for (field, text) in [
            ("payload", &self.payload),
            ("signing_type", &self.signing_type),
            ("key", &self.key),
            ("value", &self.value),
        ] {
            if text.contains('\0') {
                return Err(ReportError::Text { field, fault: TextFault::Control });
            }
        }
        match self.sudi.validate() {
            Err(UdiError::NoIdentity) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the payload; nothing vouches for it.
    ///
    /// # Errors
    /// [`ReportError`] says what is wrong with the payload.
    pub fn read(&self) -> Result<Report, ReportError> {
        Report::from_foreign_payload(&self.payload)
    }

    /// What the report is known by: SHA-256 over its payload without ASCII white
    /// space, so that a carrier's reformatting makes no second report of it.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for piece in self.payload.split(|character: char| character.is_ascii_whitespace()) {
            hash.update(piece);
        }
        hash.finalize().into()
    }
}

impl Carried {
    /// Writes the report as it is carried; a foreign one just as it came.
    pub fn to_json(&self) -> Cow<'_, str> {
        match self {
            Carried::Sealed(report) => report.to_json().into(),
            Carried::Foreign(report) => report.json.as_str().into(),
        }
    }

    /// The hash that the report goes by.
    pub fn hash(&self) -> [u8; 32] {
        match self {
            Carried::Sealed(report) => report.hash(),
            Carried::Foreign(report) => report.hash(),
        }
    }
}
