//! Links between documents: every relative one leads somewhere, and every document under `docs`
//! is reached from the index.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::markdown::{Link, anchors, links};
use super::tree::{File, Tree, folder_of, resolve};

/// Where a reader starts.
const STARTS: [&str; 2] = ["README.md", "docs/README.md"];

/// Checks every document.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let documents = tree.with_extension("md");
    let broken = documents.flat_map(|file| {
        let links = links(&file.text).into_iter();
        links.filter_map(move |link| broken(tree, file, &link))
    });
    let broken: Vec<Finding> = broken.collect();
    broken.into_iter().chain(unreached(tree)).collect()
}

fn broken(tree: &Tree, file: &File, link: &Link) -> Option<Finding> {
    if is_elsewhere(&link.target) {
        return None;
    }
    let found = |what: String, remedy: &str| {
        Some(Finding::new("links", &file.path, link.line, what, remedy))
    };
    let (path, anchor) = link.target.split_once('#').unwrap_or((&link.target, ""));
    let Some(path) = target_path(file, path).filter(|path| path.is_empty() || tree.exists(path))
    else {
        let what = format!("the link `{}` leads nowhere", link.target);
        return found(what, "mend the path; it is relative to this file's folder");
    };
    let document = tree.find(&path).filter(|document| document.has_extension("md"))?;
    if anchor.is_empty() || anchors(&document.text).iter().any(|known| known == anchor) {
        return None;
    }
    let what = format!("the link `{}` names a heading that {path} does not have", link.target);
    found(what, "name a heading as it stands there")
}

fn is_elsewhere(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

/// The path a link names, seen from the root; an anchor alone names the file itself.
fn target_path(file: &File, path: &str) -> Option<String> {
    if path.is_empty() { Some(file.path.clone()) } else { resolve(folder_of(&file.path), path) }
}

/// Documents under `docs` that no chain of links from a start reaches.
fn unreached(tree: &Tree) -> Vec<Finding> {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<String> = STARTS.map(str::to_owned).to_vec();
    while let Some(path) = waiting.pop() {
        let Some(file) = tree.find(&path) else {
            continue;
        };
        if reached.insert(path) && file.has_extension("md") {
            let targets = links(&file.text).into_iter().filter(|link| !is_elsewhere(&link.target));
            waiting.extend(targets.filter_map(|link| {
                target_path(file, link.target.split('#').next().unwrap_or_default())
            }));
        }
    }
    let documents = tree.with_extension("md").filter(|file| file.path.starts_with("docs/"));
    documents
        .filter(|file| !reached.contains(&file.path))
        .map(|file| {
            let what = "no link from docs/README.md leads to this document";
            Finding::new("links", &file.path, 1, what, "link it, or delete it")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(files: &[(&str, &str)]) -> Vec<(String, usize)> {
        check(&Tree::of(files)).into_iter().map(|finding| (finding.path, finding.line)).collect()
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let files = [
            ("README.md", "[a](docs/a.md)\n[b](docs/b.md) [c](https://example.org/x.md)\n"),
            ("docs/a.md", "[up](../README.md) [out](../../x.md)\n"),
        ];
        assert_eq!(shown(&files), [("README.md".to_owned(), 2), ("docs/a.md".to_owned(), 1)]);
    }

    #[test]
    fn a_heading_that_is_not_there_is_found() {
        let files = [
            ("README.md", "# One two\n[a](#one-two) [b](docs/a.md#three)\n[c](#four)\n"),
            ("docs/a.md", "## Three\n"),
        ];
        assert_eq!(shown(&files), [("README.md".to_owned(), 3)]);
    }

    #[test]
    fn a_document_that_nobody_links_is_found() {
        let files =
            [("docs/README.md", "[a](a.md)\n"), ("docs/a.md", ""), ("docs/b.md", "[a](a.md)\n")];
        assert_eq!(shown(&files), [("docs/b.md".to_owned(), 1)]);
    }

    #[test]
    fn folders_and_other_files_may_be_linked() {
        let files = [
            ("README.md", "[a](crates/wire) [b](LICENSE)\n"),
            ("crates/wire/Cargo.toml", ""),
            ("LICENSE", ""),
        ];
        assert_eq!(shown(&files), []);
    }
}
