//! ID tokens: what devices show to be trusted and placed.

use askama::Template;

use super::filters;
use super::frame::{Frame, Guard};
use super::moment::Moment;
use super::page;
use super::parts::{Counted, Paste};

/// The list of ID tokens, the form that makes one, and the one just made.
#[derive(Clone, Debug, Template)]
#[template(path = "tokens.html", blocks = ["live"])]
pub struct Tokens {
    /// The frame.
    pub frame: Frame,
    /// When the list was read.
    pub as_of: Moment,
    /// The tokens, the newest first.
    pub rows: Vec<TokenRow>,
    /// How many there are; more than `rows` if the list was cut.
    pub total: Counted,
    /// The form; `None` for those who may not make tokens.
    pub form: Option<TokenForm>,
    /// The token just made, with its text: this answer is the only one that holds it.
    pub made: Option<MadeToken>,
    /// How to make a token without the portal; folded below the form.
    pub make: Vec<Paste>,
}

/// An ID token in the list.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// Its id, `tok_…`; never its text.
    pub token: String,
    /// What it is for, as its maker wrote.
    pub description: String,
    /// The name of the virtual account in which it places a device.
    pub virtual_account: String,
    /// Whether it can be used.
    pub state: TokenState,
    /// When it ends.
    pub ends: Moment,
    /// How often it was used: once for each product instance.
    pub used: u64,
    /// How often it may be used; `None` for no limit.
    pub max_uses: Option<u64>,
    /// Whether its devices may hold export-controlled licenses.
    pub export: ExportControlled,
    /// Who made it; may be empty.
    pub made_by: String,
    /// When it was made.
    pub made: Moment,
    /// For the form that revokes it; `None` if it can no longer be used or the person may not.
    pub revoke: Option<Guard>,
}

/// Whether an ID token can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It can.
    Usable,
    /// Its uses are spent.
    UsedUp,
    /// Its time is over.
    Ended,
    /// A person revoked it.
    Revoked,
}

impl TokenState {
    fn word(self) -> &'static str {
        match self {
            Self::Usable => "Usable",
            Self::UsedUp => "Used up",
            Self::Ended => "Ended",
            Self::Revoked => "Revoked",
        }
    }

    fn tone(self) -> &'static str {
        match self {
            Self::Usable => "good",
            Self::UsedUp | Self::Ended | Self::Revoked => "",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Usable => "check",
            Self::UsedUp | Self::Ended | Self::Revoked => "cross",
        }
    }
}

/// Whether devices bound with a token may hold export-controlled licenses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportControlled {
    /// They may not.
    NotAllowed,
    /// They may.
    Allowed,
}

/// The form that makes an ID token; it keeps what was typed when it is shown again.
#[derive(Clone, Debug)]
pub struct TokenForm {
    /// For the form.
    pub guard: Guard,
    /// Field `description`, 1 to 255 characters.
    pub description: Field,
    /// Field `expires_after_days`, 1 to 365.
    pub expires_after_days: Field,
    /// Field `max_uses`; empty for no limit.
    pub max_uses: Field,
    /// Field `virtual_account`: the chosen id, `va_…`; the choices are the frame's.
    pub virtual_account: Field,
    /// Field `export_controlled`, sent as `allowed` when it is ticked.
    pub export: ExportControlled,
}

/// A field as it was filled in.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// What stands in it.
    pub value: String,
    /// What is wrong with it and what to do, a whole sentence.
    pub error: Option<String>,
}

/// An ID token with its text.
#[derive(Clone, Debug)]
pub struct MadeToken {
    /// The text that a device is given.
    pub text: String,
    /// What it is for.
    pub description: String,
    /// The name of the virtual account in which it places a device.
    pub virtual_account: String,
    /// When it ends.
    pub ends: Moment,
    /// How often it may be used; `None` for no limit.
    pub max_uses: Option<u64>,
    /// How to use it on a device: the exact commands with the token in them.
    pub trust: Vec<Paste>,
}

impl TokenForm {
    /// The form as it is first shown: thirty days, no limit of uses.
    pub fn fresh(guard: Guard, virtual_account: String) -> Self {
        let holding = |value: String| Field { value, error: None };
        Self {
            guard,
            description: Field::default(),
            expires_after_days: holding("30".to_owned()),
            max_uses: Field::default(),
            virtual_account: holding(virtual_account),
            export: ExportControlled::NotAllowed,
        }
    }

    /// Whether anything is wrong.
    pub fn has_errors(&self) -> bool {
        [&self.description, &self.expires_after_days, &self.max_uses, &self.virtual_account]
            .iter()
            .any(|field| field.error.is_some())
    }
}

impl Tokens {
    fn here(&self) -> &'static str {
        "tokens"
    }
}

page!(Tokens);
