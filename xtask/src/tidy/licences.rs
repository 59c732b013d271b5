//! What we build on: licences that may be shipped, no banned package, nothing but the registry.
//!
//! Reads the same `deny.toml` as `cargo deny`, so that both say the same; `cargo deny` takes
//! minutes to build and is not needed for this. Not here: known vulnerabilities.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value as Json;
use toml::{Table, Value};

use super::finding::Finding;
use super::tree::Tree;

/// The file of the policy.
const POLICY: &str = "deny.toml";

/// What `deny.toml` says, as far as it is read here.
struct Policy {
    /// Licences that may be shipped.
    allowed: Vec<String>,
    /// Packages that may not be built on.
    banned: Vec<String>,
    /// The platforms that count.
    platforms: Vec<String>,
}

/// A package that we build on.
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    source: Option<String>,
}

/// Checks every package of the workspace's graph; a tree without a folder has none.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let (Some(root), Some(file)) = (&tree.root, tree.find(POLICY)) else {
        return Vec::new();
    };
    let judged = policy(&file.text).and_then(|policy| {
        let packages = packages(root, &policy.platforms)?;
        Ok(packages.iter().filter_map(|package| judge(package, &policy)).collect())
    });
    judged.unwrap_or_else(|error| {
        let what = format!("{error:#}");
        vec![Finding::new("licences", POLICY, 1, what, "mend it: nothing was checked")]
    })
}

fn policy(text: &str) -> anyhow::Result<Policy> {
    let table: Table = text.parse().context("this is not TOML")?;
    let list = |section: &str, key: &str| -> Vec<Value> {
        let list =
            table.get(section).and_then(|section| section.get(key)).and_then(Value::as_array);
        list.cloned().unwrap_or_default()
    };
    let text_of = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Table(mut table) => match table.remove("crate") {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    };
    let texts = |section, key| list(section, key).into_iter().filter_map(text_of).collect();
    Ok(Policy {
        allowed: texts("licenses", "allow"),
        banned: texts("bans", "deny"),
        platforms: texts("graph", "targets"),
    })
}

/// Asks cargo for the packages of those platforms.
fn packages(root: &Path, platforms: &[String]) -> anyhow::Result<Vec<Package>> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["metadata", "--format-version", "1", "--locked", "--manifest-path"]);
    command.arg(root.join("Cargo.toml"));
    for platform in platforms {
        command.args(["--filter-platform", platform]);
    }
    let output = command.output().context("cargo does not start")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("cargo metadata failed: {}", words.lines().last().unwrap_or_default().trim());
    }
    let graph: Json =
        serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")?;
    let listed = graph.get("packages").and_then(Json::as_array).context("no packages listed")?;
    let text = |package: &Json, key: &str| package.get(key)?.as_str().map(str::to_owned);
    let package = |package: &Json| {
        Some(Package {
            name: text(package, "name")?,
            version: text(package, "version")?,
            licence: text(package, "license"),
            source: text(package, "source"),
        })
    };
    Ok(listed.iter().filter_map(package).collect())
}

fn judge(package: &Package, policy: &Policy) -> Option<Finding> {
    let Package { name, version, licence, source } = package;
    let allowed = |licence: &str| policy.allowed.iter().any(|known| known == licence);
    let what = if policy.banned.contains(name) {
        "is banned".to_owned()
    } else if source.as_ref().is_some_and(|source| !source.starts_with("registry+")) {
        "does not come from the registry".to_owned()
    } else {
        match licence {
            Some(licence) if grants(licence, &allowed) => return None,
            Some(licence) => format!("is under {licence}, which deny.toml does not allow"),
            None => "states no licence".to_owned(),
        }
    };
    let remedy = "do without it, or argue it in docs/decisions and change deny.toml";
    Some(Finding::new("licences", POLICY, 1, format!("{name} {version} {what}"), remedy))
}

/// Whether an SPDX expression can be met with allowed licences alone.
fn grants(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    any_of(&mut words, allowed) && words.is_empty()
}

/// `a OR b`: words are taken from the end.
fn any_of(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut granted = all_of(words, allowed);
    while words.pop_if(|word| *word == "OR").is_some() {
        granted |= all_of(words, allowed);
    }
    granted
}

/// `a AND b`, which binds tighter.
fn all_of(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    let mut granted = one(words, allowed);
    while words.pop_if(|word| *word == "AND").is_some() {
        granted &= one(words, allowed);
    }
    granted
}

fn one(words: &mut Vec<&str>, allowed: &dyn Fn(&str) -> bool) -> bool {
    match words.pop() {
        Some("(") => {
            let granted = any_of(words, allowed);
            words.pop() == Some(")") && granted
        }
        Some(licence) if words.pop_if(|word| *word == "WITH").is_some() => {
            let exception = words.pop().unwrap_or_default();
            allowed(&format!("{licence} WITH {exception}"))
        }
        Some(licence) => allowed(licence),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "[graph]\ntargets = [\"x86_64-unknown-linux-gnu\"]\n\
        [licenses]\nallow = [\"MIT\", \"ISC\", \"Apache-2.0 WITH LLVM-exception\"]\n\
        [bans]\ndeny = [{ crate = \"openssl\", reason = \"rustls\" }, \"native-tls\"]\n";

    fn judged(name: &str, licence: Option<&str>, source: &str) -> bool {
        let package = Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.map(str::to_owned),
            source: Some(source.to_owned()),
        };
        judge(&package, &policy(TOML).unwrap()).is_none()
    }

    #[test]
    fn an_expression_is_read_with_its_brackets_and_exceptions() {
        let fine = |text| judged("a", Some(text), "registry+x");
        assert!(fine("MIT OR GPL-3.0") && fine("GPL-3.0/MIT") && fine("MIT AND ISC"));
        assert!(fine("(MIT OR GPL-3.0) AND ISC") && fine("Apache-2.0 WITH LLVM-exception OR X"));
        assert!(!fine("GPL-3.0") && !fine("MIT AND GPL-3.0") && !fine("Apache-2.0"));
        assert!(!fine("GPL-3.0 OR (MIT AND X)") && !fine("") && !fine("(MIT") && !fine("MIT)"));
    }

    #[test]
    fn a_package_that_is_banned_foreign_or_silent_is_found() {
        assert!(!judged("openssl", Some("MIT"), "registry+x"));
        assert!(!judged("native-tls", Some("MIT"), "registry+x"));
        assert!(!judged("a", Some("MIT"), "git+https://example.org/a"));
        assert!(!judged("a", None, "registry+x"));
    }

    #[test]
    fn a_tree_without_a_folder_has_no_packages() {
        assert_eq!(check(&Tree::of(&[(POLICY, TOML)])), []);
    }
}
