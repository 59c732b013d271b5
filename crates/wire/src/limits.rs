//! Every bound on what travels, each with its reason.
//!
//! Whoever reads from outside checks the size against this file before
//! reading on. Not here: rates, queues and time-outs, which are the server's.

use crate::time::Span;

/// The body of one push, in bytes: 64 reports of the usual 1–2 kB fit many times over,
/// and 1,000 connections that all send the most hold 1 GiB, not more.
pub const PUSH_BYTES: usize = 1024 * 1024;

/// Reports in one push: one acknowledgement names them all and stays small for a device.
pub const REPORTS_PER_PUSH: usize = 64;

/// A usage file that a person uploads, in bytes: a device that saved everything it has
/// writes a few MB; ten times that is a fleet's file, and it is read into memory.
pub const FILE_BYTES: usize = 50 * 1024 * 1024;

/// Reports in one uploaded file: 50 MiB of the usual size is not more than this.
pub const REPORTS_PER_FILE: usize = 20_000;

/// One carried report, in bytes: 512 measurements of some 250 bytes, with consumers, fit.
pub const REPORT_BYTES: usize = 256 * 1024;

/// Measurements in a report of our own: a device merges neighbours beyond this.
pub const MEASUREMENTS_PER_REPORT: usize = 512;

/// Measurements in a foreign report: other makers' devices do not merge.
pub const MEASUREMENTS_PER_FOREIGN_REPORT: usize = 4096;

/// Licenses in use on one product instance: the page of an instance stays readable at once.
pub const TAGS_PER_INSTANCE: usize = 256;

/// Members of one high-availability set or stack: the largest stacks have 16.
pub const MEMBERS: usize = 64;

/// Consumers (access points, phones) added and removed in one measurement: the largest controllers carry 6,000.
pub const CONSUMERS_PER_MEASUREMENT: usize = 10_000;

/// Notes in one report: each kind of note comes at most once, and there are few.
pub const NOTES: usize = 16;

/// Any free text (names, versions, serial numbers), in characters: what the field's own model allows.
pub const TEXT_CHARS: usize = 255;

/// An ID token's text, in characters: what devices take at their command line.
pub const TOKEN_CHARS: usize = 255;

/// A quantity: a billion of anything fits 32 bits, and sums of sums fit 64.
pub const COUNT: u32 = 1_000_000_000;

/// Whole numbers in our own messages: what every JSON reader keeps exact (2⁵³ − 1).
pub const WHOLE_NUMBER: u64 = (1 << 53) - 1;

/// Nested XML elements: our forms need three, other makers' a few more.
pub const XML_DEPTH: usize = 8;

/// Nested JSON arrays and objects: a report needs six, and what we skip must not exhaust the stack.
pub const JSON_DEPTH: usize = 16;

/// Nested CBOR arrays and maps: our messages need four.
pub const CBOR_DEPTH: usize = 8;

/// A trust request, in bytes: 64 members with every field at its longest.
pub const TRUST_REQUEST_BYTES: usize = 64 * 1024;

/// A trust request file, in bytes: XML and base64 make it a third longer, and some.
pub const TRUST_FILE_BYTES: usize = TRUST_REQUEST_BYTES * 2;

/// A trust code, in bytes: a dozen short fields.
pub const TRUST_CODE_BYTES: usize = 8 * 1024;

/// A trust bundle, in bytes: hundreds of nodes and retired keys.
pub const TRUST_BUNDLE_BYTES: usize = 64 * 1024;

/// Keys in one trust bundle: hundreds of nodes and retired keys.
pub const KEYS_PER_BUNDLE: usize = 512;

/// Signers of one message: root before and after, and one of each algorithm to come.
pub const SIGNERS: usize = 8;

/// A policy, in bytes: a name and thirteen numbers.
pub const POLICY_BYTES: usize = 4 * 1024;

/// An acknowledgement, in bytes: 64 reports and 256 standings with long tags.
pub const ACK_BYTES: usize = 256 * 1024;

/// A checkpoint of an event log, in bytes: an id, a number, a hash and a time.
pub const CHECKPOINT_BYTES: usize = 1024;

/// How far a device's clock may be off before what it says is flagged: domain practice is an hour.
pub const CLOCK_FLAG: Span = Span::from_hours(1);

/// How far a device's clock may be off when it asks for trust: domain practice is an hour.
pub const TRUST_CLOCK_SKEW: Span = Span::from_hours(1);

/// How many product instances one transaction moves or removes: reports that come meanwhile wait
/// for it, with four uses for each about a second.
pub const INSTANCES_AT_ONCE: usize = 5_000;
