//! Mails, letter by letter.

use super::super::samples::{cloned, settled, short};
use super::*;

fn post() -> Post {
    let config = Mail {
        host: "127.0.0.1".to_owned(),
        port: 25,
        tls: MailTls::None,
        ca: None,
        from: "Scrip <scrip@example.org>".to_owned(),
        to: vec!["ada@example.org".to_owned(), "Bo <bo@example.org>".to_owned()],
        username: None,
        password_file: None,
    };
    Post::new(&config, "https://licenses.example.org:8443/scrip").expect("a way")
}

fn sent(news: &NamedNews) -> String {
    let now = "2026-03-01T08:31:05Z".parse().expect("a moment");
    let mail = post().mail(news, now).expect("a mail").formatted();
    String::from_utf8(mail).expect("text").replace("\r\n", "\n")
}

#[test]
fn a_shortage_says_what_is_needed_in_force_and_missing() {
    assert_eq!(sent(&short()), include_str!("short.eml"));
}

#[test]
fn its_end_is_told_too() {
    assert_eq!(sent(&settled()), include_str!("settled.eml"));
}

#[test]
fn two_devices_with_one_identity_are_told_apart() {
    assert_eq!(sent(&cloned()), include_str!("cloned.eml"));
}

#[test]
fn a_name_cannot_add_a_header() {
    let mut news = short();
    news.account = "Northwind\r\nBcc: eve@example.org".to_owned();
    let mail = sent(&news);
    assert!(!mail.contains("\nBcc:"), "{mail}");
    assert!(mail.contains("(Northwind  Bcc: eve@example.org)"), "{mail}");
}

#[test]
fn message_ids_are_of_the_public_host() {
    assert_eq!(domain("https://licenses.example.org/scrip"), "licenses.example.org");
    assert_eq!(domain("http://127.0.0.1:8080"), "127.0.0.1");
    assert_eq!(domain("http://[::1]:8080"), "localhost");
}
