//! Statements for both engines, made from a table's description.

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit whole number.
    Int,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

impl Kind {
    /// PostgreSQL's name for an array of it.
    pub(crate) fn array(self) -> &'static str {
        match self {
            Self::Int => "BIGINT[]",
            Self::Text => "TEXT[]",
            Self::Bytes => "BYTEA[]",
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Whether it may hold nothing.
    pub null: bool,
}

impl Column {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, null: false }
    }

    pub(crate) const fn nullable(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, null: true }
    }
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of its first columns are its key.
    pub key: usize,
    /// Its columns, in the order of values in a row.
    pub columns: &'static [Column],
}

/// Whether the rows read are held against other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// They are not.
    No,
    /// They are, until the transaction ends.
    Yes,
}

/// Whether a row may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    /// It may, and is replaced.
    Put,
    /// It may not: a clash is an error.
    Append,
    /// It may, and stays as it is.
    Ensure,
}

impl Table {
    /// The columns' names, each behind `prefix`, separated by commas.
    pub(crate) fn names(&self, prefix: &str) -> String {
        let names: Vec<String> =
            self.columns.iter().map(|column| format!("{prefix}{}", column.name)).collect();
        names.join(", ")
    }

    /// Selects the rows whose first `keys` columns are given.
    pub(crate) fn select(&self, keys: usize) -> String {
        let wheres: Vec<String> = self.columns[..keys]
            .iter()
            .enumerate()
            .map(|(n, c)| format!("{} = ${}", c.name, n + 1))
            .collect();
        format!("SELECT {} FROM {} WHERE {}", self.names(""), self.name, wheres.join(" AND "))
    }

    /// Selects, in order of keys, the rows whose first `keys` columns are in the arrays given.
    pub(crate) fn select_many(&self, keys: usize, hold: Hold) -> String {
        let columns = &self.columns[..keys];
        let arrays: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(n, c)| format!("${}::{}", n + 1, c.kind.array()))
            .collect();
        let names: Vec<&str> = columns.iter().map(|c| c.name).collect();
        let joins: Vec<String> = columns.iter().map(|c| format!("t.{0} = w.{0}", c.name)).collect();
        let order: Vec<String> = columns.iter().map(|c| format!("t.{}", c.name)).collect();
        format!(
            "SELECT {} FROM {} t JOIN UNNEST({}) AS w({}) ON {} ORDER BY {}{}",
            self.names("t."),
            self.name,
            arrays.join(", "),
            names.join(", "),
            joins.join(" AND "),
            order.join(", "),
            if hold == Hold::Yes { " FOR UPDATE OF t" } else { "" },
        )
    }

    /// Writes one row.
    pub(crate) fn insert(&self, write: Write) -> String {
        let marks: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}")).collect();
        format!(
            "INSERT INTO {} ({}) VALUES ({}){}",
            self.name,
            self.names(""),
            marks.join(", "),
            self.on_conflict(write)
        )
    }

    /// Writes the rows whose columns are in the arrays given.
    pub(crate) fn insert_many(&self, write: Write) -> String {
        let arrays: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(n, c)| format!("${}::{}", n + 1, c.kind.array()))
            .collect();
        format!(
            "INSERT INTO {} ({}) SELECT * FROM UNNEST({}){}",
            self.name,
            self.names(""),
            arrays.join(", "),
            self.on_conflict(write)
        )
    }

    fn on_conflict(&self, write: Write) -> String {
        let keys: Vec<&str> = self.columns[..self.key].iter().map(|c| c.name).collect();
        match write {
            Write::Append => String::new(),
            Write::Ensure => format!(" ON CONFLICT ({}) DO NOTHING", keys.join(", ")),
            Write::Put => {
                let sets: Vec<String> = self.columns[self.key..]
                    .iter()
                    .map(|c| format!("{0} = excluded.{0}", c.name))
                    .collect();
                format!(" ON CONFLICT ({}) DO UPDATE SET {}", keys.join(", "), sets.join(", "))
            }
        }
    }
}
