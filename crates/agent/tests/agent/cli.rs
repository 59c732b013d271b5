//! The real `scrip-agent` in a folder of its own, against a small manager on a real socket.

use crate::ADVANTAGE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::office::{Mood, Office};
use agent::device::Outgoing;
use agent::seat::Carrier;
use serde_json::Value;
use wire::file::Room;
use wire::time::Timestamp;

/// A folder that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("scrip-agent-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Scratch(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A manager that listens.
struct Server {
    manager: Arc<Mutex<Office>>,
    url: String,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let manager = Arc::new(Mutex::new(Office::new(Timestamp::from_seconds(1_790_000_000))));
        let answering = Arc::clone(&manager);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(&answering, stream);
            }
        });
        Server { manager, url }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Office) -> T) -> T {
        act(&mut self.manager.lock().expect("a manager"))
    }
}

/// One request, one answer, and the connection ends.
fn answer(manager: &Mutex<Office>, stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).expect("a request");
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a header");
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let outgoing = match first.split_whitespace().nth(1).expect("a path") {
        "/device/v1/trust" => Outgoing::Trust { body },
        "/device/v1/usage" => Outgoing::Usage { body },
        "/device/v1/trust-bundle" => Outgoing::Bundle,
        other => panic!("{other} is no path of the device protocol"),
    };
    // A manager that is away just ends the connection.
    let Ok(reply) = manager.lock().expect("a manager").carry(outgoing) else { return };
    let retry = reply
        .retry_after
        .map(|span| format!("retry-after: {}\r\n", span.seconds()))
        .unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {} X\r\ncontent-length: {}\r\n{retry}connection: close\r\n\r\n",
        reply.status,
        reply.body.len()
    );
    let mut stream = stream;
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&reply.body));
}

/// A device with its configuration.
struct Agent {
    scratch: Scratch,
}

impl Agent {
    fn new(name: &str, server: Option<&str>) -> Agent {
        let scratch = Scratch::new(name);
        let example =
            run(Command::new(env!("CARGO_BIN_EXE_scrip-agent")).args(["config", "example"]));
        let example = String::from_utf8(example.stdout).expect("text");
        let server = server.map(|url| format!("server = \"{url}\"")).unwrap_or_default();
        let config = example.replace("server = \"http://127.0.0.1:8080\"", &server);
        std::fs::write(scratch.path("agent.toml"), config).expect("written");
        Agent { scratch }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scrip-agent"));
        command
            .arg("--config")
            .arg(self.scratch.path("agent.toml"))
            .args(words)
            .current_dir(&self.scratch.0);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        run(&mut self.command(words))
    }

    fn ok(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {complaint}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn fails(&self, words: &[&str], code: &str) {
        let output = self.run(words);
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {complaint}");
        assert!(complaint.ends_with(&format!("({code})")), "{words:?}: {complaint}");
    }

    fn facts(&self) -> Value {
        serde_json::from_str(&self.ok(&["--json", "show", "license", "all"])).expect("JSON")
    }
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("it runs")
}

struct Daemon(Child);

impl Daemon {
    fn start(agent: &Agent) -> Daemon {
        let child = agent
            .command(&["run"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let socket = agent.scratch.path("agent").join("agent.sock");
        wait_for("the socket", || socket.exists());
        Daemon(child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    for _ in 0..400 {
        if is_there() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("{what} did not come");
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

#[test]
fn usage_trust_and_reports_from_the_command_line() {
    let server = Server::start();
    let agent = Agent::new("line", Some(&server.url));
    assert_eq!(
        agent.ok(&["usage", "set", "network-advantage", "2"]),
        "network-advantage: 2 in use\n"
    );
    agent.fails(&["sync"], "trust.none");
    agent.fails(&["trust", "idtoken", "NONSENSE"], "token.malformed");
    let token = server.with(|manager| manager.token().to_string());
    assert_eq!(agent.ok(&["trust", "idtoken", &token]), "Trust Code Installed\n");
    let reported = server.with(|manager| manager.reports_of(ADVANTAGE).len());
    assert_eq!(reported, 1, "what was measured before trust");
    agent.fails(&["trust", "idtoken", &token], "trust.installed");
    agent.ok(&["trust", "idtoken", &token, "--force"]);
    agent.ok(&["usage", "set", "network-advantage", "5"]);
    assert_eq!(agent.ok(&["sync"]), "Reports acknowledged: 1, refused: 0, waiting: 0\n");
    let levels = server.with(|manager| {
        manager
            .reports_of(ADVANTAGE)
            .last()
            .expect("a report")
            .measurements
            .iter()
            .map(|one| one.value.get())
            .collect::<Vec<_>>()
    });
    assert_eq!(levels, [2, 5]);
    assert!(
        agent
            .ok(&["show", "license", "summary"])
            .contains("network-advantage       (Switch 48 Network Adva...)       5 IN USE\n")
    );
    assert!(
        agent
            .ok(&["show", "license", "status"])
            .contains("  Smart Account: Example Networks As of ")
    );
    assert_eq!(agent.facts()["trust"]["virtual_account"], "Default");
    assert_eq!(mode(&agent.scratch.path("agent")), 0o700);
    assert_eq!(mode(&agent.scratch.path("agent").join("device.key")), 0o600);
    assert_eq!(mode(&agent.scratch.path("agent").join("journal")), 0o600);
}

#[test]
fn usage_goes_by_file_and_its_acknowledgement_comes_back_by_file() {
    let server = Server::start();
    let agent = Agent::new("file", Some(&server.url));
    agent.fails(&["save", "usage", "unreported", "usage.xml"], "save.empty");
    let token = server.with(|manager| manager.token().to_string());
    agent.ok(&["trust", "idtoken", &token]);
    agent.ok(&["usage", "set", ADVANTAGE, "4"]);
    assert_eq!(agent.ok(&["save", "usage", "unreported", "usage.xml"]), "Reports saved: 1\n");
    let file = std::fs::read(agent.scratch.path("usage.xml")).expect("a file");
    let answer = server.with(|manager| manager.usage(&file, Room::File).to_xml());
    std::fs::write(agent.scratch.path("ack.xml"), answer).expect("written");
    assert_eq!(agent.ok(&["import", "ack.xml"]), "Import Data Successful\n");
    assert_eq!(agent.facts()["reports"]["acknowledged"], 1);
    agent.fails(&["import", "usage.xml"], "file.kind");
    agent.fails(&["import", "absent.xml"], "import.read");
}

#[test]
fn trust_goes_by_file_where_no_server_is_configured() {
    let server = Server::start();
    let agent = Agent::new("alone", None);
    let token = server.with(|manager| manager.token().to_string());
    agent.fails(&["save", "trust", "trust.xml"], "save.no_request");
    agent.ok(&["usage", "set", ADVANTAGE, "4"]);
    let said = agent.ok(&["trust", "idtoken", &token]);
    assert!(said.starts_with("Trust Requested\n") && said.contains("`save trust`"), "{said}");
    let request = agent.scratch.path("trust.xml");
    std::fs::write(&request, "what was there before, longer than what comes").expect("written");
    assert_eq!(agent.ok(&["save", "trust", "trust.xml"]), "Trust request saved\n");
    assert_eq!(mode(&request), 0o600, "it holds the ID token");
    let body = std::fs::read(&request).expect("a file");
    let answer = server.with(|manager| manager.carry(Outgoing::Trust { body }));
    let answer = answer.expect("an answer").body;
    std::fs::write(agent.scratch.path("answer.xml"), answer).expect("written");
    agent.fails(&["import", "trust.xml"], "file.kind");
    assert_eq!(
        agent.ok(&["import", "answer.xml"]),
        "Import Data Successful\nTrust Code Installed\n"
    );
    agent.fails(&["save", "trust", "trust.xml"], "save.no_request");
    agent.ok(&["save", "usage", "unreported", "usage.xml"]);
    let file = std::fs::read(agent.scratch.path("usage.xml")).expect("a file");
    let answer = server.with(|manager| manager.usage(&file, Room::File).to_xml());
    std::fs::write(agent.scratch.path("ack.xml"), answer).expect("written");
    agent.ok(&["import", "ack.xml"]);
    assert_eq!(agent.facts()["reports"]["acknowledged"], 1);
    agent.fails(&["sync"], "client.no_server");
}

#[test]
fn a_manager_that_is_away_costs_nothing_but_time() {
    let server = Server::start();
    let agent = Agent::new("away", Some(&server.url));
    let token = server.with(|manager| manager.token().to_string());
    agent.ok(&["trust", "idtoken", &token]);
    agent.ok(&["usage", "set", "analytics", "1"]);
    server.with(|manager| manager.mood = Mood::Away);
    agent.fails(&["sync"], "client.unreachable");
    server.with(|manager| manager.mood = Mood::Problem(403, "trust.revoked"));
    agent.fails(&["sync"], "trust.revoked");
    server.with(|manager| manager.mood = Mood::Good);
    agent.ok(&["usage", "set", "analytics", "2"]);
    assert!(agent.ok(&["sync"]).starts_with("Reports acknowledged: 3,"));
}

#[test]
fn the_daemon_answers_commands_reports_on_schedule_and_survives_a_kill() {
    let server = Server::start();
    let agent = Agent::new("daemon", Some(&server.url));
    let path = agent.scratch.path("agent.toml");
    let config = std::fs::read_to_string(&path).expect("a file");
    std::fs::write(&path, format!("report_every_seconds = 1\nfirst_report_seconds = 1\n{config}"))
        .expect("written");
    let token = server.with(|manager| manager.token().to_string());
    let daemon = Daemon::start(&agent);
    assert_eq!(mode(&agent.scratch.path("agent").join("agent.sock")), 0o600);
    agent.ok(&["trust", "idtoken", &token]);
    agent.ok(&["usage", "set", "network-advantage", "7"]);
    let reported = || server.with(|manager| manager.reports_of(ADVANTAGE).len());
    wait_for("a report by the interval", || reported() >= 2);
    agent.fails(&["run"], "folder.in_use");
    drop(daemon);
    assert!(agent.ok(&["show", "license"]).contains(" 7 IN USE"), "the level survives");
    let before = reported();
    let _daemon = Daemon::start(&agent);
    wait_for("a report after the restart", || reported() > before + 1);
    let reasons = server.with(|manager| {
        let measurements =
            manager.reports_of(ADVANTAGE).into_iter().flat_map(|report| &report.measurements);
        measurements.filter_map(|one| one.termination_reason.clone()).collect::<Vec<_>>()
    });
    assert!(reasons.contains(&"ProductReload".to_owned()), "{reasons:?}");
}

#[test]
fn a_wrong_configuration_is_refused_with_its_place() {
    let agent = Agent::new("config", None);
    assert!(agent.ok(&["config", "check"]).ends_with("agent.toml is in order\n"));
    let path = agent.scratch.path("agent.toml");
    let config = std::fs::read_to_string(&path).expect("a file");
    std::fs::write(&path, format!("colour = 1\n{config}")).expect("written");
    agent.fails(&["config", "check"], "config.form");
    agent.fails(&["show", "license"], "config.form");
    std::fs::write(&path, format!("country = \"de\"\n{config}")).expect("written");
    agent.fails(&["config", "check"], "config.form");
    std::fs::write(&path, format!("country = \"DE\"\n{config}")).expect("written");
    assert!(agent.ok(&["config", "check"]).ends_with("agent.toml is in order\n"));
    std::fs::remove_file(&path).expect("removed");
    agent.fails(&["show", "license"], "config.read");
    assert_eq!(agent.run(&["show", "licence"]).status.code(), Some(2));
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let agent = Agent::new("help", None);
    for words in [
        &["--help"][..],
        &["usage", "set", "--help"],
        &["trust", "idtoken", "--help"],
        &["import", "--help"],
    ] {
        assert!(agent.ok(words).contains("Example"), "{words:?}");
    }
}

#[test]
fn a_corrupt_store_is_set_aside_and_the_command_works_on() {
    let agent = Agent::new("corrupt", None);
    agent.ok(&["usage", "set", "network-advantage", "2"]);
    let journal = agent.scratch.path("agent").join("journal");
    let mut bytes = std::fs::read(&journal).expect("a journal");
    bytes[40] ^= 1;
    std::fs::write(&journal, bytes).expect("written");
    let output = agent.run(&["usage", "set", "network-advantage", "3"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("(store.reset)"));
    assert!(agent.scratch.path("agent").join("journal.corrupt-1").exists());
    assert!(agent.ok(&["show", "license"]).contains(" 3 IN USE"));
}
