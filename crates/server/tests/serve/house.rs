//! A server on a folder of its own, with one account, in a scripted world.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ledger::role::{Action, Actor, Permit, Scope, permit};
use ledger::token::ExportControlled;
use server::app::accounts::NewAccount;
use server::app::inventory::{InstanceQuestion, PoolQuestion};
use server::app::tokens::NewToken;
use server::app::{App, Ask};
use server::config::Config;
use server::serve::{Running, start};
use server::world::Script;
use wire::id::{AccountId, VirtualAccountId};
use wire::message::Policy;
use wire::time::{Span, Timestamp};

use crate::client::post;
use crate::device::{Device, acknowledged};

/// When every scene begins: 2027-01-15T08:00:00Z.
pub(crate) const MORNING: Timestamp = Timestamp::from_seconds(1_800_000_000);
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder that goes away with its test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("scrip-serve-{}-{nth}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server that runs, and the company that a test works with.
pub(crate) struct House {
    pub(crate) running: Running,
    pub(crate) company: Company,
}

/// An account in an installation in a scripted world.
pub(crate) struct Company {
    pub(crate) app: App,
    pub(crate) script: Script,
    pub(crate) account: AccountId,
    pub(crate) place: VirtualAccountId,
}

impl House {
    pub(crate) async fn open(config: Config) -> Self {
        let script = Script::new(7, MORNING);
        let running = start(config, script.world()).await.expect("it starts");
        let company = Company::found(running.app.clone(), script).await;
        Self { running, company }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// A device that the server trusts.
    pub(crate) async fn device(&self, seed: u8) -> Device {
        let company = &self.company;
        let device = Device::new(seed, company.app.keys.realm);
        let request = device.trust_request(&company.token().await, company.now());
        post(self.address(), "/device/v1/trust", request).await.ok();
        device
    }

    /// Lets a device report a level from now on.
    pub(crate) async fn report(&self, device: &mut Device, level: u64) {
        let body = device.push(level, self.company.now());
        let answer = post(self.address(), "/device/v1/usage", body).await.ok();
        assert_eq!(acknowledged(&answer, &self.company.app.keys), 1);
    }

    /// Stops in good order; the folder is free then.
    pub(crate) async fn close(self) {
        let Self { running, company } = self;
        drop(company);
        running.shutdown().await;
    }
}

impl Company {
    pub(crate) async fn found(app: App, script: Script) -> Self {
        let new = NewAccount {
            name: "Northwind".to_owned(),
            domain: "northwind.example".to_owned(),
            policy: Policy::default(),
        };
        let account =
            app.create_account(&ask(&app, Action::CreateAccount, Scope::House), new).await;
        let account = account.expect("an account").id;
        let read = right(Action::Read, Scope::Account(account));
        let places = app.virtual_accounts(&read, account, None, None, 5).await.expect("places");
        Self { account, place: places.rows[0].id, app, script }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.world.now()
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, span: Span) {
        self.script.set(self.now().plus(span));
    }

    /// The text of a new ID token.
    pub(crate) async fn token(&self) -> String {
        let new = NewToken {
            virtual_account: self.place,
            description: String::new(),
            expires_after_days: 30,
            max_uses: None,
            export_controlled: ExportControlled::NotAllowed,
        };
        let asked = ask(&self.app, Action::ManageTokens, Scope::Account(self.account));
        let token = self.app.create_token(&asked, self.account, new).await.expect("a token");
        token.text.expect("a text")
    }

    /// How much news waits to be told.
    pub(crate) async fn waiting(&self) -> i64 {
        self.app.waiting().await.expect("it can be counted").news
    }

    /// In which countries devices are used, and how that is known.
    pub(crate) async fn countries(&self) -> Vec<String> {
        let read = right(Action::Read, Scope::Account(self.account));
        let all = InstanceQuestion::default();
        let found = self.app.instances(&read, self.account, all, 10).await.expect("instances");
        let known = found.rows.iter().filter_map(|row| row.instance.country_of_use);
        known.map(|known| format!("{} by {}", known.country, known.known_by.word())).collect()
    }

    /// How many units of the one license are in use.
    pub(crate) async fn in_use(&self) -> i64 {
        let read = right(Action::Read, Scope::Account(self.account));
        let pools = self.app.pools(&read, self.account, PoolQuestion::default(), 10).await;
        pools.expect("pools").rows.first().map_or(0, |pool| pool.standing.in_use)
    }
}

/// The right of the host.
pub(crate) fn right(action: Action, scope: Scope) -> Permit {
    permit(&Actor::Host, action, scope).expect("the host may")
}

fn ask(app: &App, action: Action, scope: Scope) -> Ask {
    Ask::new(right(action, scope), app.fresh_request(), b"a test")
}

/// Waits until something is so, for a while.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    for _ in 0..400 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("it never came about: {what}");
}
