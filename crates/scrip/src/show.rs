//! How answers are shown: tables for people, JSON for scripts.

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde_json::Value;

/// A column: its head, and where its value stands in a row.
pub(crate) type Column = (&'static str, &'static str);

/// In which form a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For scripts.
    Json,
}

/// The switch between the two.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Output {
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

impl Output {
    /// The form that was asked for.
    pub(crate) fn form(self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

/// Prints rows.
pub(crate) fn rows(rows: &[Value], columns: &[Column], form: Form) {
    if form == Form::Json {
        return json(&Value::from(rows.to_vec()));
    }
    if rows.is_empty() {
        return println!("none");
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(columns.iter().map(|(head, _)| *head));
    for row in rows {
        table.add_row(columns.iter().map(|(_, place)| cell(row.pointer(place))));
    }
    for line in table.to_string().lines() {
        println!("{}", line.trim_end());
    }
}

fn cell(value: Option<&Value>) -> Cell {
    match value {
        Some(Value::Number(number)) => {
            Cell::new(number.to_string()).set_alignment(CellAlignment::Right)
        }
        Some(Value::String(text)) => Cell::new(text),
        Some(Value::Bool(true)) => Cell::new("yes"),
        _ => Cell::new(""),
    }
}

/// Prints JSON.
pub(crate) fn json(value: &Value) {
    println!("{value:#}");
}
