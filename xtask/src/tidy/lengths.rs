//! How long functions and files may be.
//!
//! A function is counted from the line of `fn` to its closing brace, blank lines and comments
//! included; its attributes and doc comment are not. A file is counted whole, tests included.

use super::finding::Finding;
use super::source::{Function, Source};
use super::tree::{File, Tree};

/// Lines of a function: one screen.
const FUNCTION_LINES: usize = 60;
/// Lines of a file: what can be read in one sitting.
const FILE_LINES: usize = 600;

/// Checks every Rust file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.with_extension("rs").filter_map(long_file);
    let functions = tree.rust().flat_map(|(file, source)| long_functions(file, source));
    files.chain(functions).collect()
}

fn long_file(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    (lines > FILE_LINES).then(|| {
        let what = format!("the file has {lines} lines, {FILE_LINES} are allowed");
        Finding::new("lengths", &file.path, FILE_LINES + 1, what, "split it by subject")
    })
}

fn long_functions(file: &File, source: &Source) -> Vec<Finding> {
    let lines = |function: &Function| function.last_line - function.line + 1;
    let functions = source.functions().into_iter();
    functions
        .filter(|function| lines(function) > FUNCTION_LINES)
        .map(|function| {
            let (name, lines) = (&function.name, lines(&function));
            let what = format!("`{name}` has {lines} lines, {FUNCTION_LINES} are allowed");
            let remedy = "take out the parts that deserve a name";
            Finding::new("lengths", &file.path, function.line, what, remedy)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function_of(lines: usize) -> String {
        format!("/// Why.\nfn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_of_sixty_lines_is_fine_and_one_more_is_not() {
        let fine = function_of(60);
        assert_eq!(check(&Tree::of(&[("a.rs", &fine)])), []);
        let long = function_of(61);
        let findings = check(&Tree::of(&[("a.rs", &long)]));
        assert_eq!((findings.len(), findings[0].line), (1, 2));
    }

    #[test]
    fn a_file_of_six_hundred_lines_is_fine_and_one_more_is_not() {
        let fine = "//\n".repeat(600);
        assert_eq!(check(&Tree::of(&[("a.rs", &fine)])), []);
        let long = "//\n".repeat(601);
        assert_eq!(check(&Tree::of(&[("a.rs", &long)])).len(), 1);
    }

    #[test]
    fn a_long_function_in_a_macro_call_is_found() {
        let text = format!("proptest! {{\n{}}}\n", function_of(70));
        assert_eq!(check(&Tree::of(&[("a.rs", &text)])).len(), 1);
    }

    #[test]
    fn other_files_may_be_long() {
        let long = "line\n".repeat(900);
        assert_eq!(check(&Tree::of(&[("docs/a.md", &long), ("a.html", &long)])), []);
    }
}
