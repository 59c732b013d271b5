//! Reading a configuration so that everything wrong with it is said at once, each with its place.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use ledger::command::check_domain;
use toml::de::DeTable;
use toml::{Table, Value};

use super::{Config, LimitedUse, Mail, SignIn, Syslog, Tls, TlsMode};
use crate::proof::oidc;

/// A configuration that can be used as it is, with a comment on each key.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The beginning of the environment variables that override keys.
const PREFIX: &str = "SCRIP_";

/// How many people an account of limited use may be given.
const MOST_PEOPLE: std::ops::RangeInclusive<u32> = 1..=1_000;

/// Something wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where: a file with its line, an environment variable, or a key.
    pub place: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "{path} cannot be read ({error}): name the file that `scrip config example` was written to, or leave --config out to start with the defaults (config.file)"
    )]
    File {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Everything that is wrong with it.
    #[error("{} (config.invalid)", lines(.0))]
    Wrong(Vec<Complaint>),
}

fn lines(complaints: &[Complaint]) -> String {
    complaints.iter().map(Complaint::to_string).collect::<Vec<_>>().join("\n")
}

/// A key: its part and its name.
type Key = (String, String);

/// The keys that were given, by part and name, with the place of each.
#[derive(Default)]
struct Given {
    values: BTreeMap<Key, (Value, String)>,
    parts: BTreeMap<String, String>,
}

impl Config {
    /// Reads a configuration from a file, if there is one, and the environment.
    ///
    /// # Errors
    /// `config.file`, `config.invalid` with all that is wrong.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let Some(path) = file else { return Self::read("", "", environment) };
        let fault = |error| ConfigError::File { path: path.display().to_string(), error };
        let text = std::fs::read_to_string(path).map_err(fault)?;
        let config = Self::read(&text, &path.display().to_string(), environment)?;
        Ok(config.rooted(path.parent().unwrap_or(Path::new(""))))
    }

    /// Reads a configuration from text and the environment; relative paths stay as they are.
    ///
    /// # Errors
    /// `config.invalid` with all that is wrong; `name` is how the text is called in it.
    pub fn read(
        text: &str,
        name: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let schema = schema();
        let mut complaints = Vec::new();
        let mut given = Given::default();
        given.take_text(text, name, &mut complaints);
        given.take_environment(&schema, environment, &mut complaints);
        given.check_each(&schema, &mut complaints);
        if !complaints.is_empty() {
            return Err(ConfigError::Wrong(complaints));
        }
        let config = Self::deserialize_whole(&given)?;
        let complaints = config.contradictions(&given);
        if complaints.is_empty() { Ok(config) } else { Err(ConfigError::Wrong(complaints)) }
    }

    /// Puts the values together, part by part: what is left to go wrong is a key that a part
    /// needs and that nobody gave.
    fn deserialize_whole(given: &Given) -> Result<Self, ConfigError> {
        let mut whole = Table::new();
        let mut complaints = Vec::new();
        for (part, place) in &given.parts {
            let keys = given.values.iter().filter(|((of, _), _)| of == part);
            let values = keys.map(|((_, key), (value, _))| (key.clone(), value.clone()));
            let alone = Table::from_iter([(part.clone(), Value::Table(values.collect()))]);
            let read: Result<Self, toml::de::Error> = alone.clone().try_into();
            if let Err(error) = read {
                let what = format!("[{part}]: {}", error.message());
                complaints.push(Complaint { place: place.clone(), what });
            }
            whole.extend(alone);
        }
        match whole.try_into() {
            Ok(config) if complaints.is_empty() => Ok(config),
            _ => Err(ConfigError::Wrong(complaints)),
        }
    }

    /// What each key allows and all of them together do not.
    fn contradictions(&self, given: &Given) -> Vec<Complaint> {
        let mut wrong = Wrong { given, complaints: Vec::new() };
        let Self {
            server,
            database,
            tls,
            mail,
            syslog,
            sign_in,
            limited_use,
            countries: _,
            log: _,
        } = self;
        let url = server.public_url.as_deref();
        if url.is_some_and(|url| !is_web_address(url)) {
            wrong.say("server", "public_url", "give an address such as \"https://licenses.example.org\", without a slash at the end");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !(1..=63).contains(&server.node.len()) || !server.node.chars().all(plain) {
            wrong.say("server", "node", "give 1 to 63 letters, digits, `.`, `-` or `_`");
        }
        if database.url.is_some() && database.url_file.is_some() {
            wrong.say("database", "url_file", "give either url or url_file");
        }
        if database.url.as_deref().is_some_and(|url| !url.starts_with("postgres")) {
            wrong.say(
                "database",
                "url",
                "give an address such as \"postgres://user@host/database\"",
            );
        }
        wrong.check_tls(tls);
        mail.iter().for_each(|mail| wrong.check_mail(mail));
        syslog.iter().for_each(|syslog| wrong.check_syslog(syslog));
        wrong.check_sign_in(sign_in);
        wrong.check_limited_use(limited_use);
        wrong.complaints
    }

    /// What works, but hardly as it was meant.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.tls.mode == TlsMode::Off && !self.server.listen.ip().is_loopback() {
            warnings.push(format!(
                "tls is off and {} can be reached from outside: set tls.mode, or put a proxy that speaks TLS before it",
                self.server.listen
            ));
        }
        let public = self.server.public_url.is_some();
        if !public && self.server.listen.ip().is_unspecified() {
            warnings.push(
                "server.public_url is not set: links in mails will lead to localhost".to_owned(),
            );
        }
        if self
            .mail
            .as_ref()
            .is_some_and(|mail| mail.password_file.is_some() && mail.tls == super::MailTls::None)
        {
            warnings.push("mail.tls is \"none\": the password travels in the open".to_owned());
        }
        warnings
    }
}

/// Collects contradictions, each at the place of the key that has to change.
struct Wrong<'a> {
    given: &'a Given,
    complaints: Vec<Complaint>,
}

impl Wrong<'_> {
    fn say(&mut self, part: &str, key: &str, what: &str) {
        let given = self.given.values.get(&(part.to_owned(), key.to_owned()));
        let place = given.map(|(_, place)| place.clone());
        let place = place.or_else(|| self.given.parts.get(part).cloned());
        self.complaints.push(Complaint {
            place: place.unwrap_or_else(|| "configuration".to_owned()),
            what: format!("{part}.{key}: {what}"),
        });
    }

    fn check_tls(&mut self, tls: &Tls) {
        let files = [("certificate", &tls.certificate), ("key", &tls.key)];
        for (key, file) in files {
            match (tls.mode, file) {
                (TlsMode::Files, None) => self.say("tls", key, "mode = \"files\" needs it"),
                (TlsMode::Off | TlsMode::SelfMade, Some(_)) => {
                    self.say(
                        "tls",
                        key,
                        "it is used with mode = \"files\" only: change the mode or leave it out",
                    );
                }
                _ => {}
            }
        }
    }

    fn check_mail(&mut self, mail: &Mail) {
        let address = |text: &str| text.parse::<lettre::message::Mailbox>().is_ok();
        if mail.host.is_empty() {
            self.say("mail", "host", "name the mail server");
        }
        if !address(&mail.from) {
            self.say("mail", "from", "give an address such as \"Scrip <scrip@example.org>\"");
        }
        if mail.to.is_empty() || !mail.to.iter().all(|to| address(to)) {
            self.say("mail", "to", "give a list of addresses such as [\"licenses@example.org\"]");
        }
        if mail.username.is_some() != mail.password_file.is_some() {
            self.say("mail", "username", "username and password_file go together");
        }
    }

    fn check_syslog(&mut self, syslog: &Syslog) {
        let port = syslog.address.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        if !matches!(port, Some((host, Ok(1..))) if !host.is_empty()) {
            self.say("syslog", "address", "give host and port such as \"syslog.example.org:514\"");
        }
        let printable = syslog.app_name.chars().all(|c| c.is_ascii_graphic());
        if !(1..=48).contains(&syslog.app_name.len()) || !printable {
            self.say(
                "syslog",
                "app_name",
                "give 1 to 48 printable ASCII characters without spaces",
            );
        }
    }
}

impl Wrong<'_> {
    fn check_limited_use(&mut self, limited_use: &LimitedUse) {
        if !MOST_PEOPLE.contains(&limited_use.people) {
            self.say("limited_use", "people", "give 1 to 1000");
        }
        for domain in &limited_use.public_domains {
            if check_domain("domain", domain).is_err() || domain.to_lowercase() != *domain {
                let what = format!(
                    "\"{domain}\" is no domain: give small letters such as \"mail.example\", other scripts in their xn-- form"
                );
                self.say("limited_use", "public_domains", &what);
            }
        }
    }

    fn check_sign_in(&mut self, sign_in: &SignIn) {
        for (at, provider) in sign_in.provider.iter().enumerate() {
            let mut say = |key: &str, what: &str| {
                let what = format!("{key} of \"{}\": {what}", provider.name);
                self.say("sign_in", "provider", &what);
            };
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if !(1..=32).contains(&provider.name.len()) || !provider.name.chars().all(plain) {
                say("name", "give 1 to 32 small letters, digits or `-`");
            }
            if sign_in.provider[..at].iter().any(|other| other.name == provider.name) {
                say("name", "another provider has it: give each its own");
            }
            if !(1..=64).contains(&provider.label.trim().chars().count()) {
                say("label", "give the words of its button, at most 64 characters");
            }
            if !oidc::is_issuer(&provider.issuer) {
                say(
                    "issuer",
                    "give its address as it calls itself, such as \"https://login.example.org\"; http is for loopback only",
                );
            }
            if provider.client_id.is_empty() {
                say("client_id", "give the name under which it knows this server");
            }
            let is_domain =
                |text: &String| text.contains('.') && !text.contains(['@', '*', ' ', '/']);
            if !provider.allowed_email_domains.iter().all(is_domain) {
                say("allowed_email_domains", "give domains such as [\"example.org\"]");
            }
        }
    }
}

impl Given {
    fn take_text(&mut self, text: &str, name: &str, complaints: &mut Vec<Complaint>) {
        let line =
            |at: usize| text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
        let place = |at: usize| format!("{name}, line {}", line(at));
        let (parsed, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            complaints.push(Complaint { place: place(at), what: error.message().to_owned() });
        }
        let Ok(values) = text.parse::<Table>() else { return };
        for (part, inner) in parsed.get_ref() {
            let place_of_part = place(part.span().start);
            let (Some(keys), Some(Value::Table(values))) =
                (inner.get_ref().as_table(), values.get(part.get_ref().as_ref()))
            else {
                let what = format!(
                    "`{}` stands outside of any part: put it under one such as [server]",
                    part.get_ref()
                );
                complaints.push(Complaint { place: place_of_part, what });
                continue;
            };
            for key in keys.keys() {
                let Some(value) = values.get(key.get_ref().as_ref()) else { continue };
                let given = (value.clone(), place(key.span().start));
                self.values.insert((part.get_ref().to_string(), key.get_ref().to_string()), given);
            }
            self.parts.insert(part.get_ref().to_string(), place_of_part);
        }
    }

    fn take_environment(
        &mut self,
        schema: &Table,
        environment: impl IntoIterator<Item = (String, String)>,
        complaints: &mut Vec<Complaint>,
    ) {
        for (name, text) in environment {
            let Some(rest) = name.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
            let of = |part: &String| {
                Some(rest.strip_prefix(part.as_str())?.strip_prefix('_')?.to_owned())
            };
            let Some((part, key)) = schema.keys().find_map(|part| Some((part.clone(), of(part)?)))
            else {
                continue;
            };
            let Some(known) = schema.get(&part).and_then(Value::as_table) else { continue };
            let value = match known.get(&key) {
                None => Ok(Value::String(text)),
                Some(example) => value_like(example, text),
            };
            match value {
                Ok(value) => {
                    self.parts.entry(part.clone()).or_insert_with(|| name.clone());
                    self.values.insert((part, key), (value, name));
                }
                Err(what) => complaints.push(Complaint { place: name, what }),
            }
        }
    }

    /// Puts each value alone into the example, which is valid: what breaks it is that value.
    fn check_each(&self, schema: &Table, complaints: &mut Vec<Complaint>) {
        for (part, place) in &self.parts {
            if !schema.contains_key(part) {
                let known = schema.keys().cloned().collect::<Vec<_>>().join(", ");
                let what = format!("there is no part [{part}]: the parts are {known}");
                complaints.push(Complaint { place: place.clone(), what });
            }
        }
        for ((part, key), (value, place)) in &self.values {
            let mut alone = schema.clone();
            let Some(inner) = alone.get_mut(part).and_then(Value::as_table_mut) else { continue };
            inner.insert(key.clone(), value.clone());
            let read: Result<Config, toml::de::Error> = alone.try_into();
            if let Err(error) = read {
                let what = format!("{part}.{key}: {}", error.message());
                complaints.push(Complaint { place: place.clone(), what });
            }
        }
        complaints
            .sort_by_key(|complaint| (line_number(&complaint.place), complaint.place.clone()));
    }
}

fn line_number(place: &str) -> usize {
    place.rsplit_once(", line ").and_then(|(_, line)| line.parse().ok()).unwrap_or(usize::MAX)
}

/// A value of the kind that the example has; lists are separated by commas.
fn value_like(example: &Value, text: String) -> Result<Value, String> {
    match example {
        Value::Integer(_) => text
            .parse()
            .map(Value::Integer)
            .map_err(|_| format!("\"{text}\" is not a whole number")),
        Value::Array(list) if list.iter().any(Value::is_table) => {
            Err("a variable cannot hold this: write it in the file".to_owned())
        }
        Value::Array(_) => {
            let parts = text.split(',').map(|part| Value::String(part.trim().to_owned()));
            Ok(Value::Array(parts.collect()))
        }
        _ => Ok(Value::String(text)),
    }
}

/// The example with every key given: what keys there are, and of which kind.
fn schema() -> Table {
    let given = |line: &'static str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => rest,
        _ => line,
    };
    let whole = EXAMPLE.lines().map(given).collect::<Vec<_>>().join("\n");
    whole.parse().expect("the example is valid, which a test sees to")
}

fn is_web_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let (host, path) =
            rest.split_once('/').map_or((rest, None), |(host, path)| (host, Some(path)));
        !host.is_empty()
            && !url.ends_with('/')
            && path.is_none_or(|path| !path.is_empty())
            && url.chars().all(|c| c.is_ascii_graphic() && !"\"<>".contains(c))
    })
}

#[cfg(test)]
mod tests;
