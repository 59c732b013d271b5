//! Asking: one connection, one request after another, and how long each answer took.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::crowd::SignedIn;

/// By what somebody shows who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// A personal token, as programs do.
    Token,
    /// A session's cookie, as browsers do.
    Session,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// JSON or a page, which counts when it is there as a whole.
    Whole,
    /// A file of any length, which counts when it begins.
    File,
}

/// A question to be asked.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// The route, as the tables state it.
    pub(super) route: String,
    /// Which page, filter or sort.
    pub(super) variant: String,
    pub(super) path: String,
    /// What is posted, for lists that are asked for so.
    pub(super) body: Option<String>,
    pub(super) door: Door,
    pub(super) shape: Shape,
}

impl Question {
    pub(super) fn get(route: &str, variant: &str, path: String, door: Door) -> Self {
        let shape = if route.ends_with("/export") { Shape::File } else { Shape::Whole };
        let (route, variant) = (route.to_owned(), variant.to_owned());
        Self { route, variant, path, body: None, door, shape }
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) first: Duration,
    pub(super) whole: Duration,
}

/// What came back of the same question, asked some times.
#[derive(Clone, Debug)]
pub(super) struct Times {
    pub(super) status: u16,
    pub(super) rows: usize,
    pub(super) bytes: usize,
    /// In order of size.
    pub(super) spent: Vec<Duration>,
}

/// Somebody who asks.
pub(super) struct Asker {
    address: SocketAddr,
    stream: TcpStream,
    token: String,
    session: String,
}

#[expect(clippy::disallowed_methods, reason = "a bench measures with the real clock")]
fn moment() -> Instant {
    Instant::now()
}

impl Asker {
    pub(super) async fn connect(address: SocketAddr, who: &SignedIn) -> anyhow::Result<Self> {
        let stream = connect(address).await?;
        Ok(Self { address, stream, token: who.token.clone(), session: who.session.clone() })
    }

    /// Asks once.
    pub(super) async fn ask(&mut self, question: &Question) -> anyhow::Result<Answer> {
        let request = self.request(question);
        let begun = moment();
        self.stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::with_capacity(64 * 1024);
        ensure!(self.stream.read_buf(&mut bytes).await? > 0, "{}: no answer", question.path);
        let first = begun.elapsed_since();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(self.stream.read_buf(&mut bytes).await? > 0, "{}: cut off", question.path);
        };
        let status = std::str::from_utf8(&bytes[..head])?.to_owned();
        if question.shape == Shape::File {
            // The rest of a long file is left unread, with the connection.
            self.stream = connect(self.address).await?;
        } else {
            while !is_whole(&status, &bytes[head..])? {
                ensure!(self.stream.read_buf(&mut bytes).await? > 0, "{}: cut off", question.path);
            }
        }
        let whole = begun.elapsed_since();
        let code = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let code = code.with_context(|| format!("{}: {status}", question.path))?;
        Ok(Answer { status: code, body: bytes.split_off(head), first, whole })
    }

    /// Asks once uncounted, then some times; what is refused is asked no more.
    pub(super) async fn time(&mut self, question: &Question, asks: u32) -> anyhow::Result<Times> {
        let Answer { status, body, .. } = self.ask(question).await?;
        if matches!(status, 400 | 500..) {
            let said = String::from_utf8_lossy(&body);
            bail!("{} ({}): {status} {said}", question.path, question.variant);
        }
        let mut spent = Vec::new();
        for _ in 0..if status == 200 { asks } else { 0 } {
            let answer = self.ask(question).await?;
            ensure!(answer.status == status, "{}: {} after {status}", question.path, answer.status);
            let whole = question.shape == Shape::Whole;
            spent.push(if whole { answer.whole } else { answer.first });
        }
        spent.sort_unstable();
        Ok(Times { status, rows: rows(&body), bytes: body.len(), spent })
    }

    fn request(&self, question: &Question) -> String {
        let Self { token, session, .. } = self;
        let who = match question.door {
            Door::Token => format!("Authorization: Bearer {token}"),
            Door::Session => format!("Cookie: scrip_session={session}"),
        };
        let path = &question.path;
        match &question.body {
            None => format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{who}\r\n\r\n"),
            Some(body) => format!(
                "POST {path} HTTP/1.1\r\nHost: localhost\r\n{who}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
        }
    }
}

trait Since {
    fn elapsed_since(self) -> Duration;
}

impl Since for Instant {
    fn elapsed_since(self) -> Duration {
        moment() - self
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether the body is there, by its length or by its last chunk.
fn is_whole(head: &str, body: &[u8]) -> anyhow::Result<bool> {
    let named = |name: &str| {
        let line = |line: &&str| line.to_ascii_lowercase().starts_with(name);
        head.lines().find(line).and_then(|line| Some(line.split_once(':')?.1.trim().to_owned()))
    };
    if let Some(length) = named("content-length:") {
        return Ok(body.len() >= length.parse()?);
    }
    if named("transfer-encoding:").is_some() {
        return Ok(body.ends_with(b"\r\n0\r\n\r\n") || body == b"0\r\n\r\n");
    }
    Ok(true)
}

/// How many rows an answer shows: of JSON its longest list, of a page the rows of its tables and
/// what was found.
fn rows(body: &[u8]) -> usize {
    if let Ok(json) = serde_json::from_slice(body) {
        return longest(&json);
    }
    let text = String::from_utf8_lossy(body);
    let bodies = text.split("<tbody").skip(1).filter_map(|rest| rest.split("</tbody>").next());
    let rows: usize = bodies.map(|rows| rows.matches("<tr").count()).sum();
    rows + text.matches("class=\"hit\"").count()
}

fn longest(json: &serde_json::Value) -> usize {
    match json {
        serde_json::Value::Array(all) => all.len(),
        serde_json::Value::Object(all) => all.values().map(longest).max().unwrap_or(0),
        _ => 0,
    }
}
