//! Lines that the command writes to its standard error, for people and for the system's log.

use std::io::Write;

/// Writes what goes on as it should.
pub(super) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "scrip-agent: {text}");
}

/// Writes a warning; where nobody reads it, nothing is done about that.
pub(super) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}
