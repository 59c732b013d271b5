//! Which Rust files a build can reach: from each package's roots along `mod name;`.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::source::{Bracket, Source, Token};
use super::tree::{Tree, folder_of, name_of, resolve};

/// Every Rust file that some target of some package reaches.
pub(crate) fn reached(tree: &Tree) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting = roots(tree);
    while let Some((path, children)) = waiting.pop() {
        let Some(source) = tree.find(&path).and_then(|file| file.source.as_ref()) else {
            continue;
        };
        if reached.insert(path.clone()) {
            let place = Place { file_folder: folder_of(&path), children: &children };
            named_files(source, 0, source.tokens.len(), &place, tree, &mut waiting);
        }
    }
    reached
}

/// Where a file's modules are looked for.
struct Place<'a> {
    /// The folder the file is in: `#[path]` and `include!` start here.
    file_folder: &'a str,
    /// The folder for its child modules.
    children: &'a str,
}

/// A file and the folder of its child modules.
type Waiting = (String, String);

/// The files that cargo builds by itself, or by their `path` in the manifest.
fn roots(tree: &Tree) -> Vec<Waiting> {
    let mut roots = Vec::new();
    for manifest in tree.files().filter(|file| file.name() == "Cargo.toml") {
        let Ok(table) = manifest.text.parse::<Table>() else {
            continue;
        };
        if !table.contains_key("package") {
            continue;
        }
        let folder = folder_of(&manifest.path);
        let found = tree.with_extension("rs").filter(|file| is_found_by_cargo(folder, &file.path));
        let found = found.map(|file| file.path.clone());
        let named = named_targets(&table).into_iter().filter_map(|path| resolve(folder, &path));
        roots.extend(found.chain(named).map(|path| (path.clone(), folder_of(&path).to_owned())));
    }
    roots
}

fn is_found_by_cargo(package: &str, path: &str) -> bool {
    let prefix = if package.is_empty() { String::new() } else { format!("{package}/") };
    let Some(inside) = path.strip_prefix(&prefix) else {
        return false;
    };
    let parts: Vec<&str> = inside.split('/').collect();
    matches!(
        parts.as_slice(),
        ["build.rs"]
            | ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["src", "bin", _, "main.rs"]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

fn named_targets(manifest: &Table) -> Vec<String> {
    let one = |target: &Value| target.get("path").and_then(Value::as_str).map(str::to_owned);
    let lists = ["bin", "test", "bench", "example"].into_iter();
    let listed = lists.filter_map(|kind| manifest.get(kind)?.as_array());
    let mut paths: Vec<String> = listed.flatten().filter_map(one).collect();
    paths.extend(manifest.get("lib").and_then(one));
    paths
}

/// Adds the files that `mod`, `#[path]` and `include!` name between two indexes.
fn named_files(
    source: &Source,
    from: usize,
    to: usize,
    place: &Place<'_>,
    tree: &Tree,
    waiting: &mut Vec<Waiting>,
) {
    let mut at = from;
    while at < to {
        match (source.word(at), source.word(at + 1)) {
            (Some("mod"), Some(name)) if source.is_mark(at + 2, ';') => {
                waiting.extend(file_of(source, at, name, place, tree));
            }
            (Some("mod"), Some(name)) => {
                if let Some(Token::Open { bracket: Bracket::Curly, close }) = token(source, at + 2)
                {
                    let children = format!("{}/{name}", place.children);
                    let inner = Place { children: &children, ..*place };
                    named_files(source, at + 3, *close, &inner, tree, waiting);
                    at = *close;
                }
            }
            (Some("include"), _) if source.is_mark(at + 1, '!') => {
                if let Some(Token::Literal(path)) = token(source, at + 3) {
                    let path = resolve(place.file_folder, path.trim_matches('"'));
                    waiting.extend(path.map(|path| (path, place.children.to_owned())));
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn token(source: &Source, at: usize) -> Option<&Token> {
    source.tokens.get(at).map(|placed| &placed.token)
}

/// The file of `mod name;` whose keyword stands at `at`.
fn file_of(
    source: &Source,
    at: usize,
    name: &str,
    place: &Place<'_>,
    tree: &Tree,
) -> Option<Waiting> {
    if let Some(path) = path_attribute(source, at) {
        let path = resolve(place.file_folder, &path)?;
        return Some((path.clone(), children_of(&path)));
    }
    let candidates = [format!("{name}.rs"), format!("{name}/mod.rs")];
    let mut paths = candidates.iter().filter_map(|file| resolve(place.children, file));
    let path = paths.find(|path| tree.exists(path))?;
    Some((path.clone(), children_of(&path)))
}

/// Where the modules of a module's file lie: `a/b.rs` has them in `a/b`, `a/mod.rs` in `a`.
fn children_of(path: &str) -> String {
    match name_of(path) {
        "mod.rs" => folder_of(path).to_owned(),
        _ => path.strip_suffix(".rs").unwrap_or(path).to_owned(),
    }
}

/// The text of a `#[path = "…"]` that stands before the item whose keyword stands at `at`.
fn path_attribute(source: &Source, at: usize) -> Option<String> {
    let start = (0..at).rev().find(|&before| {
        matches!(token(source, before), Some(Token::Mark(';') | Token::Close(Bracket::Curly)))
    });
    let first = start.map_or(0, |before| before + 1);
    (first..at).find_map(|place| {
        let is_path = source.word(place) == Some("path") && source.is_mark(place + 1, '=');
        match token(source, place + 2) {
            Some(Token::Literal(text)) if is_path => Some(text.trim_matches('"').to_owned()),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "[package]\nname = \"wire\"\n";

    fn reached_of(files: &[(&str, &str)]) -> Vec<String> {
        let mut files = files.to_vec();
        files.push(("crates/wire/Cargo.toml", PACKAGE));
        reached(&Tree::of(&files)).into_iter().collect()
    }

    #[test]
    fn modules_are_followed_into_folders_and_inline_modules() {
        let files = [
            ("crates/wire/src/lib.rs", "mod a; mod b { mod c; } // mod d;"),
            ("crates/wire/src/a.rs", "pub mod e;"),
            ("crates/wire/src/a/e.rs", ""),
            ("crates/wire/src/b/c.rs", ""),
            ("crates/wire/src/d.rs", ""),
        ];
        let expected = files.iter().map(|(path, _)| *path).filter(|path| !path.ends_with("d.rs"));
        let mut expected: Vec<&str> = expected.collect();
        expected.sort_unstable();
        assert_eq!(reached_of(&files), expected);
    }

    #[test]
    fn tests_binaries_and_named_paths_are_roots() {
        let files = [
            ("crates/wire/tests/a.rs", "#[path = \"helpers/b.rs\"] mod b; include!(\"c.rs\");"),
            ("crates/wire/tests/helpers/b.rs", ""),
            ("crates/wire/src/bin/d.rs", ""),
        ];
        assert_eq!(reached_of(&files).len(), 3);
    }

    #[test]
    fn a_target_is_found_by_its_path_in_the_manifest() {
        let manifest =
            "[package]\nname = \"agent\"\n[[bin]]\nname = \"x\"\npath = \"src/x/run.rs\"\n";
        let tree =
            Tree::of(&[("crates/agent/Cargo.toml", manifest), ("crates/agent/src/x/run.rs", "")]);
        assert_eq!(reached(&tree).len(), 1);
    }
}
