//! A folder to work in, the command, and files that devices of other makers saved.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder that goes away with its test.
pub(crate) struct Stage {
    folder: PathBuf,
}

/// What a command did.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A server that runs beside the commands.
pub(crate) struct Served {
    child: Child,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("scrip-cli-{}-{nth}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self { folder }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scrip"));
        command.args(words).current_dir(&self.folder).stdin(Stdio::null());
        ["SCRIP_SERVER_DATA", "SCRIP_TOKEN"].into_iter().for_each(|name| {
            command.env_remove(name);
        });
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Done {
        Self::done(self.command(words).output().expect("the command runs"))
    }

    /// Runs a command to its end in which a person types something.
    pub(crate) fn typed(&self, words: &[&str], typed: &str) -> Done {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut keys = child.stdin.take().expect("its input");
        keys.write_all(typed.as_bytes()).expect("it is typed");
        drop(keys);
        Self::done(child.wait_with_output().expect("the command runs"))
    }

    fn done(output: std::process::Output) -> Done {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Done {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Runs a command that must succeed, and returns what it printed.
    pub(crate) fn ok(&self, words: &[&str]) -> String {
        let done = self.run(words);
        assert_eq!(done.code, 0, "{words:?}: {}{}", done.out, done.err);
        done.out
    }

    /// Runs a command that must succeed, and reads the JSON that it printed.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let words = [words, &["--json"]].concat();
        serde_json::from_str(&self.ok(&words)).expect("JSON")
    }

    /// Starts a server and waits until it answers.
    pub(crate) fn serve(&self) -> Served {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("it starts");
        let out = child.stdout.take().expect("its output");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("it says where it is");
        assert!(line.starts_with("scrip serves at http://127.0.0.1:"), "{line}");
        Served { child }
    }

    /// Starts a server for the first time that logs all it can to the file `log`; says where it is
    /// and what its set-up secret is.
    pub(crate) fn serve_talkatively(&self) -> (Served, String, String) {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        let log = std::fs::File::create(self.path("log")).expect("a file");
        command.env("SCRIP_LOG_LEVEL", "trace").stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().expect("it starts");
        let out = child.stdout.take().expect("its output");
        let served = Served { child };
        let mut words = Vec::new();
        for line in BufReader::new(out).lines() {
            let line = line.expect("it says where it is");
            words.extend(line.split_whitespace().next_back().map(str::to_owned));
            if line.contains("Set-up secret: ") {
                break;
            }
        }
        (served, words.remove(0), words.pop().expect("its secret"))
    }

    /// Waits until so many events of an action, or of any, have their places in the account's log.
    pub(crate) fn wait_for_places(&self, action: &str, count: usize) {
        for _ in 0..100 {
            let all = self.json(&["event", "list"]);
            let all = all.as_array().expect("a list");
            let of_it = |one: &&Value| action.is_empty() || one["action"] == action;
            if all.iter().filter(of_it).filter(|one| one["place"].is_number()).count() == count {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("events have no places after ten seconds");
    }

    /// Writes a file and returns its name.
    pub(crate) fn file<'a>(&self, name: &'a str, text: &str) -> &'a str {
        std::fs::write(self.folder.join(name), text).expect("it is written");
        name
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// A usage file of another maker's device: one report of one license.
pub(crate) fn foreign(serial: &str, report: u32, level: u32) -> String {
    let payload = format!(
        "{{\"version\":\"2.0\",\"asset_identification\":{{\"report_id\":{report},\
         \"asset\":{{\"name\":\"regid.2018-05.com.example.WLC,1.0_a\"}},\
         \"instance\":{{\"sudi\":{{\"udi_pid\":\"WLC-1\",\"udi_serial_number\":\"{serial}\"}}}}}},\
         \"signature\":{{\"signing_type\":\"builtin\",\"key\":\"regid.a\",\"value\":\"AAAA\"}},\
         \"meta\":{{\"entitlement_tag\":\"regid.2018-06.com.example.AIR_NETWORK,1.0_b\"}},\
         \"measurements\":[{{\"log_time\":1750000000,\"metric_name\":\"ENTITLEMENT\",\
         \"start_time\":1750000000,\"end_time\":1750003600,\"sample_interval\":3600,\
         \"num_samples\":4,\"value\":{{\"type\":\"COUNT\",\"value\":\"{level}\"}}}}]}}"
    );
    let report = serde_json::json!({
        "payload": payload,
        "header": { "type": "rum" },
        "signature": {
            "sudi": { "udi_pid": "WLC-1", "udi_serial_number": serial },
            "signing_type": "builtin",
            "key": "regid.a",
            "value": "AAAA",
        },
    });
    format!("<RUMReport><![CDATA[{report}]]></RUMReport>\n")
}
