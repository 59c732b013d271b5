//! The event log as a file: CSV for spreadsheets, lines of JSON for programs.
//!
//! A file is written page by page while it is read, so its size costs no memory.

use std::collections::BTreeMap;

use futures_util::stream::{self, Stream};
use ledger::log::{Logged, Personal};
use ledger::role::Permit;
use serde_json::{Value, json};
use wire::id::AccountId;

use super::events::EventQuestion;
use super::{App, Error};

/// How many events are read at once.
const PAGE: u32 = 500;
/// The columns of a CSV file: the keys of an event's JSON.
const COLUMNS: [&str; 10] = [
    "place",
    "at",
    "actor",
    "role",
    "action",
    "subject",
    "virtual_account",
    "detail",
    "address",
    "id",
];

/// The form of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated values, with a line of heads.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// What stands before all events.
    pub fn head(self) -> String {
        match self {
            Self::Csv => format!("{}\r\n", COLUMNS.join(",")),
            Self::Jsonl => String::new(),
        }
    }

    /// The line of an event, given as JSON has it.
    pub fn line(self, event: &Value) -> String {
        match self {
            Self::Csv => csv_line(COLUMNS.iter().map(|name| &event[*name])),
            Self::Jsonl => format!("{event}\n"),
        }
    }

    /// What stands before all rows of a list with these columns.
    pub fn head_of(self, columns: &[&str]) -> String {
        match self {
            Self::Csv => format!("{}\r\n", columns.join(",")),
            Self::Jsonl => String::new(),
        }
    }

    /// The line of a row of a list, a value for each column.
    pub fn line_of(self, columns: &[&str], values: &[Value]) -> String {
        match self {
            Self::Csv => csv_line(values.iter()),
            Self::Jsonl => {
                // In the order of the columns: a map of JSON would sort them.
                let member = |(name, value): (&&str, &Value)| format!("{}:{value}", json!(name));
                let members: Vec<String> = columns.iter().zip(values).map(member).collect();
                format!("{{{}}}\n", members.join(","))
            }
        }
    }

    /// How the name of such a file ends.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// The media type of such a file.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/jsonl",
        }
    }

    /// The name of a file of events.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "event-log.csv",
            Self::Jsonl => "event-log.jsonl",
        }
    }
}

fn csv_line<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let cells: Vec<String> = values.map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell of CSV. A spreadsheet takes what begins with certain signs for a formula: those are
/// made text by an apostrophe.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        // A number is no formula, even a negative one.
        Value::Number(number) => return number.to_string(),
        other => other.to_string(),
    };
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if risky { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// The particulars of an event, those of people with the others.
pub fn particulars(logged: &Logged) -> BTreeMap<String, Value> {
    let read =
        |text: &str| -> BTreeMap<String, Value> { serde_json::from_str(text).unwrap_or_default() };
    let mut all = read(&logged.event.detail);
    all.extend(read(&logged.event.private));
    all
}

/// When the personal part of an event was erased.
pub fn erased_at(logged: &Logged) -> Option<wire::time::Timestamp> {
    match logged.personal {
        Personal::Erased(at) => Some(at),
        Personal::Kept(_) | Personal::Missing => None,
    }
}

fn value(logged: &Logged) -> Value {
    let event = &logged.event;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "id": event.id,
        "at": event.at.to_string(),
        "actor": text(&event.actor),
        "role": event.role,
        "action": event.action,
        "subject": event.subject,
        "virtual_account": event.virtual_account,
        "detail": particulars(logged),
        "address": text(&event.address),
        "place": logged.place.map(|place| place.number),
        "erased_at": erased_at(logged).map(|at| at.to_string()),
    })
}

/// How far a file is written.
enum Progress {
    Begin,
    After(EventQuestion),
    End,
}

impl App {
    /// The events that a question means, as the text of a file, piece by piece.
    ///
    /// # Errors
    /// As of the first page; when a later one fails, the file breaks off.
    pub async fn export_events(
        &self,
        permit: Permit,
        account: AccountId,
        question: EventQuestion,
        format: Format,
    ) -> Result<impl Stream<Item = std::io::Result<String>> + Send + use<>, Error> {
        // Whoever may not read is told so, and not by a broken file.
        self.events(&permit, account, question.clone(), 1).await?;
        let app = self.clone();
        Ok(stream::unfold(Progress::Begin, move |progress| {
            let (app, permit, question) = (app.clone(), permit.clone(), question.clone());
            async move {
                let (mut text, question) = match progress {
                    Progress::Begin => (format.head(), question),
                    Progress::After(question) => (String::new(), question),
                    Progress::End => return None,
                };
                let page = match app.events(&permit, account, question.clone(), PAGE).await {
                    Ok(page) => page,
                    Err(error) => {
                        tracing::warn!(%error, "an export broke off");
                        let error = std::io::Error::other(error.to_string());
                        return Some((Err(error), Progress::End));
                    }
                };
                page.rows.iter().for_each(|one| text.push_str(&format.line(&value(one))));
                let next = match page.next {
                    Some(after) => {
                        Progress::After(EventQuestion { after: Some(after), ..question })
                    }
                    None => Progress::End,
                };
                Some((Ok(text), next))
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("plain = text", "plain = text"),
            ("a,b", "\"a,b\""),
            ("a\"b\nc", "\"a\"\"b\nc\""),
            ("=\"a\"", "\"'=\"\"a\"\"\""),
            ("", ""),
        ] {
            assert_eq!(cell(&Value::from(text)), written);
        }
        assert_eq!(cell(&Value::Null), "");
        assert_eq!(cell(&json!({"a": "b"})), "\"{\"\"a\"\":\"\"b\"\"}\"");
    }

    #[test]
    fn a_line_has_a_cell_for_each_column() {
        let event = json!({"place": 4, "at": "2026-01-01", "actor": null, "id": "ev_1"});
        assert_eq!(Format::Csv.line(&event), "4,2026-01-01,,,,,,,,ev_1\r\n");
        assert_eq!(Format::Csv.head().matches(',').count(), 9);
        assert_eq!(Format::Jsonl.line(&json!({"a": "b\n"})), "{\"a\":\"b\\n\"}\n");
    }
}
