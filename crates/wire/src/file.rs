//! The XML forms in which sealed messages are carried: by HTTP, by a courier, on a
//! stick. The bytes are the same on every road.
//!
//! Reading is all or nothing: a file is taken whole or refused with the line
//! that is wrong. There is no DTD and no entity but the five of XML. What is
//! inside stays unopened. Not here: tarballs, which are the courier's.

mod answer;
mod trust;
mod usage;
mod xml;

pub use answer::AckFile;
pub use trust::TrustFile;
pub use usage::{Room, System, UsageFile};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use self::xml::Document;
use crate::limits;
use crate::report::ReportError;
use crate::seal::OpenError;

/// The root element of every file but bare ones.
const ROOT: &str = "smartLicense";

/// Why a file was refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", place(*.line, *.column, .code))]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The stable code, as at the end of the reason.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Where it is, unless the whole file is meant.
fn place(line: usize, column: usize, code: &str) -> String {
    if code == WRONG_KIND { String::new() } else { format!("line {line}, column {column}: ") }
}

/// The code of a file that is read elsewhere.
const WRONG_KIND: &str = "file.kind";

/// What is wrong, before it is known where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error(
        "the push is larger than {} bytes or {} reports: send fewer reports in it (size.push)",
        limits::PUSH_BYTES,
        limits::REPORTS_PER_PUSH
    )]
    PushSize,
    #[error(
        "the file is larger than {} bytes or {} reports: split it (size.file)",
        limits::FILE_BYTES,
        limits::REPORTS_PER_FILE
    )]
    FileSize,
    #[error(
        "the file is larger than {} bytes: send it as it was made (size.file)",
        limits::PUSH_BYTES
    )]
    AnswerSize,
    #[error("the file is not UTF-8: save it as UTF-8 (file.encoding)")]
    Encoding,
    #[error("the file is not sound XML ({0}): get it anew (file.xml)")]
    Xml(String),
    #[error("the file has a document type, which is not read: remove it (file.doctype)")]
    DocumentType,
    #[error("the entity &{0}; is not known: write the character itself (file.entity)")]
    Entity(String),
    #[error(
        "elements nest deeper than {} levels: send the file as it was made (file.depth)",
        limits::XML_DEPTH
    )]
    Depth,
    #[error(
        "<{found}> does not belong here, {expected} does: send the file as it was made (file.element)"
    )]
    Element { found: String, expected: &'static str },
    #[error("{} ({WRONG_KIND})", .0.words())]
    Kind(Kind),
    #[error("<{0}> comes twice: send one of each (file.twice)")]
    Twice(&'static str),
    #[error("{expected} is missing: send the file as it was made (file.missing)")]
    Missing { expected: &'static str },
    #[error("there is text between the elements: send the file as it was made (file.text)")]
    StrayText,
    #[error("that is not base64: send the file as it was made (file.base64)")]
    Base64,
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Seal(#[from] OpenError),
}

impl Fault {
    const fn code(&self) -> &'static str {
        match self {
            Fault::PushSize => "size.push",
            Fault::FileSize | Fault::AnswerSize => "size.file",
            Fault::Encoding => "file.encoding",
            Fault::Xml(_) => "file.xml",
            Fault::DocumentType => "file.doctype",
            Fault::Entity(_) => "file.entity",
            Fault::Depth => "file.depth",
            Fault::Element { .. } => "file.element",
            Fault::Kind(_) => WRONG_KIND,
            Fault::Twice(_) => "file.twice",
            Fault::Missing { .. } => "file.missing",
            Fault::StrayText => "file.text",
            Fault::Base64 => "file.base64",
            Fault::Report(error) => error.code(),
            Fault::Seal(error) => error.code(),
        }
    }
}

/// What a file is that came where another kind is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Usage,
    TrustRequest,
    Answer,
}

impl Kind {
    /// The kind of file that an element belongs to.
    fn of(element: &str) -> Option<Kind> {
        match element {
            usage::REPORT | usage::SYSTEM => Some(Kind::Usage),
            trust::REQUEST => Some(Kind::TrustRequest),
            answer::ACK | answer::POLICY | answer::BUNDLE | answer::TRUST => Some(Kind::Answer),
            _ => None,
        }
    }

    /// What it is and where it belongs.
    const fn words(self) -> &'static str {
        match self {
            Kind::Usage => {
                "this is usage that a device saved: take it to its license manager, `scrip import usage`"
            }
            Kind::TrustRequest => {
                "this is a trust request that a device saved: take it to its license manager, `scrip import trust`"
            }
            Kind::Answer => {
                "this is a license manager's answer to a device: take it to that device, `scrip-agent import`"
            }
        }
    }
}

/// An element that is read elsewhere, or nowhere.
fn misplaced(found: String, expected: &'static str) -> Fault {
    match Kind::of(&found) {
        Some(kind) => Fault::Kind(kind),
        None => Fault::Element { found, expected },
    }
}

impl FileError {
    /// Names the place: `at` bytes into `text`.
    fn new(fault: &Fault, text: &[u8], at: usize) -> FileError {
        let before = text.get(..at).unwrap_or(text);
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        // Bytes that continue a character are not counted.
        let column = before[start..].iter().filter(|byte| **byte & 0xC0 != 0x80).count() + 1;
        FileError { line, column, code: fault.code(), reason: fault.to_string() }
    }
}

/// Writes `<name><data>…</data></name>` around base64.
fn write_data(out: &mut String, name: &str, bytes: &[u8]) {
    xml::open(out, name);
    xml::open(out, "data");
    STANDARD.encode_string(bytes, out);
    xml::close(out, "data");
    xml::close(out, name);
}

/// Reads the `<data>` within the element that was just opened; elements beside it are passed over.
fn read_data(document: &mut Document<'_>) -> Result<String, Fault> {
    let mut data = None;
    while let Some(name) = document.child()? {
        if name != "data" {
            document.skip()?;
        } else if data.replace(document.text()?).is_some() {
            return Err(Fault::Twice("data"));
        }
    }
    data.map(std::borrow::Cow::into_owned).ok_or(Fault::Missing { expected: "<data>" })
}

/// Reads the base64 of `<data>` within the element that was just opened; it may be wrapped.
fn read_bytes(document: &mut Document<'_>) -> Result<Vec<u8>, Fault> {
    let mut text = read_data(document)?;
    text.retain(|character| !character.is_ascii_whitespace());
    STANDARD.decode(text).map_err(|_| Fault::Base64)
}

/// Fills a place that may be filled once.
fn once<T>(place: &mut Option<T>, name: &'static str, value: T) -> Result<(), Fault> {
    if place.replace(value).is_some() { Err(Fault::Twice(name)) } else { Ok(()) }
}
