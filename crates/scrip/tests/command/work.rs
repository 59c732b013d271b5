//! The daily commands, with a server and without one.

use serde_json::json;

use crate::stage::{Stage, foreign};

const TAG: &str = "regid.2018-06.com.example.AIR_NETWORK,1.0_b";

fn work(stage: &Stage) {
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    stage.ok(&["virtual-account", "create", "Campus", "--description", "all buildings"]);
    stage.ok(&["license", "define", TAG, "--name", "Air Network"]);
    let campus = ["--virtual-account", "Campus"];
    let grant = ["entitlement", "grant", "air network", "3", "--ends", "2099-12-31"];
    let granted = stage.json(&[&grant[..], &campus[..]].concat());
    assert_eq!(
        (&granted[0]["quantity"], &granted[0]["last_day"]),
        (&json!(3), &json!("2099-12-31"))
    );
    let token = stage.ok(&[&["token", "create", "--max-uses", "1"][..], &campus[..]].concat());
    assert_eq!(token.trim().len(), 77, "{token}");
    stage.file("usage.xml", &foreign("SN1", 7, 5));
    stage.ok(&[&["import", "usage", "usage.xml"][..], &campus[..]].concat());
    let pools = stage.json(&["pool", "list", "--short"]);
    assert_eq!(
        (&pools[0]["license"]["name"], &pools[0]["balance"]),
        (&json!("Air Network"), &json!(-2))
    );
    let alarms = stage.json(&["alarm", "list"]);
    assert_eq!((&alarms[0]["missing"], &alarms[0]["needed"]), (&json!(2), &json!(5)));
    let instances = stage.json(&["instance", "list", "--virtual-account", "campus"]);
    assert_eq!(instances[0]["udi"]["text"], "PID:WLC-1,SN:SN1");
    assert_eq!(stage.json(&["entitlement", "list"])[0]["source"], "granted by hand");
    assert_eq!(stage.json(&["token", "list"])[0]["max_uses"], 1);
    assert_eq!(stage.json(&["license", "list"])[0]["tag"], TAG);
    assert!(
        stage.json(&["keys", "show"])["realm"].as_str().is_some_and(|r| r.starts_with("realm_"))
    );
    assert_eq!(stage.json(&["fsck"])["wrong"], json!([]));
    let secret = stage.ok(&["setup-secret"]);
    assert_eq!(secret.trim().len(), 40, "{secret}");
}

/// Product instances move and go, looked at before.
fn moves(stage: &Stage) {
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    stage.ok(&["virtual-account", "create", "Campus"]);
    stage.file("one.xml", &foreign("SN1", 7, 5));
    stage.file("two.xml", &foreign("SN2", 7, 2));
    stage.ok(&["import", "usage", "one.xml"]);
    stage.ok(&["import", "usage", "two.xml"]);
    let move_to = ["instance", "move", "--to", "campus"];
    let asks = |more: &[&'static str]| [&move_to[..], more].concat();
    let seen = stage.json(&asks(&["SN1", "sn2", "--dry-run"]));
    assert_eq!((&seen["changed"], &seen["dry_run"]), (&json!(2), &json!(true)), "{seen}");
    let unsure = stage.run(&asks(&["SN1"]));
    assert!(unsure.code == 1 && unsure.err.contains("(confirm.missing)"), "{}", unsure.err);
    assert!(unsure.err.contains("turns short in Campus"), "{}", unsure.err);
    let unclear = stage.run(&asks(&["SN1", "SN3", "--yes"]));
    assert!(unclear.code == 1 && unclear.err.contains("(instances.unclear)"), "{}", unclear.err);
    assert!(unclear.out.contains("SN3"), "{}", unclear.out);
    stage.file("serials.txt", "SN1\n\nSN2\n");
    let moved = stage.ok(&asks(&["--file", "serials.txt", "--yes"]));
    assert!(moved.starts_with("2 moved now, 0 so already"), "{moved}");
    let there = stage.json(&["instance", "list", "--virtual-account", "campus"]);
    assert_eq!(there.as_array().map(Vec::len), Some(2));
    let gone = stage.json(&["instance", "remove", "SN2", "--yes"]);
    assert_eq!((&gone["changed"], &gone["pools"][0]["in_use"]), (&json!(1), &json!(5)), "{gone}");
    assert_eq!(stage.json(&["instance", "list"]).as_array().map(Vec::len), Some(1));
    let again = stage.ok(&["instance", "remove", "SN2", "--yes"]);
    assert!(again.starts_with("0 removed now, 1 so already"), "{again}");
    let kept = stage.run(&["instance", "keep", "SN2", "--yes"]);
    assert!(kept.code == 1 && kept.err.contains("(instances.unclear)"), "{}", kept.err);
    assert_eq!(stage.json(&["fsck"])["wrong"], json!([]));
}

#[test]
fn product_instances_move_and_go_without_a_server() {
    moves(&Stage::new());
}

#[test]
fn product_instances_move_and_go_beside_a_running_server() {
    let stage = Stage::new();
    let _served = stage.serve();
    moves(&stage);
}

#[test]
fn a_day_of_work_without_a_server() {
    work(&Stage::new());
}

#[test]
fn a_day_of_work_beside_a_running_server() {
    let stage = Stage::new();
    let _served = stage.serve();
    work(&stage);
}

/// The event log: listed, filtered, exported, signed, and held against what was signed.
fn log(stage: &Stage) {
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    stage.ok(&["virtual-account", "create", "Campus"]);
    let made = stage.json(&["event", "list", "--action", "virtual_account.created"]);
    assert_eq!(made.as_array().map(Vec::len), Some(1));
    assert_eq!(made[0]["detail"]["name"], "Campus");
    assert_eq!(made[0]["actor"], "host command line");
    let none = stage.json(&["event", "list", "--until", "2020-01-01"]);
    assert_eq!(none, json!([]));
    let csv = stage.ok(&["event", "export", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.starts_with("place,at,actor,role,action,"), "{csv}");
    stage.wait_for_places("", 2);
    stage.ok(&["event", "checkpoint", "--out", "kept.checkpoint"]);
    stage.ok(&["virtual-account", "create", "Branch"]);
    stage.wait_for_places("", 3);
    let held = stage.json(&["event", "verify", "--checkpoint", "kept.checkpoint"]);
    assert_eq!(held["proved"], true, "{held}");
    assert_eq!(held["checkpoint"]["size"], 2);
    let other = stage.run(&["event", "verify", "--checkpoint", "kept.checkpoint", "--house"]);
    assert_eq!(other.code, 1, "{}{}", other.out, other.err);
    assert!(other.err.contains("(checkpoint.account)"), "{}", other.err);
    stage.file("wrong.checkpoint", "not sealed");
    let wrong = stage.run(&["event", "verify", "--checkpoint", "wrong.checkpoint"]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("(seal."), "{}", wrong.err);
    assert_eq!(stage.json(&["fsck"])["wrong"], json!([]));
}

#[test]
fn the_event_log_is_listed_signed_and_proved_beside_a_running_server() {
    let stage = Stage::new();
    let _served = stage.serve();
    log(&stage);
}

#[test]
fn a_table_is_for_people() {
    let stage = Stage::new();
    stage.ok(&["account", "create", "Northwind Ltd", "--domain", "northwind.example"]);
    let out = stage.ok(&["account", "list"]);
    let heads: Vec<&str> = out.lines().next().expect("a head").split_whitespace().collect();
    assert_eq!(heads, ["Account", "Number", "Name", "Domain", "State"]);
    assert!(out.contains("Northwind Ltd"), "{out}");
    assert_eq!(stage.ok(&["pool", "list"]), "none\n");
}

#[test]
fn a_backup_is_a_folder_that_commands_work_with() {
    let stage = Stage::new();
    stage.file("usage.xml", &foreign("SN1", 7, 5));
    stage.ok(&["import", "usage", "usage.xml"]);
    let out = stage.ok(&["backup", "copy"]);
    assert_eq!(out, format!("copied to {}\n", stage.path("copy").display()));
    assert_eq!(stage.json(&["pool", "list", "--data", "copy"])[0]["in_use"], 5);
    let again = stage.run(&["backup", "copy"]);
    assert_eq!(again.code, 1);
    assert!(again.err.contains("name another folder"), "{}", again.err);
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let stage = Stage::new();
    for words in [&["pool", "list"][..], &["fsck"], &["setup-secret"], &["keys", "show"]] {
        let done = stage.run(words);
        assert_eq!(done.code, 1, "{words:?}");
        assert!(done.err.trim_end().ends_with("(data.empty)"), "{}", done.err);
    }
    assert!(!stage.path("scrip-data").exists());
}

#[test]
fn a_refusal_says_its_code_and_exits_with_one() {
    let stage = Stage::new();
    stage.ok(&["account", "create", "Northwind", "--domain", "northwind.example"]);
    let taken = stage.run(&["account", "create", "Other", "--domain", "northwind.example"]);
    assert_eq!(taken.code, 1);
    assert!(
        taken.err.starts_with("scrip: ") && taken.err.trim_end().ends_with(')'),
        "{}",
        taken.err
    );
    let unknown = stage.run(&["entitlement", "grant", "Nothing", "3"]);
    assert_eq!(
        unknown.err,
        "scrip: there is no license yet: make one with `scrip license define` (name.unknown)\n"
    );
    stage.ok(&["license", "define", TAG, "--name", "Air Network"]);
    let unknown = stage.run(&["entitlement", "grant", "Nothing", "3"]);
    assert!(unknown.err.starts_with("scrip: there is no license \"Nothing\"; there are:\n"));
    let last = unknown.err.lines().last().expect("a line");
    assert!(last.starts_with("name one of these") && last.ends_with("(name.unknown)"), "{last}");
    let late = stage.run(&["entitlement", "grant", "Air Network", "3", "--ends", "soon"]);
    assert!(late.err.starts_with("scrip: end: that is no time"), "nobody typed JSON: {}", late.err);
}

#[test]
fn what_is_typed_wrongly_exits_with_two() {
    let stage = Stage::new();
    for words in [&["frobnicate"][..], &["import", "usage"], &["token", "create", "--days", "0"]] {
        assert_eq!(stage.run(words).code, 2, "{words:?}");
    }
    for quantity in ["ten", "-5", "5000000000"] {
        let done = stage.run(&["entitlement", "grant", "Air Network", quantity]);
        assert_eq!(done.code, 2);
        assert!(done.err.contains("(count.range)"), "{}", done.err);
    }
    let elsewhere = stage.run(&["license", "grant", "Air Network", "--ends", "2030-01-01", "3"]);
    assert_eq!(elsewhere.code, 2);
    let remedy = "`scrip entitlement grant \"Air Network\" --ends 2030-01-01 3`";
    assert!(elsewhere.err.contains(remedy), "{}", elsewhere.err);
    let help = stage.ok(&["import", "usage", "--help"]);
    assert!(help.contains("Examples:"), "{help}");
}
