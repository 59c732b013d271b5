//! The doors: what is answered to whom, and what ends a connection.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use server::config::Config;
use server::serve::desk::{Desk, Question, WhenEmpty};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use crate::client::{ask, get, request};
use crate::house::{House, Scratch};

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_figures_are_told() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    assert_eq!(get(house.address(), "/healthz").await.ok(), b"up\n");
    assert_eq!(get(house.address(), "/readyz").await.ok(), b"ready\n");
    let mut device = house.device(1).await;
    house.report(&mut device, 3).await;
    let figures = get(house.address(), "/metrics").await.ok();
    let figures = String::from_utf8(figures).expect("text");
    for figure in [
        "scrip_http_requests_total{route=\"/device/v1/usage\",status=\"200\"}",
        "scrip_http_request_seconds_bucket{route=\"/device/v1/usage\"",
        "scrip_store_batch_commands_bucket",
        "scrip_reports_total{outcome=\"recorded\"}",
        "scrip_alarms_open ",
        "scrip_outbox_waiting ",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
    ] {
        assert!(figures.contains(figure), "{figure} is not in\n{figures}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_not_for_who_comes_through_a_proxy() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let mut asked = request(Method::GET, "/metrics", Body::empty());
    asked.headers_mut().insert("x-forwarded-for", "192.0.2.1".parse().expect("a value"));
    let refused = crate::client::over_tcp(house.address(), asked).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let secret = house.running.set_up_secret.clone().expect("a first start");
    let mut asked = request(Method::GET, "/metrics", Body::empty());
    asked.headers_mut().insert("x-forwarded-for", "192.0.2.1".parse().expect("a value"));
    let bearer = format!("Bearer {secret}").parse().expect("a value");
    asked.headers_mut().insert("authorization", bearer);
    crate::client::over_tcp(house.address(), asked).await.ok();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_names_its_request() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let first = get(house.address(), "/healthz").await;
    let second = get(house.address(), "/nowhere-at-all").await;
    let id = |answer: &crate::client::Answer| answer.headers["x-request-id"].clone();
    assert!(id(&first).to_str().expect("text").starts_with("req_"));
    assert_ne!(id(&first), id(&second));
    assert_eq!(second.status, StatusCode::NOT_FOUND);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_socket_is_its_owners_alone_and_has_the_rights_of_the_host() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let socket = folder.path().join("admin.sock");
    let rights = std::fs::metadata(&socket).expect("it is there").permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
    let rights = std::fs::metadata(folder.path()).expect("it is there").permissions().mode();
    assert_eq!(rights & 0o777, 0o700);
    let here = UnixStream::connect(&socket).await.expect("somebody listens");
    let asked = request(Method::GET, "/api/v1/accounts", Body::empty());
    let accounts = ask(here, asked).await.json();
    assert_eq!(accounts["items"][0]["name"], "Northwind");
    let from_outside = get(house.address(), "/api/v1/accounts").await;
    assert_eq!(from_outside.status, StatusCode::UNAUTHORIZED);
    house.close().await;
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_hosts_own_is_not_on_the_network() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    for path in ["/host/v1/set-up-secret", "/host/v1/check", "/host/v1/backup"] {
        let asked = request(Method::POST, path, Body::empty());
        let answer = crate::client::over_tcp(house.address(), asked).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http_is_sent_away() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let mut stream = TcpStream::connect(house.address()).await.expect("somebody listens");
    stream.write_all(b"\x16\x03\x01 hello\r\n\r\n").await.expect("it is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it is closed");
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_a_long_path_has_its_socket_too() {
    let folder = Scratch::new();
    let deep = folder.path().join("a-folder-with-a-long-name-".repeat(6));
    let house = House::open(Config::in_folder(&deep)).await;
    let config = Config::in_folder(&deep);
    let world = server::world::Script::new(11, crate::house::MORNING).world();
    let desk = Desk::find(&config, world, WhenEmpty::Refuse).await.expect("it is found");
    let path = "/readyz".to_owned();
    let reply = desk.ask(Question { method: Method::GET, path, body: None }).await;
    assert_eq!(reply.expect("an answer").body, b"ready\n");
    house.close().await;
}
