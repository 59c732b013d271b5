//! A provider that we did not write, asked over HTTP as a browser would: forms, cookies and
//! redirects. It is started from `tests/conformance/oidc`, where its packages are installed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, Uri, header};
use hyper_util::rt::TokioIo;

use super::*;

struct Real {
    child: Child,
    /// Kept open: who prints to nobody dies.
    _printed: BufReader<ChildStdout>,
    issuer: String,
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/oidc")
}

/// Starts the provider; `None` where it or node is not installed.
fn start() -> Option<Real> {
    if !folder().join("node_modules").exists() {
        println!("skipped: run `npm ci` in tests/conformance/oidc");
        return None;
    }
    let mut node = Command::new("node");
    node.args(["provider.js", "0", REDIRECT]).current_dir(folder());
    node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = node.spawn() else {
        println!("skipped: node is not installed");
        return None;
    };
    let mut issuer = String::new();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    printed.read_line(&mut issuer).unwrap();
    Some(Real { child, _printed: printed, issuer: issuer.trim().to_owned() })
}

/// As much of a browser as it takes.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

impl Browser {
    async fn ask(&mut self, request: Request<Body>) -> Response<hyper::body::Incoming> {
        let uri = request.uri().clone();
        let (mut parts, body) = request.into_parts();
        parts.uri = uri.path_and_query().unwrap().as_str().parse().unwrap();
        parts.headers.insert(header::HOST, uri.authority().unwrap().as_str().parse().unwrap());
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        parts.headers.insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        let stream =
            tokio::net::TcpStream::connect(uri.authority().unwrap().as_str()).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(Request::from_parts(parts, body)).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        response
    }

    /// Signs in as somebody, agrees to everything, and ends at the redirect address.
    async fn sign_in(&mut self, address: &str, login: &str) -> Fields {
        let mut address = address.to_owned();
        let mut request = Request::get(&address).body(Body::empty()).unwrap();
        for _ in 0..12 {
            let response = self.ask(request).await;
            if let Some(location) = response.headers().get(header::LOCATION) {
                let location = location.to_str().unwrap().to_owned();
                if let Some(query) = location.strip_prefix(REDIRECT) {
                    return fields(query.trim_start_matches('?'));
                }
                address = absolute(&address, &location);
                request = Request::get(&address).body(Body::empty()).unwrap();
                continue;
            }
            let page = to_bytes(Body::new(response.into_body()), 1 << 20).await.unwrap();
            let page = String::from_utf8(page.to_vec()).unwrap();
            let action = between(&page, "action=\"", "\"");
            let prompt = between(&page, "name=\"prompt\" value=\"", "\"");
            let form = form(&[("prompt", prompt), ("login", login), ("password", "any")]);
            address = absolute(&address, action);
            request = Request::post(&address)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from(form))
                .unwrap();
        }
        panic!("the provider never sends anybody back");
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

fn absolute(base: &str, location: &str) -> String {
    if location.starts_with("http") {
        return location.to_owned();
    }
    let base: Uri = base.parse().unwrap();
    format!("http://{}{location}", base.authority().unwrap())
}

fn provider(issuer: &str) -> Provider {
    let name = format!("scrip-oidc-real-{}", std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, "a secret of tests alone\n").unwrap();
    let mut configured = configured(issuer);
    configured.client_secret_file = Some(file.clone());
    configured.allowed_email_domains = vec!["example.org".to_owned()];
    let provider = Provider::new(&configured).unwrap();
    std::fs::remove_file(file).unwrap();
    provider
}

fn answer_of(mut fields: Fields) -> Answer {
    Answer {
        code: fields.remove("code"),
        state: fields.remove("state"),
        iss: fields.remove("iss"),
        error: fields.remove("error"),
    }
}

#[tokio::test]
async fn a_provider_that_others_wrote_signs_somebody_in_once_and_anew() {
    let Some(real) = start() else { return };
    let provider = provider(&real.issuer);
    // The provider has a clock of its own, so here the world is the system's.
    let world = World::system();
    let mut browser = Browser::default();
    for prompt in [Prompt::IfNeeded, Prompt::IfNeeded, Prompt::Anew] {
        let (address, pending) = provider.begin(REDIRECT, prompt, &world).await.unwrap();
        let answer = answer_of(browser.sign_in(&address, "anna").await);
        assert_eq!(answer.iss.as_deref(), Some(real.issuer.as_str()));
        let subject = provider.finish(&pending, &answer, world.now()).await.unwrap();
        assert_eq!((subject.issuer, subject.subject.as_str()), (real.issuer.clone(), "anna"));
        assert_eq!(subject.email.as_deref(), Some("anna@example.org"));
        assert_eq!(subject.name.as_deref(), Some("Anna Meier"));
        assert!(subject.email_verified);
        assert_eq!(subject.proven_at.is_some(), prompt == Prompt::Anew);
        // A code is exchanged once.
        let again = provider.finish(&pending, &answer, world.now()).await;
        assert_eq!(again, Err(OidcFault::Exchange { error: "invalid_grant".to_owned() }));
    }
}

#[tokio::test]
async fn a_provider_that_others_wrote_takes_no_code_with_another_verifier() {
    let Some(real) = start() else { return };
    let provider = provider(&real.issuer);
    let world = World::system();
    let (address, pending) = provider.begin(REDIRECT, Prompt::IfNeeded, &world).await.unwrap();
    let answer = answer_of(Browser::default().sign_in(&address, "anna").await);
    let verifier = text(&[0; 32]);
    let pending = Pending { verifier, ..pending };
    let finished = provider.finish(&pending, &answer, world.now()).await;
    assert_eq!(finished, Err(OidcFault::Exchange { error: "invalid_grant".to_owned() }));
}
