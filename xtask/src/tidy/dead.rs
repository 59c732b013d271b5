//! Files that nothing uses: Rust files that no build reaches, templates that no page renders,
//! assets that nothing names.
//!
//! Documents are judged by `links`.

use super::finding::Finding;
use super::modules;
use super::tree::{File, Tree, folder_of, name_of};

/// Checks Rust files, templates and assets.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let reached = modules::reached(tree);
    let is_dead = |path: &str| tree.exists(path) && !reached.contains(path);
    // Below a dead module everything is dead; the topmost is enough.
    let is_below = |path: &str| is_dead(&format!("{}.rs", folder_of(path)));
    let rust = tree.with_extension("rs").filter(|file| is_dead(&file.path));
    let rust = rust.filter(|file| !is_below(&file.path));
    let rust = rust.map(|file| {
        let remedy = "declare it with `mod`, or delete it";
        Finding::new("dead", &file.path, 1, "no target reaches this file", remedy)
    });
    rust.chain(unused(tree, "templates")).chain(unused(tree, "assets")).collect()
}

/// The files of each crate's `kind` folder that no other file of the crate names.
fn unused(tree: &Tree, kind: &'static str) -> Vec<Finding> {
    let kept = tree.files().filter_map(|file| {
        let (package, inside) = file.path.split_once(&format!("/{kind}/"))?;
        Some((file, package, inside))
    });
    let dead = kept.filter(|(file, package, inside)| !is_named(tree, file, package, inside, kind));
    dead.map(|(file, ..)| {
        let what = format!("nothing names this file of {kind}/");
        Finding::new("dead", &file.path, 1, what, "use it, or delete it")
    })
    .collect()
}

/// A template is named by its whole path inside the folder, an asset by its file name.
fn is_named(tree: &Tree, file: &File, package: &str, inside: &str, kind: &str) -> bool {
    let (name, before) = match kind {
        "templates" => (inside, &QUOTES[..]),
        _ => (name_of(inside), &PATH_MARKS[..]),
    };
    let others = tree.files().filter(|other| {
        other.path != file.path
            && other.path.strip_prefix(package).is_some_and(|rest| rest.starts_with('/'))
    });
    let mut naming = others.filter(|other| {
        ["rs", "html", "txt", "xml", "css", "js", "toml"]
            .iter()
            .any(|kind| other.has_extension(kind))
    });
    naming.any(|other| names(&other.text, name, before))
}

/// What stands before a template's path.
const QUOTES: [char; 2] = ['"', '\''];
/// What stands before an asset's name.
const PATH_MARKS: [char; 5] = ['"', '\'', '/', '(', ' '];

/// Whether a text names a file, with one of those marks before the name.
fn names(text: &str, name: &str, before: &[char]) -> bool {
    text.match_indices(name).any(|(start, _)| text[..start].ends_with(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: (&str, &str) = ("crates/server/Cargo.toml", "[package]\nname = \"server\"\n");

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let mut files = files.to_vec();
        files.push(MANIFEST);
        check(&Tree::of(&files)).into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn a_rust_file_that_no_module_declares_is_dead() {
        let files = [
            ("crates/server/src/lib.rs", "mod a;"),
            ("crates/server/src/a.rs", ""),
            ("crates/server/src/b.rs", ""),
            ("crates/server/src/b/c.rs", ""),
        ];
        assert_eq!(dead(&files), ["crates/server/src/b.rs"]);
    }

    #[test]
    fn a_template_lives_by_a_page_or_by_another_template() {
        let files = [
            ("crates/server/src/lib.rs", "#[template(path = \"pools/list.html\")] struct List;"),
            ("crates/server/templates/pools/list.html", "{% extends \"page.html\" %}"),
            ("crates/server/templates/page.html", ""),
            ("crates/server/templates/list.html", ""),
        ];
        assert_eq!(dead(&files), ["crates/server/templates/list.html"]);
    }

    #[test]
    fn an_asset_lives_by_its_name() {
        let files = [
            (
                "crates/server/src/lib.rs",
                "const CSS: &str = include_str!(\"../assets/portal.css\");",
            ),
            ("crates/server/assets/portal.css", ""),
            ("crates/server/assets/old-portal.css", ""),
        ];
        assert_eq!(dead(&files), ["crates/server/assets/old-portal.css"]);
    }
}
