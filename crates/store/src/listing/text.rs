//! The statements of listings. The listed table has the letter `t`, a joined one `j`.

use wire::id::AccountId;

use super::{COUNT_LIMIT, Direction, Facet, ListColumn, Listed, NO_STEP, Query, Test, Tests};
use crate::value::{Stored, Value};

/// What differs between the engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    Sqlite,
    PostgreSql,
}

/// A statement that grows.
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
    flavour: Flavour,
}

/// A page of rows; behind each row the value that it is sorted by.
pub(super) fn page<R: Listed>(
    account: AccountId,
    query: &Query<R::Column>,
    flavour: Flavour,
) -> Statement {
    let mut text = Statement::new(flavour);
    let mut wheres = conditions::<R>(&mut text, account, query);
    wheres.extend(continuation::<R>(&mut text, query));
    let order = order::<R>(query);
    let limit = text.bind(Value::Int(i64::from(query.limit) + 1));
    let sorted = query.sort.map_or(String::new(), |(column, _)| format!(", {}", named(column)));
    text.sql = format!(
        "SELECT {}{sorted} FROM {}{}{} WHERE {} ORDER BY {order} LIMIT {limit}",
        R::TABLE.names("t."),
        table::<R>(),
        hint::<R>(query, flavour),
        join::<R>(query, query.sort.map(|(column, _)| column)),
        wheres.join(" AND ")
    );
    text
}

/// How many rows there are, as far as [`COUNT_LIMIT`] and one more.
pub(super) fn count<R: Listed>(
    account: AccountId,
    query: &Query<R::Column>,
    flavour: Flavour,
) -> Statement {
    let mut text = Statement::new(flavour);
    let wheres = conditions::<R>(&mut text, account, query).join(" AND ");
    let limit = text.bind(Value::Int(COUNT_LIMIT + 1));
    let from = from::<R>(query, None);
    text.sql = format!(
        "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {from} WHERE {wheres} LIMIT {limit}) AS found"
    );
    text
}

/// How many rows meet each alternative of each facet and what is chosen of the others.
///
/// Each condition is asked of a row once, inside; outside only ones and zeros are multiplied.
pub(super) fn facets<R: Listed>(
    account: AccountId,
    query: &Query<R::Column>,
    facets: &[Facet<R::Column>],
    flavour: Flavour,
) -> Statement {
    let mut text = Statement::new(flavour);
    let (mut inner, mut groups, mut sums) = (Vec::new(), Vec::new(), Vec::new());
    let one = |condition: String, name: &str| {
        format!("CASE WHEN {condition} THEN 1 ELSE 0 END AS {name}")
    };
    for (n, facet) in facets.iter().enumerate() {
        groups.push(facet.group().map(|group| {
            let name = format!("g{n}");
            inner.push(one(alternatives(&mut text, &group), &name));
            name
        }));
    }
    for (n, facet) in facets.iter().enumerate() {
        let others = groups.iter().enumerate().filter(|(other, _)| *other != n);
        let others: Vec<String> = others.filter_map(|(_, group)| group.clone()).collect();
        for (m, tests) in facet.alternatives.iter().enumerate() {
            let name = format!("f{n}_{m}");
            inner.push(one(all(&mut text, tests), &name));
            let mut factors = vec![name];
            factors.extend(others.iter().cloned());
            sums.push(format!("CAST(COALESCE(SUM({}), 0) AS BIGINT)", factors.join(" * ")));
        }
    }
    let wheres = conditions::<R>(&mut text, account, query).join(" AND ");
    let chosen = facets.iter().flat_map(|facet| facet.alternatives.iter().flatten());
    let joins = chosen.map(|(column, _)| *column).find(|column| joined(*column));
    text.sql = format!(
        "SELECT {} FROM (SELECT {} FROM {} WHERE {wheres}) AS found",
        sums.join(", "),
        inner.join(", "),
        from::<R>(query, joins)
    );
    text
}

/// The values of a column with how many rows have each.
pub(super) fn by_value<R: Listed>(
    account: AccountId,
    query: &Query<R::Column>,
    column: R::Column,
    most: u32,
    flavour: Flavour,
) -> Statement {
    let mut text = Statement::new(flavour);
    let wheres = conditions::<R>(&mut text, account, query).join(" AND ");
    let limit = text.bind(Value::Int(i64::from(most)));
    let from = from::<R>(query, Some(column));
    let name = named(column);
    text.sql = format!(
        "SELECT {name} AS value, COUNT(*) AS many FROM {from} WHERE {wheres} \
         GROUP BY {name} ORDER BY many DESC, value LIMIT {limit}"
    );
    text
}

impl Statement {
    fn new(flavour: Flavour) -> Self {
        Self { sql: String::new(), values: Vec::new(), flavour }
    }

    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }
}

/// A column with its table's letter.
fn named(column: impl ListColumn) -> String {
    let name = column.name();
    if name.contains('.') { name.to_owned() } else { format!("t.{name}") }
}

fn joined(column: impl ListColumn) -> bool {
    column.name().starts_with("j.")
}

/// The table, with the other one where a column of that is needed.
fn from<R: Listed>(query: &Query<R::Column>, also: Option<R::Column>) -> String {
    format!("{}{}", table::<R>(), join::<R>(query, also))
}

fn table<R: Listed>() -> String {
    format!("{} t", R::TABLE.name)
}

fn join<R: Listed>(query: &Query<R::Column>, also: Option<R::Column>) -> String {
    let grouped = query.groups.iter().flatten().flatten();
    let mut columns = query.tests.iter().chain(grouped).map(|(column, _)| *column).chain(also);
    if columns.any(joined) { format!(" {}", R::JOINED) } else { String::new() }
}

/// SQLite would rather read the rows of an account in order of their keys and sort them all than
/// go along the index of a coarse column. Where few values are meant, such as a virtual account,
/// their own index is the better one.
fn hint<R: Listed>(query: &Query<R::Column>, flavour: Flavour) -> String {
    let few = |(_, test): &(R::Column, Test)| match test {
        Test::Is(value) => *value != Value::Null,
        Test::In(_) => true,
        _ => false,
    };
    let grouped = query.groups.iter().filter(|group| group.len() == 1).flatten().flatten();
    let led = query.tests.iter().chain(grouped).any(few);
    let coarse = query.sort.and_then(|(column, _)| column.coarse());
    match coarse.filter(|_| flavour == Flavour::Sqlite && !led) {
        Some(coarse) => format!(" INDEXED BY {}", coarse.index),
        None => String::new(),
    }
}

fn conditions<R: Listed>(
    text: &mut Statement,
    account: AccountId,
    query: &Query<R::Column>,
) -> Vec<String> {
    let mut wheres = vec![format!("t.account_id = {}", text.bind(account.store()))];
    for (column, test) in &query.tests {
        wheres.push(condition(text, *column, test));
    }
    for group in &query.groups {
        wheres.push(alternatives(text, group));
    }
    wheres
}

fn alternatives<C: ListColumn>(text: &mut Statement, group: &[Tests<C>]) -> String {
    let any: Vec<String> = group.iter().map(|tests| all(text, tests)).collect();
    if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) }
}

fn all<C: ListColumn>(text: &mut Statement, tests: &[(C, Test)]) -> String {
    let all: Vec<String> =
        tests.iter().map(|(column, test)| condition(text, *column, test)).collect();
    if all.is_empty() { "1 = 1".to_owned() } else { format!("({})", all.join(" AND ")) }
}

fn condition<C: ListColumn>(text: &mut Statement, column: C, test: &Test) -> String {
    let name = named(column);
    match test {
        Test::Is(Value::Null) => format!("{name} IS NULL"),
        Test::Some => format!("{name} IS NOT NULL"),
        Test::Is(value) => format!("{name} = {}", text.bind(value.clone())),
        Test::AtLeast(value) => format!("{name} >= {}", text.bind(value.clone())),
        Test::NotBelow(value) => {
            format!("({name} >= {} OR {name} IS NULL)", text.bind(value.clone()))
        }
        Test::Below(value) => format!("{name} < {}", text.bind(value.clone())),
        Test::In(values) if values.is_empty() => "1 = 0".to_owned(),
        Test::In(values) => {
            let marks: Vec<String> = values.iter().map(|value| text.bind(value.clone())).collect();
            format!("{name} IN ({})", marks.join(", "))
        }
        // No text that is kept holds a NUL, and PostgreSQL takes none as a value.
        Test::Begins(part) | Test::Contains(part) if part.contains('\0') => "1 = 0".to_owned(),
        Test::Begins(start) => {
            let from = text.bind(Value::Text(start.clone()));
            let to = text.bind(Value::Text(format!("{start}\u{10FFFF}")));
            format!("{name} >= {from} AND {name} < {to}")
        }
        Test::Uses(pool) => format!(
            "{name} IN (SELECT u.instance_id FROM license_use u \
             WHERE u.account_id = t.account_id AND u.pool_id = {} AND u.level > 0)",
            text.bind(pool.clone())
        ),
        Test::Contains(part) => {
            let finds = match text.flavour {
                Flavour::Sqlite => "instr",
                Flavour::PostgreSql => "strpos",
            };
            format!("{finds}({name}, {}) > 0", text.bind(Value::Text(part.clone())))
        }
    }
}

/// The rows behind the cursor; rows without a value come last, whichever way is sorted, but for
/// a coarse column.
///
/// Where a column always has a value, the condition begins with what an index can seek.
fn continuation<R: Listed>(text: &mut Statement, query: &Query<R::Column>) -> Option<String> {
    let cursor = query.after.as_ref()?;
    let names: Vec<String> = R::TABLE.columns[1..R::TABLE.key]
        .iter()
        .map(|column| format!("t.{}", column.name))
        .collect();
    let marks: Vec<String> = cursor.key.iter().map(|value| text.bind(value.clone())).collect();
    let direction = query.sort.map_or(Direction::Up, |(_, direction)| direction);
    let sign = if direction == Direction::Up { ">" } else { "<" };
    let behind = format!("({}) {sign} ({})", names.join(", "), marks.join(", "));
    let (Some((column, _)), Some(value)) = (&query.sort, &cursor.sorted) else {
        return Some(behind);
    };
    let name = named(*column);
    if let Some(coarse) = column.coarse() {
        return Some(behind_coarse(text, (coarse, &name), (sign, &behind), value));
    }
    if *value == Value::Null {
        return Some(format!("({name} IS NULL AND {behind})"));
    }
    let mark = text.bind(value.clone());
    Some(if nullable::<R>(*column) {
        format!("({name} {sign} {mark} OR ({name} = {mark} AND {behind}) OR {name} IS NULL)")
    } else {
        format!("({name} {sign}= {mark} AND ({name} {sign} {mark} OR {behind}))")
    })
}

/// The rows behind a cursor in the order of a coarse column, in which rows without a value have a
/// step of their own.
fn behind_coarse(
    text: &mut Statement,
    (coarse, name): (super::Coarse, &str),
    (sign, behind): (&str, &str),
    value: &Value,
) -> String {
    let step = match value {
        Value::Int(exact) => exact.div_euclid(coarse.step),
        _ => NO_STEP,
    };
    let mark = text.bind(Value::Int(step));
    let steps = format!("t.{}", coarse.name);
    let within = match value {
        Value::Int(_) => {
            let exact = text.bind(value.clone());
            format!("({name} {sign} {exact} OR ({name} = {exact} AND {behind}))")
        }
        _ => behind.to_owned(),
    };
    format!("({steps} {sign}= {mark} AND ({steps} {sign} {mark} OR {within}))")
}

fn nullable<R: Listed>(column: R::Column) -> bool {
    let name = column.name();
    joined(column) || R::TABLE.columns.iter().any(|column| column.name == name && column.null)
}

/// By the column that is asked for, then by key, both the same way, so that an index serves.
fn order<R: Listed>(query: &Query<R::Column>) -> String {
    let way = match query.sort {
        Some((_, Direction::Down)) => "DESC",
        _ => "ASC",
    };
    let sorted = query.sort.map(|(column, _)| {
        let name = named(column);
        match column.coarse() {
            // Rows without a value have a step of their own, in which all are alike.
            Some(coarse) => format!("t.{} {way}, {name} {way}", coarse.name),
            None if nullable::<R>(column) => format!("{name} {way} NULLS LAST"),
            None => format!("{name} {way}"),
        }
    });
    let keys = R::TABLE.columns[1..R::TABLE.key].iter().map(|c| format!("t.{} {way}", c.name));
    sorted.into_iter().chain(keys).collect::<Vec<_>>().join(", ")
}
