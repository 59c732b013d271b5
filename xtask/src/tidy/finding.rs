//! What a rule found: where, what is wrong, and what to do.

use std::fmt;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The path from the root.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong.
    what: String,
    /// What to do about it.
    remedy: String,
    /// The rule's name.
    rule: &'static str,
}

impl Finding {
    /// A finding of `rule` at a line of a file.
    pub(crate) fn new(
        rule: &'static str,
        path: &str,
        line: usize,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding { path: path.to_owned(), line, what: what.into(), remedy: remedy.into(), rule }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { path, line, what, remedy, rule } = self;
        write!(f, "{path}:{line}: {what}: {remedy} (tidy.{rule})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_where_what_and_what_to_do() {
        let finding = Finding::new("words", "docs/a.md", 3, "a note to oneself", "do it now");
        assert_eq!(finding.to_string(), "docs/a.md:3: a note to oneself: do it now (tidy.words)");
    }
}
