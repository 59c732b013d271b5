//! The arrows between the crates: who may depend on whom, dev- and build-dependencies too.
//!
//! `wire ← ledger ← store ← server ← scrip`, `wire ← agent ← scrip`, `wire ← courier`; `sim` and
//! `xtask` may depend on anything and nothing on them. A crate that is not in the table needs a
//! decision record first, then a row here.

use toml::{Table, Value};

use super::finding::Finding;
use super::tree::{File, Tree};

/// What a crate may depend on, of our own.
enum Reach {
    /// These and no others.
    Only(&'static [&'static str]),
    /// Every crate that something may depend on.
    Everything,
}

/// One row per crate. An arrow reaches on: who may see `store` may see what `store` sees.
const CRATES: [(&str, Reach); 9] = [
    ("wire", Reach::Only(&[])),
    ("ledger", Reach::Only(&["wire"])),
    ("store", Reach::Only(&["wire", "ledger"])),
    ("server", Reach::Only(&["wire", "ledger", "store"])),
    ("agent", Reach::Only(&["wire"])),
    ("courier", Reach::Only(&["wire"])),
    ("scrip", Reach::Only(&["wire", "ledger", "store", "server", "agent"])),
    ("sim", Reach::Everything),
    ("xtask", Reach::Everything),
];

/// Crates that nothing may depend on: they are not shipped.
const ENDS: [&str; 2] = ["sim", "xtask"];

/// Checks every package of the workspace.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files().filter(|file| file.name() == "Cargo.toml");
    manifests.flat_map(check_manifest).collect()
}

fn check_manifest(file: &File) -> Vec<Finding> {
    let table: Table = match file.text.parse() {
        Ok(table) => table,
        Err(error) => {
            let what = format!("this is not TOML: {}", error.message());
            return vec![Finding::new(RULE, &file.path, 1, what, "mend it")];
        }
    };
    let name = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    let Some(name) = name else { return Vec::new() };
    let Some(reach) = reach_of(name, &file.path) else {
        let line = line_of(&file.text, "name", name);
        let what = format!("the crate `{name}` is not in the table of arrows");
        let remedy = "write a decision record in docs/decisions, then give it a row in \
                      xtask/src/tidy/arrows.rs";
        return vec![Finding::new(RULE, &file.path, line, what, remedy)];
    };
    let ours = dependencies(&table).into_iter().filter(|found| is_ours(&found.package));
    ours.filter(|found| !reach.contains(&found.package.as_str()))
        .map(|found| reversed(file, name, &found, &reach))
        .collect()
}

const RULE: &str = "arrows";

fn reversed(file: &File, name: &str, found: &Dependency, reach: &[&str]) -> Finding {
    let line = line_of(&file.text, &found.key, &found.section);
    let what = format!("`{name}` depends on `{}` ({})", found.package, found.section);
    let allowed = if reach.is_empty() { "nothing of ours".to_owned() } else { reach.join(", ") };
    let remedy = format!("it may depend on {allowed}; move the code to where the arrow allows it");
    Finding::new(RULE, &file.path, line, what, remedy)
}

/// The crates of ours that a package may name; `None` if the package is unknown.
fn reach_of(name: &str, path: &str) -> Option<Vec<&'static str>> {
    let fuzzed = path.ends_with("/fuzz/Cargo.toml").then(|| name.strip_suffix("-fuzz")).flatten();
    let (known, reach) = CRATES.iter().find(|(known, _)| *known == fuzzed.unwrap_or(name))?;
    let mut crates: Vec<&'static str> = match reach {
        Reach::Only(crates) => crates.to_vec(),
        Reach::Everything => CRATES.iter().map(|(known, _)| *known).collect(),
    };
    crates.retain(|known| !ENDS.contains(known));
    if fuzzed.is_some() {
        crates.push(known);
    }
    Some(crates)
}

fn is_ours(package: &str) -> bool {
    CRATES.iter().any(|(known, _)| *known == package)
}

/// One line of a dependency table.
struct Dependency {
    /// The name on the left.
    key: String,
    /// The package it stands for, which differs when it is renamed.
    package: String,
    /// The table it stands in.
    section: String,
}

/// Every dependency of a manifest, those for one platform only too.
fn dependencies(manifest: &Table) -> Vec<Dependency> {
    let mut found = in_tables(manifest);
    let platforms = manifest.get("target").and_then(Value::as_table);
    for platform in platforms.into_iter().flat_map(Table::values) {
        found.extend(platform.as_table().map(in_tables).unwrap_or_default());
    }
    found
}

fn in_tables(parent: &Table) -> Vec<Dependency> {
    let mut found = Vec::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let table = parent.get(section).and_then(Value::as_table);
        for (key, value) in table.into_iter().flatten() {
            let renamed = value.get("package").and_then(Value::as_str);
            found.push(Dependency {
                key: key.clone(),
                package: renamed.unwrap_or(key).to_owned(),
                section: section.to_owned(),
            });
        }
    }
    found
}

/// The line on which a key stands, the first one after a mention of `after` where there is one.
fn line_of(text: &str, key: &str, after: &str) -> usize {
    let is_key = |line: &str| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with([' ', '=', '.']))
            || line.contains(&format!(".{key}]"))
    };
    let start = text.lines().position(|line| line.contains(after)).unwrap_or(0);
    let found = text.lines().skip(start).position(is_key);
    found.map_or(1, |index| start + index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A workspace on disk, gone when dropped.
    struct Workspace(PathBuf);

    impl Workspace {
        fn new(name: &str, manifests: &[(&str, &str)]) -> Workspace {
            let folder = format!("scrip-tidy-{name}-{}", std::process::id());
            let root = std::env::temp_dir().join(folder);
            for (path, text) in manifests {
                let file = root.join(path);
                std::fs::create_dir_all(file.parent().expect("a file has a folder")).unwrap();
                std::fs::write(file, text).unwrap();
            }
            Workspace(root)
        }
    }

    impl Drop for Workspace {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn manifest(name: &str, dependencies: &str) -> String {
        format!("[package]\nname = \"{name}\"\n\n{dependencies}")
    }

    #[test]
    fn one_reversed_arrow_in_a_workspace_is_found() {
        let wire =
            manifest("wire", "[dependencies]\nserde = \"1\"\nledger = { path = \"../ledger\" }\n");
        let ledger = manifest("ledger", "[dependencies]\nthiserror = \"2\"\n");
        let store =
            manifest("store", "[dependencies]\nwire.workspace = true\nledger.workspace = true\n");
        let workspace = Workspace::new(
            "reversed",
            &[
                ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
                ("crates/wire/Cargo.toml", &wire),
                ("crates/ledger/Cargo.toml", &ledger),
                ("crates/store/Cargo.toml", &store),
            ],
        );
        let findings = check(&Tree::read(&workspace.0).unwrap());
        let shown: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            ["crates/wire/Cargo.toml:6: `wire` depends on `ledger` (dependencies): \
             it may depend on nothing of ours; move the code to where the arrow allows it \
             (tidy.arrows)"]
        );
    }

    #[test]
    fn the_arrows_of_the_design_are_clean() {
        let server = manifest("server", "[dependencies]\nwire = 1\nledger = 1\nstore = 1\n");
        let sim = manifest("sim", "[dependencies]\nserver = 1\nagent = 1\ncourier = 1\n");
        let tree =
            Tree::of(&[("crates/server/Cargo.toml", &server), ("crates/sim/Cargo.toml", &sim)]);
        assert_eq!(check(&tree), []);
    }

    #[test]
    fn an_arrow_for_tests_alone_is_an_arrow() {
        let text =
            manifest("agent", "[dependencies]\nwire = 1\n\n[dev-dependencies]\nserver = 1\n");
        let findings = check(&Tree::of(&[("crates/agent/Cargo.toml", &text)]));
        assert_eq!((findings.len(), findings[0].line), (1, 8));
    }

    #[test]
    fn nothing_depends_on_what_is_not_shipped() {
        let text = manifest("xtask", "[dependencies]\nsim = 1\n");
        assert_eq!(check(&Tree::of(&[("xtask/Cargo.toml", &text)])).len(), 1);
    }

    #[test]
    fn a_renamed_or_platform_dependency_is_seen() {
        let renamed =
            "[target.'cfg(unix)'.dependencies]\nbook = { package = \"store\", path = \"x\" }\n";
        let text = manifest("courier", renamed);
        assert_eq!(check(&Tree::of(&[("crates/courier/Cargo.toml", &text)])).len(), 1);
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let text = manifest("gateway", "");
        assert_eq!(check(&Tree::of(&[("crates/gateway/Cargo.toml", &text)])).len(), 1);
    }

    #[test]
    fn a_fuzz_package_may_name_its_own_crate() {
        let text = manifest("wire-fuzz", "[dependencies]\nwire = 1\n");
        assert_eq!(check(&Tree::of(&[("crates/wire/fuzz/Cargo.toml", &text)])), []);
    }
}
