//! Glob imports: only in tests.

use super::finding::Finding;
use super::source::{Source, Token};
use super::tree::{File, Tree};

/// Checks every `use` of every Rust file that is not a test.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let shipped = tree.rust().filter(|(file, _)| !is_test_file(&file.path));
    shipped
        .flat_map(|(file, source)| {
            (0..source.tokens.len()).filter_map(|at| glob_import(file, source, at))
        })
        .collect()
}

fn glob_import(file: &File, source: &Source, at: usize) -> Option<Finding> {
    if source.word(at)? != "use" || source.tokens[at].test {
        return None;
    }
    let end = (at..source.tokens.len()).find(|&at| source.is_mark(at, ';'))?;
    let star = (at..end).find(|&at| source.is_mark(at, '*'))?;
    // `impl Trait + use<'a>` has angle brackets, not a path.
    matches!(source.tokens[at + 1].token, Token::Word(_) | Token::Mark(':')).then(|| {
        let what = "this imports whatever is there, now and later";
        let remedy = "name what is used";
        Finding::new("imports", &file.path, source.tokens[star].line, what, remedy)
    })
}

/// Whether a file holds tests only, by its place: `tests/…`, `benches/…`, `…/tests.rs`.
pub(crate) fn is_test_file(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| ["tests", "benches", "tests.rs"].contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn a_glob_import_is_found() {
        assert_eq!(count("crates/wire/src/a.rs", "use b::{C, d::*};\npub use e::*;"), 2);
    }

    #[test]
    fn a_test_may_import_everything() {
        let text = "#[cfg(test)]\nmod tests {\n    use super::*;\n}\n";
        assert_eq!(count("crates/wire/src/a.rs", text), 0);
        assert_eq!(count("crates/ledger/tests/scenes.rs", "use proptest::prelude::*;"), 0);
    }

    #[test]
    fn a_product_is_not_an_import() {
        assert_eq!(count("crates/wire/src/a.rs", "use b::C;\nfn d(x: u8) -> u8 { x * 2 }"), 0);
    }
}
