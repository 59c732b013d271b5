//! Secrets: no two installations share one, none of them lets anybody in from the start, and what
//! is secret stands nowhere but where it was shown.

use server::app::api_tokens::Shown;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::house::HOUSE;
use ledger::log::Personal;
use serde_json::{Value, json};
use server::app::events::EventQuestion;
use server::config::{Config, Mail, MailTls};
use server::proof::Secret;
use store::Sight;

use crate::hall::{Hall, PASSWORD, caller, code};
use crate::stage::Stage;

/// How long bytes must be to be a secret that can be told from chance.
const WINDOW: usize = 8;

/// Everything in a fresh installation that nobody else may know or guess, in bytes.
fn secrets_of(hall: &Hall) -> Vec<Vec<u8>> {
    let app = hall.app();
    let printed = hall.running().set_up_secret.clone().expect("the first start of a server");
    let session = hall.runtime.block_on(app.sign_in(&printed, "192.0.2.1")).expect("a session");
    let mut found = vec![printed.into_bytes(), session.token.into_bytes()];
    let data = hall.stage.path("scrip-data");
    for folder in ["keys", "tls"] {
        for file in std::fs::read_dir(data.join(folder)).expect("a folder") {
            let path = file.expect("a file").path();
            if path.ends_with("certificate.pem") {
                continue;
            }
            let bytes = std::fs::read(&path).expect("it is read");
            // PEM says in words what it holds, and in base64 of which algorithm; then the key.
            let text = String::from_utf8(bytes).expect("text");
            let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("---")).collect();
            let secret = lines.concat();
            found.push(secret.as_bytes()[secret.len() / 2..].to_vec());
        }
    }
    let read =
        |reading: &mut store::Reading<'_>| reading.events(HOUSE, &EventQuestion::default(), 100);
    let events = hall.runtime.block_on(app.book.read(Sight::Account(HOUSE), read));
    let events = events.expect("events").rows;
    let salts = events.iter().filter_map(|one| match one.personal {
        Personal::Kept(salt) => Some(salt.to_vec()),
        _ => None,
    });
    found.extend(salts);
    found.push(app.keys.realm.as_bytes().to_vec());
    found.push(app.fresh_word().into_bytes());
    found
}

fn windows(secrets: &[Vec<u8>]) -> BTreeSet<&[u8]> {
    secrets.iter().flat_map(|one| one.windows(WINDOW)).collect()
}

#[test]
fn two_fresh_installs_share_no_secret_byte_and_have_nobody_who_can_sign_in() {
    let halls: [Hall; 2] = std::array::from_fn(|_| {
        let stage = Stage::new();
        let mut config = Config::in_folder(&stage.path("scrip-data"));
        config.tls.mode = server::config::TlsMode::SelfMade;
        Hall::configured(stage, config)
    });
    let [one, other] = halls.each_ref().map(secrets_of);
    assert!(one.len() >= 9 && one.len() == other.len(), "{} and {}", one.len(), other.len());
    let shared: Vec<_> = windows(&one).intersection(&windows(&other)).copied().collect::<Vec<_>>();
    assert!(
        shared.is_empty(),
        "{:?}",
        shared.iter().map(|b| String::from_utf8_lossy(b)).collect::<Vec<_>>()
    );
    for hall in &halls {
        assert_eq!(hall.stage.json(&["user", "list"]), json!([]));
        assert_eq!(hall.stage.json(&["role", "list", "--house"]), json!([]));
        for email in ["admin", "admin@example.com", "operator", "root@localhost", ""] {
            for password in ["admin", "password", "scrip", ""] {
                assert!(hall.enter(email, password).is_err(), "{email} gets in");
            }
        }
    }
}

#[test]
fn a_served_server_logs_no_secret_however_talkative_it_is() {
    let stage = Stage::new();
    let (served, url, secret) = stage.serve_talkatively();
    stage.file("secret", &secret);
    let away = ["--server", &url, "--token-file", "secret"];
    let account = ["account", "create", "Northwind", "--domain", "northwind.example"];
    stage.ok(&[&account[..], &away].concat());
    let token = stage.ok(&[&["token", "create"][..], &away].concat());
    stage.ok(&["role", "grant", "cho@northwind.example", "administrator"]);
    let link = stage.ok(&["user", "link", "cho@northwind.example"]);
    let (_, word) = link.trim().rsplit_once('/').expect("a word");
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    agent.get(link.trim()).call().expect("an answer");
    agent.get(format!("{url}/api/v1/accounts/scrip_pat_planted")).call().expect("an answer");
    stage.file("wrong", "planted-wrong-token");
    let wrong = stage.run(&["account", "list", "--server", &url, "--token-file", "wrong"]);
    assert!(wrong.err.contains("(auth.wrong)"), "{}", wrong.err);
    let again = stage.ok(&["setup-secret"]);
    drop(served);
    let log = std::fs::read_to_string(stage.path("log")).expect("the log");
    assert!(log.contains("/invitation/…"), "all is logged: {log}");
    let planted = "scrip_pat_planted";
    for text in [&*secret, again.trim(), token.trim(), word, planted, "planted-wrong-token"] {
        assert!(text.len() >= WINDOW && !log.contains(text), "{text} stands in {log}");
        assert!(!wrong.err.contains(text), "{}", wrong.err);
    }
}

/// What everything in this process logs, from the first listening on.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listen() {
    let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    all.with_writer(|| Log).init();
}

fn logged() -> String {
    String::from_utf8_lossy(&LOGGED.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

/// A real SMTP server that keeps what it gets.
struct Post {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Post {
    /// Starts it, where it is installed.
    fn open(folder: PathBuf, login: &str) -> Option<Self> {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/outside/smtp_receiver.py");
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script).arg(&folder).args(["--login", login]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
        let Some(port) = line.trim().rsplit_once(':').and_then(|(_, port)| port.parse().ok())
        else {
            println!("skipped the mails: python3-aiosmtpd is not installed");
            return None;
        };
        Some(Self { child, folder, port })
    }

    /// Every mail that came: to whom, and its text with its lines put together again.
    fn mails(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for file in std::fs::read_dir(self.folder.join("new")).expect("a folder") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|it| it == "eml") {
                let text = std::fs::read_to_string(&path).expect("a mail");
                let about = std::fs::read_to_string(path.with_extension("json")).expect("about it");
                found.push((about, text.replace("=\r\n", "").replace("=3D", "=")));
            }
        }
        found
    }

    /// The newest link that was mailed to somebody.
    fn link(&self, email: &str, kind: &str) -> String {
        for _ in 0..100 {
            for (to, text) in self.mails() {
                let link = text.split_whitespace().find(|word| word.contains(kind));
                if let Some(link) = link.filter(|_| to.contains(email)) {
                    return link.to_owned();
                }
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("no mail to {email} with a link to {kind}");
    }
}

/// The run of a server in which everything secret is used, rightly and wrongly.
struct Run {
    hall: Hall,
    post: Option<Post>,
    /// What is secret, by its name.
    secrets: Vec<(&'static str, String)>,
    /// The words of one-time links, with whom they are for.
    links: Vec<(String, String)>,
    /// All that was answered where it was not the secret's own showing.
    answers: String,
}

const MAIL_PASSWORD: &str = "planted-mail-Password-91c4";
const BOB: &str = "bob@northwind.example";

impl Run {
    fn begin() -> Self {
        let stage = Stage::new();
        stage.file("mail-password", MAIL_PASSWORD);
        let post = Post::open(stage.path("mails"), &format!("scrip:{MAIL_PASSWORD}"));
        let mut config = Config::in_folder(&stage.path("scrip-data"));
        config.mail = post.as_ref().map(|post| Mail {
            host: "127.0.0.1".to_owned(),
            port: post.port,
            tls: MailTls::None,
            ca: None,
            from: "scrip@example.org".to_owned(),
            to: vec!["licenses@example.org".to_owned()],
            username: Some("scrip".to_owned()),
            password_file: Some(stage.path("mail-password")),
        });
        let hall = Hall::configured(stage, config);
        let mut run =
            Self { hall, post, secrets: Vec::new(), links: Vec::new(), answers: String::new() };
        run.plant("the mail password", MAIL_PASSWORD);
        run.plant("the mail password in base64", &STANDARD.encode(MAIL_PASSWORD));
        run.plant("the login in base64", &STANDARD.encode(format!("\0scrip\0{MAIL_PASSWORD}")));
        run
    }

    fn plant(&mut self, name: &'static str, text: &str) {
        assert!(text.len() >= WINDOW, "{name} is too short to be found for sure");
        self.secrets.push((name, text.to_owned()));
    }

    /// Asks the running server over the network; the answer is kept as one that shows no secret,
    /// unless it is the secret's own showing.
    fn ask(&mut self, bearer: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, text) = self.send(bearer, path, body);
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        let shows = ["text", "client_secret"].iter().any(|field| said.get(field).is_some());
        if !shows {
            let _ = writeln!(self.answers, "{status} {text}");
        }
        said
    }

    fn send(&self, bearer: &str, path: &str, body: Option<&Value>) -> (u16, String) {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
        let url = format!("http://{}{path}", self.hall.running().address);
        let bearer = format!("Bearer {bearer}");
        let sent = match body {
            Some(body) => agent.post(&url).header("authorization", &bearer).send(body.to_string()),
            None => agent.get(&url).header("authorization", &bearer).call(),
        };
        let mut answer = sent.expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
    }

    fn refused(&mut self, error: String) {
        let _ = writeln!(self.answers, "{error}");
    }

    /// The operator by the set-up secret: an account, an invitation, an ID token; and wrong secrets.
    fn set_up(&mut self) -> String {
        let secret = self.hall.running().set_up_secret.clone().expect("the first start");
        self.plant("the set-up secret", &secret);
        let account = json!({ "name": "Northwind", "domain": "northwind.example" });
        let made = self.ask(&secret, "/api/v1/accounts", Some(&account));
        let path = format!("/api/v1/accounts/{}", made["id"].as_str().expect("an id"));
        let session = self.hall.runtime.block_on(self.hall.app().sign_in(&secret, "192.0.2.1"));
        self.plant("a session's token", &session.expect("a session").token);
        let wrong = "planted-wrong-bearer-77aa";
        self.plant("a wrong bearer token", wrong);
        self.ask(wrong, "/api/v1/accounts", None);
        let places = self.ask(&secret, &format!("{path}/virtual-accounts"), None);
        let token = json!({
            "virtual_account": places["items"][0]["id"],
            "description": "planted",
            "expires_after_days": 30,
        });
        let token = self.ask(&secret, &format!("{path}/tokens"), Some(&token));
        let token = token["text"].as_str().expect("its text").to_owned();
        self.plant("the text of an ID token", &token);
        self.ask(&token, "/api/v1/accounts", None);
        self.ask("none", "/device/v1/trust", Some(&json!({ "idtoken": token })));
        self.ask(&secret, &format!("{path}/tokens"), None);
        let grant = json!({ "email": BOB, "name": "Bob", "role": "administrator" });
        self.ask(&secret, &format!("{path}/grants"), Some(&grant));
        path
    }

    /// Bob gets in by the link of his invitation, which is mailed or printed.
    fn invite(&mut self) {
        let link = match &self.post {
            Some(post) => post.link(BOB, "/invitation/"),
            None => self.hall.stage.ok(&["user", "link", BOB]).trim().to_owned(),
        };
        let word = link.rsplit_once('/').expect("a word").1.to_owned();
        // The link's own page may name it; nothing else may.
        self.send("none", &format!("/invitation/{word}"), None);
        self.links.push((BOB.to_owned(), word));
        self.plant("the password", PASSWORD);
        self.hall.choose_password(&link, PASSWORD).expect("it is chosen");
        let dead = self.hall.choose_password(&link, PASSWORD).expect_err("it is used up");
        self.refused(dead);
        let weak = "planted9";
        self.plant("a password that is too weak", weak);
        let printed = self.hall.stage.ok(&["user", "link", BOB]);
        let error = self.hall.choose_password(&printed, weak).expect_err("it is weak");
        self.refused(error);
        self.plant(
            "the word of a printed link",
            printed.trim().rsplit_once('/').expect("a word").1,
        );
        let wrong = "planted wrong Password 3e3e";
        self.plant("a wrong password", wrong);
        let error = self.hall.enter(BOB, wrong).err().expect("it is wrong");
        self.refused(error);
    }

    /// Bob's session, personal token, authenticator app and recovery codes.
    fn sign_in(&mut self, path: &str) {
        let bob = self.hall.guest(BOB, PASSWORD);
        self.plant("another session's token", &bob.token);
        let token = self.hall.token_of(&bob);
        self.plant("a personal token", &token);
        self.ask(&token, "/api/v1/me", None);
        self.ask(&token, "/api/v1/me/api-tokens", None);
        self.ask(&token, "/api/v1/people", None);
        let client = json!({ "name": "inventory", "scope": "read", "expires_after_days": 9 });
        let client = self.ask(&token, &format!("{path}/api-clients"), Some(&client));
        let secret = client["client_secret"].as_str().expect("a secret").to_owned();
        self.plant("a client's secret", &secret);
        let id = client["client_id"].as_str().expect("an id");
        let app = self.hall.app();
        let exchange = |id: &str| {
            let shown = Shown::Client { id, secret: &secret };
            self.hall.runtime.block_on(app.exchange_token(&shown, None, "192.0.2.2"))
        };
        let access = exchange(id).expect("an access token").text;
        let other = exchange("apit_x");
        self.plant("an access token", &access);
        self.ask(&access, path, None);
        self.refused(other.err().expect("another client's").to_string());
        self.ask(&token, &format!("{path}/api-clients"), None);
        if let Some((totp, codes)) = self.hall.take_authenticator(&bob) {
            self.plant("the authenticator's secret", &totp);
            codes.iter().for_each(|code| self.plant("a recovery code", code));
            self.second_factor(&totp, &codes);
        }
    }

    fn second_factor(&mut self, totp: &str, codes: &[String]) {
        use server::app::sign_in::{Entered, Factor};
        let app = self.hall.app();
        for shown in [codes[0].clone(), codes[0].clone(), code(totp).expect("a code")] {
            let Ok(Entered::Owes(owes)) = self.hall.enter(BOB, PASSWORD) else {
                panic!("none is owed")
            };
            self.plant("the token of a session that owes", &owes.token);
            let factor = Factor::Code(Secret::new(&*shown));
            let from = caller();
            let entered = app.sign_in_by_second_factor(&owes.token, factor, &from);
            match self.hall.runtime.block_on(entered) {
                Ok(new) => self.plant("the token of a session with two factors", &new.token),
                Err(error) => self.refused(error.to_string()),
            }
        }
    }

    /// A forgotten password, by mail.
    fn forget(&mut self) {
        let Some(post) = &self.post else { return };
        let _in = self.hall.runtime.enter();
        self.hall.app().forgot_password(BOB, &caller()).expect("it is asked for");
        let link = post.link(BOB, "/new-password/");
        let word = link.rsplit_once('/').expect("a word").1.to_owned();
        self.links.push((BOB.to_owned(), word));
        let new = "quiet harbours lend their boats";
        self.secrets.push(("the new password", new.to_owned()));
        self.hall.choose_password(&link, new).expect("it is chosen");
    }

    /// Everything that is kept or told, by where it stands.
    fn everything(&mut self, path: &str) -> Vec<(String, String)> {
        let mut all =
            vec![("the log".to_owned(), logged()), ("an answer".to_owned(), self.answers.clone())];
        let (status, figures) = self.send("none", "/metrics", None);
        assert_eq!(status, 200, "{figures}");
        all.push(("the figures".to_owned(), figures));
        let exported = |words: &[&str]| {
            self.hall.stage.ok(&[&["event", "export", "--format", "jsonl"][..], words].concat())
        };
        let events = exported(&["--account", path.rsplit_once('/').expect("an id").1]);
        assert!(events.contains("api_client.made"), "{events}");
        all.push(("the account's event log".to_owned(), events));
        let events = exported(&["--house"]);
        assert!(events.contains("credential.changed"), "{events}");
        all.push(("the house's event log".to_owned(), events));
        for (to, text) in self.post.iter().flat_map(Post::mails) {
            all.push((format!("a mail {to}"), text));
        }
        for file in ["scrip.db", "scrip.db-wal"] {
            let bytes =
                std::fs::read(self.hall.stage.path("scrip-data").join(file)).expect("the book");
            all.push((file.to_owned(), String::from_utf8_lossy(&bytes).into_owned()));
        }
        all
    }
}

#[test]
fn no_secret_that_is_used_stands_in_a_log_a_mail_an_answer_a_figure_an_event_or_the_book() {
    listen();
    let mut run = Run::begin();
    let path = run.set_up();
    run.invite();
    run.sign_in(&path);
    run.forget();
    std::thread::sleep(Duration::from_millis(1_500));
    let everything = run.everything(&path);
    let log = &everything[0].1;
    assert!(log.contains("DEBUG") && log.contains("path=\"/invitation/…\""), "{log}");
    if let Some(post) = &run.post {
        assert!(post.mails().len() >= 4, "{:?}", post.mails());
    }
    for (place, text) in &everything {
        for (name, secret) in &run.secrets {
            assert!(!text.contains(secret), "{name} stands in {place}");
        }
        for (email, word) in &run.links {
            let is_own = place.starts_with("a mail") && place.contains(email);
            assert!(is_own || !text.contains(word), "the word of a link stands in {place}");
        }
    }
}
