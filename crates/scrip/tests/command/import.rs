//! `scrip import`.

use serde_json::{Value, json};

use crate::stage::{Stage, foreign};

#[test]
fn the_first_import_makes_an_account() {
    let stage = Stage::new();
    stage.file("usage.xml", &foreign("SN1", 7, 5));
    let out = stage.ok(&["import", "usage", "usage.xml"]);
    assert_eq!(
        out,
        "usage.xml\n  PID:WLC-1,SN:SN1  AIR_NETWORK  report 7  1 measurement  \
         recorded (unverified)\n1 recorded, 0 already there, 0 refused\n"
    );
    let accounts = stage.json(&["account", "list"]);
    assert_eq!((&accounts[0]["name"], &accounts[0]["domain"]), (&json!("local"), &json!("local")));
    let pools = stage.json(&["pool", "list"]);
    assert_eq!((&pools[0]["in_use"], &pools[0]["unverified"]), (&json!(5), &json!(5)));
    assert_eq!(pools[0]["virtual_account_name"], "DEFAULT");
}

#[test]
fn a_file_that_comes_again_changes_nothing() {
    let stage = Stage::new();
    stage.file("usage.xml", &foreign("SN1", 7, 5));
    stage.ok(&["import", "usage", "usage.xml"]);
    let out = stage.ok(&["import", "usage", "usage.xml"]);
    assert!(out.ends_with("already there\n0 recorded, 1 already there, 0 refused\n"), "{out}");
    assert_eq!(stage.json(&["pool", "list"])[0]["in_use"], 5);
}

#[test]
fn a_broken_file_is_refused_with_its_line_and_the_others_go_on() {
    let stage = Stage::new();
    stage.file("one.xml", &foreign("SN1", 7, 5));
    let broken = format!("<smartLicense>\n{}<broken>\n", foreign("SN2", 8, 9));
    stage.file("two.xml", &broken);
    stage.file("three.xml", &foreign("SN3", 9, 1));
    let done = stage.run(&["import", "usage", "one.xml", "two.xml", "three.xml", "four.xml"]);
    assert_eq!(done.code, 1);
    let line = done.out.lines().find(|line| line.starts_with("two.xml: ")).expect("it is named");
    assert!(line.contains("line ") && line.ends_with(')'), "{line}");
    assert!(done.out.contains("four.xml: the file cannot be read"), "{}", done.out);
    assert!(
        done.out.ends_with("2 recorded, 0 already there, 0 refused\n2 of 4 files need a look\n")
    );
    let instances = stage.json(&["instance", "list"]);
    assert_eq!(instances.as_array().map(Vec::len), Some(2));
}

#[test]
fn with_several_accounts_one_must_be_named() {
    let stage = Stage::new();
    stage.ok(&["account", "create", "Northwind", "--domain", "northwind.example"]);
    stage.ok(&["account", "create", "Southwind", "--domain", "southwind.example"]);
    stage.file("usage.xml", &foreign("SN1", 7, 5));
    let done = stage.run(&["import", "usage", "usage.xml"]);
    assert_eq!((done.code, done.out.as_str()), (1, ""));
    for said in ["--account", "Northwind", "Southwind", "(name.ambiguous)"] {
        assert!(done.err.contains(said), "{}", done.err);
    }
    stage.ok(&["virtual-account", "create", "Campus", "--account", "northwind.example"]);
    stage.ok(&[
        "import",
        "usage",
        "usage.xml",
        "--account",
        "northwind",
        "--virtual-account",
        "campus",
    ]);
    let pools = stage.json(&["pool", "list", "--account", "Northwind"]);
    assert_eq!(pools[0]["virtual_account_name"], "Campus");
    assert_eq!(stage.json(&["pool", "list", "--account", "Southwind"]), json!([]));
}

#[test]
fn a_running_server_takes_it_in_too() {
    let stage = Stage::new();
    let _served = stage.serve();
    stage.file("usage.xml", &foreign("SN1", 7, 5));
    let told = stage.json(&["import", "usage", "usage.xml"]);
    let report = &told["files"][0]["result"]["reports"][0];
    assert_eq!((&report["outcome"], &report["verified"]), (&json!("recorded"), &json!(false)));
    assert_eq!(told["files"][0]["error"], Value::Null);
    assert_eq!(stage.json(&["pool", "list"])[0]["in_use"], 5);
}

#[test]
fn a_file_from_the_field_is_taken_in() {
    let name = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/fixtures/rum/example-rum-1671840750.xml"
    );
    if !std::path::Path::new(name).exists() {
        return println!("the fixtures are absent: skipped");
    }
    let stage = Stage::new();
    let out = stage.ok(&["import", "usage", name]);
    let line = "  PID:C9800-CL-K9,SN:9NTUEA8FIIH  DNA_NWStack  report 1671840750  3 measurements  \
                recorded (unverified)";
    assert!(out.lines().any(|told| told == line), "{out}");
}

#[test]
fn a_trust_request_needs_an_installation_and_a_file_of_its_kind() {
    let stage = Stage::new();
    stage.file("usage.xml", &foreign("SN1", 7, 5));
    let words = ["import", "trust", "usage.xml", "absent.xml", "--ack", "answers"];
    let done = stage.run(&words);
    assert!(done.err.trim_end().ends_with("(data.empty)"), "{}", done.err);
    stage.ok(&["account", "create", "Northwind", "--domain", "northwind.example"]);
    let done = stage.run(&words);
    assert_eq!(done.code, 1);
    let lines: Vec<&str> = done.out.lines().collect();
    assert!(lines[0].starts_with("usage.xml: this is usage that a device saved"), "{lines:?}");
    assert!(lines[0].ends_with("`scrip import usage` (file.kind)"), "{lines:?}");
    assert!(lines[1].ends_with("(import.read)"), "{lines:?}");
    assert_eq!(lines[2], "2 of 2 files need a look");
    stage.file("large.xml", &"x".repeat(wire::limits::TRUST_FILE_BYTES + 1));
    let done = stage.run(&["import", "trust", "large.xml", "--ack", "answer.xml"]);
    assert!(done.out.contains("`scrip-agent save trust` wrote (size.trust)"), "{}", done.out);
    assert_eq!(stage.run(&["import", "trust", "usage.xml"]).code, 2, "an answer is always wanted");
}
