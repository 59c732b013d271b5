//! A page of the event log.
//!
//! A page of a million events must come at once, whatever is asked for. So a question is led by the
//! one of its conditions that fewest events meet, along an index that has them in order of time; the
//! others are only looked at, event by event. Where even that one is met by very many, a page looks
//! only so far back, and says where to go on.

use std::collections::{BTreeMap, BTreeSet};

use ledger::log::Logged;
use wire::id::{AccountId, EventId};
use wire::time::Timestamp;

use super::EventQuestion;
use crate::fault::Fault;
use crate::listing::{Cursor, Rows};
use crate::read::Reading;
use crate::record::Log;
use crate::value::{Stored, Value, row};

// The tests of this crate have small logs, and in them all of these matter too.
/// Beyond so many events a condition counts as met by many, and so many are looked at for a page.
const MANY: i64 = if cfg!(test) { 60 } else { 5_000 };
/// Up to so many events of several people or places are looked at one by one: they lie far apart.
const FEW: i64 = if cfg!(test) { 20 } else { 2_000 };
/// Where so few events meet a condition it leads, whatever others there are.
const ENOUGH: i64 = if cfg!(test) { 10 } else { 500 };
/// Up to so many people or places, each is asked for its newest where all of theirs are many.
const ONE_BY_ONE: usize = if cfg!(test) { 2 } else { 32 };
/// More people or places than so many are not named in a statement: it is looked here whose an
/// event is.
const NAMED: usize = if cfg!(test) { 5 } else { 8_000 };
/// How many events are read at once where it is looked here.
const LOOKED_AT: u32 = if cfg!(test) { 25 } else { 500 };
/// How many are named in one statement. Shorter lists are filled up, so that there are few texts of
/// statements to be kept prepared.
const LISTS: [usize; 6] = [1, 5, 50, 500, 2_000, 8_000];

/// What of an event a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Action,
    Subject,
    Actor,
    Place,
    Sphere,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Subject => "subject",
            Self::Actor => "actor",
            Self::Place => "virtual_account_id",
            Self::Sphere => "sphere",
        }
    }

    fn index(self) -> &'static str {
        match self {
            Self::Action => "event_by_action",
            Self::Subject => "event_by_subject",
            Self::Actor => "event_personal_by_actor",
            Self::Place => "event_by_virtual_account",
            Self::Sphere => "event_by_sphere",
        }
    }

    /// The kind of PostgreSQL in which several values are named.
    fn cast(self) -> &'static str {
        match self {
            Self::Action | Self::Subject | Self::Actor => "TEXT",
            Self::Place => "BYTEA",
            Self::Sphere => "BIGINT",
        }
    }

    fn of(self, one: &Logged) -> Value {
        match self {
            Self::Action => one.event.action.store(),
            Self::Subject => one.event.subject.store(),
            Self::Actor => one.event.actor.store(),
            Self::Place => one.event.virtual_account.store(),
            Self::Sphere => one.sphere.store(),
        }
    }
}

/// What an event must have in a column: one of these.
#[derive(Clone, Debug)]
struct Condition {
    column: Column,
    values: BTreeSet<Value>,
}

impl Condition {
    fn is_named(&self) -> bool {
        self.values.len() <= NAMED
    }
}

/// The order in which events are looked at: along the index of a condition, or by time alone.
type Lead<'c> = Option<&'c Condition>;

/// Which engine is asked: each has to be led in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sqlite,
    Postgres,
}

/// What is asked of one account.
struct Asked<'q> {
    engine: Kind,
    account: AccountId,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    after: Option<&'q Cursor>,
    conditions: Vec<Condition>,
}

/// A statement that grows.
struct Text {
    from: String,
    wheres: Vec<String>,
    values: Vec<Value>,
}

impl Text {
    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// Values as rows of a list. What fills it up is nothing, which equals nothing.
    fn list(&mut self, cast: &str, values: &BTreeSet<Value>) -> String {
        let list = LISTS.into_iter().find(|list| *list >= values.len()).unwrap_or(values.len());
        let filled = values.iter().chain(std::iter::repeat(&Value::Null)).take(list);
        let marks: Vec<String> =
            filled.map(|one| format!("({}::{cast})", self.bind(one.clone()))).collect();
        marks.join(", ")
    }

    /// What a column must be, with one of some values.
    fn is_one_of(&mut self, column: &str, values: &BTreeSet<Value>) -> String {
        let list = LISTS.into_iter().find(|list| *list >= values.len()).unwrap_or(values.len());
        let filled = values.iter().chain(std::iter::repeat(values.iter().next_back()).flatten());
        let marks: Vec<String> = filled.take(list).map(|one| self.bind(one.clone())).collect();
        match marks.as_slice() {
            [one] => format!("{column} = {one}"),
            many => format!("{column} IN ({})", many.join(", ")),
        }
    }
}

impl Asked<'_> {
    /// The table along which is looked, and what is asked of it in itself.
    fn begin(&self, lead: Lead<'_>) -> (&'static str, Text) {
        let mut text = Text { from: String::new(), wheres: Vec::new(), values: Vec::new() };
        let account = text.bind(self.account.store());
        let (by, table) = match lead {
            Some(Condition { column: Column::Actor, .. }) => ("p", "event_personal p"),
            _ => ("e", "event e"),
        };
        text.from = table.to_owned();
        text.wheres.push(format!("{by}.account_id = {account}"));
        let several = lead.filter(|lead| lead.values.len() > 1 && self.engine == Kind::Postgres);
        if let Some(Condition { column, values }) = lead {
            let name = format!("{by}.{}", column.name());
            let one = match several {
                Some(_) => format!("{name} = w.value"),
                None => text.is_one_of(&name, values),
            };
            text.wheres.push(one);
            if self.engine == Kind::Sqlite {
                // It would rather read whole rows in order of time.
                text.from = format!("{table} INDEXED BY {}", column.index());
            }
        }
        self.span(by, &mut text);
        if let Some(Condition { column, values }) = several {
            // It would rather read the whole table, for it takes many values to mean many rows.
            let list = text.list(column.cast(), values);
            let most = text.bind(MANY.store());
            let wheres = std::mem::take(&mut text.wheres).join(" AND ");
            text.from = format!(
                "(VALUES {list}) AS w(value) CROSS JOIN LATERAL (SELECT {by}.* FROM {table} \
                 WHERE {wheres} ORDER BY {by}.at DESC, {by}.event_id DESC LIMIT {most}) AS {by}"
            );
            text.wheres.push("TRUE".to_owned());
        }
        (by, text)
    }

    /// The time that is asked for.
    fn span(&self, by: &str, text: &mut Text) {
        for (at, sign) in [(self.since, ">="), (self.until, "<")] {
            if let Some(at) = at {
                let mark = text.bind(at.store());
                text.wheres.push(format!("{by}.at {sign} {mark}"));
            }
        }
        if let Some(Cursor { key, .. }) = self.after {
            let marks: Vec<String> = key.iter().map(|value| text.bind(value.clone())).collect();
            text.wheres.push(format!("({by}.at, {by}.event_id) < ({})", marks.join(", ")));
        }
    }

    /// The moments and ids of a page's events, the newest first.
    fn keys(&self, lead: Lead<'_>, most: u32) -> (String, Vec<Value>) {
        let (by, mut text) = self.begin(lead);
        let mut of_event = Vec::new();
        for one in self.conditions.iter().filter(|one| one.is_named()) {
            if lead.is_some_and(|lead| lead.column == one.column) {
                continue;
            }
            if one.column == Column::Actor {
                // A value that is looked up for each event: no join, which could be turned round.
                let actor = format!("(SELECT p.actor FROM event_personal p WHERE {})", Log::JOINED);
                let one = text.is_one_of(&actor, &one.values);
                text.wheres.push(one);
            } else {
                // An expression keeps an index from being taken that would lead another way.
                let column = format!("COALESCE(e.{0}, e.{0})", one.column.name());
                of_event.push(text.is_one_of(&column, &one.values));
            }
        }
        if by == "e" {
            text.wheres.append(&mut of_event);
        } else if !of_event.is_empty() {
            let of_event = of_event.join(" AND ");
            let found = format!("SELECT 1 FROM event e WHERE {} AND {of_event}", Log::JOINED);
            text.wheres.push(format!("({found}) = 1"));
        }
        let limit = text.bind(most.store());
        let sql = format!(
            "SELECT {by}.at AS at, {by}.event_id AS event_id FROM {} WHERE {} \
             ORDER BY {by}.at DESC, {by}.event_id DESC LIMIT {limit}",
            text.from,
            text.wheres.join(" AND ")
        );
        (sql, text.values)
    }

    /// Whether there is nothing to be looked at but what leads the way.
    fn is_led(&self, lead: Lead<'_>) -> bool {
        let led = lead.map(|lead| lead.column);
        self.conditions.iter().all(|one| Some(one.column) == led)
    }

    /// What is looked at here.
    fn fits(&self, one: &Logged) -> bool {
        let mut tested = self.conditions.iter().filter(|test| !test.is_named());
        tested.all(|test| test.values.contains(&test.column.of(one)))
    }
}

impl Reading<'_> {
    /// A page of an account's events, the newest first. A page may have fewer rows than asked for,
    /// or none, and still say where to go on: then it looked at very many that are not meant.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn events(
        &mut self,
        account: AccountId,
        question: &EventQuestion,
        limit: u32,
    ) -> Result<Rows<Logged>, Fault> {
        let nothing = Rows { rows: Vec::new(), next: None };
        if !self.sees(&account.store()) {
            return Ok(nothing);
        }
        let mut asked = Asked {
            engine: if self.holds() { Kind::Postgres } else { Kind::Sqlite },
            account,
            since: question.since,
            until: question.until,
            after: question.after.as_ref(),
            conditions: self.conditions(account, question)?,
        };
        if asked.conditions.iter().any(|one| one.values.is_empty()) {
            return Ok(nothing);
        }
        let most = limit.saturating_add(1);
        let (count, fewest) = self.fewest(&asked)?;
        let only = asked.conditions.first().filter(|one| one.values.len() <= ONE_BY_ONE);
        let (mut found, floor) = if count < MANY {
            (self.found(&asked, fewest, most)?, None)
        } else if asked.is_led(only) {
            // Their newest are found at once, however many there are behind them.
            (self.newest_of_each(&asked, only, most)?, None)
        } else {
            let single = asked.conditions.iter().find(|one| one.values.len() == 1).cloned();
            let floor = self.floor(&asked, single.as_ref())?;
            asked.since = floor.or(asked.since);
            (self.found(&asked, single.as_ref(), most)?, floor)
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found
            .last()
            .filter(|_| more)
            .map(|one| row![one.event.at, one.event.id])
            // All from the floor on was looked at, so what is older comes next.
            .or_else(|| floor.map(|at| row![at, EventId::from_bytes([0; 16])]))
            .map(|key| Cursor { sorted: None, key });
        Ok(Rows { rows: found, next })
    }

    fn conditions(
        &mut self,
        account: AccountId,
        question: &EventQuestion,
    ) -> Result<Vec<Condition>, Fault> {
        let actors = match question.actor.as_deref() {
            None | Some("") => None,
            Some(text) => Some(self.actors_like(account, text)?),
        };
        let one = |value: Value| BTreeSet::from([value]);
        let places = question.within.as_ref();
        let all = [
            (Column::Action, question.action.as_ref().map(|it| one(it.store()))),
            (Column::Subject, question.subject.as_ref().map(|it| one(it.store()))),
            (Column::Actor, actors),
            (Column::Place, places.map(|these| these.iter().map(Stored::store).collect())),
            (Column::Sphere, question.sphere.map(|it| one(it.store()))),
        ];
        let condition =
            |(column, values): (_, Option<_>)| Some(Condition { column, values: values? });
        Ok(all.into_iter().filter_map(condition).collect())
    }

    /// Those who acted whose name holds a text, whatever the case.
    fn actors_like(&mut self, account: AccountId, text: &str) -> Result<BTreeSet<Value>, Fault> {
        let text = text.to_lowercase();
        let rows =
            self.query("SELECT actor FROM event_actor WHERE account_id = $1", &row![account])?;
        let like = |value: &Value| match value {
            Value::Text(actor) => actor.to_lowercase().contains(&text),
            _ => false,
        };
        Ok(rows.into_iter().flatten().filter(like).collect())
    }

    /// The condition that fewest events meet, and how many these are: at most [`MANY`], and then it
    /// is none.
    fn fewest<'c>(&mut self, asked: &'c Asked<'_>) -> Result<(i64, Lead<'c>), Fault> {
        let mut fewest = (MANY, None);
        // Those of one value first: where they leave few, counting those of many costs more.
        let mut named: Vec<_> = asked.conditions.iter().filter(|one| one.is_named()).collect();
        named.sort_by_key(|one| one.values.len());
        for one in named {
            if fewest.0 < ENOUGH {
                break;
            }
            let count = self.met_by(asked, one)?;
            let most = if one.values.len() == 1 || asked.is_led(Some(one)) { MANY } else { FEW };
            if count < fewest.0.min(most) {
                fewest = (count, Some(one));
            }
        }
        Ok(fewest)
    }

    /// How many events meet a condition in the time that is asked for: at most [`MANY`].
    fn met_by(&mut self, asked: &Asked<'_>, condition: &Condition) -> Result<i64, Fault> {
        let (by, mut text) = asked.begin(Some(condition));
        let limit = text.bind(MANY.store());
        // The order of the index makes PostgreSQL use it whatever it takes the value to be.
        let order = match condition.values.len() {
            1 => format!("ORDER BY {by}.at DESC, {by}.event_id DESC "),
            _ => String::new(),
        };
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {} WHERE {} {order}LIMIT {limit}) AS found",
            text.from,
            text.wheres.join(" AND ")
        );
        self.number(&sql, &text.values)
    }

    /// How far back one page looks; `None` if it can look to the end.
    fn floor(&mut self, asked: &Asked<'_>, lead: Lead<'_>) -> Result<Option<Timestamp>, Fault> {
        let (by, mut text) = asked.begin(lead);
        let skipped = text.bind(MANY.store());
        let sql = format!(
            "SELECT {by}.at FROM {} WHERE {} \
             ORDER BY {by}.at DESC, {by}.event_id DESC LIMIT 1 OFFSET {skipped}",
            text.from,
            text.wheres.join(" AND ")
        );
        let rows = self.query(&sql, &text.values)?;
        Ok(rows.into_iter().flatten().next().and_then(Timestamp::load))
    }

    /// The newest events that meet a condition of a few values, and no other.
    fn newest_of_each(
        &mut self,
        asked: &Asked<'_>,
        lead: Lead<'_>,
        most: u32,
    ) -> Result<Vec<Logged>, Fault> {
        let Some(Condition { column, values }) = lead else {
            return self.page(asked, None, most);
        };
        let mut found: BTreeMap<(Timestamp, EventId), Logged> = BTreeMap::new();
        for value in values {
            let one = Condition { column: *column, values: BTreeSet::from([value.clone()]) };
            let some = self.page(asked, Some(&one), most)?;
            found.extend(some.into_iter().map(|one| ((one.event.at, one.event.id), one)));
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(found.into_values().rev().take(most).collect())
    }

    /// The newest events that meet all conditions.
    fn found(
        &mut self,
        asked: &Asked<'_>,
        lead: Lead<'_>,
        most: u32,
    ) -> Result<Vec<Logged>, Fault> {
        if asked.conditions.iter().all(Condition::is_named) {
            return self.page(asked, lead, most);
        }
        let wanted = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut found, mut after) = (Vec::new(), asked.after.cloned());
        loop {
            let conditions = asked.conditions.clone();
            let next = Asked { after: after.as_ref(), conditions, ..*asked };
            let some = self.page(&next, lead, LOOKED_AT)?;
            let full = u32::try_from(some.len()) == Ok(LOOKED_AT);
            let last = some.last().map(|one| row![one.event.at, one.event.id]);
            found.extend(some.into_iter().filter(|one| asked.fits(one)));
            if !full || found.len() >= wanted {
                found.truncate(wanted);
                return Ok(found);
            }
            after = last.map(|key| Cursor { sorted: None, key });
        }
    }

    /// The newest events that meet all conditions that are named.
    fn page(&mut self, asked: &Asked<'_>, lead: Lead<'_>, most: u32) -> Result<Vec<Logged>, Fault> {
        let (keys, values) = asked.keys(lead, most);
        // Only what is shown is read whole. SQLite keeps the order of a cross join.
        let sql = format!(
            "SELECT {} FROM ({keys}) AS k CROSS JOIN event e LEFT JOIN event_personal p ON {} \
             WHERE e.account_id = $1 AND e.at = k.at AND e.event_id = k.event_id \
             ORDER BY k.at DESC, k.event_id DESC",
            Log::columns(),
            Log::JOINED
        );
        self.logged(&sql, &values)
    }
}
