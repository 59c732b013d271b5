//! The server's certificate: from files, or made by itself and kept in the data folder.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;
use wire::time::{Span, Timestamp};

use crate::config::{Config, TlsMode};
use crate::world::World;

/// How long a certificate of our own is valid: devices that trust it are hard to reach.
const VALID: Span = Span::from_days(10 * 365);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A file cannot be read or written.
    #[error("{path}: {error} (tls.file)")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The certificate and the key do not do.
    #[error("the certificate {certificate} cannot be used with its key: {why} (tls.certificate)")]
    Unusable {
        /// The file of the certificate.
        certificate: String,
        /// What is wrong.
        why: String,
    },
}

/// A certificate in use.
pub(super) struct Certificate {
    pub(super) acceptor: TlsAcceptor,
    /// SHA-256 of the certificate, as browsers show it.
    pub(super) fingerprint: String,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The certificate that the configuration asks for, or `None` when it wants none.
pub(super) fn certificate(
    config: &Config,
    public_url: &str,
    world: &World,
) -> Result<Option<Certificate>, TlsFault> {
    let files = match config.tls.mode {
        TlsMode::Off => return Ok(None),
        TlsMode::Files => Files {
            certificate: config.tls.certificate.clone().unwrap_or_default(),
            key: config.tls.key.clone().unwrap_or_default(),
        },
        TlsMode::SelfMade => self_made(&config.server.data, public_url, world.now())?,
    };
    let unusable = |why: String| TlsFault::Unusable {
        certificate: files.certificate.display().to_string(),
        why,
    };
    let pem = |path: &Path| fs::read(path).map_err(|error| file_fault(path, error));
    let chain = pem(&files.certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain.map_err(|error| unusable(error.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(&pem(&files.key)?);
    let key = key.map_err(|error| unusable(error.to_string()))?;
    let Some(first) = chain.first() else {
        return Err(unusable("the file holds no certificate in PEM form".to_owned()));
    };
    let fingerprint = fingerprint(first);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| unusable(error.to_string()))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Certificate { acceptor: TlsAcceptor::from(Arc::new(server)), fingerprint }))
}

/// The certificate in the data folder, made if there is none.
fn self_made(data: &Path, public_url: &str, now: Timestamp) -> Result<Files, TlsFault> {
    let folder = data.join("tls");
    let files = Files { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    if files.certificate.exists() {
        return Ok(files);
    }
    fs::create_dir_all(&folder).map_err(|error| file_fault(&folder, error))?;
    let unusable = |error: rcgen::Error| TlsFault::Unusable {
        certificate: files.certificate.display().to_string(),
        why: error.to_string(),
    };
    let key = KeyPair::generate().map_err(unusable)?;
    let certificate =
        parameters(public_url, now).map_err(unusable)?.self_signed(&key).map_err(unusable)?;
    // The certificate comes last: where it is, its key is too.
    write_private(&files.key, &key.serialize_pem())?;
    write_private(&files.certificate, &certificate.pem())?;
    Ok(files)
}

fn parameters(public_url: &str, now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let host = host_of(public_url);
    let anywhere = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified());
    if !anywhere && !names.contains(&host) {
        names.push(host.clone());
    }
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name.push(DnType::CommonName, host);
    let day = |at: Timestamp| {
        let text = at.to_string();
        let number = |range| {
            text.get(range).and_then(|digits: &str| digits.parse::<u16>().ok()).unwrap_or(1)
        };
        let (month, day) = (number(5..7), number(8..10));
        date_time_ymd(
            i32::from(number(0..4)),
            month.try_into().unwrap_or(1),
            day.try_into().unwrap_or(1),
        )
    };
    parameters.not_before = day(now.minus(Span::from_days(1)));
    parameters.not_after = day(now.plus(VALID));
    Ok(parameters)
}

/// The host in a web address, without brackets and port.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => inside.to_owned(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host).to_owned(),
    }
}

fn write_private(path: &Path, text: &str) -> Result<(), TlsFault> {
    use std::io::Write as _;
    let fault = |error| file_fault(path, error);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(fault)?;
    file.write_all(text.as_bytes()).map_err(fault)?;
    file.sync_all().map_err(fault)
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let bytes = Sha256::digest(certificate.as_ref());
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn file_fault(path: &Path, error: std::io::Error) -> TlsFault {
    TlsFault::File { path: path.display().to_string(), error }
}
