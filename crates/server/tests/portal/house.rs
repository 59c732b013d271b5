//! A house with two accounts; one holds a short pool, an unknown tag and an unverified instance.

use std::path::PathBuf;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use ledger::entitlement::Term;
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::pool::Pool;
use ledger::role::{Action, Actor, Permit, Scope, permit};
use serde_json::json;
use server::app::accounts::NewAccount;
use server::app::catalogue::NewEntitlement;
use server::app::customers::ChangedAccount;
use server::app::found::{Founding, found};
use server::app::import_usage::Destination;
use server::app::{App, Ask, Settings};
use server::keys::KeyFolder;
use server::world::Script;
use store::{Book, Options, Place, Runner};
use tower::ServiceExt as _;
use wire::id::{AccountId, LicenseId, PoolId, VirtualAccountId};
use wire::message::Policy;
use wire::quantity::Count;
use wire::tag::EntitlementTag;
use wire::time::Timestamp;

use crate::foreign;

/// The moment at which each test begins.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_509_612);
const TAG: &str = "network_advantage";

/// The server of a test.
pub(crate) struct House {
    router: Router,
    pub(crate) script: Script,
    pub(crate) secret: String,
    pub(crate) account: AccountId,
    pub(crate) other_account: AccountId,
    pub(crate) place: VirtualAccountId,
    pub(crate) short_pool: PoolId,
    app: App,
    folder: PathBuf,
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An answer, read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> String {
        self.header_list(name).into_iter().next().unwrap_or_default()
    }

    pub(crate) fn header_list(&self, name: &str) -> Vec<String> {
        let values = self.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
    }

    /// A cookie that it sets, as a browser returns it.
    pub(crate) fn cookie(&self, name: &str) -> String {
        let pairs = self.header_list("set-cookie").into_iter();
        let mut pairs = pairs.filter_map(|line| line.split(';').next().map(str::to_owned));
        pairs.find(|pair| pair.starts_with(name)).unwrap_or_default()
    }

    /// What stands between two texts, at its first place.
    pub(crate) fn between(&self, before: &str, after: &str) -> String {
        self.body.between(before, after)
    }
}

pub(crate) trait Between {
    fn between(&self, before: &str, after: &str) -> String;
}

impl Between for str {
    fn between(&self, before: &str, after: &str) -> String {
        let rest = self.split_once(before).unwrap_or_else(|| panic!("no {before} in {self}")).1;
        rest.split_once(after).map_or(rest, |(inside, _)| inside).to_owned()
    }
}

fn right(action: Action, scope: Scope) -> Permit {
    permit(&Actor::Host, action, scope).expect("the host may")
}

fn ask(app: &App, action: Action, scope: Scope) -> Ask {
    Ask::new(right(action, scope), app.fresh_request(), b"a test")
}

impl House {
    pub(crate) async fn new(name: &str) -> Self {
        Self::at(name, "http://localhost:8080").await
    }

    pub(crate) async fn at(name: &str, public_url: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("scrip-portal-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let script = Script::new(7, NOW);
        let options = Options {
            place: Place::Sqlite(folder.clone()),
            channels: Vec::new(),
            runner: Runner::Threads,
            now: NOW,
            salt: [3; 32],
        };
        let book = Book::open(&options).expect("a book");
        let keys = KeyFolder::open(&folder).expect("a key folder");
        let settings = Settings::at(public_url);
        let founding = Founding { node: "test".to_owned(), settings };
        let founded = found(book, script.world(), &keys, &founding).await.expect("founded");
        let app = founded.app;
        let account = make_account(&app, "Halden <Ferries>", "halden.example").await;
        let other_account = make_account(&app, "Brevik Yard", "brevik.example").await;
        let reads = right(Action::Read, Scope::Account(account));
        let places = app.virtual_accounts(&reads, account, None, None, 1).await.expect("places");
        let place = places.rows[0].id;
        let tag = EntitlementTag::new(TAG).expect("a tag");
        fill(&app, account, place, &tag).await;
        Self {
            router: server::portal::routes().with_state(app.clone()),
            script,
            secret: founded.set_up_secret.expect("a first start"),
            account,
            other_account,
            place,
            short_pool: Pool::id_of(account, place, &tag),
            app,
            folder,
        }
    }

    pub(crate) fn overview(&self) -> String {
        format!("/accounts/{}", self.account)
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/accounts/{}/{rest}", self.account)
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body.to_owned()));
        self.send(request.expect("a request")).await
    }

    pub(crate) async fn with_header(
        &self,
        method: &str,
        path: &str,
        header: (&str, &str),
    ) -> Answer {
        let request = Request::builder().method(method).uri(path).header(header.0, header.1);
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    pub(crate) async fn fragment(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::builder()
            .uri(path)
            .header("cookie", cookie)
            .header(server::portal::pages::FRAGMENT_HEADER, "main");
        self.send(request.body(Body::empty()).expect("a request")).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 10_000_000).await.expect("a body");
        Answer { status, headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// A page of the account that must be there.
    pub(crate) async fn page(&self, rest: &str, cookie: &str) -> String {
        let answer = self.ask("GET", &self.path(rest), cookie, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{rest}: {}", answer.body);
        answer.body
    }

    /// Opens the sign-in page and sends its form, `next` as it stands in an address.
    pub(crate) async fn sign_in_with(&self, secret: &str, next: &str) -> Answer {
        let form = self.ask("GET", "/sign-in", "", "").await;
        let csrf = form.between("name=\"csrf\" value=\"", "\"");
        let cookie = form.header_list("set-cookie").join("; ");
        let body = format!("csrf={csrf}&request_id=x&secret={secret}&next={next}");
        self.ask("POST", "/sign-in", &cookie, &body).await
    }

    /// The cookie of a session.
    pub(crate) async fn signed_in(&self) -> String {
        self.sign_in_with(&self.secret, "/").await.cookie("scrip_session")
    }

    /// Licenses were bought for one country, and the device says that it is in another.
    pub(crate) async fn bought_and_used(&self, purchase: &str, used: &str, id: u64) {
        let scope = Scope::Account(self.account);
        let reads = right(Action::Read, scope);
        let account = self.app.account(&reads, self.account).await.expect("the account");
        let changed =
            ChangedAccount { name: account.name, country: purchase.to_owned(), full_domain: None };
        let ask = ask(&self.app, Action::EditAccount, scope);
        let edited = self.app.edit_account(&ask, self.account, account.revision, changed).await;
        edited.expect("changed");
        let said = report(id, TAG, 8, json!({"city": "Somewhere", "country": used}));
        let file = format!("<smartLicense>{said}</smartLicense>");
        let to = Destination { account: self.account, virtual_account: self.place };
        let imports = right(Action::ImportUsage, scope);
        self.app.import_usage(&imports, to, file.as_bytes()).await.expect("imported");
    }

    /// The device measured on until 79 minutes after the beginning.
    pub(crate) async fn reports_again(&self, id: u64) {
        let said = report(id, TAG, 8, json!(null));
        let shift =
            |text: String, from: i64, to: i64| text.replace(&from.to_string(), &to.to_string());
        let (start, end) = (NOW.seconds() - 3_600, NOW.seconds() - 60);
        let said = shift(shift(said, start, start + 4_800), end, end + 4_800);
        let file = format!("<smartLicense>{said}</smartLicense>");
        let to = Destination { account: self.account, virtual_account: self.place };
        let imports = right(Action::ImportUsage, Scope::Account(self.account));
        self.app.import_usage(&imports, to, file.as_bytes()).await.expect("imported");
    }

    /// The hidden fields of a form of the tokens page.
    pub(crate) async fn guard(&self, cookie: &str) -> (String, String) {
        let page = self.page("tokens", cookie).await;
        let csrf = page.between("name=\"csrf\" value=\"", "\"");
        let request = page.between("name=\"request_id\" value=\"", "\"");
        (csrf, request)
    }

    /// The form that makes an ID token, filled in.
    pub(crate) fn token_form(&self, csrf: &str, request: &str, description: &str) -> String {
        let place = self.place;
        let description = description.replace(' ', "+").replace('<', "%3C").replace('>', "%3E");
        format!(
            "csrf={csrf}&request_id={request}&description={description}\
             &virtual_account={place}&expires_after_days=30&max_uses="
        )
    }
}

async fn make_account(app: &App, name: &str, domain: &str) -> AccountId {
    let new =
        NewAccount { name: name.to_owned(), domain: domain.to_owned(), policy: Policy::default() };
    let ask = ask(app, Action::CreateAccount, Scope::House);
    app.create_account(&ask, new).await.expect("an account").id
}

/// Five granted, eight in use by an unverified report; two in use of a tag that nobody knows.
async fn fill(app: &App, account: AccountId, place: VirtualAccountId, tag: &EntitlementTag) {
    let license = License {
        id: LicenseId::from_bytes([0; 16]),
        tag: tag.clone(),
        name: "Network & Advantage".to_owned(),
        description: String::new(),
        enforcement: Enforcement::NotEnforced,
        kind: Kind::Perpetual,
        concern: Concern::Counted,
        changed_at: NOW,
    };
    app.define_license(&ask(app, Action::DefineLicense, Scope::House), license)
        .await
        .expect("defined");
    let scope = Scope::Account(account);
    let new = NewEntitlement {
        virtual_account: place,
        tag: tag.clone(),
        quantity: Count::new(5).expect("a count"),
        term: Term { start: NOW, end: None },
        kind: Kind::Perpetual,
        source: "Order 4711".to_owned(),
    };
    app.grant(&ask(app, Action::GrantEntitlement, scope), account, new).await.expect("granted");
    let imports = right(Action::ImportUsage, scope);
    let to = Destination { account, virtual_account: place };
    let file = format!(
        "<smartLicense>{}{}</smartLicense>",
        report(1, TAG, 8, json!(null)),
        report(2, "hf_sensor_adv", 2, json!(null))
    );
    app.import_usage(&imports, to, file.as_bytes()).await.expect("imported");
}

/// A report of the device of these tests.
fn report(id: u64, tag: &str, level: u32, customer: serde_json::Value) -> String {
    foreign::report(NOW, "HFA1", (id, tag, level), customer)
}
