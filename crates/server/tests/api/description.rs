//! The description of the APIs: committed, current, whole; and the list of codes in the manual.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use server::api::{Need, Stated, description, stated};

use crate::home::both;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn described() -> Value {
    serde_json::to_value(description()).expect("JSON")
}

/// Every `$ref` below a value.
fn refs(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get("$ref") {
                found.insert(to.clone());
            }
            members.values().for_each(|member| refs(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| refs(item, found)),
        _ => {}
    }
}

#[test]
fn the_committed_description_is_current() {
    let text = format!("{}\n", serde_json::to_string_pretty(&described()).expect("JSON"));
    let path = root().join("docs/openapi.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("the file is written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == committed, "docs/openapi.json is not current: run with UPDATE=1");
}

#[test]
fn every_route_is_described_with_how_to_sign_in() {
    let described = described();
    assert_eq!(described["openapi"], "3.1.0");
    // The documented profile has a description of its own.
    let own = |route: &Stated| {
        !route.path.starts_with("/services/") && !matches!(route.need, Need::Secret)
    };
    for route in stated().into_iter().filter(own) {
        let operation = &described["paths"][&route.path][route.method.to_lowercase()];
        assert!(operation.is_object(), "{} {}", route.method, route.path);
        let signs_in = operation["security"][0]["bearer"].is_array();
        let needs = matches!(route.need, Need::Right(..) | Need::Person);
        assert_eq!(signs_in, needs, "{} {}", route.method, route.path);
        assert!(operation["summary"].is_string(), "{} {}", route.method, route.path);
        assert_eq!(operation["responses"]["default"]["$ref"], "#/components/responses/Problem");
    }
    let mut found = BTreeSet::new();
    refs(&described, &mut found);
    assert!(found.len() > 30, "{found:?}");
    for to in found {
        let place = to.strip_prefix('#').expect("a place in the description");
        assert!(described.pointer(place).is_some(), "{to} leads nowhere");
    }
}

both! {
    async fn the_description_is_served_to_anyone(office) {
        let request = axum::http::Request::get("/api/v1/openapi.json");
        let answer = office.send(request.body(axum::body::Body::empty()).expect("a request")).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.ok(), described());
    }
}

/// What looks like a code and is the name of a field or a file.
const NAMES: [&str; 5] = [
    "asset_identification.report_id",
    "meta.entitlement_tag",
    "policy.name",
    "public_domains.txt",
    "scrip.db",
];

/// The Rust files of a folder, its folders included.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// The codes at the end of error texts, those given beside them, and what events say was done.
fn codes(text: &str, found: &mut BTreeSet<String>) {
    let shipped = text.split("#[cfg(test)]").next().unwrap_or(text);
    let quoted = shipped.split('"').skip(1).step_by(2);
    let is_word =
        |text: &str| text.len() > 1 && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let is_code = |text: &str| {
        let parts = text.split_once('.');
        parts.is_some_and(|(subject, what)| is_word(subject) && is_word(what))
    };
    for literal in quoted {
        let end = literal.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
        let code = end.map_or(literal, |(_, code)| code);
        if is_code(code) {
            found.insert(code.to_owned());
        }
    }
}

#[test]
fn the_manual_lists_every_code() {
    let whole = ["api.rs", "app.rs", "problem.rs"];
    let mut files: Vec<_> =
        whole.iter().map(|file| root().join("crates/server/src").join(file)).collect();
    for part in ["wire/src", "ledger/src", "store/src", "server/src/api", "server/src/app"] {
        sources(&root().join("crates").join(part), &mut files);
    }
    let mut found = BTreeSet::new();
    for file in files {
        codes(&std::fs::read_to_string(file).expect("a file"), &mut found);
    }
    for name in NAMES {
        assert!(found.remove(name), "{name} stands nowhere");
    }
    assert!(found.len() > 60, "{found:?}");
    let manual = std::fs::read_to_string(root().join("docs/api.md")).unwrap_or_default();
    let missing: Vec<_> =
        found.iter().filter(|code| !manual.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "docs/api.md does not list {missing:?}");
}
