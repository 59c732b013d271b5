//! The files of the repository, read once before any rule runs.
//!
//! What is built (`target`), what is kept by git itself, and what others wrote (`vendor`) is not
//! ours to judge and is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::source::Source;

/// Folders that hold nothing of ours.
const LEFT_OUT: [&str; 5] = [".git", "target", "vendor", "node_modules", "__pycache__"];

/// Everything that can be committed.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The folder on disk; `None` in tests that need none.
    pub(crate) root: Option<PathBuf>,
    /// Text files by path.
    files: BTreeMap<String, File>,
    /// Every path that exists, folders and binary files too, `/` between the parts.
    paths: BTreeSet<String>,
}

/// A text file.
#[derive(Debug)]
pub(crate) struct File {
    /// The path from the root, `/` between the parts.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
    /// The tokens of a Rust file; `None` for any other, and for one that cannot be read.
    pub(crate) source: Option<Source>,
    /// The line at which a Rust file cannot be read.
    broken: Option<usize>,
}

impl File {
    fn new(path: String, text: String) -> File {
        let (source, broken) = match is_rust(&path).then(|| Source::read(&text)) {
            Some(Ok(source)) => (Some(source), None),
            Some(Err(line)) => (None, Some(line)),
            None => (None, None),
        };
        File { path, text, source, broken }
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        name_of(&self.path)
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether the path ends in that extension.
    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

impl Tree {
    /// Reads the repository at `root`.
    pub(crate) fn read(root: &Path) -> io::Result<Tree> {
        let mut tree = Tree { root: Some(root.to_path_buf()), ..Tree::default() };
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            if entry.file_type()?.is_dir() {
                if !LEFT_OUT.contains(&name.as_str()) {
                    self.read_folder(&entry.path(), &path)?;
                }
            } else if let Ok(text) = std::fs::read_to_string(entry.path()) {
                self.files.insert(path.clone(), File::new(path.clone(), text));
            }
            self.paths.insert(path);
        }
        Ok(())
    }

    /// A tree that exists only in a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            let file = File::new((*path).to_owned(), (*text).to_owned());
            tree.files.insert((*path).to_owned(), file);
            let mut parent = Some(*path);
            while let Some(path) = parent {
                tree.paths.insert(path.to_owned());
                parent = path.rsplit_once('/').map(|(folder, _)| folder);
            }
        }
        tree
    }

    /// Every text file, by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.values()
    }

    /// Every Rust file that can be read, with its tokens.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.files().filter_map(|file| file.source.as_ref().map(|source| (file, source)))
    }

    /// The text files with one extension.
    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &File> {
        self.files().filter(move |file| file.has_extension(extension))
    }

    /// A text file by its path.
    pub(crate) fn find(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// Whether a file or folder of that path exists.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.paths.contains(path)
    }
}

/// Rust files that cannot be read as tokens: no other rule sees them.
pub(crate) fn unreadable(tree: &Tree) -> Vec<Finding> {
    let broken = tree.files().filter_map(|file| Some((file, file.broken?)));
    broken
        .map(|(file, line)| {
            let what = "this is not Rust: a bracket, a quote or a character has no partner";
            Finding::new("source", &file.path, line, what, "make it compile first")
        })
        .collect()
}

/// Whether a path names a Rust file.
fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// The last part of a path.
pub(crate) fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The folder of a path; empty at the root.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A relative path seen from a folder, with `.` and `..` taken out; `None` if it leaves the root.
pub(crate) fn resolve(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_seen_from_its_folder() {
        assert_eq!(resolve("docs/book", "../../README.md").as_deref(), Some("README.md"));
        assert_eq!(resolve("docs", "./a/../b.md").as_deref(), Some("docs/b.md"));
        assert_eq!(resolve("docs", "../../b.md"), None);
    }

    #[test]
    fn a_file_that_is_not_rust_is_reported_with_its_line() {
        let tree = Tree::of(&[("crates/wire/src/lib.rs", "fn a() {\n")]);
        assert_eq!(unreadable(&tree).len(), 1);
    }
}
