//! Words that must not be committed: notes to oneself, paths of one machine, hosts of registries.

use super::finding::Finding;
use super::tree::{File, Tree};

/// A word, what is wrong with it, what to do.
struct Banned {
    /// The word as it stands in the text.
    word: &'static str,
    /// What kind of word it is.
    kind: Kind,
}

/// Why a word is banned.
#[derive(Clone, Copy)]
enum Kind {
    /// A note that something is left to do.
    Note,
    /// A path that exists on one machine.
    MachinePath,
    /// The host of a package registry.
    RegistryHost,
}

/// The list. This file is the only one that may hold them.
const BANNED: [Banned; 16] = [
    Banned { word: "todo!", kind: Kind::Note },
    Banned { word: "unimplemented!", kind: Kind::Note },
    Banned { word: "TODO", kind: Kind::Note },
    Banned { word: "FIXME", kind: Kind::Note },
    Banned { word: "XXX", kind: Kind::Note },
    Banned { word: "HACK", kind: Kind::Note },
    Banned { word: "/work/", kind: Kind::MachinePath },
    Banned { word: "/tmp/", kind: Kind::MachinePath },
    Banned { word: "/root/", kind: Kind::MachinePath },
    Banned { word: "/home/", kind: Kind::MachinePath },
    Banned { word: "crates.io", kind: Kind::RegistryHost },
    Banned { word: "pypi.org", kind: Kind::RegistryHost },
    Banned { word: "pythonhosted.org", kind: Kind::RegistryHost },
    Banned { word: "npmjs.org", kind: Kind::RegistryHost },
    Banned { word: "npmjs.com", kind: Kind::RegistryHost },
    Banned { word: "deb.debian.org", kind: Kind::RegistryHost },
];

/// Files that hold such words by nature: this list, and what cargo writes.
const EXEMPT: [&str; 2] = ["xtask/src/tidy/words.rs", "Cargo.lock"];

/// Checks every line of every text file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.files().filter(|file| {
        !EXEMPT.contains(&file.path.as_str()) && !file.path.ends_with("/Cargo.lock")
    });
    files.flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let lines = file.lines().flat_map(|(line, text)| {
        let found = BANNED.iter().filter(move |banned| stands_in(text, banned));
        found.map(move |banned| (line, banned))
    });
    lines
        .map(|(line, banned)| {
            let (what, remedy) = match banned.kind {
                Kind::Note => ("a note to oneself", "do it, or open an issue"),
                Kind::MachinePath => ("a path of one machine", "use a relative path, or mktemp"),
                Kind::RegistryHost => ("the host of a registry", "name the registry in words"),
            };
            let what = format!("`{}` is {what}", banned.word);
            Finding::new("words", &file.path, line, what, remedy)
        })
        .collect()
}

/// Whether the word stands in the text by itself: what begins with a letter begins a word, what
/// ends in one ends a word, and a path of a machine begins a path.
fn stands_in(text: &str, banned: &Banned) -> bool {
    let part_of_word =
        |letter: Option<char>| letter.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(banned.word).any(|(start, word)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        let begins = match banned.kind {
            // `target/tmp/`, `{home}/work/` and `https://…/work/` are not at the root.
            Kind::MachinePath => {
                !part_of_word(before) && !matches!(before, Some('.' | '}' | '-' | ')'))
            }
            Kind::Note | Kind::RegistryHost => !part_of_word(before),
        };
        begins && (!word.ends_with(char::is_alphanumeric) || !part_of_word(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_note_to_oneself_is_found_in_any_file() {
        assert_eq!(lines("a.rs", "fn a() {\n    todo!()\n}\n// FIXME: b\n"), [2, 4]);
        assert_eq!(lines("docs/a.md", "XXX\n"), [1]);
        assert_eq!(lines("a.sh", "mktemp -d scrip.XXXXXX\n"), [0_usize; 0]);
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        assert_eq!(lines("docs/a.md", "see /root/x\nand `/tmp/y`\nand \"/work/z\"\n"), [1, 2, 3]);
        assert_eq!(lines("docs/a.md", "target/tmp/x, $dir/work/ and ./work/\n"), [0_usize; 0]);
    }

    #[test]
    fn the_host_of_a_registry_is_found() {
        assert_eq!(lines("README.md", "from https://static.crates.io/a\n"), [1]);
    }

    #[test]
    fn what_cargo_writes_is_exempt() {
        assert_eq!(lines("Cargo.lock", "registry+crates.io-index\n"), [0_usize; 0]);
        assert_eq!(lines("crates/wire/fuzz/Cargo.lock", "crates.io\n"), [0_usize; 0]);
    }
}
