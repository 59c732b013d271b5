//! The address of a list: what it says, and the addresses beside it. It reproduces the view.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::portal::answer::Unshown;
use crate::problem::Problem;
use axum::http::StatusCode;

/// How many parameters an address may have.
const PAIRS: usize = 64;
/// How long a value may be, in bytes.
const VALUE: usize = 2_048;
/// What says which part of the list is shown and what of it is open; every change begins anew.
const PASSING: [&str; 2] = ["cursor", "open"];

/// The address of a list.
#[derive(Clone, Debug)]
pub(in crate::portal) struct Address {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    /// # Errors
    /// `query.value` if there are too many parameters, or one is too long or holds a NUL.
    pub(in crate::portal) fn new(
        path: String,
        pairs: Vec<(String, String)>,
    ) -> Result<Self, Unshown> {
        if pairs.len() > PAIRS || pairs.iter().any(|(name, value)| name.len() + value.len() > VALUE)
        {
            return Err(wrong("the address is too long: begin anew from the menu"));
        }
        // PostgreSQL takes no NUL in a value.
        if pairs.iter().any(|(_, value)| value.contains('\0')) {
            return Err(wrong("a value holds a character that nothing can hold"));
        }
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Ok(Self { path, pairs })
    }

    /// The first value of a parameter.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(super) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let name = name.to_owned();
        let found = self.pairs.iter().filter(move |(one, _)| *one == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a parameter has this value.
    fn has(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|one| one == value)
    }

    /// This view from its beginning, with nothing open.
    pub(super) fn begun_anew(&self) -> Self {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| !PASSING.contains(&name.as_str()));
        Self { path: self.path.clone(), pairs }
    }

    /// The view with one value of a parameter.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let mut other = self.without_all(&[name]);
        other.pairs.push((name.to_owned(), value.to_owned()));
        other.text()
    }

    /// The same part of the list, with one value of a passing parameter or without it.
    pub(super) fn passing(&self, name: &str, value: Option<&str>) -> String {
        let mut other = self.clone();
        other.pairs.retain(|(one, _)| one != name);
        other.pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        other.text()
    }

    /// The view with a value more, or less if it was there.
    pub(super) fn toggled(&self, name: &str, value: &str) -> String {
        let mut other = self.begun_anew();
        if self.has(name, value) {
            other.pairs.retain(|(one, that)| one != name || that != value);
        } else {
            other.pairs.push((name.to_owned(), value.to_owned()));
        }
        other.text()
    }

    /// The view without some parameters.
    pub(super) fn without_all(&self, names: &[&str]) -> Self {
        let mut other = self.begun_anew();
        other.pairs.retain(|(one, _)| !names.contains(&one.as_str()));
        other
    }

    /// The parameters, for the hidden fields of a form.
    pub(super) fn pairs(self) -> Vec<(String, String)> {
        self.pairs
    }

    /// The path alone.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The same parameters under another path.
    pub(super) fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), pairs: self.pairs.clone() }
    }

    /// As text, for a link.
    pub(super) fn text(&self) -> String {
        let mut text = self.path.clone();
        for (n, (name, value)) in self.pairs.iter().enumerate() {
            text.push(if n == 0 { '?' } else { '&' });
            text.extend(utf8_percent_encode(name, NON_ALPHANUMERIC));
            text.push('=');
            text.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        text
    }
}

/// The address asks for what there is not.
pub(super) fn wrong(detail: &str) -> Unshown {
    let detail = format!("{detail} (query.value)");
    Unshown::Wrong(Problem::new(StatusCode::BAD_REQUEST, "query.value", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(pairs: &[(&str, &str)]) -> Address {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        let Ok(address) = Address::new("/l".to_owned(), pairs.iter().map(owned).collect()) else {
            panic!("it is short")
        };
        address
    }

    #[test]
    fn a_change_begins_the_list_anew_and_keeps_the_rest() {
        let one =
            address(&[("kind", "a"), ("q", "x&y=é"), ("cursor", "c"), ("open", "o"), ("n", "")]);
        assert_eq!(one.toggled("kind", "b"), "/l?kind=a&q=x%26y%3D%C3%A9&kind=b");
        assert_eq!(one.toggled("kind", "a"), "/l?q=x%26y%3D%C3%A9");
        assert_eq!(one.with("kind", "c"), "/l?q=x%26y%3D%C3%A9&kind=c");
        assert_eq!(one.without_all(&["q", "kind"]).text(), "/l");
        assert_eq!(one.passing("open", None), "/l?kind=a&q=x%26y%3D%C3%A9&cursor=c");
        assert_eq!(one.values("kind").collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn too_long_an_address_is_refused() {
        let many = vec![("a".to_owned(), "b".to_owned()); PAIRS + 1];
        assert!(Address::new("/l".to_owned(), many).is_err());
        let long = vec![("a".to_owned(), "b".repeat(VALUE))];
        assert!(Address::new("/l".to_owned(), long).is_err());
    }
}
