//! What was found in an account.

use askama::Template;

use super::filters;
use super::frame::Frame;
use super::page;

/// What is called so.
#[derive(Clone, Debug, Template)]
#[template(path = "search.html", blocks = ["live"])]
pub struct Search {
    /// The frame.
    pub frame: Frame,
    /// What was looked for.
    pub text: String,
    /// What was found, by kind; kinds of which nothing was found are left out.
    pub kinds: Vec<Kind>,
}

/// Things of one kind.
#[derive(Clone, Debug)]
pub struct Kind {
    /// What they are.
    pub title: &'static str,
    /// Their icon in the sprite.
    pub icon: &'static str,
    /// The first of them.
    pub hits: Vec<Hit>,
    /// The list of all that are called so, if there is one.
    pub all: Option<String>,
}

/// Something that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Where it is.
    pub href: String,
    /// What it is called.
    pub label: String,
    /// A few words about it; may be empty.
    pub about: String,
}

impl Search {
    fn here(&self) -> &'static str {
        "search"
    }
}

page!(Search);
