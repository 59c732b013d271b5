//! The life of a server: it begins once, goes on at every later start, and ends in good order.

use std::time::Duration;

use server::config::{Config, Database};
use server::serve::{StartError, start};
use server::world::Script;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wire::time::Span;

use crate::client::get;
use crate::device::acknowledged;
use crate::house::{Company, House, MORNING, Scratch, until};
use crate::receivers::mail_server;
use crate::telling::mail;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_goes_on_and_shows_no_secret() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let secret = house.running.set_up_secret.clone().expect("the first start shows it");
    let realm = house.company.app.keys.realm;
    let mut device = house.device(1).await;
    house.report(&mut device, 3).await;
    house.close().await;

    let script = Script::new(8, MORNING.plus(Span::from_hours(1)));
    let again = start(Config::in_folder(folder.path()), script.world()).await.expect("it starts");
    assert_eq!(again.set_up_secret, None);
    assert_eq!(again.app.keys.realm, realm);
    assert!(again.app.is_set_up_secret(&secret).await.expect("it can be read"));
    let push = device.push(4, script.world().now());
    let answer = crate::client::post(again.address, "/device/v1/usage", push).await.ok();
    assert_eq!(acknowledged(&answer, &again.app.keys), 1);
    again.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_is_left_alone() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let second = start(Config::in_folder(folder.path()), Script::new(8, MORNING).world()).await;
    let error = second.err().expect("it is refused").to_string();
    assert!(error.ends_with("stop it first (store.locked)"), "{error}");
    assert_eq!(get(house.address(), "/readyz").await.ok(), b"ready\n");
    let socket = folder.path().join("admin.sock");
    assert!(tokio::net::UnixStream::connect(socket).await.is_ok());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_not_spent_on_a_start_that_fails() {
    let folder = Scratch::new();
    let mut config = Config::in_folder(folder.path());
    config.tls.mode = server::config::TlsMode::Files;
    config.tls.certificate = Some(folder.path().join("none.pem"));
    config.tls.key = Some(folder.path().join("none.pem"));
    let failed = start(config, Script::new(8, MORNING).world()).await;
    let error = failed.err().expect("there is no certificate").to_string();
    assert!(error.ends_with("(tls.file)"), "{error}");
    let house = House::open(Config::in_folder(folder.path())).await;
    assert!(house.running.set_up_secret.is_some());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_networks_is_read_at_start_and_tells_where_devices_are() {
    let folder = Scratch::new();
    std::fs::create_dir_all(folder.path()).expect("a folder");
    let file = folder.path().join("networks.csv");
    let mut config = Config::in_folder(&folder.path().join("data"));
    config.countries.file = Some(file.clone());
    for (lines, code) in [("127.0.0.0/8;NO\n", "(countries.line)"), ("", "(countries.file)")] {
        let _ = std::fs::remove_file(&file);
        if !lines.is_empty() {
            std::fs::write(&file, lines).expect("written");
        }
        let failed = start(config.clone(), Script::new(8, MORNING).world()).await;
        let error = failed.err().expect("it does not start").to_string();
        assert!(error.ends_with(code), "{error}");
    }
    std::fs::write(&file, "127.0.0.0/8,NO\n").expect("written");
    let house = House::open(config).await;
    assert!(house.running.set_up_secret.is_some(), "a start that fails spends no secret");
    let mut device = house.device(1).await;
    house.report(&mut device, 3).await;
    assert_eq!(house.company.countries().await, ["NO by network"]);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_in_hand_is_finished_when_the_server_stops() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let mut device = house.device(1).await;
    let push = device.push(5, house.company.now());
    let mut idle = TcpStream::connect(house.address()).await.expect("somebody listens");
    let mut stream = TcpStream::connect(house.address()).await.expect("somebody listens");
    let head = format!(
        "POST /device/v1/usage HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        push.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it is taken");
    stream.write_all(&push.as_bytes()[..100]).await.expect("it is taken");
    tokio::time::sleep(Duration::from_millis(200)).await;

    let app = house.company.app.clone();
    let closing = tokio::spawn(house.close());
    let mut nothing = Vec::new();
    assert_eq!(idle.read_to_end(&mut nothing).await.expect("it is closed"), 0);
    assert!(!closing.is_finished());
    stream.write_all(&push.as_bytes()[100..]).await.expect("it is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it is answered and closed");
    let answer = String::from_utf8(answer).expect("text");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert_eq!(acknowledged(body.as_bytes(), &app.keys), 1);
    closing.await.expect("it stops");
}

#[test]
fn a_newer_database_is_refused_with_what_to_do() {
    let folder = Scratch::new();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        House::open(Config::in_folder(folder.path())).await.close().await;
    });
    let sql = "INSERT INTO migration (number, name, applied_at) VALUES (9999, 'later', 0)";
    let file = folder.path().join("scrip.db");
    let database = rusqlite::Connection::open(file).expect("it opens");
    database.execute(sql, []).expect("it is written");
    drop(database);
    let again =
        runtime.block_on(start(Config::in_folder(folder.path()), Script::new(8, MORNING).world()));
    let error = again.err().expect("it is refused");
    assert!(matches!(error, StartError::Store(store::Fault::Newer { found: 9999, .. })));
    assert!(error.to_string().ends_with("start the newer program (store.newer)"), "{error}");
}

#[test]
fn a_whole_life_on_postgresql() {
    let Ok(cluster) = std::env::var("SCRIP_TEST_POSTGRES") else {
        eprintln!("SCRIP_TEST_POSTGRES is not set: skipped");
        return;
    };
    let name = format!("scrip_serve_{}", std::process::id());
    let (server, _) = cluster.rsplit_once('/').expect("the address ends with a database");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(sql(&cluster, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
    runtime.block_on(sql(&cluster, &format!("CREATE DATABASE {name}")));
    let folder = Scratch::new();
    let url = format!("{server}/{name}");
    runtime.block_on(live(folder.path(), &url));
    runtime.block_on(sql(&cluster, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
}

async fn live(folder: &std::path::Path, url: &str) {
    let mut config = Config::in_folder(folder);
    config.database = Database { url: Some(url.to_owned()), url_file: None };
    let (post, mails) = mail_server(0).await;
    config.mail = Some(mail(post));
    let house = House::open(config.clone()).await;
    assert!(house.running.set_up_secret.is_some());
    let mut device = house.device(1).await;
    house.report(&mut device, 3).await;
    assert_eq!(house.company.in_use().await, 3);
    until("the shortage is told", async || mails.count() == 1).await;
    until("nothing waits", async || house.company.waiting().await == 0).await;
    assert_eq!(get(house.address(), "/readyz").await.ok(), b"ready\n");
    let account = house.company.account;
    let place = house.company.place;
    house.close().await;
    assert!(!folder.join("scrip.db").exists());

    let script = Script::new(9, MORNING.plus(Span::from_hours(1)));
    let again = start(config, script.world()).await.expect("it starts");
    assert_eq!(again.set_up_secret, None);
    let push = device.push(0, script.world().now());
    crate::client::post(again.address, "/device/v1/usage", push).await.ok();
    let company = Company { app: again.app.clone(), script, account, place };
    assert_eq!(company.in_use().await, 0);
    drop(company);
    again.shutdown().await;
}

async fn sql(url: &str, text: &str) {
    let connecting = tokio_postgres::connect(url, tokio_postgres::NoTls);
    let (client, connection) = connecting.await.expect("the test cluster answers");
    tokio::spawn(connection);
    client.simple_query(text).await.expect("the statement runs");
}
