//! Pages of lists: how many rows, and where to go on.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::schema;
use crate::app::paging::{Cursor, List, Rows};
use crate::app::{App, Error};

/// How many rows a page has if nothing is said.
const DEFAULT: u32 = 50;
/// How many rows a page has at most: its answer stays well below a megabyte.
const MOST: u32 = 500;

/// How many rows a page has at most.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Limit(u32);

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl TryFrom<u32> for Limit {
    type Error = String;

    fn try_from(limit: u32) -> Result<Self, String> {
        if (1..=MOST).contains(&limit) {
            Ok(Self(limit))
        } else {
            Err(format!("must be 1 to {MOST}: take the rest from the next page"))
        }
    }
}

impl Limit {
    /// The number.
    pub(super) fn get(self) -> u32 {
        self.0
    }
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<schema::Limit>)]
    pub(super) limit: Limit,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// The rows.
    items: Vec<T>,
    /// The `cursor` of the next page; null at the end.
    next_cursor: Option<String>,
}

/// The place in a list of a query's `cursor`.
pub(super) fn place(app: &App, list: List, cursor: Option<&str>) -> Result<Option<Cursor>, Error> {
    cursor.map(|text| app.cursor(list, text)).transpose()
}

/// A page of the rows that a use case found.
pub(super) fn page<R, T>(app: &App, list: List, found: Rows<R>, show: impl Fn(R) -> T) -> Page<T> {
    Page {
        next_cursor: found.next.as_ref().map(|cursor| app.cursor_text(list, cursor)),
        items: found.rows.into_iter().map(show).collect(),
    }
}

/// As [`page`], as an answer.
pub(super) fn answer<R, T>(
    app: &App,
    list: List,
    found: Rows<R>,
    show: impl Fn(R) -> T,
) -> Json<Page<T>> {
    Json(page(app, list, found, show))
}
