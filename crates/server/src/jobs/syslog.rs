//! Tells news as syslog lines (RFC 5424), by UDP or TCP.
//!
//! Structured data stands under the enterprise number that is set aside for examples. TCP
//! frames are counted (RFC 6587); syslog acknowledges nothing, so what the system took counts
//! as told.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use ledger::alarm::Severity;
use ledger::log::Logged;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use wire::time::Timestamp;

use super::tell::{Teller, Untold};
use super::words;
use crate::app::news::{Channel, Happening, NamedNews};
use crate::config::{Syslog, SyslogTransport};

/// The id of the structured data.
const DATA_ID: &str = "scrip@32473";
/// The severity of an event.
const NOTICE: u8 = 5;
/// The most characters of a message id.
const MESSAGE_ID: usize = 32;

/// A line to a syslog server.
pub struct Line {
    config: Syslog,
    node: String,
    process: u32,
    stream: Option<TcpStream>,
}

impl Line {
    /// A line to the configured server; it is connected when there is something to say.
    pub fn new(config: &Syslog, node: &str, process: u32) -> Self {
        Self { config: config.clone(), node: node.to_owned(), process, stream: None }
    }

    /// The message of a piece of news.
    pub fn message(&self, news: &NamedNews) -> String {
        let told = &news.queued.news;
        let priority = (self.config.facility as u8) * 8 + severity(news);
        let state = told.happening.word();
        let text = words::summary(news);
        // RFC 5424 marks what is more than ASCII.
        let mark = if text.is_ascii() { "" } else { "\u{feff}" };
        format!(
            "<{priority}>1 {at} {node} {app} {process} alarm.{state} {data} {mark}{text}",
            at = told.at,
            node = self.node,
            app = self.config.app_name,
            process = self.process,
            data = structured(news),
        )
    }

    /// The message of an event.
    pub fn event_message(&self, logged: &Logged) -> String {
        let event = &logged.event;
        let priority = (self.config.facility as u8) * 8 + NOTICE;
        let name: String = event.action.chars().take(MESSAGE_ID).collect();
        let place = logged.place.map(|place| place.number.to_string()).unwrap_or_default();
        let fields = [
            ("account", event.account.to_string()),
            ("event", event.id.to_string()),
            ("place", place),
            ("actor", event.actor.clone()),
            ("role", event.role.clone()),
            ("subject", event.subject.clone()),
            ("address", event.address.clone()),
            ("detail", event.detail.clone()),
            ("personal", event.private.clone()),
        ];
        let data = parameters(fields);
        let text = words::line(&format!("{} {}", event.action, event.subject));
        format!(
            "<{priority}>1 {at} {node} {app} {process} {name} {data} {text}",
            at = event.at,
            node = self.node,
            app = self.config.app_name,
            process = self.process,
        )
    }

    /// Sends the message of an event.
    pub(super) async fn send_event(&mut self, logged: &Logged) -> std::io::Result<()> {
        let message = self.event_message(logged);
        self.send(&message).await
    }

    async fn send(&mut self, message: &str) -> std::io::Result<()> {
        match self.config.transport {
            SyslogTransport::Udp => self.send_datagram(message.as_bytes()).await,
            SyslogTransport::Tcp => {
                let frame = format!("{} {message}", message.len());
                self.send_frame(frame.as_bytes()).await
            }
        }
    }

    async fn send_datagram(&self, message: &[u8]) -> std::io::Result<()> {
        let to = self.address().await?;
        let from: SocketAddr = match to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(from).await?;
        socket.connect(to).await?;
        socket.send(message).await.map(|_| ())
    }

    async fn send_frame(&mut self, frame: &[u8]) -> std::io::Result<()> {
        let open = self.stream.take().filter(is_open);
        let mut stream = match open {
            Some(stream) => stream,
            None => TcpStream::connect(self.address().await?).await?,
        };
        stream.write_all(frame).await?;
        self.stream = Some(stream);
        Ok(())
    }

    async fn address(&self) -> std::io::Result<SocketAddr> {
        let found = lookup_host(&self.config.address).await?.next();
        found.ok_or_else(|| std::io::Error::other("the name of the syslog server has no address"))
    }
}

/// Whether the other side still listens: a syslog server sends nothing but its end.
fn is_open(stream: &TcpStream) -> bool {
    let mut byte = [0];
    matches!(stream.try_read(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

impl Teller for Line {
    const CHANNEL: Channel = Channel::Syslog;

    async fn tell(&mut self, news: &NamedNews, _now: Timestamp) -> Result<(), Untold> {
        let message = self.message(news);
        let address = &self.config.address;
        let fault = format!("syslog server {address}");
        self.send(&message).await.map_err(|error| Untold::Receiver(format!("{fault}: {error}")))
    }
}

/// The severity of RFC 5424: an error, a warning, or a notice that something is over.
fn severity(news: &NamedNews) -> u8 {
    match (news.queued.news.happening, news.severity) {
        (Happening::Settled, _) => 5,
        (Happening::Opened, Severity::Major) => 3,
        (Happening::Opened, Severity::Minor) => 4,
    }
}

fn structured(news: &NamedNews) -> String {
    let told = &news.queued.news;
    let fields = [
        ("account", news.account.clone()),
        ("virtual_account", news.virtual_account.clone()),
        ("about", told.about.clone()),
        ("alarm", told.alarm.to_string()),
        ("code", words::code(news).to_owned()),
        ("severity", news.severity.word().to_owned()),
        ("state", told.happening.word().to_owned()),
        ("needed", told.needed.to_string()),
        ("in_force", words::in_force(news).map(|units| units.to_string()).unwrap_or_default()),
        ("missing", told.missing.to_string()),
        ("since", told.since.to_string()),
        ("message", told.id.to_string()),
    ];
    parameters(fields)
}

/// Structured data of these parameters; empty ones are left out.
fn parameters<const N: usize>(fields: [(&str, String); N]) -> String {
    let mut out = format!("[{DATA_ID}");
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!(" {name}=\"{}\"", escape(&value)));
    }
    out.push(']');
    out
}

/// A parameter's value: quotes, backslashes and brackets escaped, no control characters.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '"' | '\\' | ']' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
