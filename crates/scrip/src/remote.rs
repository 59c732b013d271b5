//! The way to a server over the network: the same API, with a token in place of the host's right.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use server::serve::desk::{Question, Reply};
use ureq::Agent;
use ureq::http::{Method, Request, StatusCode};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider};

/// The variable with the token: one on the command line could be read by everybody on the machine.
const TOKEN: &str = "SCRIP_TOKEN";
/// The largest answer: a page of a list, or an acknowledgement of a whole file.
const ANSWER_BYTES: u64 = 64 * 1024 * 1024;
/// How long an exchange may take in all.
const EXCHANGE: Duration = Duration::from_secs(60);
/// Where systems keep the certificates they trust, in one file.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// A server that a command reaches over the network.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Over the network")]
pub(crate) struct Remote {
    /// Ask the server at this address in place of this host; a personal or an access token in the
    /// variable SCRIP_TOKEN says by whose right.
    #[arg(long, value_name = "URL", conflicts_with_all = ["config", "data"])]
    server: Option<String>,
    /// The file with the token, in place of the variable SCRIP_TOKEN.
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    /// An authority of the server's certificate, in PEM, in place of those that this system trusts.
    #[arg(long, value_name = "FILE", requires = "server")]
    ca: Option<PathBuf>,
}

impl Remote {
    /// The line to the server, if one is named.
    pub(crate) fn line(&self) -> Result<Option<Line>> {
        let Some(server) = &self.server else { return Ok(None) };
        let builder = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("scrip/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(EXCHANGE));
        let builder = match server.split_once("://") {
            Some(("http", _)) => builder,
            Some(("https", _)) => builder.https_only(true).tls_config(self.tls()?),
            _ => bail!(
                "\"{server}\" is no address of a server: begin it with https:// (remote.address)"
            ),
        };
        let base = server.trim_end_matches('/').to_owned();
        Ok(Some(Line { agent: builder.build().new_agent(), base, token: self.token()? }))
    }

    fn token(&self) -> Result<String> {
        let token = match &self.token_file {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("the token's file {} (remote.token)", file.display()))?,
            None => std::env::var(TOKEN).unwrap_or_default(),
        };
        let token = token.trim();
        if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            bail!(
                "there is no token: make a personal token in the portal, and put it into the variable {TOKEN} or into a file named with --token-file (remote.token)"
            );
        }
        Ok(token.to_owned())
    }

    fn tls(&self) -> Result<TlsConfig> {
        let system = || SYSTEM_ROOTS.iter().map(PathBuf::from).find(|path| path.exists());
        let file = self.ca.clone().or_else(system).context(
            "this system has no file of trusted certificates: name one with --ca (remote.roots)",
        )?;
        let bytes = std::fs::read(&file)
            .with_context(|| format!("the certificates {} (remote.roots)", file.display()))?;
        let mut roots: Vec<Certificate<'static>> = Vec::new();
        for item in ureq::tls::parse_pem(&bytes) {
            if let Ok(PemItem::Certificate(certificate)) = item {
                roots.push(certificate);
            }
        }
        if roots.is_empty() {
            bail!("{} holds no certificate in PEM (remote.roots)", file.display());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .build())
    }
}

/// A server's API, and the token that it is asked with.
pub(crate) struct Line {
    agent: Agent,
    base: String,
    token: String,
}

impl Line {
    /// Asks, and waits for the whole answer.
    pub(crate) fn ask(&self, question: Question) -> Result<Reply> {
        let Question { method, path, body } = question;
        let (kind, bytes) = body.unwrap_or(("application/json", Vec::new()));
        let request = Request::builder()
            .method(Method::from_bytes(method.as_str().as_bytes())?)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", kind);
        let unreachable = |error: ureq::Error| {
            anyhow::anyhow!(
                "no answer from {} ({error}): check the address and the network (remote.unreachable)",
                self.base
            )
        };
        let sent = match method.as_str() {
            "GET" => self.agent.run(request.body(())?),
            _ => self.agent.run(request.body(bytes)?),
        };
        let mut answer = sent.map_err(unreachable)?;
        let status: StatusCode = answer.status();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        Ok(Reply { status: status.as_u16().try_into()?, body: body.map_err(unreachable)? })
    }
}
