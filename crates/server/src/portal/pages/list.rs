//! A list: facets, chips, columns of one's choice, rows that open; the same for whatever is listed.

use askama::Template;

use super::filters;
use super::filters::written;
use super::frame::{Frame, Guard};
use super::moment::Moment;
use super::page;
use super::parts::{Act, Counted};

/// How many links of a cell a page shows.
const NAMED: usize = 4;

/// A page of a list.
#[derive(Clone, Debug, Template)]
#[template(path = "list.html", blocks = ["live"])]
pub struct List {
    /// The frame.
    pub frame: Frame,
    /// When the rows were read.
    pub as_of: Moment,
    /// After how many seconds it is read again; `None` for what takes long to be counted.
    pub refresh: Option<u32>,
    /// What is listed: `Licenses`. Also the page's heading.
    pub title: &'static str,
    /// The word by which the menu knows the page.
    pub here: &'static str,
    /// What the table is for a reader who does not see it: `Licenses, lowest balance first`.
    pub caption: String,
    /// What one can do from here.
    pub acts: Vec<Act>,
    /// The same rows and columns as files.
    pub exports: Vec<Act>,
    /// The search, with the rest of the address as hidden fields.
    pub search: Search,
    /// What one may choose from.
    pub facets: Vec<Facet>,
    /// What the list is narrowed by.
    pub chips: Vec<Chip>,
    /// The address without anything that narrows; `None` while nothing does.
    pub clear: Option<String>,
    /// Where the facets' counts can be had, if the list is too long to count them unasked.
    pub count_all: Option<String>,
    /// The columns shown, the first of them the row's head.
    pub columns: Vec<Column>,
    /// All columns but the first, for choosing.
    pub choices: ColumnChoices,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many rows there are in all.
    pub total: Counted,
    /// Where the list goes on.
    pub next: Option<String>,
    /// Where it begins, for a page further on.
    pub first: Option<String>,
    /// What can be done with several rows at once; `None` if nothing.
    pub bulk: Option<Bulk>,
    /// What to say where there is nothing.
    pub empty: Empty,
    /// A sentence below the list; may be empty.
    pub foot: &'static str,
}

/// The search field of a list.
#[derive(Clone, Debug)]
pub struct Search {
    /// Where it is sent.
    pub path: String,
    /// What it searches, for its label.
    pub label: &'static str,
    /// What was typed.
    pub text: String,
    /// The rest of the address.
    pub kept: Vec<(String, String)>,
}

/// Something that one may choose from to narrow the list.
#[derive(Clone, Debug)]
pub struct Facet {
    /// What it is about.
    pub title: &'static str,
    /// The choices.
    pub options: Vec<FacetOption>,
}

/// A choice.
#[derive(Clone, Debug)]
pub struct FacetOption {
    /// Its words.
    pub label: String,
    /// How many rows it would show; `None` if nobody counted.
    pub count: Option<u64>,
    /// Where choosing it, or leaving it, leads.
    pub href: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// Something that the list is narrowed by.
#[derive(Clone, Debug)]
pub struct Chip {
    /// What it is about.
    pub title: String,
    /// What it must be.
    pub value: String,
    /// The address without it.
    pub remove: String,
}

/// A column's head.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its words.
    pub label: &'static str,
    /// Its classes: `num` for numbers, `col-1`, `col-2` for those that leave narrow pages.
    pub class: &'static str,
    /// Where sorting by it leads; `None` if one cannot.
    pub sort: Option<String>,
    /// Which way the list is sorted by it; `None` if it is not.
    pub sorted: Option<Way>,
}

/// Which way a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The smallest first.
    Up,
    /// The largest first.
    Down,
}

impl Way {
    fn aria(self) -> &'static str {
        match self {
            Self::Up => "ascending",
            Self::Down => "descending",
        }
    }

    fn icon(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// The choice of columns.
#[derive(Clone, Debug)]
pub struct ColumnChoices {
    /// Where it is sent.
    pub path: String,
    /// The rest of the address.
    pub kept: Vec<(String, String)>,
    /// Those shown, in their order, then the others.
    pub all: Vec<ColumnChoice>,
    /// The address with the columns that nobody chose; `None` while these are shown.
    pub reset: Option<String>,
}

/// A column that one may show.
#[derive(Clone, Debug)]
pub struct ColumnChoice {
    /// Its word in the address.
    pub key: &'static str,
    /// Its words.
    pub label: &'static str,
    /// Whether it is shown.
    pub shown: bool,
    /// The address with it one place further to the left; `None` if it is the first.
    pub left: Option<String>,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Its head.
    pub head: Cell,
    /// Its other cells, one a column.
    pub cells: Vec<Cell>,
    /// What narrow pages say under its head in place of the columns that left.
    pub facts: String,
    /// Where opening or closing it in place leads.
    pub opener: Option<Opener>,
    /// What it holds, rendered, while it is open.
    pub opened: Option<String>,
}

/// Opens or closes a row in place.
#[derive(Clone, Debug)]
pub struct Opener {
    /// Where it leads.
    pub href: String,
    /// What it does, with the row's name.
    pub label: String,
}

/// What several rows can be chosen for.
#[derive(Clone, Debug)]
pub struct Bulk {
    /// The two hidden fields of the form.
    pub guard: Guard,
    /// The name of the field of a chosen row.
    pub field: &'static str,
    /// What they are called: `product instances`.
    pub many: &'static str,
    /// What can be done, each with where it is sent.
    pub acts: Vec<Act>,
}

/// Nothing to show.
#[derive(Clone, Debug)]
pub struct Empty {
    /// Its icon in the sprite.
    pub icon: &'static str,
    /// What is not there.
    pub title: &'static str,
    /// Why, and what to do.
    pub text: String,
}

/// A cell.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Nothing; the word is for who does not see the dash.
    Nothing(&'static str),
    /// Text.
    Text(String),
    /// Text as a machine has it.
    Code(String),
    /// A quantity; zero is quiet.
    Number {
        /// How much.
        units: i64,
        /// Parts of it that deserve to be named.
        parts: Vec<String>,
    },
    /// What is left: loud when negative.
    Balance(i64),
    /// A moment, told by how long ago it is.
    Ago(Moment),
    /// A moment, told by its day.
    Day(Moment),
    /// A state in colour, sign and word.
    State {
        /// The class of its colour.
        tone: &'static str,
        /// Its icon.
        icon: &'static str,
        /// Its word.
        word: String,
    },
    /// A link with what stands behind and below it.
    Link {
        /// Where it leads.
        href: String,
        /// Its words.
        label: String,
        /// What stands behind it; may be empty.
        aside: String,
        /// What stands below it, as a machine has it; may be empty.
        below: String,
    },
    /// Some links with a quantity each.
    Links {
        /// Where each leads, its words, its quantity; a page shows the first few.
        all: Vec<(String, String, i64)>,
    },
}

impl Cell {
    /// The cell as a file has it: a number without thousands, a moment as machines write it.
    pub fn plain(&self) -> String {
        match self {
            Self::Nothing(_) => String::new(),
            Self::Text(text) | Self::Code(text) => text.clone(),
            Self::Number { units, .. } | Self::Balance(units) => units.to_string(),
            Self::Ago(moment) | Self::Day(moment) => moment.iso(),
            Self::State { word, .. } => word.clone(),
            Self::Link { label, .. } => label.clone(),
            Self::Links { all } => {
                let some = all.iter().map(|(_, label, units)| format!("{label} {units}"));
                some.collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// The links that a page shows of a cell, and how many there are if that is more.
    fn shown(all: &[(String, String, i64)]) -> (&[(String, String, i64)], Option<usize>) {
        let shown = &all[..all.len().min(NAMED)];
        (shown, Some(all.len()).filter(|many| *many > NAMED))
    }

    /// Whether a file may have it as a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Number { .. } | Self::Balance(_))
    }
}

impl List {
    fn here(&self) -> &'static str {
        self.here
    }

    /// How many columns the table has.
    fn width(&self) -> usize {
        self.columns.len() + usize::from(self.bulk.is_some())
    }

    fn is_narrowed(&self) -> bool {
        self.clear.is_some()
    }

    /// What is shown of what there is.
    fn range(&self) -> String {
        format!("{} of {} shown.", written(&self.rows.len().to_string()), self.total)
    }
}

page!(List);
