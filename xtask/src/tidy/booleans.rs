//! Boolean parameters: a call such as `open(true)` cannot be read.

use super::finding::Finding;
use super::source::{Block, Bracket, Function, Source, Token};
use super::tree::{File, Tree};

/// Checks the parameters of every function that somebody calls.
///
/// A foreign trait's signature is not ours to choose, and a `#[test]` with parameters is given
/// them by a property test.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let functions = tree.rust().flat_map(|(file, source)| {
        let functions = source.functions().into_iter();
        functions.filter(|function| is_called_by_us(source, function)).flat_map(move |function| {
            let found = boolean_parameters(source, &function);
            found.into_iter().map(move |parameter| finding(file, &function, parameter))
        })
    });
    functions.collect()
}

fn is_called_by_us(source: &Source, function: &Function) -> bool {
    let is_property = function.at.checked_sub(2).is_some_and(|at| {
        source.word(at) == Some("test")
            && source.tokens[at + 1].token == Token::Close(Bracket::Square)
    });
    function.block != Block::TraitImpl && !is_property
}

/// A boolean parameter's line and name.
type Parameter = (usize, String);

fn finding(file: &File, function: &Function, (line, parameter): Parameter) -> Finding {
    let what = format!("`{}` takes the boolean `{parameter}`", function.name);
    let remedy = "make it an enum of two, or two functions";
    Finding::new("booleans", &file.path, line, what, remedy)
}

fn boolean_parameters(source: &Source, function: &Function) -> Vec<Parameter> {
    let Token::Open { close, .. } = source.tokens[function.parameters].token else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut at = function.parameters + 1;
    while at < close {
        if let Token::Open { close, .. } = source.tokens[at].token {
            at = close + 1;
            continue;
        }
        let is_type = source.is_mark(at, ':') && !source.is_path_mark(at);
        if is_type && let Some(name) = source.word(at - 1) {
            let reference = usize::from(source.is_mark(at + 1, '&'));
            let ends = matches!(source.tokens[at + 2 + reference].token, Token::Close(_))
                || source.is_mark(at + 2 + reference, ',');
            if source.word(at + 1 + reference) == Some("bool") && ends {
                found.push((source.tokens[at].line, name.to_owned()));
            }
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("a.rs", text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_boolean_parameter_is_found() {
        let text = "fn open(\n    &self,\n    force: bool,\n    mut dry: &bool,\n) {}\n\
                    trait T { fn close(&self, now: bool); }\n";
        assert_eq!(lines(text), [3, 4, 6]);
    }

    #[test]
    fn a_boolean_inside_another_type_is_not_a_switch() {
        let text = "fn a(f: impl Fn(bool) -> bool, b: Vec<bool>, c: [bool; 2], boolean: u8) -> bool { true }";
        assert_eq!(lines(text), [0_usize; 0]);
    }

    #[test]
    fn a_foreign_trait_chooses_its_own_parameters() {
        assert_eq!(lines("impl Layer for Ours { fn enabled(&self, on: bool) {} }"), [0_usize; 0]);
        assert_eq!(lines("impl Ours { fn enabled(&self, on: bool) {} }"), [1]);
    }

    #[test]
    fn a_property_test_is_given_its_parameters() {
        assert_eq!(
            lines("proptest! { #[test] fn holds(on: bool) {} fn other(on: bool) {} }").len(),
            1
        );
    }
}
