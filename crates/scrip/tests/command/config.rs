//! `scrip config`.

use crate::stage::Stage;

#[test]
fn the_example_passes_its_check() {
    let stage = Stage::new();
    let example = stage.ok(&["config", "example"]);
    stage.file("scrip.toml", &example);
    assert_eq!(stage.ok(&["config", "check", "scrip.toml"]), "scrip.toml: in order\n");
}

#[test]
fn everything_that_is_wrong_is_said() {
    let stage = Stage::new();
    stage.file("scrip.toml", "[server]\nlissten = \"a\"\n\n[tls]\nmode = \"on\"\n");
    let done = stage.run(&["config", "check", "scrip.toml"]);
    assert_eq!(done.code, 1);
    let lines: Vec<&str> = done.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", done.out);
    assert!(lines[0].starts_with("scrip.toml, line 2: server.lissten: unknown field"));
    assert!(lines[1].starts_with("scrip.toml, line 5: tls.mode: unknown variant `on`"));
    assert_eq!(lines[2], "2 to mend (config.invalid)");
}

#[test]
fn a_file_of_networks_is_looked_at_too() {
    let stage = Stage::new();
    stage.file("scrip.toml", "[countries]\nfile = \"networks.csv\"\n");
    stage.file("networks.csv", "192.0.2.0/24,DE\n192.0.2.0/23,Germany\n");
    let done = stage.run(&["config", "check", "scrip.toml"]);
    assert_eq!(done.code, 1);
    let said = "networks.csv, line 2: \"Germany\" is no country: write two capital letters as in ISO 3166 (countries.line)";
    assert_eq!(done.out.trim_end(), said);
    stage.file("networks.csv", "192.0.2.0/24,DE\n");
    assert_eq!(stage.ok(&["config", "check", "scrip.toml"]), "scrip.toml: in order\n");
}

#[test]
fn a_server_does_not_start_with_it() {
    let stage = Stage::new();
    stage.file("scrip.toml", "[server]\nlissten = \"a\"\n");
    let done = stage.run(&["serve", "--config", "scrip.toml"]);
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    assert!(done.err.contains("scrip.toml, line 2"), "{}", done.err);
    assert!(!stage.path("scrip-data").exists());
}

#[test]
fn a_file_that_is_not_there_is_named_with_what_to_do() {
    let stage = Stage::new();
    let done = stage.run(&["serve", "--config", "nope.toml"]);
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    for said in ["nope.toml cannot be read (", "`scrip config example`", "(config.file)"] {
        assert!(done.err.contains(said), "{}", done.err);
    }
}
