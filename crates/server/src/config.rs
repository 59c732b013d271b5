//! The configuration: one TOML file, one struct, unknown keys refused, the environment on top.
//!
//! Not here: what is done with it. Secrets stand in files of their own, which the parts that
//! need them read; the configuration itself may be shown to anyone.

mod check;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use check::{Complaint, ConfigError, EXAMPLE};

/// The whole configuration. Each key is explained in [`EXAMPLE`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it is and how it is reached.
    pub server: Server,
    /// Where the book is kept.
    pub database: Database,
    /// How connections are kept private.
    pub tls: Tls,
    /// Mails about alarms.
    pub mail: Option<Mail>,
    /// Syslog lines about alarms.
    pub syslog: Option<Syslog>,
    /// How people sign in beside passwords and passkeys.
    pub sign_in: SignIn,
    /// What an account of limited use may have.
    pub limited_use: LimitedUse,
    /// In which countries networks are.
    pub countries: Countries,
    /// The server's own log.
    pub log: Log,
}

/// Where the server is and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The data folder.
    pub data: PathBuf,
    /// The address and port to listen on.
    pub listen: SocketAddr,
    /// The address under which people and devices reach it, without a slash at the end.
    pub public_url: Option<String>,
    /// The name of this node, of 1 to 63 letters, digits, `.`, `-` or `_`.
    pub node: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            data: PathBuf::from("scrip-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            node: "scrip-1".to_owned(),
        }
    }
}

/// Where the book is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// A PostgreSQL database; without it SQLite in the data folder.
    pub url: Option<String>,
    /// A file that holds such a URL.
    pub url_file: Option<PathBuf>,
}

/// How connections are kept private.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// With which certificate, if at all.
    pub mode: TlsMode,
    /// The certificate chain, in PEM; for [`TlsMode::Files`].
    pub certificate: Option<PathBuf>,
    /// Its private key, in PEM; for [`TlsMode::Files`].
    pub key: Option<PathBuf>,
}

/// With which certificate connections are kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// With none: plain HTTP.
    #[default]
    Off,
    /// With one that the server makes itself.
    SelfMade,
    /// With one from files.
    Files,
}

/// Mails about alarms.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The mail server.
    pub host: String,
    /// Its port.
    #[serde(default = "submission")]
    pub port: u16,
    /// How the connection to it is kept private.
    #[serde(default)]
    pub tls: MailTls,
    /// An authority of its certificate, in PEM, beside those that everybody trusts.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Who mails are from.
    pub from: String,
    /// Who they go to.
    pub to: Vec<String>,
    /// Who we are to the mail server.
    #[serde(default)]
    pub username: Option<String>,
    /// The file with the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
}

/// The port on which mail servers take mails from programs.
fn submission() -> u16 {
    587
}

/// How the connection to a mail server is kept private.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailTls {
    /// Not at all.
    None,
    /// By an upgrade that must succeed.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
}

/// Syslog lines about alarms.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// The syslog server, as `host:port`.
    pub address: String,
    /// How lines travel.
    #[serde(default)]
    pub transport: SyslogTransport,
    /// The facility of each line.
    #[serde(default)]
    pub facility: Facility,
    /// The name of the program in each line, of at most 48 printable characters.
    #[serde(default = "app_name")]
    pub app_name: String,
    /// Which events are forwarded beside the alarms.
    #[serde(default)]
    pub events: ForwardedEvents,
}

/// Which events are forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedEvents {
    /// None.
    #[default]
    None,
    /// Every one, from the first in the log on.
    All,
}

fn app_name() -> String {
    "scrip".to_owned()
}

/// How syslog lines travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyslogTransport {
    /// One datagram each.
    #[default]
    Udp,
    /// One stream, each line with its length before it (RFC 6587, octet counting).
    Tcp,
}

/// A syslog facility.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of RFC 5424")]
pub enum Facility {
    User = 1,
    Daemon = 3,
    #[default]
    Local0 = 16,
    Local1 = 17,
    Local2 = 18,
    Local3 = 19,
    Local4 = 20,
    Local5 = 21,
    Local6 = 22,
    Local7 = 23,
}

/// How people sign in beside passwords and passkeys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// The identity providers, in the order in which they are shown.
    pub provider: Vec<Provider>,
}

/// An identity provider that speaks OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it is called in addresses, of 1 to 32 small letters, digits or `-`.
    pub name: String,
    /// What people read on its button.
    pub label: String,
    /// Its issuer, exactly as it calls itself.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// The file with the secret that proves it; none for a public client.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// An authority of its certificate, in PEM, beside those that everybody trusts.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// The domains of e-mail addresses that it may speak for; all if empty.
    #[serde(default)]
    pub allowed_email_domains: Vec<String>,
}

/// What an account of limited use may have: one for a small business without a domain of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitedUse {
    /// How many people may have a role in it: 1 to 1,000.
    pub people: u32,
    /// Domains of public mail providers, beside those that are known.
    pub public_domains: Vec<String>,
}

impl Default for LimitedUse {
    fn default() -> Self {
        Self { people: 5, public_domains: Vec::new() }
    }
}

/// How the country is known in which a device is used that does not say it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Countries {
    /// A file that says in which country each network is; without it addresses tell nothing.
    pub file: Option<PathBuf>,
}

/// The server's own log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How it is written.
    pub format: LogFormat,
    /// What is written: a level or a filter.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs, one object a line.
    Json,
}

impl Config {
    /// A configuration with a data folder, listening on a free port of loopback: for tests and
    /// for whoever starts a server inside a program.
    pub fn in_folder(data: &Path) -> Self {
        let server = Server {
            data: data.to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Server::default()
        };
        Self { server, ..Self::default() }
    }

    /// Makes relative paths start at a folder.
    fn rooted(mut self, folder: &Path) -> Self {
        let root = |path: &mut PathBuf| *path = folder.join(&*path);
        root(&mut self.server.data);
        let optional = [
            &mut self.database.url_file,
            &mut self.tls.certificate,
            &mut self.tls.key,
            &mut self.countries.file,
        ];
        optional.into_iter().flatten().for_each(root);
        if let Some(mail) = &mut self.mail {
            [&mut mail.password_file, &mut mail.ca].into_iter().flatten().for_each(root);
        }
        for provider in &mut self.sign_in.provider {
            let files = [&mut provider.client_secret_file, &mut provider.ca];
            files.into_iter().flatten().for_each(root);
        }
        self
    }
}

/// The secret that a file of its own holds, without the line's end.
///
/// # Errors
/// `config.file`.
pub fn secret(file: &Path) -> Result<String, ConfigError> {
    let fault = |error| ConfigError::File { path: file.display().to_string(), error };
    Ok(std::fs::read_to_string(file).map_err(fault)?.trim_end_matches(['\r', '\n']).to_owned())
}
