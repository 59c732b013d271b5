//! A list as a file: exactly the rows and columns that are shown, written while it is read.

use axum::body::Body;
use axum::response::Response;
use futures_util::stream;

use super::{Address, Asked, Cell, ColumnPlan, Listable, Sights, Wish, wrong};
use crate::app::App;
use crate::app::export::Format;
use crate::app::lists::{Counting, ListQuestion};
use crate::app::paging::Rows;
use crate::attachment::attachment;
use crate::portal::answer::Unshown;
use crate::portal::door::Guest;
use crate::portal::facts::frame;

/// How many rows are read at once.
const PAGE: u32 = 500;

/// The form of a file that an address asks for.
fn format(address: &Address) -> Result<Format, Unshown> {
    match address.value("format") {
        None | Some("csv") => Ok(Format::Csv),
        Some("jsonl") => Ok(Format::Jsonl),
        Some(other) => Err(wrong(&format!("“{other}” is no form of a file: csv or jsonl"))),
    }
}

/// The columns of a file, by their keys.
fn columns<C, V>(wish: &Wish<C, V>) -> Vec<&'static ColumnPlan<C, V>> {
    wish.columns.iter().map(|at| &wish.plan.columns[*at]).collect()
}

/// A value of a cell, for a line of JSON.
fn value(cell: &Cell) -> serde_json::Value {
    let text = cell.plain();
    match cell {
        Cell::Nothing(_) => serde_json::Value::Null,
        _ if cell.is_number() => text.parse::<i64>().map_or(text.into(), Into::into),
        _ => text.into(),
    }
}

/// The file of a list, written while it is read.
///
/// # Errors
/// `query.value`; as of the first page.
pub(super) async fn file<K: Listable>(
    app: &App,
    guest: &Guest,
    asked: Asked<K>,
) -> Result<Response, Unshown> {
    let Asked { account, reads, wish, question } = asked;
    let format = format(&wish.address)?;
    let columns = columns(&wish);
    let keys: Vec<&'static str> = columns.iter().map(|column| column.key).collect();
    // Whoever may not read is told so, and not by a broken file.
    let first = K::read(app, &reads, account, question.clone(), Counting::Nothing, PAGE).await?;
    let frame = frame(app, guest, account, None).await?;
    let now = app.world.now();
    let name = format!("{}.{}", wish.plan.file, format.ending());
    let (app, head) = (app.clone(), format.head_of(&keys));
    let lines = move |rows: &Rows<K::View>| {
        let sights = Sights { frame: &frame, now };
        let line = |view: &K::View| {
            let cells = columns.iter().map(|column| value(&column.cell.of(view, &sights)));
            format.line_of(&keys, &cells.collect::<Vec<_>>())
        };
        rows.rows.iter().map(line).collect::<String>()
    };
    let pieces = stream::unfold(Some((head, Some(first.rows), question)), move |state| {
        let (app, reads, lines) = (app.clone(), reads.clone(), lines.clone());
        async move {
            let (mut text, found, question) = state?;
            let found = match found {
                Some(found) => Ok(found),
                None => {
                    let question = question.clone();
                    let counting = Counting::Nothing;
                    let found = K::read(&app, &reads, account, question, counting, PAGE).await;
                    found.map(|found| found.rows)
                }
            };
            match found {
                Ok(rows) => {
                    text.push_str(&lines(&rows));
                    let next = rows.next.map(|after| {
                        let question = ListQuestion { after: Some(after), ..question };
                        (String::new(), None, question)
                    });
                    Some((Ok(text), next))
                }
                Err(error) => {
                    tracing::warn!(%error, "an export broke off");
                    Some((Err(std::io::Error::other(error.to_string())), None))
                }
            }
        }
    });
    Ok(attachment(Body::from_stream(pieces), format.media_type(), &name))
}
