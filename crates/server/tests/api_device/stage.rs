//! A founded installation with one account, and devices that speak to it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use ledger::role::{Action, Actor, Permit, Scope, permit};
use server::app::accounts::NewAccount;
use server::app::found::{Founding, found};
use server::app::tokens::{NewToken, ShownToken};
use server::app::{App, Ask, Settings};
use server::keys::KeyFolder;
use server::world::Script;
use store::{Book, Options, Place, Runner};
use tower::ServiceExt as _;
use wire::file::{AckFile, TrustFile, UsageFile};
use wire::id::{AccountId, VirtualAccountId};
use wire::key::{Realm, SigningKey};
use wire::message::{Ack, Policy, TrustCode, TrustRequest};
use wire::quantity::Count;
use wire::report::{Measurement, Report};
use wire::seal::{Carried, Claims, Position, Sealed, SealedReport};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(crate) const TAG: &str = "regid.2026-01.com.example.NET,1.0_a";
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A server without a network.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) script: Script,
    pub(crate) account: AccountId,
    pub(crate) place: VirtualAccountId,
    router: Router,
    folder: PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An answer: its status and body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The code of the problem that it is.
    pub(crate) fn code(&self) -> String {
        let json: serde_json::Value = serde_json::from_slice(&self.body).expect("a problem");
        json["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The file that it is.
    pub(crate) fn file(&self) -> AckFile {
        assert_eq!(self.status, StatusCode::OK, "{}", String::from_utf8_lossy(&self.body));
        AckFile::parse(&self.body).expect("an answer file")
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let name =
            format!("scrip_api_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        let options = Options {
            place: Place::Sqlite(folder.clone()),
            channels: Vec::new(),
            runner: Runner::Threads,
            now: NOON,
            salt: [3; 32],
        };
        let book = Book::open(&options).expect("the book opens");
        let script = Script::new(7, NOON);
        let settings = Settings::at("https://scrip.example");
        let founding = Founding { node: "one".to_owned(), settings };
        let keys = KeyFolder::open(&folder).expect("the key folder opens");
        let founded = found(book, script.world(), &keys, &founding).await;
        let app = founded.map_err(|error| error.to_string()).expect("it is founded").app;
        let right = permit(&Actor::Operator, Action::CreateAccount, Scope::House).expect("a right");
        let new = NewAccount {
            name: "Example".to_owned(),
            domain: "example.com".to_owned(),
            policy: Policy::default(),
        };
        let ask = Ask::new(right, app.fresh_request(), b"account");
        let account = app.create_account(&ask, new).await.expect("an account").id;
        let read =
            permit(&Actor::Operator, Action::Read, Scope::Account(account)).expect("a right");
        let places = app.virtual_accounts(&read, account, None, None, 5).await.expect("places");
        let place = places.rows[0].id;
        let router = server::api::routes().with_state(app.clone());
        Self { app, script, account, place, router, folder }
    }

    pub(crate) fn permit(&self, action: Action) -> Permit {
        permit(&Actor::Operator, action, Scope::Account(self.account)).expect("an operator may")
    }

    pub(crate) fn ask(&self, action: Action) -> Ask {
        Ask::new(self.permit(action), self.app.fresh_request(), b"")
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(path).body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        Answer { status, body: body.to_vec() }
    }

    pub(crate) async fn push(&self, reports: Vec<SealedReport>) -> Answer {
        let reports = reports.into_iter().map(Carried::Sealed).collect();
        self.post("/device/v1/usage", UsageFile { system: None, reports }.to_xml()).await
    }

    pub(crate) async fn token(&self, max_uses: Option<u32>) -> ShownToken {
        let new = NewToken {
            virtual_account: self.place,
            description: String::new(),
            expires_after_days: 30,
            max_uses,
            export_controlled: ledger::token::ExportControlled::NotAllowed,
        };
        let ask = self.ask(Action::ManageTokens);
        self.app.create_token(&ask, self.account, new).await.expect("a token")
    }

    /// A device that is trusted already.
    pub(crate) async fn trusted(&self, seed: u8) -> Device {
        let device = Device::new(seed);
        let text = self.token(None).await.text.expect("a text");
        let answer = self.post("/device/v1/trust", device.request(&text, self.now())).await;
        let file = answer.file();
        let bundle = file.bundle.expect("a bundle").open_in(self.realm()).expect("our realm");
        let code: Sealed<TrustCode> = file.trust.expect("a trust code");
        let key = bundle.find(code.peek_key()).expect("the bundle lists the key");
        code.open(&key).expect("the bundle's key sealed it");
        device
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.world.now()
    }

    pub(crate) fn realm(&self) -> Realm {
        self.app.keys.realm
    }

    /// The acknowledgement, opened by the key that the bundle lists.
    pub(crate) fn ack(&self, answer: &Answer) -> Ack {
        let sealed = answer.file().ack.expect("an acknowledgement");
        let bundle = self.app.trust_bundle().bundle.expect("a bundle");
        let bundle = bundle.open_in(self.realm()).expect("our realm");
        let key = bundle.find(sealed.peek_key()).expect("the bundle lists the key");
        sealed.open(&key).expect("the bundle's key sealed it").into_inner()
    }

    /// Units in use of the one license, and the balance of its pool; zeros without a pool.
    pub(crate) async fn in_use(&self) -> (i64, i64) {
        let question = server::app::inventory::PoolQuestion::default();
        let read = self.permit(Action::Read);
        let pools = self.app.pools(&read, self.account, question, 10).await.expect("pools").rows;
        pools.first().map_or((0, 0), |pool| (pool.standing.in_use, pool.standing.balance()))
    }

    pub(crate) async fn alarms(&self) -> Vec<&'static str> {
        let read = self.permit(Action::Read);
        let found = self.app.alarms(&read, self.account, None, None, 10).await.expect("alarms");
        found.rows.iter().map(|view| view.alarm.kind.word()).collect()
    }
}

/// A device: a key and an identity.
pub(crate) struct Device {
    pub(crate) key: SigningKey,
    pub(crate) udi: Udi,
}

impl Device {
    pub(crate) fn new(seed: u8) -> Self {
        let udi = Udi::pid_serial("P-1", format!("SN{seed}"));
        Self { key: SigningKey::from_seed([seed; 32]), udi }
    }

    /// The body of a trust request that was made at a moment.
    pub(crate) fn request(&self, token: &str, at: Timestamp) -> String {
        self.request_until(token, at, at.plus(Span::from_hours(1)))
    }

    pub(crate) fn request_until(&self, token: &str, at: Timestamp, until: Timestamp) -> String {
        let request = TrustRequest {
            token: token.to_owned(),
            udi: self.udi.clone(),
            members: Vec::new(),
            key: self.key.verifying().to_bytes(),
            software: SoftwareTag::new("regid.2026-01.com.example.OS,1.0_b").expect("a tag"),
            software_version: None,
            hostname: None,
            nonce: [1; 16],
            requested_at: at,
        };
        let claims = Claims { audience: None, issued_at: at, expires_at: Some(until) };
        TrustFile { request: Sealed::seal(&request, claims, &self.key) }.to_xml()
    }

    /// The report of a number: a level over the hour before a moment.
    pub(crate) fn report(
        &self,
        number: u64,
        level: u64,
        at: Timestamp,
        realm: Realm,
    ) -> SealedReport {
        let start = at.minus(Span::from_hours(1));
        let measurement = Measurement {
            log_time: at,
            start_time: start,
            end_time: at,
            sample_interval: 3600,
            num_samples: 4,
            value: Count::new(level).expect("a count"),
            added: Vec::new(),
            removed: Vec::new(),
            termination_reason: None,
            close_reason: None,
            clock_change_delta: None,
        };
        let position = Position { epoch: 1_700_000_000, number };
        let report = Report {
            report_id: position.report_id().expect("a report id"),
            software: SoftwareTag::new("regid.2026-01.com.example.OS,1.0_b").expect("a tag"),
            udi: self.udi.clone(),
            entitlement: EntitlementTag::new(TAG).expect("a tag"),
            software_version: None,
            hostname: None,
            utility_enabled: false,
            members: Vec::new(),
            measurements: vec![measurement],
            notes: Vec::new(),
            country: None,
        };
        SealedReport::seal(&report, position, [0; 32], Some(realm), &self.key).expect("sealed")
    }
}
