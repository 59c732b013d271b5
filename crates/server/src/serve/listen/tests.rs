//! What the listener does itself, over routes of the test's own.

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::closing;

#[tokio::test]
async fn a_route_that_panics_costs_one_answer_and_nothing_else() {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (_closer, closing) = closing::pair();
    let connections = Arc::new(Semaphore::new(4));
    let floor = Floor { connections, closing, world: World::system() };
    let router = Router::new()
        .route("/bad", get(async || -> &'static str { panic!("a fault of our own") }))
        .route("/good", get(async || "good"));
    floor.serve_tcp(listener, None, router);

    let mut stream = TcpStream::connect(address).await.expect("somebody listens");
    let asked = "GET /bad HTTP/1.1\r\nHost: x\r\n\r\nGET /good HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.expect("it is taken");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.expect("it is answered");
    assert!(answers.starts_with("HTTP/1.1 500"), "{answers}");
    assert!(answers.contains("(server.failed)"), "{answers}");
    assert!(answers.ends_with("good"), "{answers}");
    assert!(!answers.contains("a fault of our own"), "{answers}");
}

#[test]
fn words_of_links_and_tokens_in_an_address_are_not_logged() {
    let word = "0123456789abcdef".repeat(4);
    assert_eq!(logged_path(&format!("/invitation/{word}")), "/invitation/…");
    assert_eq!(logged_path(&format!("/new-password/{word}/")), "/new-password/…/");
    assert_eq!(logged_path("/api/v1/scrip_pat_00ff"), "/api/v1/…");
    for plain in ["/", "/api/v1/accounts/acct_1RJE0AA9JJM9GRWM43TAP3TPK0/pools", "/assets/0a1b.css"]
    {
        assert_eq!(logged_path(plain), plain);
    }
}
