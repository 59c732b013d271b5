//! What a configuration may and may not say.

use super::*;

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read(text, "scrip.toml", [])
}

fn complaints(text: &str) -> Vec<String> {
    match read(text) {
        Err(ConfigError::Wrong(complaints)) => {
            complaints.iter().map(Complaint::to_string).collect()
        }
        other => panic!("it was taken: {other:?}"),
    }
}

#[test]
fn an_empty_configuration_is_enough() {
    let config = read("").unwrap();
    assert_eq!(config.mail, None);
    assert_eq!(config.tls.mode, TlsMode::Off);
}

#[test]
fn the_example_says_nothing_wrong() {
    read(EXAMPLE).unwrap();
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let told = complaints("[server]\nnode = \"a\"\nlissten = \"127.0.0.1:1\"\n");
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("scrip.toml:3"), "{}", told[0]);
    assert!(told[0].contains("lissten"), "{}", told[0]);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let told = complaints("[server]\nlisten = \"nowhere\"\n[database]\nurl = 7\n");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let environment = [("SCRIP_SERVER_NODE".to_owned(), "from-environment".to_owned())];
    let config =
        Config::read("[server]\nnode = \"from-file\"\n", "scrip.toml", environment).unwrap();
    assert_eq!(config.server.node, "from-environment");
}

#[test]
fn two_places_of_one_database_contradict_each_other() {
    let told = complaints("[database]\nurl = \"postgres://a/b\"\nurl_file = \"secret\"\n");
    assert!(told[0].contains("url_file"), "{}", told[0]);
}
