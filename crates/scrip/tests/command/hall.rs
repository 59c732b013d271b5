//! A server inside the test, beside which the real command runs: so a test can also do what people
//! do with a browser.

use ledger::person::{Bounds, LinkPurpose};
use server::app::App;
use server::app::api_tokens::NewApiToken;
use server::app::people::OwnAsk;
use server::app::sessions::SignedIn;
use server::app::sign_in::{Caller, Entered};
use server::config::Config;
use server::proof::Secret;
use server::serve::{Running, start};
use server::world::World;
use tokio::runtime::Runtime;

use crate::stage::Stage;

/// A password that nobody guesses first.
pub(crate) const PASSWORD: &str = "violet anchors drift past noon";

/// A server and the folder it is in.
pub(crate) struct Hall {
    pub(crate) stage: Stage,
    pub(crate) runtime: Runtime,
    running: Option<Running>,
}

/// Somebody who is signed in.
pub(crate) struct Guest {
    pub(crate) token: String,
    pub(crate) seen: SignedIn,
}

impl Drop for Hall {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.shutdown());
        }
    }
}

impl Hall {
    pub(crate) fn open(stage: Stage) -> Self {
        let config = Config::in_folder(&stage.path("scrip-data"));
        Self::configured(stage, config)
    }

    pub(crate) fn configured(stage: Stage, config: Config) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let running = runtime.block_on(start(config, World::system())).expect("it starts");
        Self { stage, runtime, running: Some(running) }
    }

    pub(crate) fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }

    pub(crate) fn app(&self) -> App {
        self.running().app.clone()
    }

    /// Chooses a password by a one-time link, as its address is printed or mailed.
    pub(crate) fn choose_password(&self, link: &str, password: &str) -> Result<(), String> {
        let link = link.trim();
        let (path, word) = link.rsplit_once('/').expect("a word");
        let purpose = match path.rsplit_once('/').expect("a path").1 {
            "invitation" => LinkPurpose::Invitation,
            "new-password" => LinkPurpose::PasswordReset,
            other => panic!("a link to {other}"),
        };
        let app = self.app();
        let (request, new) = (app.fresh_request(), Secret::new(password));
        let set = app.set_password_by_link(word, purpose, new, request, "192.0.2.9");
        self.runtime.block_on(set).map_err(|error| error.to_string())
    }

    /// Signs in by password.
    pub(crate) fn enter(&self, email: &str, password: &str) -> Result<Entered, String> {
        let app = self.app();
        let from = caller();
        let entered = app.sign_in_by_password(email, Secret::new(password), &from);
        self.runtime.block_on(entered).map_err(|error| error.to_string())
    }

    /// Signs in somebody who owes no second factor.
    pub(crate) fn guest(&self, email: &str, password: &str) -> Guest {
        let Ok(Entered::In(new)) = self.enter(email, password) else {
            panic!("{email} is kept out")
        };
        self.seen(&new.token)
    }

    pub(crate) fn seen(&self, token: &str) -> Guest {
        let seen = self.runtime.block_on(self.app().signed_in(token)).expect("it is read");
        Guest { token: token.to_owned(), seen: seen.expect("they are signed in") }
    }

    /// Makes a personal token for everything.
    pub(crate) fn token_of(&self, guest: &Guest) -> String {
        let app = self.app();
        let new = NewApiToken {
            name: "test".to_owned(),
            bounds: Bounds::Everything,
            expires_after_days: 30,
        };
        let hash = guest.seen.session.token_hash;
        let made = app.make_personal_token(self.ask(guest, b"token"), hash, new);
        self.runtime.block_on(made).expect("a token").text
    }

    /// What somebody asks for themself.
    pub(crate) fn ask(&self, guest: &Guest, content: &[u8]) -> OwnAsk {
        let member = guest.seen.member().expect("a person");
        OwnAsk::new(member, self.app().fresh_request(), "192.0.2.9", content)
    }

    /// Takes an authenticator app and returns its secret and the recovery codes; `None` where no
    /// such app is installed.
    pub(crate) fn take_authenticator(&self, guest: &Guest) -> Option<(String, Vec<String>)> {
        let app = self.app();
        let member = guest.seen.member().expect("a person");
        let person = self.runtime.block_on(app.profile(member)).expect("a person");
        let new = self.runtime.block_on(app.begin_totp(&person)).expect("a secret");
        let code = code(new.text.expose())?;
        let (ask, from) = (self.ask(guest, b"totp"), caller());
        let confirm = app.confirm_totp(ask, &guest.seen.session, &new.state, &code, &from);
        let (codes, _) = self.runtime.block_on(confirm).expect("it is taken");
        let codes = codes.iter().map(|one| one.expose().to_owned()).collect();
        Some((new.text.expose().to_owned(), codes))
    }
}

pub(crate) fn caller() -> Caller {
    Caller { address: "192.0.2.9".to_owned(), browser: "Test".to_owned() }
}

/// The present code of an authenticator's secret.
pub(crate) fn code(secret: &str) -> Option<String> {
    let run = std::process::Command::new("oathtool").args(["--totp", "-b", secret]).output();
    let Ok(run) = run else {
        println!("skipped: oathtool is not installed");
        return None;
    };
    Some(String::from_utf8_lossy(&run.stdout).trim().to_owned())
}
