//! The answer file: what a server has to say to a device, each part sealed.
//!
//! `<smartLicense>` with any of `<smartLicenseTrustBundle>`,
//! `<smartLicenseTrustCode>`, `<smartLicenseRumAck>` and `<smartLicensePolicy>`,
//! in that order when we write it. A policy alone may be the root itself.

use super::xml::{self, Document};
use super::{Fault, FileError, ROOT, misplaced, once, read_bytes, write_data};
use crate::limits;
use crate::message::{Ack, Policy, TrustBundle, TrustCode};
use crate::seal::{Countersigned, Sealed};

pub(super) const ACK: &str = "smartLicenseRumAck";
pub(super) const POLICY: &str = "smartLicensePolicy";
pub(super) const BUNDLE: &str = "smartLicenseTrustBundle";
pub(super) const TRUST: &str = "smartLicenseTrustCode";

/// What a server answers, unopened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AckFile {
    /// Which reports are recorded.
    pub ack: Option<Sealed<Ack>>,
    /// How often to report.
    pub policy: Option<Sealed<Policy>>,
    /// By which keys to know the server.
    pub bundle: Option<Countersigned<TrustBundle>>,
    /// What the server calls the device.
    pub trust: Option<Sealed<TrustCode>>,
}

impl AckFile {
    /// Reads an answer file, all or nothing.
    ///
    /// # Errors
    /// [`FileError`] names the line, and what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<AckFile, FileError> {
        if bytes.len() > limits::PUSH_BYTES {
            return Err(FileError::new(&Fault::AnswerSize, bytes, 0));
        }
        Document::read(bytes, AckFile::read)
    }

    fn read(document: &mut Document<'_>) -> Result<AckFile, Fault> {
        let mut file = AckFile::default();
        let root = document.root()?;
        if root == POLICY {
            file.policy = Some(Sealed::from_bytes(read_bytes(document)?)?);
            return Ok(file);
        }
        if root != ROOT {
            return Err(misplaced(root, "<smartLicense> or <smartLicensePolicy>"));
        }
        while let Some(name) = document.child()? {
            match name.as_str() {
                ACK => once(&mut file.ack, ACK, Sealed::from_bytes(read_bytes(document)?)?)?,
                POLICY => {
                    once(&mut file.policy, POLICY, Sealed::from_bytes(read_bytes(document)?)?)?
                }
                BUNDLE => once(
                    &mut file.bundle,
                    BUNDLE,
                    Countersigned::from_bytes(read_bytes(document)?)?,
                )?,
                TRUST => once(&mut file.trust, TRUST, Sealed::from_bytes(read_bytes(document)?)?)?,
                _ => return Err(misplaced(name, "an answer of the server")),
            }
        }
        Ok(file)
    }

    /// Writes the file.
    pub fn to_xml(&self) -> String {
        let mut out = String::with_capacity(4096);
        xml::open(&mut out, ROOT);
        let parts = [
            (BUNDLE, self.bundle.as_ref().map(Countersigned::as_bytes)),
            (TRUST, self.trust.as_ref().map(Sealed::as_bytes)),
            (ACK, self.ack.as_ref().map(Sealed::as_bytes)),
            (POLICY, self.policy.as_ref().map(Sealed::as_bytes)),
        ];
        for (name, bytes) in parts {
            if let Some(bytes) = bytes {
                write_data(&mut out, name, bytes);
            }
        }
        xml::close(&mut out, ROOT);
        out
    }
}
