//! A server in a scripted world with people who really sign in, asked as a browser asks.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use ledger::house::HOUSE;
use ledger::person::LinkPurpose;
use ledger::role::{Action, Actor, Breadth, Permit, Role, Scope, permit};
use server::app::accounts::{NewAccount, NewVirtualAccount};
use server::app::found::{Founding, found};
use server::app::grants::NewGrant;
use server::app::sign_in::{Caller, Entered};
use server::app::{App, Ask, Settings};
use server::keys::KeyFolder;
use server::proof::Secret;
use server::world::Script;
use store::Book;
use tower::ServiceExt as _;
use wire::id::{AccountId, VirtualAccountId};
use wire::message::Policy;
use wire::time::{Span, Timestamp};

use crate::home::Home;

/// When every scene begins.
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_750_000_000);
const PASSWORD: &str = "violet anchors drift past noon";

/// A server with two accounts; the first has two virtual accounts.
pub(crate) struct Office {
    pub(crate) app: App,
    pub(crate) script: Script,
    pub(crate) secret: String,
    router: Router,
    pub(crate) account: AccountId,
    pub(crate) foreign: AccountId,
    pub(crate) branch: VirtualAccountId,
    pub(crate) sibling: VirtualAccountId,
}

/// An answer, read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> String {
        let found = self.headers.get("location").and_then(|value| value.to_str().ok());
        found.unwrap_or_default().to_owned()
    }

    /// The cookie that it sets.
    pub(crate) fn cookie(&self) -> String {
        let set = self.headers.get("set-cookie").and_then(|value| value.to_str().ok());
        set.and_then(|set| set.split(';').next()).unwrap_or_default().to_owned()
    }

    /// The page, which must be there.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body
    }

    /// Where a change leads; it must have been done.
    pub(crate) fn done(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.location()
    }
}

/// What stands between two texts, at its first place.
pub(crate) fn between(body: &str, before: &str, after: &str) -> String {
    let rest = body.split_once(before).unwrap_or_else(|| panic!("no {before} in {body}")).1;
    rest.split_once(after).map_or(rest, |(inside, _)| inside).to_owned()
}

pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A form of a page: where it is sent, and its hidden fields.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) hidden: String,
    pub(crate) html: String,
}

/// The forms of a page that change something.
pub(crate) fn forms(body: &str) -> Vec<Form> {
    let forms = body.split("<form ").skip(1).filter(|form| form.contains("method=\"post\""));
    forms
        .map(|form| {
            let html = form.split("</form>").next().unwrap_or_default().to_owned();
            let inputs = html.split("<input type=\"hidden\" name=\"").skip(1);
            let pair = |input: &str| {
                let (name, rest) = input.split_once("\" value=\"").expect("a value");
                format!("{name}={}", encoded(rest.split('"').next().unwrap_or_default()))
            };
            let hidden: Vec<String> = inputs.map(pair).collect();
            Form { action: between(&html, "action=\"", "\""), hidden: hidden.join("&"), html }
        })
        .collect()
}

pub(crate) fn right(action: Action, account: AccountId) -> Permit {
    let scope = if account == HOUSE { Scope::House } else { Scope::Account(account) };
    permit(&Actor::Host, action, scope).expect("the host may")
}

impl Office {
    pub(crate) async fn found(home: &Home, book: Book) -> Self {
        let script = Script::new(7, NOON);
        let folder = KeyFolder::open(home.folder()).expect("a folder for keys");
        let settings = Settings::at("http://localhost:8080");
        let founding = Founding { node: "node-1".to_owned(), settings };
        let founded = found(book, script.world(), &folder, &founding).await.expect("it is founded");
        let app = founded.app;
        let account = make_account(&app, "Halden Ferries", "halden.example").await;
        let foreign = make_account(&app, "Brevik Yard", "brevik.example").await;
        let reads = right(Action::ReadAccount, account);
        let places = app.virtual_accounts(&reads, account, None, None, 9).await.expect("places");
        let sibling = places.rows[0].id;
        let branch = make_place(&app, account, "Branch").await;
        Self {
            router: server::portal::routes().with_state(app.clone()),
            app,
            script,
            secret: founded.set_up_secret.expect("a first start"),
            account,
            foreign,
            branch,
            sibling,
        }
    }

    pub(crate) fn wait(&self, span: Span) {
        self.script.set(self.app.world.now().plus(span));
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/accounts/{}/{rest}", self.account)
    }

    pub(crate) fn ask_for(&self, action: Action, account: AccountId) -> Ask {
        Ask::new(right(action, account), self.app.fresh_request(), b"a test")
    }

    async fn send(&self, method: &str, path: &str, cookie: &str, body: String) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body));
        let request = request.expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 50_000_000).await.expect("a body");
        Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub(crate) async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.send("GET", path, cookie, String::new()).await
    }

    pub(crate) async fn post(&self, path: &str, cookie: &str, body: &str) -> Answer {
        self.send("POST", path, cookie, body.to_owned()).await
    }

    /// Sends the form of a page that is sent to an address, filled in.
    pub(crate) async fn fill(
        &self,
        page: &str,
        action: &str,
        cookie: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let body = self.get(page, cookie).await.ok();
        self.fill_shown(&body, action, cookie, fields).await
    }

    /// Sends a form of a page that is shown already.
    pub(crate) async fn fill_shown(
        &self,
        body: &str,
        action: &str,
        cookie: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let form = forms(body).into_iter().find(|form| form.action == action);
        let form = form.unwrap_or_else(|| panic!("no form for {action} in {body}"));
        let fields = fields.iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
        let sent = format!("{}{}", form.hidden, fields.collect::<String>());
        self.send("POST", action, cookie, sent).await
    }

    /// The cookie of who signed in with the set-up secret.
    pub(crate) async fn operator(&self) -> String {
        let new = self.app.sign_in(&self.secret, "192.0.2.1").await.expect("signed in");
        format!("scrip_session={}", new.token)
    }

    /// Gives somebody a role, without letting them in yet.
    pub(crate) async fn invite(&self, email: &str, role: Role) {
        let house = role.breadth() == Breadth::House;
        let account = if house { HOUSE } else { self.account };
        let narrow = role.breadth() == Breadth::VirtualAccount;
        let new = NewGrant {
            email: email.to_owned(),
            name: String::new(),
            role,
            virtual_account: narrow.then_some(self.branch),
            ends_at: None,
        };
        let ask = self.ask_for(Action::ManagePeople, account);
        self.app.grant_role(&ask, account, new).await.expect("granted");
    }

    /// The cookie of somebody who has a role.
    pub(crate) async fn person(&self, email: &str, role: Role) -> String {
        self.invite(email, role).await;
        self.accept(email).await
    }

    /// Lets an invited person choose a password and sign in.
    pub(crate) async fn accept(&self, email: &str) -> String {
        let link = self.link_to(email, "/invitation/").await;
        let word = link.rsplit('/').next().expect("a word");
        let (password, request) = (Secret::new(PASSWORD), self.app.fresh_request());
        let purpose = LinkPurpose::Invitation;
        let set = self.app.set_password_by_link(word, purpose, password, request, "192.0.2.9");
        set.await.expect("the password is set");
        self.enter(email).await
    }

    /// The path of the link of a kind in the newest mail to somebody.
    pub(crate) async fn link_to(&self, email: &str, kind: &str) -> String {
        let mut found = None;
        for letter in self.app.claim_letters().await.expect("letters") {
            self.app.letter_sent(&letter.posted).await.expect("noted");
            let text = letter.text.as_deref().unwrap_or_default();
            if letter.posted.letter.to == email && text.contains(kind) {
                found = letter.text;
            }
        }
        let text = found.unwrap_or_else(|| panic!("no letter to {email}"));
        let line = text.lines().find(|line| line.contains(kind)).expect("a link");
        line.trim_start_matches("http://localhost:8080").to_owned()
    }

    pub(crate) async fn enter(&self, email: &str) -> String {
        let from = Caller { address: "192.0.2.9".to_owned(), browser: "Test".to_owned() };
        let entered = self.app.sign_in_by_password(email, Secret::new(PASSWORD), &from);
        let Entered::In(new) = entered.await.expect("signed in") else {
            panic!("a factor is owed")
        };
        format!("scrip_session={}", new.token)
    }
}

async fn make_account(app: &App, name: &str, domain: &str) -> AccountId {
    let (name, domain) = (name.to_owned(), domain.to_owned());
    let new = NewAccount { name, domain, policy: Policy::default() };
    let ask = Ask::new(right(Action::CreateAccount, HOUSE), app.fresh_request(), b"a test");
    app.create_account(&ask, new).await.expect("an account").id
}

/// Makes a virtual account.
pub(crate) async fn make_place(app: &App, account: AccountId, name: &str) -> VirtualAccountId {
    let new =
        NewVirtualAccount { name: name.to_owned(), description: String::new(), tags: Vec::new() };
    let right = right(Action::CreateVirtualAccount, account);
    let ask = Ask::new(right, app.fresh_request(), name.as_bytes());
    app.create_virtual_account(&ask, account, new).await.expect("a virtual account").id
}
