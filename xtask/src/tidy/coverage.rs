//! `docs/guide-coverage.md`: every function of the guide has a row, and a row's place exists.
//!
//! Not here: whether the place shows what it says. A reader judges that.

use super::finding::Finding;
use super::tree::{File, Tree};

/// The document.
const PATH: &str = "docs/guide-coverage.md";
/// What stands in the last column of a function that is not there yet.
const NOT_YET: &str = "not yet";

/// The groups of functions: letter and how many.
const GROUPS: [(char, u32); 9] =
    [('M', 10), ('L', 6), ('A', 12), ('D', 10), ('C', 12), ('P', 9), ('E', 12), ('H', 5), ('R', 2)];

/// Folders in which a place can lie.
const PLACES: [&str; 4] = ["crates/", "docs/", "tests/", "xtask/"];

/// Checks the document, where there are documents at all.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    match tree.find(PATH) {
        Some(file) => missing(file).into_iter().chain(bad_rows(tree, file)).collect(),
        None if tree.exists("docs") => {
            let remedy = "write it: one row per function, with the place that shows it";
            vec![Finding::new("coverage", PATH, 1, "the document is missing", remedy)]
        }
        None => Vec::new(),
    }
}

/// A row of the table.
struct Row<'a> {
    line: usize,
    id: &'a str,
    place: &'a str,
}

fn rows(file: &File) -> Vec<Row<'_>> {
    let rows = file.lines().filter_map(|(line, text)| {
        let mut cells = text.strip_prefix('|')?.trim_end().strip_suffix('|')?.split('|');
        let id = cells.next()?.trim();
        let place = cells.next_back()?.trim();
        is_id(id).then_some(Row { line, id, place })
    });
    rows.collect()
}

fn is_id(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && !letters.as_str().is_empty()
        && letters.all(|digit| digit.is_ascii_digit())
}

fn missing(file: &File) -> Vec<Finding> {
    let rows = rows(file);
    let ids =
        GROUPS.iter().flat_map(|(letter, count)| (1..=*count).map(move |n| format!("{letter}{n}")));
    ids.filter(|id| !rows.iter().any(|row| row.id == id))
        .map(|id| {
            let what = format!("the function {id} has no row");
            Finding::new("coverage", &file.path, 1, what, "add it, with its place or `not yet`")
        })
        .collect()
}

fn bad_rows(tree: &Tree, file: &File) -> Vec<Finding> {
    let rows = rows(file);
    let bad = rows.iter().enumerate().filter_map(|(index, row)| {
        let (what, remedy) = if !is_known(row.id) {
            (format!("the guide has no function {}", row.id), "take the row out")
        } else if rows[..index].iter().any(|earlier| earlier.id == row.id) {
            (format!("the function {} has two rows", row.id), "make them one")
        } else if row.place.is_empty() {
            (format!("the function {} names no place", row.id), "name it, or write `not yet`")
        } else {
            let path = lost_path(tree, row.place)?;
            (format!("the place `{path}` of {} does not exist", row.id), "name what shows it")
        };
        Some(Finding::new("coverage", &file.path, row.line, what, remedy))
    });
    bad.collect()
}

fn is_known(id: &str) -> bool {
    let (letter, number) = id.split_at(1);
    let group = GROUPS.iter().find(|(known, _)| letter.starts_with(*known));
    group.is_some_and(|(_, count)| number.parse().is_ok_and(|n: u32| (1..=*count).contains(&n)))
}

/// A path in code marks that looks like one of ours and does not exist.
fn lost_path<'a>(tree: &Tree, place: &'a str) -> Option<&'a str> {
    if place == NOT_YET {
        return None;
    }
    let code = place.split('`').skip(1).step_by(2);
    let mut paths = code.filter(|text| PLACES.iter().any(|folder| text.starts_with(folder)));
    paths.find(|path| !tree.exists(path.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> String {
        let mut text = "| id | function | place |\n|---|---|---|\n".to_owned();
        for (letter, count) in GROUPS {
            for n in 1..=count {
                text.push_str(&format!("| {letter}{n} | something | not yet |\n"));
            }
        }
        text
    }

    fn shown(text: &str) -> Vec<String> {
        let findings = check(&Tree::of(&[(PATH, text), ("crates/wire/src/lib.rs", "")]));
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_whole_document_is_clean() {
        assert_eq!(shown(&document()), [""; 0]);
    }

    #[test]
    fn a_function_without_a_row_is_found() {
        let findings = shown(&document().replace("| A7 | something | not yet |\n", ""));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].contains("the function A7 has no row"), "{findings:?}");
    }

    #[test]
    fn a_row_must_name_a_place_that_exists() {
        let with = |place: &str| document().replacen("not yet", place, 1);
        assert_eq!(shown(&with("")).len(), 1);
        assert_eq!(shown(&with("`crates/wire/src/gone.rs`")).len(), 1);
        assert_eq!(shown(&with("`crates/wire/src/lib.rs`, the page `/pools`")).len(), 0);
    }

    #[test]
    fn a_row_too_many_is_found() {
        assert_eq!(shown(&(document() + "| R3 | more | not yet |\n")).len(), 1);
        assert_eq!(shown(&(document() + "| R2 | again | not yet |\n")).len(), 1);
    }
}
