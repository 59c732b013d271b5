//! An account's properties, its virtual accounts and its API clients.

use askama::Template;

use super::filters;
use super::form::Form;
use super::frame::{Frame, HouseNav, Visitor};
use super::moment::Moment;
use super::page;
use super::parts::Paste;
use super::people::encoded;

/// An account's properties and its terms.
#[derive(Clone, Debug, Template)]
#[template(path = "properties.html", blocks = ["live"])]
pub struct Properties {
    /// The frame.
    pub frame: Frame,
    /// What is known of it: a word and a value.
    pub facts: Vec<(&'static str, String)>,
    /// Changes it, for who may.
    pub edit: Option<Form>,
    /// What somebody else made of it meanwhile: a word and a value.
    pub meanwhile: Vec<(&'static str, String)>,
    /// Makes it a full account, for an operator.
    pub upgrade: Option<Form>,
    /// The agreement; `None` before one was published.
    pub terms: Option<TermsText>,
    /// The version that was accepted, and when.
    pub accepted: Option<(u32, Moment)>,
    /// Accepts the newest, for who may and where it is owed.
    pub accept: Option<Form>,
}

/// A version of the End User License Agreement.
#[derive(Clone, Debug)]
pub struct TermsText {
    /// Its version.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// Its text, plain.
    pub text: String,
    /// When it was published.
    pub published: Moment,
}

impl Properties {
    fn here(&self) -> &'static str {
        "properties"
    }
}

page!(Properties);

/// The virtual accounts of an account.
#[derive(Clone, Debug, Template)]
#[template(path = "virtual-accounts.html", blocks = ["live"])]
pub struct VirtualAccounts {
    /// The frame.
    pub frame: Frame,
    /// What was searched for.
    pub begins: String,
    /// Those in use, by name.
    pub rows: Vec<PlaceRow>,
    /// Those archived, by name.
    pub archived: Vec<PlaceRow>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// Makes one, for who may.
    pub form: Option<Form>,
}

/// A virtual account in the list.
#[derive(Clone, Debug)]
pub struct PlaceRow {
    /// Its id.
    pub virtual_account: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its tags, as `group: value`.
    pub tags: Vec<String>,
    /// Whether it takes what names none, as a word: empty, or `default`.
    pub mark: &'static str,
}

impl VirtualAccounts {
    fn next_path(&self, cursor: &str) -> String {
        let path = self.frame.virtual_accounts_path();
        format!("{path}?begins={}&cursor={cursor}", encoded(&self.begins))
    }

    fn here(&self) -> &'static str {
        "virtual-accounts"
    }
}

page!(VirtualAccounts);

/// One virtual account.
#[derive(Clone, Debug, Template)]
#[template(path = "virtual-account.html", blocks = ["live"])]
pub struct VirtualAccountPage {
    /// The frame.
    pub frame: Frame,
    /// As in the list.
    pub row: PlaceRow,
    /// Its number in the documented REST profile.
    pub number: u32,
    /// When it was made.
    pub made: Moment,
    /// When it was archived, if it was.
    pub archived: Option<Moment>,
    /// Changes it, for who may.
    pub edit: Option<Form>,
    /// What somebody else made of it meanwhile: a word and a value.
    pub meanwhile: Vec<(&'static str, String)>,
    /// Where it is archived, for who may.
    pub archive: Option<String>,
    /// Takes it back into use, for who may.
    pub restore: Option<Form>,
}

impl VirtualAccountPage {
    fn here(&self) -> &'static str {
        "virtual-accounts"
    }
}

page!(VirtualAccountPage);

/// The API clients of an account.
#[derive(Clone, Debug, Template)]
#[template(path = "api-clients.html", blocks = ["live"])]
pub struct ApiClients {
    /// The frame.
    pub frame: Frame,
    /// The clients, the newest first.
    pub rows: Vec<ClientRow>,
    /// Makes one.
    pub form: Form,
    /// One that was made just now.
    pub made: Option<MadeClient>,
}

/// An API client.
#[derive(Clone, Debug)]
pub struct ClientRow {
    /// Its id.
    pub client: String,
    /// Its name.
    pub name: String,
    /// What it may be used for, in words.
    pub scope: String,
    /// Its secrets, the newest first.
    pub secrets: Vec<SecretRow>,
    /// Makes one more secret; `None` if the client is revoked.
    pub more: Option<Form>,
    /// Where it is revoked.
    pub revoke: Option<String>,
}

/// A secret of an API client.
#[derive(Clone, Debug)]
pub struct SecretRow {
    /// When it was made.
    pub made: Moment,
    /// When it ends.
    pub ends: Moment,
    /// Whether it works, in a word.
    pub state: &'static str,
    /// Where it alone is revoked, while it works.
    pub revoke: Option<String>,
}

impl SecretRow {
    pub(crate) fn tone(&self) -> &'static str {
        if self.state == "Works" { "good" } else { "" }
    }

    pub(crate) fn icon(&self) -> &'static str {
        if self.state == "Works" { "check" } else { "cross" }
    }
}

/// A client with its secret, shown once.
#[derive(Clone, Debug)]
pub struct MadeClient {
    /// Its name.
    pub name: String,
    /// Its id.
    pub client: String,
    /// Its secret.
    pub secret: String,
    /// When the secret ends.
    pub ends: Moment,
    /// How to get an access token with it.
    pub token: Vec<Paste>,
}

impl ApiClients {
    fn here(&self) -> &'static str {
        "api-clients"
    }
}

page!(ApiClients);

/// Something to confirm before it is done.
#[derive(Clone, Debug, Template)]
#[template(path = "confirm.html", blocks = ["live"])]
pub struct Confirm {
    /// Who is signed in.
    pub visitor: Visitor,
    /// What is about to be done, as a question.
    pub title: String,
    /// What it means.
    pub text: String,
    /// Does it.
    pub form: Form,
    /// Where it is left alone.
    pub back: String,
    /// What leaving it alone is called.
    pub back_label: &'static str,
}

page!(Confirm);

/// The terms, for who publishes them.
#[derive(Clone, Debug, Template)]
#[template(path = "terms.html", blocks = ["live"])]
pub struct TermsPage {
    /// Who is signed in.
    pub visitor: Visitor,
    /// The house's pages.
    pub nav: HouseNav,
    /// The newest version.
    pub newest: Option<TermsText>,
    /// The text that would be published, to look at before.
    pub preview: Option<TermsText>,
    /// Writes or publishes a version, for who may.
    pub form: Option<Form>,
}

page!(TermsPage);

/// A page with a form and nothing else.
#[derive(Clone, Debug, Template)]
#[template(path = "form-page.html", blocks = ["live"])]
pub struct FormPage {
    /// Who is signed in.
    pub visitor: Visitor,
    /// The house's pages.
    pub nav: HouseNav,
    /// Its heading.
    pub title: String,
    /// What it is for.
    pub text: String,
    /// The form.
    pub form: Form,
}

page!(FormPage);
