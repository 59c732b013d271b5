//! A person's own pages: who they are, how they sign in, where they are signed in, their tokens.

use askama::Template;

use super::filters;
use super::frame::{Guard, Visitor};
use super::moment::Moment;
use super::page;
use super::sign_in::{PasskeyForm, ProviderButton, Takes};
use super::tokens::Field;

/// What stands around each of these pages.
#[derive(Clone, Debug)]
pub struct Around {
    /// Who looks at it.
    pub visitor: Visitor,
    /// What was done just now, a whole sentence.
    pub note: Option<&'static str>,
    /// What went wrong and what to do.
    pub error: Option<String>,
}

/// One of a few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// What is sent.
    pub word: &'static str,
    /// What people read.
    pub words: &'static str,
    /// Whether it is the one.
    pub picked: bool,
}

impl Pick {
    /// A choice, picked if it is the one.
    pub fn of(word: &'static str, words: &'static str, chosen: &str) -> Self {
        Self { word, words, picked: word == chosen }
    }
}

/// Who they are and what they may.
#[derive(Clone, Debug, Template)]
#[template(path = "me.html", blocks = ["live"])]
pub struct Me {
    /// What stands around it.
    pub own: Around,
    /// For the forms: who they are, access, an account.
    pub guards: [Guard; 3],
    /// The e-mail address by which they sign in.
    pub email: String,
    /// Field `name`.
    pub name: Field,
    /// Field `zone`.
    pub zone: Field,
    /// The time zones that are known.
    pub zones: Vec<String>,
    /// Field `theme`.
    pub themes: [Pick; 3],
    /// Field `dates`.
    pub dates: [Pick; 3],
    /// Their roles.
    pub roles: Vec<RoleRow>,
    /// How many more they have.
    pub more_roles: usize,
    /// Accounts that they asked for and that wait for their approver.
    pub access: AccessForm,
    /// The form that asks for an account.
    pub account: AccountForm,
}

/// A role in force.
#[derive(Clone, Debug)]
pub struct RoleRow {
    /// Where it is: the account's name, or the house.
    pub place: String,
    /// The account's page, if there is one.
    pub path: Option<String>,
    /// The role.
    pub role: &'static str,
    /// The virtual account that it is bounded to, if it is.
    pub part: Option<String>,
    /// When it ends by itself, if it does.
    pub ends: Option<Moment>,
}

/// The form that asks for a role in an account.
#[derive(Clone, Debug, Default)]
pub struct AccessForm {
    /// Field `domain`.
    pub domain: Field,
    /// Field `role`, with its choices: word, whether it is chosen.
    pub roles: Vec<(&'static str, bool)>,
    /// Field `message`.
    pub message: Field,
}

/// The form that asks for an account.
#[derive(Clone, Debug, Default)]
pub struct AccountForm {
    /// Field `account_name`.
    pub name: Field,
    /// Field `account_domain`.
    pub domain: Field,
    /// Field `kind`: whether it is of limited use.
    pub limited: bool,
    /// Field `country`.
    pub country: Field,
    /// Field `approver`.
    pub approver: Field,
}

/// How they sign in.
#[derive(Clone, Debug, Template)]
#[template(path = "me-sign-in.html", blocks = ["live"])]
pub struct MySignIn {
    /// What stands around it.
    pub own: Around,
    /// Whether a factor was shown lately enough to change anything.
    pub proof: Freshness,
    /// Whether there is a password.
    pub password: Option<Guard>,
    /// The second factor by an app.
    pub app: AppState,
    /// The passkeys.
    pub passkeys: Vec<PasskeyRow>,
    /// For the form that adds a passkey; `None` where none can be added.
    pub new_passkey: Option<(Guard, PasskeyForm)>,
    /// The identity providers that vouch for them.
    pub providers: Vec<ProviderRow>,
    /// Identity providers to add, each with its form's guard.
    pub more_providers: Vec<(ProviderButton, Guard)>,
}

/// Whether dangerous acts ask for another proof first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// They do not.
    Fresh,
    /// They do.
    Stale,
}

/// The authenticator app.
#[derive(Clone, Debug)]
pub enum AppState {
    /// There is none.
    None,
    /// There is one, with so many recovery codes left.
    Set {
        /// How many recovery codes are left.
        codes_left: usize,
        /// For the form that makes new ones.
        renew: Guard,
        /// For the form that removes the app.
        remove: Guard,
    },
}

/// A passkey.
#[derive(Clone, Debug)]
pub struct PasskeyRow {
    /// Its mark in addresses and ids.
    pub mark: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub added: Moment,
    /// For the form that removes it.
    pub remove: Guard,
}

/// An identity provider that vouches for them.
#[derive(Clone, Debug)]
pub struct ProviderRow {
    /// Its mark in ids.
    pub mark: usize,
    /// What people call it, or its issuer.
    pub label: String,
    /// Its issuer; field `issuer`.
    pub issuer: String,
    /// When it was added.
    pub added: Moment,
    /// For the form that removes it.
    pub remove: Guard,
}

/// Setting an authenticator app.
#[derive(Clone, Debug, Template)]
#[template(path = "me-authenticator.html", blocks = ["live"])]
pub struct Authenticator {
    /// What stands around it.
    pub own: Around,
    /// For the form.
    pub guard: Guard,
    /// What is kept until it is confirmed; field `state`.
    pub state: String,
    /// The secret, in groups, to be typed.
    pub text: String,
    /// The picture: an SVG element made by the server.
    pub picture: Option<String>,
}

/// Recovery codes, shown once.
#[derive(Clone, Debug, Template)]
#[template(path = "me-recovery.html", blocks = ["live"])]
pub struct RecoveryCodes {
    /// What stands around it.
    pub own: Around,
    /// The codes.
    pub codes: Vec<String>,
}

/// Where they are signed in.
#[derive(Clone, Debug, Template)]
#[template(path = "me-sessions.html", blocks = ["live"])]
pub struct Sessions {
    /// What stands around it.
    pub own: Around,
    /// The sessions, the newest first.
    pub rows: Vec<SessionRow>,
    /// For the form that ends all others; `None` if there are none.
    pub end_others: Option<Guard>,
}

/// A session.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its mark in addresses.
    pub mark: String,
    /// What the browser calls itself.
    pub browser: String,
    /// The network address from which it began.
    pub address: String,
    /// By what it began.
    pub by: &'static str,
    /// When it began.
    pub began: Moment,
    /// When it was last used.
    pub seen: Moment,
    /// For the form that ends it; `None` for the one that looks.
    pub end: Option<Guard>,
}

/// Their personal API tokens.
#[derive(Clone, Debug, Template)]
#[template(path = "me-tokens.html", blocks = ["live"])]
pub struct MyTokens {
    /// What stands around it.
    pub own: Around,
    /// For the form that makes one.
    pub guard: Guard,
    /// Field `name`.
    pub name: Field,
    /// Field `expires_after_days`.
    pub days: Field,
    /// The scopes.
    pub scopes: Vec<Scope>,
    /// The token just made: this answer is the only one that holds its text.
    pub made: Option<(String, String)>,
    /// The tokens, the newest first.
    pub rows: Vec<MyTokenRow>,
}

/// What a token may be used for.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Its word; field `scope_…`.
    pub word: &'static str,
    /// What it allows.
    pub text: &'static str,
    /// Whether it is ticked.
    pub ticked: bool,
}

/// A personal API token.
#[derive(Clone, Debug)]
pub struct MyTokenRow {
    /// Its id.
    pub id: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scope: String,
    /// When it was made.
    pub made: Moment,
    /// When it ends.
    pub ends: Moment,
    /// Whether it works.
    pub state: MyTokenState,
}

/// Whether a token works.
#[derive(Clone, Debug)]
pub enum MyTokenState {
    /// It does; for the form that revokes it.
    Works(Guard),
    /// Its time is over.
    Ended,
    /// It was revoked.
    Revoked,
}

/// Showing again that it is they.
#[derive(Clone, Debug, Template)]
#[template(path = "me-prove.html", blocks = ["live"])]
pub struct Prove {
    /// What stands around it.
    pub own: Around,
    /// For the forms.
    pub guard: Guard,
    /// Where to go afterwards; field `next`.
    pub next: String,
    /// The e-mail address, for managers of passwords.
    pub email: String,
    /// What is asked for.
    pub asks: Asks,
    /// For the form of a passkey.
    pub passkey: Option<PasskeyForm>,
    /// Identity providers that can vouch again, each with its form's guard.
    pub providers: Vec<(ProviderButton, Guard)>,
}

/// What is to be typed to prove it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// The password: there is no second factor.
    Password,
    /// A code.
    Code(Takes),
    /// Nothing that is typed.
    Nothing,
}

/// On the way to an identity provider.
#[derive(Clone, Debug, Template)]
#[template(path = "me-go-on.html", blocks = ["live"])]
pub struct GoOn {
    /// What stands around it.
    pub own: Around,
    /// What the provider is called.
    pub label: String,
    /// Where to.
    pub address: String,
}

impl Me {
    fn here(&self) -> &'static str {
        "me"
    }
}

impl MySignIn {
    fn here(&self) -> &'static str {
        "sign-in"
    }
}

impl Authenticator {
    fn here(&self) -> &'static str {
        "sign-in"
    }
}

impl RecoveryCodes {
    fn here(&self) -> &'static str {
        "sign-in"
    }

    fn text(&self) -> String {
        self.codes.join("\n")
    }
}

impl Sessions {
    fn here(&self) -> &'static str {
        "sessions"
    }
}

impl MyTokens {
    fn here(&self) -> &'static str {
        "tokens"
    }
}

impl Prove {
    fn here(&self) -> &'static str {
        ""
    }
}

impl GoOn {
    fn here(&self) -> &'static str {
        ""
    }
}

page!(Me);
page!(MySignIn);
page!(Authenticator);
page!(RecoveryCodes);
page!(Sessions);
page!(MyTokens);
page!(Prove);
page!(GoOn);
