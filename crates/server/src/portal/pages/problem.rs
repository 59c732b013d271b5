//! The page that says what went wrong and what to do.

use askama::Template;

use super::filters;
use super::page;
use super::parts::{Act, Way};

/// An error as a page.
#[derive(Clone, Debug, Template)]
#[template(path = "problem.html", blocks = ["live"])]
pub struct Problem {
    /// The HTTP status it is sent with.
    pub status: u16,
    /// The stable code, such as `trust.token_expired`.
    pub code: String,
    /// What is wrong, in few words, as a sentence without a full stop: `There is no such page`.
    pub title: String,
    /// More about it, whole sentences; may be empty.
    pub detail: String,
    /// What to do, best first; may be empty.
    pub ways: Vec<Way>,
    /// Where to go from here.
    pub back: Act,
}

page!(Problem);
