//! How a command asks: of the server that has the data folder open, of the folder itself, or of a
//! server over the network.
//!
//! Every command asks the same routes of the API, so it can do what a program can do, no more; what
//! only the host may do has routes that no network reaches.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use server::serve::desk::{Desk, Question, Reply, WhenEmpty};
use server::world::World;

use crate::config::{Place, Setting};
use crate::remote::Line;

/// How many rows one page of a list has.
const ROWS: u32 = 500;

/// Whom a command asks.
pub(crate) struct Asker {
    way: Way,
}

/// The way to them.
enum Way {
    /// This host's desk.
    Host(tokio::runtime::Runtime, Desk),
    /// A server's API.
    Remote(Line),
}

impl Asker {
    /// Finds whom to ask about an installation that is there.
    pub(crate) fn find(setting: &Setting) -> Result<Self> {
        Self::open(setting, WhenEmpty::Refuse)
    }

    /// Finds whom to ask, and begins an installation where there is none.
    pub(crate) fn find_or_begin(setting: &Setting) -> Result<Self> {
        Self::open(setting, WhenEmpty::Begin)
    }

    fn open(setting: &Setting, when: WhenEmpty) -> Result<Self> {
        match setting.remote.line()? {
            Some(line) => Ok(Self { way: Way::Remote(line) }),
            None => Self::here(&setting.place, when),
        }
    }

    /// Finds the desk of an installation on this host, for what only the host may do.
    pub(crate) fn on_host(place: &Place) -> Result<Self> {
        Self::here(place, WhenEmpty::Refuse)
    }

    fn here(place: &Place, when: WhenEmpty) -> Result<Self> {
        let config = place.load()?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let desk = runtime.block_on(Desk::find(&config, World::system(), when))?;
        Ok(Self { way: Way::Host(runtime, desk) })
    }

    /// Whether it is this host that is asked.
    pub(crate) fn is_host(&self) -> bool {
        matches!(self.way, Way::Host(..))
    }

    /// The accounts that the asker may name: all for an operator, else those they have a role in.
    pub(crate) fn accounts(&self) -> Result<Vec<Value>> {
        if self.is_host() {
            return self.list("/api/v1/accounts");
        }
        match self.list("/api/v1/accounts") {
            Err(error) if error.to_string().ends_with("(permit.denied)") => {
                let own = self.get("/api/v1/me")?;
                let accounts = own.get("accounts").and_then(Value::as_array);
                Ok(accounts.cloned().unwrap_or_default())
            }
            other => other,
        }
    }

    /// Reads something.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.told("GET", path, None)
    }

    /// Makes something.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.told("POST", path, Some(("application/json", body.to_string().into_bytes())))
    }

    /// Puts something in its place.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.told("PUT", path, Some(("application/json", body.to_string().into_bytes())))
    }

    /// Sends a file.
    pub(crate) fn send_xml(&self, path: &str, file: Vec<u8>) -> Result<Value> {
        self.told("POST", path, Some(("application/xml", file)))
    }

    /// All rows of a list, however many pages they are on.
    pub(crate) fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        self.each(path, |row| rows.push(row.clone()))?;
        Ok(rows)
    }

    /// Shows each row of a list, page by page.
    pub(crate) fn each(&self, path: &str, mut show: impl FnMut(&Value)) -> Result<()> {
        let mut next = String::new();
        loop {
            let mark = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{mark}limit={ROWS}{next}"))?;
            page.get("items").and_then(Value::as_array).into_iter().flatten().for_each(&mut show);
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => return Ok(()),
            }
        }
    }

    /// Reads something that is no JSON.
    pub(crate) fn fetch(&self, path: &str) -> Result<Vec<u8>> {
        let Reply { status, body } = self.reply("GET", path, None)?;
        if status.is_success() {
            return Ok(body);
        }
        let said: Option<Value> = serde_json::from_slice(&body).ok();
        refused("GET", path, status, said.as_ref())
    }

    fn told(
        &self,
        method: &str,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> Result<Value> {
        let is_ours = body.as_ref().is_some_and(|(kind, _)| *kind == "application/json");
        let Reply { status, body } = self.reply(method, path, body)?;
        let said: Option<Value> = serde_json::from_slice(&body).ok();
        if status.is_success() {
            return Ok(said.unwrap_or_default());
        }
        match refused(method, path, status, said.as_ref()) {
            Err(error) if is_ours => Err(anyhow::anyhow!("{}", placeless(&error.to_string()))),
            refused => refused,
        }
    }

    fn reply(
        &self,
        method: &str,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> Result<Reply> {
        let question = Question { method: method.parse()?, path: path.to_owned(), body };
        match &self.way {
            Way::Host(runtime, desk) => Ok(runtime.block_on(desk.ask(question))?),
            Way::Remote(line) => line.ask(question),
        }
    }
}

fn refused<T>(
    method: &str,
    path: &str,
    status: impl std::fmt::Display,
    said: Option<&Value>,
) -> Result<T> {
    let detail = said.and_then(|said| said.get("detail")).and_then(Value::as_str);
    let detail = detail.with_context(|| format!("{method} {path}: status {status}"))?;
    bail!("{detail}")
}

/// An error without its place in a body that nobody typed.
fn placeless(error: &str) -> &str {
    let after = |text: &str| {
        let (place, rest) = text.split_once(": ")?;
        let (line, column) = place.strip_prefix("line ")?.split_once(", column ")?;
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number(line) && is_number(column)).then(|| text.len() - rest.len())
    };
    &error[after(error).unwrap_or(0)..]
}

/// A text as a part of a path or a query.
pub(crate) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The text of a field, or nothing.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// An error with its causes, each said once.
pub(crate) fn words(error: &anyhow::Error) -> String {
    let mut out = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if out.is_empty() {
            out = cause;
        } else if !out.contains(&cause) {
            out = format!("{out}: {cause}");
        }
    }
    out
}
