//! The sign-in page.

use askama::Template;

use super::filters;
use super::frame::Guard;
use super::page;

/// Signing in.
#[derive(Clone, Debug, Template)]
#[template(path = "sign-in.html", blocks = ["live"])]
pub struct SignIn {
    /// For the form; made before there is a session.
    pub guard: Guard,
    /// What is asked for.
    pub with: Credential,
    /// Where to go afterwards: a path of this portal, checked by the portal; field `next`.
    pub next: String,
    /// Why the last try failed and what to do, a whole sentence; `None` at first.
    pub error: Option<String>,
}

/// What a person shows to sign in.
#[derive(Clone, Debug)]
pub enum Credential {
    /// The secret that the server printed at its first start; field `secret`.
    SetUpSecret,
    /// A login, kept as typed, and a password; fields `login` and `password`.
    Password(String),
}

page!(SignIn);
