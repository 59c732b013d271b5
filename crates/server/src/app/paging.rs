//! Where a list goes on, as text for links and programs.
//!
//! The text is sealed for the server's own eyes and names the list that it is of: what opens
//! was made here, so its values are of the kinds that the list's columns hold.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::Value;
pub use store::listing::{Cursor, Rows};

use super::{App, Error};
use crate::keys::to_hex;

/// A list that goes on. Its word stands in the text: give it another when the list's order changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is named after what it lists")]
pub enum List {
    Accounts,
    VirtualAccounts,
    Licenses,
    Entitlements,
    Pools,
    Instances,
    Reports,
    Alarms,
    Tokens,
    Events,
    Grants,
    AccessRequests,
    People,
}

impl List {
    fn word(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::VirtualAccounts => "virtual_accounts",
            Self::Licenses => "licenses",
            Self::Entitlements => "entitlements",
            Self::Pools => "pools",
            Self::Instances => "instances",
            Self::Reports => "reports",
            Self::Alarms => "alarms",
            Self::Tokens => "tokens",
            Self::Events => "event_log",
            Self::Grants => "grants",
            Self::AccessRequests => "access_requests",
            Self::People => "people",
        }
    }
}

impl App {
    /// The text of a place in a list.
    pub fn cursor_text(&self, list: List, cursor: &Cursor) -> String {
        self.text_of(list.word(), cursor)
    }

    fn text_of(&self, list: &str, cursor: &Cursor) -> String {
        let mut words = vec![list.to_owned()];
        words.push(cursor.sorted.as_ref().map_or_else(|| "-".to_owned(), word));
        words.extend(cursor.key.iter().map(word));
        let text = serde_json::Value::from(words).to_string();
        URL_SAFE_NO_PAD.encode(self.keys.hide(&text, &self.world))
    }

    /// The text of a place in a list that is sorted in one of several ways.
    pub fn sorted_cursor_text(&self, list: List, sort: &str, cursor: &Cursor) -> String {
        self.text_of(&format!("{} {sort}", list.word()), cursor)
    }

    /// The place in a list, sorted so, of a text.
    ///
    /// # Errors
    /// `cursor.invalid` if it was not made here, or is of another list or order.
    pub fn sorted_cursor(&self, list: List, sort: &str, text: &str) -> Result<Cursor, Error> {
        self.known_cursor(&format!("{} {sort}", list.word()), text)
    }

    /// The place in a list of a text.
    ///
    /// # Errors
    /// `cursor.invalid` if it was not made here, or is of another list.
    pub fn cursor(&self, list: List, text: &str) -> Result<Cursor, Error> {
        self.known_cursor(list.word(), text)
    }

    fn known_cursor(&self, list: &str, text: &str) -> Result<Cursor, Error> {
        self.read_cursor(list, text).ok_or_else(|| {
            let text = "this cursor is of another list or incomplete: take it from `next_cursor`, \
                        or leave it out to begin anew";
            Error::bad("cursor.invalid", text)
        })
    }

    fn read_cursor(&self, list: &str, text: &str) -> Option<Cursor> {
        let text = self.keys.reveal(&URL_SAFE_NO_PAD.decode(text).ok()?)?;
        let words: Vec<String> = serde_json::from_str(&text).ok()?;
        let (name, rest) = words.split_first()?;
        let (sorted, key) = rest.split_first()?;
        if name != list {
            return None;
        }
        let sorted = if sorted == "-" { None } else { Some(value(sorted)?) };
        Some(Cursor { sorted, key: key.iter().map(|word| value(word)).collect::<Option<_>>()? })
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "n".to_owned(),
        Value::Int(int) => format!("i{int}"),
        Value::Text(text) => format!("t{text}"),
        Value::Bytes(bytes) => format!("b{}", to_hex(bytes)),
    }
}

fn value(word: &str) -> Option<Value> {
    let (kind, rest) = word.split_at_checked(1)?;
    match kind {
        "n" => Some(Value::Null),
        "i" => rest.parse().ok().map(Value::Int),
        "t" => Some(Value::Text(rest.to_owned())),
        "b" => {
            let pairs = (0..rest.len()).step_by(2).map(|at| rest.get(at..at + 2));
            let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok());
            bytes.collect::<Option<Vec<u8>>>().map(Value::Bytes)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_reads_back_from_its_word() {
        let values = [
            Value::Null,
            Value::Int(i64::MIN),
            Value::Text("t\"ä".to_owned()),
            Value::Text(String::new()),
            Value::Bytes(vec![0, 255, 16]),
        ];
        for one in values {
            assert_eq!(value(&word(&one)), Some(one));
        }
        for broken in ["", "x1", "i", "b1", "bzz"] {
            assert_eq!(value(broken), None, "{broken}");
        }
    }
}
