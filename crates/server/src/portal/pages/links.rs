//! Pages behind the links of mails, and the one that asks for such a link.

use askama::Template;

use super::filters;
use super::frame::Guard;
use super::page;
use super::parts::Way;
use super::sign_in::{Note, PasskeyForm};
use super::tokens::Field;
use crate::app::Mailing;

/// Asking for a link to a new password.
#[derive(Clone, Debug, Template)]
#[template(path = "forgotten.html", blocks = ["live"])]
pub struct Forgotten {
    /// For the form.
    pub guard: Guard,
    /// What was done just now.
    pub note: Option<Note>,
    /// Whether mail is sent at all.
    pub mail: Mailing,
    /// Why it was not done and what to do.
    pub error: Option<String>,
}

/// Choosing how to sign in, by a link.
#[derive(Clone, Debug, Template)]
#[template(path = "choose.html", blocks = ["live"])]
pub struct Choose {
    /// For the forms.
    pub guard: Guard,
    /// For what.
    pub occasion: Occasion,
    /// The e-mail address of whose link it is.
    pub email: String,
    /// Where the forms are sent: this page.
    pub path: String,
    /// For the form of a passkey; `None` where none can be made.
    pub passkey: Option<PasskeyForm>,
    /// What is wrong with the password.
    pub error: Option<String>,
}

/// For what somebody chooses how to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// They were invited.
    Invitation,
    /// They have forgotten their password.
    NewPassword,
}

impl Occasion {
    fn head(self) -> &'static str {
        match self {
            Self::Invitation => "Choose how you sign in",
            Self::NewPassword => "Choose a new password",
        }
    }
}

/// An account that waits for its approver.
#[derive(Clone, Debug, Template)]
#[template(path = "approval.html", blocks = ["live"])]
pub struct Approval {
    /// For the form that accepts.
    pub accept: Guard,
    /// For the form that declines.
    pub decline: Guard,
    /// Where the forms are sent: this page.
    pub path: String,
    /// The account's name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// The kind of account, in words.
    pub kind: &'static str,
    /// The country of purchase, or empty.
    pub country: String,
    /// Whom the link was sent to.
    pub approver: String,
    /// What is to be accepted.
    pub terms: Option<Terms>,
    /// Field `reason`.
    pub reason: Field,
    /// Why it was not done and what to do.
    pub error: Option<String>,
}

/// The End User License Agreement.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Its version.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
}

impl Approval {
    /// The version that is accepted: 0 where no terms were published.
    fn version(&self) -> u32 {
        self.terms.as_ref().map_or(0, |terms| terms.version)
    }
}

/// The end of a way: something is done, or cannot be.
#[derive(Clone, Debug, Template)]
#[template(path = "link-end.html", blocks = ["live"])]
pub struct LinkEnd {
    /// In few words.
    pub title: String,
    /// Whole sentences.
    pub detail: String,
    /// What can be done now.
    pub ways: Vec<Way>,
}

page!(Forgotten);
page!(Choose);
page!(Approval);
page!(LinkEnd);
