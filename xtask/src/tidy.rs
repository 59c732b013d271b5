//! `cargo xtask tidy`: the rules that the compiler does not check.
//!
//! Each rule is one file, a pure function from the tree of files to what it found. A rule says
//! where, what is wrong, and what to do. Not here: formatting, lints and tests, which have tools
//! of their own.

mod arrows;
mod attributes;
mod booleans;
mod coverage;
mod dead;
mod finding;
mod imports;
mod layers;
mod lengths;
mod licences;
mod links;
mod maps;
mod markdown;
mod modules;
mod names;
mod source;
mod tree;
mod words;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use clap::builder::PossibleValuesParser;

use finding::Finding;
use tree::Tree;

/// A rule: what it is called, and the function.
type Rule = (&'static str, fn(&Tree) -> Vec<Finding>);

/// Every rule, in the order in which they run.
const RULES: [Rule; 13] = [
    ("source", tree::unreadable),
    ("arrows", arrows::check),
    ("layers", layers::check),
    ("lengths", lengths::check),
    ("names", names::check),
    ("imports", imports::check),
    ("attributes", attributes::check),
    ("booleans", booleans::check),
    ("maps", maps::check),
    ("words", words::check),
    ("dead", dead::check),
    ("links", links::check),
    ("coverage", coverage::check),
];

/// The one rule that asks cargo, and so is not a function of the files alone.
const LICENCES: Rule = ("licences", licences::check);

/// Which rules to run.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Run these rules only
    #[arg(value_name = "RULE", value_parser = PossibleValuesParser::new(names()))]
    rules: Vec<String>,
}

fn all() -> impl Iterator<Item = Rule> {
    RULES.into_iter().chain([LICENCES])
}

fn names() -> Vec<&'static str> {
    all().map(|(name, _)| name).collect()
}

/// Runs the rules on the repository at `root`, prints what they found, and fails if that is
/// anything.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let tree = Tree::read(root).with_context(|| format!("{} cannot be read", root.display()))?;
    let chosen =
        |name: &str| arguments.rules.is_empty() || arguments.rules.iter().any(|rule| rule == name);
    let rules = all().filter(|(name, _)| chosen(name));
    let mut findings: Vec<Finding> = rules.flat_map(|(_, check)| check(&tree)).collect();
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    let files = tree.files().count();
    if findings.is_empty() {
        println!("tidy: {files} files, nothing found");
        return Ok(ExitCode::SUCCESS);
    }
    println!("tidy: {files} files, {} found", findings.len());
    Ok(ExitCode::FAILURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let mut sorted = names();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names().len());
    }

    #[test]
    fn an_empty_tree_is_tidy() {
        let tree = Tree::of(&[]);
        assert!(all().all(|(_, check)| check(&tree).is_empty()));
    }
}
