//! Statements for both engines, made from a table's description.

use crate::value::Value;

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

/// An index beside the primary key.
#[derive(Debug)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [&'static str],
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
    /// Its indexes beside the primary key.
    pub indexes: &'static [Index],
}

/// Whether the rows read are held against other nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hold {
    /// They are not.
    No,
    /// They are, until the transaction ends.
    Yes,
    /// They are, and so is the absence of one that is not there.
    EvenAbsent,
}

/// What is done with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Write {
    /// Each is put, whether or not it is there.
    Put,
    /// Each is there, and nothing that an index holds is different.
    Revise,
    /// None may be there: a clash is an error.
    Append,
    /// One that is there stays as it is.
    Ensure,
    /// Each is removed; a row is its key alone.
    Remove,
}

impl Table {
    /// The columns' names, each behind `prefix`, separated by commas.
    pub(crate) fn names(&self, prefix: &str) -> String {
        let names: Vec<String> =
            self.columns.iter().map(|column| format!("{prefix}{}", column.name)).collect();
        names.join(", ")
    }

    /// The columns that are in an index beside the key.
    pub(crate) fn indexed(&self) -> impl Iterator<Item = usize> {
        (self.key..self.columns.len()).filter(|n| {
            let name = self.columns[*n].name;
            self.indexes.iter().any(|index| index.columns.contains(&name))
        })
    }

    /// The columns that a statement's arguments are, in order.
    pub(crate) fn arguments(&self, write: Write) -> Vec<usize> {
        match write {
            Write::Put | Write::Append | Write::Ensure => (0..self.columns.len()).collect(),
            Write::Remove => (0..self.key).collect(),
            Write::Revise => {
                let indexed: Vec<usize> = self.indexed().collect();
                (0..self.columns.len()).filter(|n| !indexed.contains(n)).collect()
            }
        }
    }

    /// A row that says nothing but its key.
    pub(crate) fn blank(&self, keys: &[Value]) -> Vec<Value> {
        let rest = self.columns[keys.len()..].iter().map(|column| match column.kind {
            _ if column.null => Value::Null,
            Kind::Int => Value::Int(0),
            Kind::Text => Value::Text(String::new()),
            Kind::Bytes => Value::Bytes(Vec::new()),
        });
        keys.iter().cloned().chain(rest).collect()
    }

    /// Selects, in order of keys, the rows whose first `keys` columns are given.
    pub(crate) fn select(&self, keys: usize) -> String {
        let wheres = list(" AND ", self.columns[..keys].iter().enumerate(), |(n, c)| {
            format!("{} = ${}", c.name, n + 1)
        });
        let order =
            list(", ", self.columns[keys..self.key.max(keys)].iter(), |c| c.name.to_owned());
        let order = if order.is_empty() { order } else { format!(" ORDER BY {order}") };
        format!("SELECT {} FROM {} WHERE {wheres}{order}", self.names(""), self.name)
    }

    /// Selects, in order of keys, the rows whose first `keys` columns are in the arrays given.
    pub(crate) fn select_many(&self, keys: usize, hold: Hold) -> String {
        let columns = &self.columns[..keys];
        format!(
            "SELECT {} FROM {} t JOIN {} ON {} ORDER BY {}{}",
            self.names("t."),
            self.name,
            self.unnest(&(0..keys).collect::<Vec<_>>()),
            list(" AND ", columns.iter(), |c| format!("t.{0} = w.{0}", c.name)),
            list(", ", columns.iter(), |c| format!("t.{}", c.name)),
            if hold == Hold::No { "" } else { " FOR UPDATE OF t" },
        )
    }

    /// Writes one row.
    pub(crate) fn write_one(&self, write: Write) -> String {
        let arguments = self.arguments(write);
        let mark = |n: usize| format!("{} = ${}", self.columns[arguments[n]].name, n + 1);
        match write {
            Write::Put | Write::Append | Write::Ensure => {
                let marks = list(", ", 1..=self.columns.len(), |n| format!("${n}"));
                let clash = self.on_conflict(write);
                format!("INSERT INTO {} ({}) VALUES ({marks}){clash}", self.name, self.names(""))
            }
            Write::Revise => {
                let sets = list(", ", self.key..arguments.len(), mark);
                let keys = list(" AND ", 0..self.key, mark);
                format!("UPDATE {} SET {sets} WHERE {keys}", self.name)
            }
            Write::Remove => {
                format!("DELETE FROM {} WHERE {}", self.name, list(" AND ", 0..self.key, mark))
            }
        }
    }

    /// Writes the rows whose columns are in the arrays given.
    pub(crate) fn write_many(&self, write: Write) -> String {
        let arguments = self.arguments(write);
        let from = self.unnest(&arguments);
        let keys =
            || list(" AND ", self.columns[..self.key].iter(), |c| format!("t.{0} = w.{0}", c.name));
        match write {
            Write::Put | Write::Append | Write::Ensure => {
                let clash = self.on_conflict(write);
                format!(
                    "INSERT INTO {} ({}) SELECT * FROM {from}{clash}",
                    self.name,
                    self.names("")
                )
            }
            Write::Revise => {
                let sets = list(", ", arguments[self.key..].iter(), |n| {
                    format!("{0} = w.{0}", self.columns[*n].name)
                });
                format!("UPDATE {} t SET {sets} FROM {from} WHERE {}", self.name, keys())
            }
            Write::Remove => format!("DELETE FROM {} t USING {from} WHERE {}", self.name, keys()),
        }
    }

    /// Writes blank rows where there are none; returns the keys of those that it wrote.
    pub(crate) fn ensure_and_tell(&self) -> String {
        let keys = list(", ", self.columns[..self.key].iter(), |c| c.name.to_owned());
        format!("{} RETURNING {keys}", self.write_many(Write::Ensure))
    }

    /// Arrays as a table `w` of these columns.
    fn unnest(&self, columns: &[usize]) -> String {
        let arrays = list(", ", columns.iter().enumerate(), |(n, c)| {
            format!("${}::{}", n + 1, self.columns[*c].kind.array())
        });
        let names = list(", ", columns.iter(), |c| self.columns[*c].name.to_owned());
        format!("UNNEST({arrays}) AS w({names})")
    }

    fn on_conflict(&self, write: Write) -> String {
        let keys = list(", ", self.columns[..self.key].iter(), |c| c.name.to_owned());
        match write {
            Write::Ensure => format!(" ON CONFLICT ({keys}) DO NOTHING"),
            // A row that is its key alone is there already.
            Write::Put if self.key == self.columns.len() => {
                format!(" ON CONFLICT ({keys}) DO NOTHING")
            }
            Write::Put => {
                let sets = list(", ", self.columns[self.key..].iter(), |c| {
                    format!("{0} = excluded.{0}", c.name)
                });
                format!(" ON CONFLICT ({keys}) DO UPDATE SET {sets}")
            }
            _ => String::new(),
        }
    }
}

fn list<T>(between: &str, items: impl Iterator<Item = T>, text: impl Fn(T) -> String) -> String {
    items.map(text).collect::<Vec<_>>().join(between)
}
