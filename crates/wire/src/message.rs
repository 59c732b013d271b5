//! What is said in sealed messages: trust, policy, acknowledgements, checkpoints.
//!
//! Each is deterministic CBOR with numbered members; a number once used is never
//! used for anything else, and what is added later is optional. Not here: the
//! seal itself (see [`crate::seal`]), and the reports, which have the field's form.

mod ack;
mod checkpoint;
mod policy;
mod trust;

pub use ack::{Ack, AckedReport, Availability, AvailabilityState, RefusedReport};
pub use checkpoint::Checkpoint;
pub use policy::{Policy, Terms};
pub use trust::{BundleKey, BundleKeyState, TrustBundle, TrustCode, TrustRequest};

use crate::text;

/// Checks a text and names the part it is in.
fn text_in(what: &'static str, value: &str) -> Result<(), &'static str> {
    text::check(value).map_err(|_| what)
}

/// Checks a text that may be absent, and names the part it is in.
fn optional_text_in(what: &'static str, value: Option<&str>) -> Result<(), &'static str> {
    value.map_or(Ok(()), |value| text_in(what, value))
}
