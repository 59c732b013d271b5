//! The trust request file: `<smartLicense>` with one `<smartLicenseTrustRequest>`.

use super::xml::{self, Document};
use super::{Fault, FileError, ROOT, misplaced, once, read_bytes, write_data};
use crate::limits;
use crate::message::TrustRequest;
use crate::seal::Sealed;

pub(super) const REQUEST: &str = "smartLicenseTrustRequest";

/// A device's request for trust, unopened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFile {
    /// The request, signed with the key inside it.
    pub request: Sealed<TrustRequest>,
}

impl TrustFile {
    /// Reads a trust request file, all or nothing.
    ///
    /// # Errors
    /// [`FileError`] names the line, and what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<TrustFile, FileError> {
        if bytes.len() > limits::PUSH_BYTES {
            return Err(FileError::new(&Fault::AnswerSize, bytes, 0));
        }
        Document::read(bytes, TrustFile::read)
    }

    fn read(document: &mut Document<'_>) -> Result<TrustFile, Fault> {
        let expected = "<smartLicenseTrustRequest>";
        let mut request = None;
        let root = document.root()?;
        if root != ROOT {
            return Err(misplaced(root, "<smartLicense>"));
        }
        while let Some(name) = document.child()? {
            if name != REQUEST {
                return Err(misplaced(name, expected));
            }
            once(&mut request, REQUEST, Sealed::from_bytes(read_bytes(document)?)?)?;
        }
        request.map(|request| TrustFile { request }).ok_or(Fault::Missing { expected })
    }

    /// Writes the file.
    pub fn to_xml(&self) -> String {
        let mut out = String::with_capacity(2048);
        xml::open(&mut out, ROOT);
        write_data(&mut out, REQUEST, self.request.as_bytes());
        xml::close(&mut out, ROOT);
        out
    }
}
