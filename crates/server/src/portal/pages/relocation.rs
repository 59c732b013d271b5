//! Product instances about to be moved, removed or kept: which, and what that comes to.

use askama::Template;

use super::filters;
use super::form::Form;
use super::frame::Frame;
use super::page;
use super::parts::LicenseLink;

/// The steps of moving, removing or keeping product instances.
#[derive(Clone, Debug, Template)]
#[template(path = "relocation.html", blocks = ["live"])]
pub struct Relocation {
    /// The frame.
    pub frame: Frame,
    /// What is about to be done, as a heading.
    pub title: String,
    /// What it means, one or two sentences.
    pub text: &'static str,
    /// What is known of it so far; `None` before anything was chosen.
    pub preview: Option<Preview>,
    /// Goes on to the next step.
    pub form: Option<Form>,
    /// Where it is left alone.
    pub back: String,
}

/// What would happen.
#[derive(Clone, Debug)]
pub struct Preview {
    /// How many would be changed and how many are so already, a sentence.
    pub summary: String,
    /// The lines that name no single product instance.
    pub unclear: Vec<UnclearRow>,
    /// The pools in which use would come or go.
    pub shifts: Vec<ShiftRow>,
}

/// A line that names no single product instance.
#[derive(Clone, Debug)]
pub struct UnclearRow {
    /// Its number.
    pub number: usize,
    /// What it says.
    pub text: String,
    /// What is the matter with it.
    pub why: String,
}

/// A pool in which use would come or go.
#[derive(Clone, Debug)]
pub struct ShiftRow {
    /// The license.
    pub license: LicenseLink,
    /// The virtual account.
    pub virtual_account: String,
    /// In use before.
    pub before: i64,
    /// In use after it.
    pub after: i64,
    /// The balance before.
    pub balance_before: i64,
    /// The balance after it.
    pub balance: i64,
    /// What happens to its alarm.
    pub turn: Turn,
}

/// What happens to the alarm of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    None,
    /// It opens.
    Opens,
    /// It settles.
    Settles,
}

impl Relocation {
    pub(crate) fn here(&self) -> &'static str {
        "instances"
    }
}

page!(Relocation);
