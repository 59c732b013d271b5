//! The desk of the host: the same answers from a server that runs and from a folder alone.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use server::config::Config;
use server::serve::desk::{Desk, Question, Reply, WhenEmpty};
use server::serve::start;
use server::world::Script;

use crate::house::{House, MORNING, Scratch};

async fn desk(folder: &std::path::Path) -> Desk {
    let world = Script::new(11, MORNING).world();
    Desk::find(&Config::in_folder(folder), world, WhenEmpty::Refuse).await.expect("a desk")
}

async fn post(desk: &Desk, path: &str, body: &Value) -> Reply {
    let body = Some(("application/json", body.to_string().into_bytes()));
    let question = Question { method: Method::POST, path: path.to_owned(), body };
    desk.ask(question).await.expect("an answer")
}

fn said(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_server_and_a_folder_alone_answer_alike() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let mut device = house.device(1).await;
    house.report(&mut device, 3).await;
    let running = said(&post(&desk(folder.path()).await, "/host/v1/check", &json!({})).await);
    house.close().await;
    let alone = said(&post(&desk(folder.path()).await, "/host/v1/check", &json!({})).await);
    assert_eq!(running, alone);
    assert_eq!((&running["pools"], &running["wrong"]), (&json!(1), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_set_up_secret_voids_the_one_before() {
    let folder = Scratch::new();
    let house = House::open(Config::in_folder(folder.path())).await;
    let first = house.running.set_up_secret.clone().expect("a first start");
    let session = house.company.app.sign_in(&first, "192.0.2.1").await.expect("signed in");
    assert!(house.company.app.signed_in(&session.token).await.expect("read").is_some());
    house.company.script.set(MORNING.plus(wire::time::Span::from_minutes(1)));
    let told = post(&desk(folder.path()).await, "/host/v1/set-up-secret", &json!({})).await;
    assert_eq!(told.status, StatusCode::CREATED);
    let second = said(&told)["set_up_secret"].as_str().expect("a secret").to_owned();
    let app = &house.company.app;
    assert!(!app.is_set_up_secret(&first).await.expect("read"));
    assert!(app.is_set_up_secret(&second).await.expect("read"));
    assert!(app.signed_in(&session.token).await.expect("read").is_none(), "its session too");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_is_a_data_folder() {
    let (folder, copy) = (Scratch::new(), Scratch::new());
    let house = House::open(Config::in_folder(folder.path())).await;
    let mut device = house.device(1).await;
    house.report(&mut device, 3).await;
    let told = json!({ "folder": copy.path() });
    let desk = desk(folder.path()).await;
    assert_eq!(post(&desk, "/host/v1/backup", &told).await.status, StatusCode::CREATED);
    let twice = post(&desk, "/host/v1/backup", &told).await;
    assert!(twice.status.is_server_error() || twice.status.is_client_error());
    let realm = house.company.app.keys.realm;
    house.close().await;

    let restored = start(Config::in_folder(copy.path()), Script::new(12, MORNING).world()).await;
    let restored = restored.expect("the copy can be served");
    assert_eq!(restored.app.keys.realm, realm);
    let push = device.push(4, MORNING);
    crate::client::post(restored.address, "/device/v1/usage", push).await.ok();
    restored.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_is_not_asked() {
    let folder = Scratch::new();
    let world = Script::new(11, MORNING).world();
    let config = Config::in_folder(folder.path());
    let found = Desk::find(&config, world.clone(), WhenEmpty::Refuse).await;
    let error = found.err().expect("nobody is there").to_string();
    assert!(error.ends_with("(data.empty)"), "{error}");
    assert!(!folder.path().exists());
    Desk::find(&config, world.clone(), WhenEmpty::Begin).await.expect("it is begun");
    // The secret is left to the server's first start, which shows it.
    let running = start(config, world).await.expect("it starts");
    assert!(running.set_up_secret.is_some());
    running.shutdown().await;
}
