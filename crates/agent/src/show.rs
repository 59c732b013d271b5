//! What `show license …` prints: the layouts that people and their parsers know.
//!
//! Each function writes one page about a device as it is; nothing is decided or changed here. The
//! words of a product's maker come from the device's profile. The same facts as JSON: [`facts`].

mod facts;
mod reports;
mod status;
mod usage;

pub use facts::facts;

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use wire::time::Timestamp;

use crate::device::Device;

/// A page of `show license`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Page {
    /// One line per license in use.
    Summary,
    /// Each license in use with its terms.
    Usage,
    /// Trust, policy and reporting.
    Status,
    /// Who the device is.
    Udi,
    /// All of these.
    All,
}

/// Writes a page, ending with a line feed.
#[must_use]
pub fn page(device: &Device, page: Page) -> String {
    let mut text = String::new();
    match page {
        Page::Summary => usage::summary(&mut text, device),
        Page::Usage => usage::usage(&mut text, device),
        Page::Status => status::status(&mut text, device),
        Page::Udi => status::udi(&mut text, device),
        Page::All => all(&mut text, device),
    }
    text
}

fn all(text: &mut String, device: &Device) {
    text.push_str(
        "\nSmart Licensing Status\n======================\n\nSmart Licensing is ENABLED\n\n",
    );
    text.push_str("Export Authorization Key:\n  Features Authorized:\n    <none>\n\n");
    status::parts(text, device);
    text.push_str("\nLicense Usage\n=============\n\n");
    usage::licenses(text, device);
    text.push_str("Product Information\n===================\n");
    status::udi(text, device);
    let agent = &device.profile().words.agent;
    put(text, format_args!("\nAgent Version\n=============\n{agent}\n\n"));
    reports::authorizations(text, device);
    reports::summary(text, device);
}

/// Adds formatted text; writing to a string cannot fail.
fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(line);
}

/// A time as the field shows it, or `<none>`.
fn when(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "<none>".to_owned(), Timestamp::show_style)
}
