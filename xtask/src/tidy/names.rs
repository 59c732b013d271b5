//! Names that say nothing: of types, of modules, of crates; and `mod.rs`.

use super::finding::Finding;
use super::source::{Block, Source, Token};
use super::tree::{File, Tree};

/// Ends of type names that say only that the type exists.
const TYPE_ENDINGS: [&str; 9] =
    ["Manager", "Service", "Helper", "Util", "Handler", "Info", "Data", "Impl", "Base"];

/// Modules, folders and crates that attract whatever has no home.
const PLACES: [&str; 11] = [
    "common", "util", "utils", "helper", "helpers", "misc", "type", "types", "models", "services",
    "prelude",
];

/// Checks every Rust file, folder and package.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.with_extension("rs").filter_map(file_name);
    let packages = tree.files().filter(|file| file.name() == "Cargo.toml").filter_map(package);
    let rust = tree.rust().flat_map(|(file, source)| {
        (0..source.tokens.len())
            .filter_map(|at| type_name(file, source, at).or_else(|| module_name(file, source, at)))
    });
    files.chain(packages).chain(rust).collect()
}

fn file_name(file: &File) -> Option<Finding> {
    if file.name() == "mod.rs" {
        let remedy = "name it after its folder and put it beside the folder";
        return Some(Finding::new("names", &file.path, 1, "this is a mod.rs", remedy));
    }
    let mut parts = file.path.split('/').map(|part| part.strip_suffix(".rs").unwrap_or(part));
    let part = parts.find(|part| PLACES.contains(part))?;
    Some(Finding::new("names", &file.path, 1, format!("`{part}` names no subject"), REMEDY))
}

const REMEDY: &str = "name it after what is in it";

fn package(file: &File) -> Option<Finding> {
    let named = |line: &str| {
        let name = line.strip_prefix("name = \"")?.strip_suffix('"')?;
        PLACES.contains(&name).then(|| format!("the crate name `{name}` names no subject"))
    };
    let (line, what) = file.lines().find_map(|(line, text)| Some((line, named(text)?)))?;
    Some(Finding::new("names", &file.path, line, what, REMEDY))
}

fn type_name(file: &File, source: &Source, at: usize) -> Option<Finding> {
    let keyword = source.word(at)?;
    // Inside an implementation or a trait, `type Data = …` is named by the trait.
    let own_alias = keyword == "type" && source.tokens[at].block == Block::Other;
    if !own_alias && !["struct", "enum", "union", "trait"].contains(&keyword) {
        return None;
    }
    let name = source.word(at + 1)?;
    let single = name.strip_suffix('s').unwrap_or(name);
    let ending = TYPE_ENDINGS.iter().find(|ending| single.ends_with(*ending))?;
    let what = format!("the name `{name}` ends in {ending}, which says nothing");
    let remedy = "name it after what it is or does";
    Some(Finding::new("names", &file.path, source.tokens[at].line, what, remedy))
}

fn module_name(file: &File, source: &Source, at: usize) -> Option<Finding> {
    if source.word(at)? != "mod" {
        return None;
    }
    let name = source.word(at + 1).filter(|name| PLACES.contains(name))?;
    matches!(source.tokens.get(at + 2)?.token, Token::Mark(';') | Token::Open { .. }).then(|| {
        let what = format!("the module name `{name}` names no subject");
        Finding::new("names", &file.path, source.tokens[at].line, what, REMEDY)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_type_that_ends_in_nothing_is_found() {
        let text = "struct TokenManager;\nenum Info { A }\ntrait Helpers {}\ntype UserData = u8;\n";
        assert_eq!(lines("crates/wire/src/a.rs", text), [1, 2, 3, 4]);
    }

    #[test]
    fn words_that_only_look_alike_are_fine() {
        let text = "struct Database; struct Metadata; struct Basement; enum E { Data, Info }";
        assert_eq!(lines("crates/wire/src/a.rs", text), [0_usize; 0]);
    }

    #[test]
    fn a_name_that_a_foreign_trait_asks_for_is_fine() {
        let text = "impl Body for Frames { type Data = Bytes; }";
        assert_eq!(lines("crates/server/src/a.rs", text), [0_usize; 0]);
    }

    #[test]
    fn a_module_for_whatever_has_no_home_is_found() {
        assert_eq!(lines("crates/wire/src/a.rs", "\nmod utils;\nmod common { }\n"), [2, 3]);
        assert_eq!(lines("crates/wire/src/models/a.rs", ""), [1]);
        assert_eq!(lines("crates/common/Cargo.toml", "[package]\nname = \"common\"\n"), [2]);
    }

    #[test]
    fn a_mod_file_is_found() {
        assert_eq!(lines("crates/wire/src/report/mod.rs", ""), [1]);
    }
}
