//! `HashMap` and `HashSet`: never where order must not depend on chance.

use super::finding::Finding;
use super::tree::Tree;

/// Where the same input must give the same output, byte for byte.
const ORDERED: [&str; 6] = [
    "crates/wire/",
    "crates/ledger/",
    "crates/store/",
    "crates/server/src/app/",
    "crates/server/src/app.rs",
    "crates/agent/src/device",
];

/// Checks the places that must be ordered.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files =
        tree.rust().filter(|(file, _)| ORDERED.iter().any(|place| file.path.starts_with(place)));
    files
        .flat_map(|(file, source)| {
            let places = 0..source.tokens.len();
            places.filter_map(|at| {
                let (name, instead) = match source.word(at)? {
                    "HashMap" => ("HashMap", "BTreeMap"),
                    "HashSet" => ("HashSet", "BTreeSet"),
                    _ => return None,
                };
                let what = format!("the order of a {name} is chance");
                let remedy = format!("use a {instead}");
                Some(Finding::new("maps", &file.path, source.tokens[at].line, what, remedy))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "/// Not a HashMap.\nuse std::collections::{HashMap, HashSet};\n";

    #[test]
    fn an_unordered_map_is_found_where_order_matters() {
        for path in
            ["crates/ledger/src/a.rs", "crates/server/src/app/a.rs", "crates/agent/src/device/a.rs"]
        {
            assert_eq!(check(&Tree::of(&[(path, TEXT)])).len(), 2, "{path}");
        }
    }

    #[test]
    fn elsewhere_it_is_fine() {
        for path in ["crates/server/src/portal/a.rs", "crates/agent/src/client.rs"] {
            assert_eq!(check(&Tree::of(&[(path, TEXT)])), [], "{path}");
        }
    }
}
