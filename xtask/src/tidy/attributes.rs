//! Attributes: `#[allow(…)]` never, `#[expect(…)]` with a reason.

use super::finding::Finding;
use super::source::{Source, Token};
use super::tree::{File, Tree};

/// Checks every attribute of every Rust file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let rust = tree.rust();
    rust.flat_map(|(file, source)| {
        (0..source.tokens.len()).filter_map(|at| attribute(file, source, at))
    })
    .collect()
}

fn attribute(file: &File, source: &Source, at: usize) -> Option<Finding> {
    let (open, close) = source.attribute(at)?;
    let first = source.word(open + 1)?;
    let lint = |name: &str| {
        let mut places = open + 1..close;
        let is_call = |at: usize| matches!(source.tokens[at + 1].token, Token::Open { .. });
        places.any(|at| source.word(at) == Some(name) && is_call(at))
    };
    let line = source.tokens[at].line;
    let found =
        |what: &str, remedy: &str| Finding::new("attributes", &file.path, line, what, remedy);
    if !["allow", "expect", "cfg_attr"].contains(&first) {
        return None;
    }
    if lint("allow") {
        let remedy = "mend the cause, or use #[expect(lint, reason = \"…\")]";
        return Some(found("an allowed lint stays allowed when its cause is gone", remedy));
    }
    let reasoned = (open + 1..close).any(|at| source.word(at) == Some("reason"));
    (lint("expect") && !reasoned)
        .then(|| found("an expected lint gives no reason", "add reason = \"…\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("a.rs", text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn an_allowed_lint_is_found_wherever_it_hides() {
        let text = "#![allow(dead_code)]\n#[allow(unused)]\nfn a() {}\n\
                    #[cfg_attr(test, allow(clippy::all))]\nfn b() {}\n";
        assert_eq!(lines(text), [1, 2, 4]);
    }

    #[test]
    fn an_expected_lint_needs_a_reason() {
        let text = "#[expect(unused)]\nfn a() {}\n\
                    #[expect(\n    unused,\n    reason = \"a step later\"\n)]\nfn b() {}\n";
        assert_eq!(lines(text), [1]);
    }

    #[test]
    fn other_uses_of_the_words_are_fine() {
        assert_eq!(lines("#[route(allow(all))]\nfn allow() { x.expect(\"y\") }"), [0_usize; 0]);
    }
}
