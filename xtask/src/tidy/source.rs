//! A Rust file as a flat row of tokens, with the place of each: line, partner bracket, scope.
//!
//! Tokens rather than a syntax tree: functions and modules inside macro calls are seen too, and
//! a file that does not compile yet can still be judged. Strings and comments are never taken
//! for code. Not here: any rule.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier, a keyword or a lifetime's name.
    Word(String),
    /// A single character of punctuation.
    Mark(char),
    /// A literal as written, quotes and all.
    Literal(String),
    /// An opening bracket; `close` is the index of its partner.
    Open { bracket: Bracket, close: usize },
    /// A closing bracket.
    Close(Bracket),
}

/// A kind of bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bracket {
    /// `( )`
    Round,
    /// `[ ]`
    Square,
    /// `{ }`
    Curly,
    /// Brackets that are not written: they come from macros.
    Invisible,
}

/// What surrounds a token directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    /// `impl Type { … }`
    Impl,
    /// `impl Trait for Type { … }`
    TraitImpl,
    /// `trait Name { … }`
    Trait,
    /// A module, a body, an expression.
    Other,
}

/// A token with its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The token.
    pub(crate) token: Token,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// Whether it is compiled for tests only.
    pub(crate) test: bool,
    /// What surrounds it directly.
    pub(crate) block: Block,
}

/// A Rust file's tokens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// Every token in the order of the text.
    pub(crate) tokens: Vec<Placed>,
}

/// A function with a name, wherever it stands.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line of the word `fn`.
    pub(crate) line: usize,
    /// The line of the closing brace; the line of the semicolon when there is no body.
    pub(crate) last_line: usize,
    /// The index of the word `fn`.
    pub(crate) at: usize,
    /// The index of the round bracket that opens the parameters.
    pub(crate) parameters: usize,
    /// What surrounds it directly.
    pub(crate) block: Block,
}

impl Source {
    /// Reads a file's text; the error is the line that cannot be read.
    pub(crate) fn read(text: &str) -> Result<Source, usize> {
        let stream: TokenStream =
            text.parse().map_err(|error: proc_macro2::LexError| error.span().start().line)?;
        let mut source = Source::default();
        source.flatten(stream);
        source.mark_tests();
        source.mark_blocks();
        Ok(source)
    }

    fn flatten(&mut self, stream: TokenStream) {
        for tree in stream {
            match tree {
                TokenTree::Ident(word) => {
                    self.push(Token::Word(word.to_string()), word.span().start().line);
                }
                TokenTree::Punct(mark) => {
                    self.push(Token::Mark(mark.as_char()), mark.span().start().line);
                }
                TokenTree::Literal(literal) => {
                    self.push(Token::Literal(literal.to_string()), literal.span().start().line);
                }
                TokenTree::Group(group) => self.flatten_group(&group),
            }
        }
    }

    fn flatten_group(&mut self, group: &proc_macro2::Group) {
        let bracket = match group.delimiter() {
            Delimiter::Parenthesis => Bracket::Round,
            Delimiter::Bracket => Bracket::Square,
            Delimiter::Brace => Bracket::Curly,
            Delimiter::None => Bracket::Invisible,
        };
        let open = self.tokens.len();
        self.push(Token::Open { bracket, close: open }, group.span_open().start().line);
        self.flatten(group.stream());
        let close = self.tokens.len();
        self.push(Token::Close(bracket), group.span_close().end().line);
        self.tokens[open].token = Token::Open { bracket, close };
    }

    fn push(&mut self, token: Token, line: usize) {
        self.tokens.push(Placed { token, line, test: false, block: Block::Other });
    }

    /// Marks what a `#[cfg(test)]` or a `#[test]` covers; `#![cfg(test)]` covers the file.
    fn mark_tests(&mut self) {
        for at in 0..self.tokens.len() {
            let Some((inner, close)) = self.attribute(at) else {
                continue;
            };
            if !self.is_test_attribute(inner + 1, close) {
                continue;
            }
            let range = if self.is_mark(at + 1, '!') {
                0..self.tokens.len()
            } else {
                at..self.end_of_item(close + 1)
            };
            for placed in &mut self.tokens[range] {
                placed.test = true;
            }
        }
    }

    fn is_test_attribute(&self, from: usize, to: usize) -> bool {
        let words: Vec<&str> = (from..to).filter_map(|at| self.word(at)).collect();
        match words.first() {
            Some(&"cfg") => words.contains(&"test") && !words.contains(&"not"),
            Some(&"test") => words.len() == 1,
            Some(_) => self.is_path_mark(from + 1) && words.get(1) == Some(&"test"),
            None => false,
        }
    }

    /// The index after the item that starts at `from`: past its semicolon or its braces.
    fn end_of_item(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.tokens.len() {
            match &self.tokens[at].token {
                Token::Mark(';') => return at + 1,
                Token::Open { bracket: Bracket::Curly, close } => return close + 1,
                Token::Open { close, .. } => at = close + 1,
                Token::Close(_) => return at,
                _ => at += 1,
            }
        }
        at
    }

    fn mark_blocks(&mut self) {
        for at in 0..self.tokens.len() {
            let block = match self.word(at) {
                Some("trait") => Block::Trait,
                Some("impl") if self.starts_item(at) => self.kind_of_impl(at),
                _ => continue,
            };
            if let Some((open, close)) = self.next_curly(at + 1) {
                self.mark_directly_inside(open + 1, close, block);
            }
        }
    }

    fn starts_item(&self, at: usize) -> bool {
        match at.checked_sub(1).map(|before| &self.tokens[before].token) {
            None | Some(Token::Mark(';') | Token::Close(Bracket::Square | Bracket::Curly)) => true,
            Some(Token::Open { bracket: Bracket::Curly, .. }) => true,
            Some(Token::Word(word)) => word == "unsafe" || word == "default",
            _ => false,
        }
    }

    fn kind_of_impl(&self, at: usize) -> Block {
        let end = self.next_curly(at).map_or(self.tokens.len(), |(open, _)| open);
        let named_trait =
            (at..end).any(|word| self.word(word) == Some("for") && !self.is_mark(word + 1, '<'));
        if named_trait { Block::TraitImpl } else { Block::Impl }
    }

    fn mark_directly_inside(&mut self, from: usize, to: usize, block: Block) {
        let mut at = from;
        while at < to {
            self.tokens[at].block = block;
            at = match self.tokens[at].token {
                Token::Open { close, .. } => close + 1,
                _ => at + 1,
            };
        }
    }

    /// The next pair of braces at the level of `from`, if no semicolon comes first.
    fn next_curly(&self, from: usize) -> Option<(usize, usize)> {
        let mut at = from;
        while at < self.tokens.len() {
            match &self.tokens[at].token {
                // `Array<{ N + 1 }>`: braces around a constant, not a body.
                Token::Open { bracket: Bracket::Curly, close } if self.is_mark(close + 1, '>') => {
                    at = close + 1;
                }
                Token::Open { bracket: Bracket::Curly, close } => return Some((at, *close)),
                Token::Open { close, .. } => at = close + 1,
                Token::Close(_) | Token::Mark(';') => return None,
                _ => at += 1,
            }
        }
        None
    }

    /// The word at an index, if there is one.
    pub(crate) fn word(&self, at: usize) -> Option<&str> {
        match &self.tokens.get(at)?.token {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether that mark stands at an index.
    pub(crate) fn is_mark(&self, at: usize, mark: char) -> bool {
        matches!(self.tokens.get(at), Some(Placed { token: Token::Mark(found), .. }) if *found == mark)
    }

    /// Whether `::` stands at an index.
    pub(crate) fn is_path_mark(&self, at: usize) -> bool {
        self.is_mark(at, ':') && self.is_mark(at + 1, ':')
    }

    /// The brackets of the attribute whose `#` stands at an index: (opening, closing).
    pub(crate) fn attribute(&self, at: usize) -> Option<(usize, usize)> {
        if !self.is_mark(at, '#') {
            return None;
        }
        let open = if self.is_mark(at + 1, '!') { at + 2 } else { at + 1 };
        match self.tokens.get(open)?.token {
            Token::Open { bracket: Bracket::Square, close } => Some((open, close)),
            _ => None,
        }
    }

    /// Every function with a name, those in macro calls too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        (0..self.tokens.len()).filter_map(|at| self.function(at)).collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        if self.word(at) != Some("fn") {
            return None;
        }
        let name_at = if self.is_mark(at + 1, '$') { at + 2 } else { at + 1 };
        let name = self.word(name_at)?.to_owned();
        let parameters = (name_at..self.tokens.len()).find(|&place| {
            matches!(self.tokens[place].token, Token::Open { bracket: Bracket::Round, .. })
                && !self.is_bound(name_at, place)
        })?;
        let last = match self.next_curly(parameters) {
            Some((_, close)) => close,
            None => self.end_of_item(parameters).saturating_sub(1),
        };
        let Placed { line, block, .. } = self.tokens[at];
        Some(Function { name, line, last_line: self.tokens[last].line, at, parameters, block })
    }

    /// Whether the round bracket at `open` belongs to a bound such as `F: Fn(u8)` and not to the
    /// function: then an angle bracket of the generics is still open.
    fn is_bound(&self, name_at: usize, open: usize) -> bool {
        let mut depth = 0_i32;
        for at in name_at..open {
            if self.is_mark(at, '<') {
                depth += 1;
            } else if self.is_mark(at, '>') && !self.is_mark(at.wrapping_sub(1), '-') {
                depth -= 1;
            }
        }
        depth > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Source {
        Source::read(text).expect("the text is Rust")
    }

    #[test]
    fn strings_and_comments_are_not_code() {
        let source =
            read("// fn a() {}\n/* { /* } */ */ const S: &str = r#\"fn b() { '\"#; fn c() {}");
        let names: Vec<String> = source.functions().into_iter().map(|f| f.name).collect();
        assert_eq!(names, ["c"]);
    }

    #[test]
    fn a_brace_in_a_character_ends_nothing() {
        let source =
            read("fn a<'x>(c: &'x char) {\n    match c { '}' => (), '\\'' => (), _ => () }\n}\n");
        let function = &source.functions()[0];
        assert_eq!((function.line, function.last_line), (1, 3));
    }

    #[test]
    fn functions_inside_macros_are_seen() {
        let source =
            read("proptest! {\n #[test]\n fn holds(x in 0..9u8) {\n  assert!(x < 9);\n }\n}");
        let function = &source.functions()[0];
        assert_eq!((function.name.as_str(), function.line, function.last_line), ("holds", 3, 5));
    }

    #[test]
    fn bounds_do_not_hide_the_parameters() {
        let source = read(
            "fn apply<F: Fn(u8) -> bool, const N: usize>(f: F) -> [u8; N] where F: Copy { todo() }",
        );
        let function = &source.functions()[0];
        assert_eq!(source.word(function.parameters + 1), Some("f"));
    }

    #[test]
    fn what_a_test_attribute_covers_is_marked() {
        let source = read(
            "use a; #[cfg(test)] mod t { use b; } #[cfg(not(test))] use c; \
             #[tokio::test(flavor = 1)] fn d() {} fn e() {} #[test] fn f() {} #[my(test)] fn g() {}",
        );
        let marked: Vec<&str> = (0..source.tokens.len())
            .filter(|&at| source.tokens[at].test)
            .filter_map(|at| source.word(at))
            .filter(|word| word.len() == 1)
            .collect();
        assert_eq!(marked, ["t", "b", "d", "f"]);
    }

    #[test]
    fn an_implementation_of_a_trait_is_told_from_ones_own() {
        let source = read(
            "impl A { fn a() {} } impl<F: for<'x> B<'x>> C for D<F> { fn b() {} } fn c() -> impl E { F {} }",
        );
        let blocks: Vec<Block> = source.functions().into_iter().map(|f| f.block).collect();
        assert_eq!(blocks, [Block::Impl, Block::TraitImpl, Block::Other]);
    }

    #[test]
    fn a_file_that_is_not_rust_names_the_line() {
        assert_eq!(Source::read("fn a() {\n  let s = \"open;\n").unwrap_err(), 2);
    }
}
