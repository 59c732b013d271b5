//! Tells news as mails.

use std::time::{Duration, SystemTime};

use ledger::alarm::AlarmKind;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use wire::time::Timestamp;

use super::tell::{Teller, Untold};
use super::{JobFault, words};
use crate::app::letters::OpenLetter;
use crate::app::news::{Channel, Happening, NamedNews};
use crate::config::{self, Mail, MailTls};

/// How long the mail server may take for one step.
const STEP: Duration = Duration::from_secs(20);

/// The way to a mail server.
pub struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    domain: String,
}

impl Post {
    /// The way to the configured mail server; nothing is sent yet.
    ///
    /// # Errors
    /// `config.secret` if the password or the authority cannot be read, `config.invalid`.
    pub fn new(config: &Mail, public_url: &str) -> Result<Self, JobFault> {
        let bad = |why: String| JobFault::Mail { why };
        let address = |text: &String| {
            text.parse::<Mailbox>().map_err(|error| bad(format!("{text}: {error}")))
        };
        let tls = match config.tls {
            MailTls::None => Tls::None,
            MailTls::Starttls => Tls::Required(parameters(config)?),
            MailTls::Tls => Tls::Wrapper(parameters(config)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(STEP));
        if let (Some(name), Some(file)) = (&config.username, &config.password_file) {
            let password = config::secret(file)?;
            transport = transport.credentials(Credentials::new(name.clone(), password));
        }
        Ok(Self {
            transport: transport.build(),
            from: address(&config.from)?,
            to: config.to.iter().map(address).collect::<Result<_, _>>()?,
            domain: domain(public_url),
        })
    }

    /// The mail of a piece of news, as it is sent at a moment.
    ///
    /// # Errors
    /// What is wrong with an address or a header, in words.
    pub fn mail(&self, news: &NamedNews, now: Timestamp) -> Result<Message, String> {
        let told = &news.queued.news;
        let id = |what: &dyn std::fmt::Display| format!("<{what}@{}>", self.domain);
        let sent = SystemTime::UNIX_EPOCH
            + Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
        let mut mail = Message::builder()
            .from(self.from.clone())
            .subject(words::subject(news))
            .date(sent)
            .message_id(Some(id(&told.id)))
            // Mails about one alarm make one conversation.
            .references(id(&told.alarm))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let mut mail = mail.body(text(news)).map_err(|error| error.to_string())?;
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        mail.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(mail)
    }
}

impl Post {
    /// Sends a letter to its one reader.
    ///
    /// # Errors
    /// Why it was not sent.
    pub(super) async fn send_letter(
        &self,
        open: &OpenLetter,
        now: Timestamp,
    ) -> Result<(), Untold> {
        let mail = self.letter(open, now).map_err(Untold::Message)?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Untold::Message(error.to_string())),
            Err(error) => Err(Untold::Receiver(error.to_string())),
        }
    }

    /// The mail of a letter, as it is sent at a moment.
    ///
    /// # Errors
    /// What is wrong with it, in words that tell nothing of its text.
    pub fn letter(&self, open: &OpenLetter, now: Timestamp) -> Result<Message, String> {
        let letter = &open.posted.letter;
        let text = open.text.clone().ok_or("its text was sealed by a node with other keys")?;
        let sent = SystemTime::UNIX_EPOCH
            + Duration::from_millis(u64::try_from(now.millis()).unwrap_or(0));
        let to = letter.to.parse::<Address>().map_err(|_| "its address cannot be read")?;
        let mut mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .date(sent)
            .message_id(Some(format!("<{}@{}>", letter.id, self.domain)))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| error.to_string())?;
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        mail.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(mail)
    }
}

/// The mail server's certificate must be for its name, by an authority that is known or named.
fn parameters(config: &Mail) -> Result<TlsParameters, JobFault> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(file) = &config.ca {
        let pem = config::secret(file)?;
        let certificate = Certificate::from_pem(pem.as_bytes());
        let certificate = certificate.map_err(|error| JobFault::Mail { why: error.to_string() })?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map_err(|error| JobFault::Mail { why: error.to_string() })
}

/// The host in the public address: where message ids are ours.
fn domain(public_url: &str) -> String {
    let rest = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    if host.is_empty() || host.starts_with('[') { "localhost".to_owned() } else { host.to_owned() }
}

impl Teller for Post {
    const CHANNEL: Channel = Channel::Mail;

    async fn tell(&mut self, news: &NamedNews, now: Timestamp) -> Result<(), Untold> {
        let mail = self.mail(news, now).map_err(Untold::Message)?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Untold::Message(error.to_string())),
            Err(error) => Err(Untold::Receiver(error.to_string())),
        }
    }
}

/// What the mail says.
fn text(news: &NamedNews) -> String {
    let told = &news.queued.news;
    let (name, place) = (words::shown_name(news), words::place(news));
    let shortage = news.kind == AlarmKind::InsufficientLicenses;
    let mut lines = match (told.happening, shortage) {
        (Happening::Opened, true) => {
            vec![format!("{name} is short by {} in {place}.", told.missing)]
        }
        (Happening::Opened, false) => {
            vec![format!("Two devices report under one identity in {place}.")]
        }
        (Happening::Settled, true) => vec![format!("Settled: {name} suffices again in {place}.")],
        (Happening::Settled, false) => {
            vec![format!("Settled: one device alone is {name} in {place}.")]
        }
    };
    lines.push(String::new());
    lines.extend(facts(news).into_iter().map(|(what, is)| format!("{what:<17}{is}")));
    lines.push(String::new());
    lines.extend(remedy(news).iter().map(|line| (*line).to_owned()));
    lines.push(format!("The alarm:\n{}\n", news.link));
    lines.join("\n")
}

fn facts(news: &NamedNews) -> Vec<(&'static str, String)> {
    let told = &news.queued.news;
    let mut facts = vec![
        ("Account", words::line(&news.account)),
        ("Virtual account", words::line(&news.virtual_account)),
    ];
    if news.kind == AlarmKind::InsufficientLicenses {
        facts.push(("License", words::shown_name(news)));
        facts.push(("Tag", words::line(&told.about)));
        facts.push(("Needed", format!("{}  (in use, as devices measured it)", told.needed)));
    } else {
        facts.push(("Identity", words::line(&told.about)));
    }
    if let Some(in_force) = words::in_force(news) {
        facts.push(("In force", format!("{in_force}  (of entitlements whose term is running)")));
        facts.push(("Missing", told.missing.to_string()));
    }
    match told.happening {
        Happening::Opened => {
            facts.push(("Since", format!("{}  (measured)", moment(told.since))));
            facts.push(("Known since", moment(told.at)));
        }
        Happening::Settled => facts.push(("Settled", moment(told.since))),
    }
    facts.push(("Alarm", told.alarm.to_string()));
    facts
}

fn remedy(news: &NamedNews) -> &'static [&'static str] {
    match (news.queued.news.happening, news.kind) {
        (Happening::Settled, _) => &[],
        (Happening::Opened, AlarmKind::InsufficientLicenses) => &[
            "It is resolved when the missing ones are in force there, or so many fewer",
            "are in use. No device is stopped. You will be told when it is settled.",
            "",
        ],
        // Not sent by mail.
        (Happening::Opened, AlarmKind::UsedElsewhere | AlarmKind::ReportsAgain) => &[],
        (Happening::Opened, AlarmKind::ClonedInstance) => &[
            "A copied virtual machine or a copied device store does this. Give one of",
            "them an identity and a store of its own. Until then the higher of the two",
            "counts. No device is stopped.",
            "",
        ],
    }
}

/// A moment to the second, as people read it.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..8).unwrap_or(time))
}

#[cfg(test)]
mod tests;
