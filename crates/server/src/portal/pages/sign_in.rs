//! The sign-in page, and the one that asks for the second factor.

use askama::Template;

use super::filters;
use super::frame::Guard;
use super::page;
use crate::app::Mailing;
use crate::app::sign_in::Owed;
use crate::proof::passkey::Question;

/// Signing in.
#[derive(Clone, Debug, Template)]
#[template(path = "sign-in.html", blocks = ["live"])]
pub struct SignIn {
    /// For the forms; made before there is a session.
    pub guard: Guard,
    /// Where to go afterwards: a path of this portal, checked by the portal; field `next`.
    pub next: String,
    /// The e-mail address, as it was typed.
    pub email: String,
    /// For the form of a passkey; `None` where the server's address takes none.
    pub passkey: Option<PasskeyForm>,
    /// The identity providers.
    pub providers: Vec<ProviderButton>,
    /// Whether the set-up secret is still asked for.
    pub set_up: SetUp,
    /// Whether a link by mail can be promised.
    pub mail: Mailing,
    /// What was done just now.
    pub note: Option<Note>,
    /// Why the last try failed and what to do, a whole sentence; `None` at first.
    pub error: Option<String>,
}

/// The question that a form's script puts to the browser.
#[derive(Clone, Debug)]
pub struct PasskeyForm {
    /// What the browser is asked, as JSON; in `data-options`.
    pub options: String,
    /// What is kept until it answers; field `state`.
    pub state: String,
}

/// A button that leads to an identity provider.
#[derive(Clone, Debug)]
pub struct ProviderButton {
    /// What people read on it.
    pub label: String,
    /// Where it leads.
    pub path: String,
}

/// Whether the installation still waits for its first operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetUp {
    /// It does: the set-up secret signs in.
    Open,
    /// It does not.
    Over,
}

/// What was done just before the sign-in page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// A password was set by a link.
    PasswordSet,
    /// A passkey was set by a link.
    PasskeySet,
    /// A link was asked for.
    LinkSent,
}

/// The second factor.
#[derive(Clone, Debug, Template)]
#[template(path = "second-factor.html", blocks = ["live"])]
pub struct SecondFactor {
    /// For the forms.
    pub guard: Guard,
    /// Where to go afterwards; field `next`.
    pub next: String,
    /// What a code can be.
    pub takes: Takes,
    /// For the form of a passkey.
    pub passkey: Option<PasskeyForm>,
    /// Why the last try failed and what to do.
    pub error: Option<String>,
}

/// What can be typed as a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A code of the app, or a recovery code.
    Codes,
    /// A recovery code only.
    RecoveryCodes,
    /// Nothing: there are passkeys only.
    Nothing,
}

impl From<Owed> for Takes {
    fn from(owed: Owed) -> Self {
        match (owed.code, owed.recovery) {
            (true, _) => Self::Codes,
            (false, true) => Self::RecoveryCodes,
            (false, false) => Self::Nothing,
        }
    }
}

impl PasskeyForm {
    /// The form of a question.
    pub fn of(question: Question) -> Self {
        Self { options: question.options.to_string(), state: question.state }
    }
}

impl Note {
    const ALL: [Self; 3] = [Self::PasswordSet, Self::PasskeySet, Self::LinkSent];

    /// The note of a word in an address.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// Its word in an address.
    pub fn word(self) -> &'static str {
        match self {
            Self::PasswordSet => "password-set",
            Self::PasskeySet => "passkey-set",
            Self::LinkSent => "link-sent",
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::PasswordSet => "Your password is set. Sign in with it.",
            Self::PasskeySet => "Your passkey is set. Sign in with it.",
            Self::LinkSent => {
                "If somebody signs in here by this address, a link is on its way to it. It works for an hour, and once."
            }
        }
    }
}

page!(SignIn);
page!(SecondFactor);
