//! TLS with a certificate that the server made itself.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use server::config::{Config, TlsMode};
use server::serve::{Running, start};
use server::world::World;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{ask, request};
use crate::house::Scratch;

async fn begin(folder: &Scratch) -> Running {
    let mut config = Config::in_folder(folder.path());
    config.tls.mode = TlsMode::SelfMade;
    // The client below judges the certificate by the system's clock.
    start(config, World::system()).await.expect("it starts")
}

fn certificate(folder: &Scratch) -> CertificateDer<'static> {
    let file = folder.path().join("tls").join("certificate.pem");
    CertificateDer::from_pem_file(file).expect("a certificate in PEM")
}

async fn handshake(
    running: &Running,
    trusted: CertificateDer<'static>,
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).expect("it can be trusted");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(running.address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(client)).connect(name, stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_trusts_the_self_made_certificate_is_answered() {
    let folder = Scratch::new();
    let running = begin(&folder).await;
    assert!(running.public_url.starts_with("https://127.0.0.1:"));
    let stream = handshake(&running, certificate(&folder)).await.expect("TLS comes about");
    let asked = request(axum::http::Method::GET, "/healthz", axum::body::Body::empty());
    assert_eq!(ask(stream, asked).await.ok(), b"up\n");
    running.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_stays_and_its_fingerprint_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Scratch::new();
    let first = begin(&folder).await;
    let told = first.fingerprint.clone().expect("a fingerprint");
    first.shutdown().await;
    let bytes = Sha256::digest(certificate(&folder).as_ref());
    let own: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(told, own.join(":"));
    let key = folder.path().join("tls").join("key.pem");
    let rights = std::fs::metadata(key).expect("a key").permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
    let again = begin(&folder).await;
    assert_eq!(again.fingerprint, Some(told));
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_trusts_another_certificate_goes_away() {
    let (one, other) = (Scratch::new(), Scratch::new());
    let (running, stranger) = (begin(&one).await, begin(&other).await);
    assert!(handshake(&running, certificate(&other)).await.is_err());
    running.shutdown().await;
    stranger.shutdown().await;
}
