//! The layers inside `server`: `app/` is called by `api/`, `portal/` and `jobs/`; these never
//! touch `store` and never call each other; `app/` calls none of them.
//!
//! Whoever wires the parts together (`lib.rs` and `serve`) may name all of them, and so may
//! `problem`, where errors become HTTP. Test code may too: it is not shipped, and looks at what
//! happened behind the layer's back.

use super::finding::Finding;
use super::source::{Source, Token};
use super::tree::{File, Tree};

/// The folder this is about.
const SERVER: &str = "crates/server/src/";
/// Those who ask.
const FACES: [&str; 3] = ["api", "portal", "jobs"];
/// Those who may name all: the crate's root, the module that starts it, the one for errors.
const WIRING: [&str; 3] = ["lib", "serve", "problem"];

/// Checks every path named in the server's files.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.rust().filter_map(|(file, source)| {
        let module = file.path.strip_prefix(SERVER)?.strip_suffix(".rs")?;
        Some((file, source, module))
    });
    files.flat_map(|(file, source, module)| check_file(file, source, module)).collect()
}

fn check_file(file: &File, source: &Source, module: &str) -> Vec<Finding> {
    let layer = module.split('/').next().unwrap_or(module);
    let depth = module.split('/').count();
    let shipped = (0..source.tokens.len()).filter(|&at| !source.tokens[at].test);
    let named = shipped.flat_map(|at| {
        let mut named = named_from_root(source, at, depth);
        if names_crate(source, at, "store") && FACES.contains(&layer) {
            named.push((at, "store".to_owned()));
        }
        named
    });
    let named = named.filter_map(|(at, name)| {
        let (what, remedy) = judge(layer, &name)?;
        Some(Finding::new("layers", &file.path, source.tokens[at].line, what, remedy))
    });
    named.collect()
}

/// What is wrong with `layer` naming `name`, and what to do.
fn judge(layer: &str, name: &str) -> Option<(String, &'static str)> {
    if layer == name || WIRING.contains(&layer) {
        return None;
    }
    let face = FACES.contains(&layer);
    match name {
        "store" if face => Some((
            format!("{layer}/ touches the store"),
            "ask a use case in app/; let app/ name what it hands out",
        )),
        "app" if !face => Some((
            format!("{layer} calls app/, which only api/, portal/ and jobs/ do"),
            "move the code into one of them, or into app/",
        )),
        _ if FACES.contains(&name) && (face || layer == "app") => Some((
            format!("{layer}/ calls {name}/"),
            "move what both need into app/ or into a module beside them",
        )),
        _ => None,
    }
}

/// Whether a path that starts with the crate `name` starts at an index.
fn names_crate(source: &Source, at: usize, name: &str) -> bool {
    let inside_path = at >= 3
        && source.is_path_mark(at - 2)
        && source.word(at - 3).is_some_and(|word| word != "use");
    let leads = source.is_path_mark(at + 1);
    let whole = source.word(at.wrapping_sub(1)) == Some("use")
        && (source.is_mark(at + 1, ';') || source.word(at + 1) == Some("as"));
    source.word(at) == Some(name) && !inside_path && (leads || whole)
}

/// The top modules that a path starting at `at` names: `crate::api`, `crate::{api, jobs}`, and
/// `super::…` as far up as the root.
fn named_from_root(source: &Source, at: usize, depth: usize) -> Vec<(usize, String)> {
    if at >= 2 && source.is_path_mark(at - 2) {
        return Vec::new();
    }
    let after_root = match source.word(at) {
        Some("crate") if source.is_path_mark(at + 1) => at + 3,
        Some("super") => match climb(source, at) {
            (steps, after) if steps >= depth => after,
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    heads(source, after_root)
}

/// How many times `super::` stands from `at` on, and the index after the last.
fn climb(source: &Source, at: usize) -> (usize, usize) {
    let (mut steps, mut after) = (0, at);
    while source.word(after) == Some("super") && source.is_path_mark(after + 1) {
        steps += 1;
        after += 3;
    }
    (steps, after)
}

/// The first words of a path or of each path in braces.
fn heads(source: &Source, at: usize) -> Vec<(usize, String)> {
    match source.tokens.get(at).map(|placed| &placed.token) {
        Some(Token::Word(word)) => vec![(at, word.clone())],
        Some(Token::Open { close, .. }) => {
            let mut found = Vec::new();
            let mut inner = at + 1;
            while inner < *close {
                let starts = inner == at + 1 || source.is_mark(inner - 1, ',');
                if starts && let Some(word) = source.word(inner) {
                    found.push((inner, word.to_owned()));
                }
                inner = match source.tokens[inner].token {
                    Token::Open { close, .. } => close + 1,
                    _ => inner + 1,
                };
            }
            found
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(module: &str, text: &str) -> usize {
        check(&Tree::of(&[(&format!("{SERVER}{module}.rs"), text)])).len()
    }

    #[test]
    fn a_face_asks_the_use_cases_and_no_one_else() {
        assert_eq!(count("api/device", "use crate::app::submit_report;"), 0);
        assert_eq!(count("portal/pools", "use crate::{app::App, config::Config};"), 0);
        assert_eq!(count("api/device", "use crate::portal::page;"), 1);
        assert_eq!(count("jobs/mail", "use crate::{app, api::{self, device}, portal};"), 2);
        assert_eq!(count("portal/pools", "use super::super::api::Problem;"), 1);
    }

    #[test]
    fn a_face_never_touches_the_store() {
        assert_eq!(count("api/device", "use store::Command;"), 1);
        assert_eq!(count("jobs", "fn a() { store::write(b) }"), 1);
        assert_eq!(count("portal", "use ::store::{Rows};"), 1);
        assert_eq!(count("portal", "fn a(store: &Shop) { store.open() }"), 0);
        assert_eq!(count("app/submit_report", "use store::Command;"), 0);
    }

    #[test]
    fn only_the_faces_and_the_wiring_call_the_use_cases() {
        assert_eq!(count("config", "use crate::app::App;"), 1);
        assert_eq!(count("serve", "use crate::{api, app, jobs, portal};"), 0);
        assert_eq!(count("app/submit_report", "use crate::app::page; use crate::api::problem;"), 1);
    }

    #[test]
    fn a_module_of_the_same_name_elsewhere_is_not_the_layer() {
        assert_eq!(count("api/device", "use crate::app::portal; use super::jobs;"), 0);
    }

    #[test]
    fn a_test_may_look_behind_the_layer() {
        assert_eq!(count("api/device", "#[cfg(test)] mod tests { use store::Rows; }"), 0);
    }
}
