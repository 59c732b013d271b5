//! The event log: its pages, what waits for a place, and the tree over it.
//!
//! A page of a million events must come at once, whatever is asked for. So a question is driven
//! by the one of its conditions that fewest events meet, along an index that has them in order
//! of time; the others are only looked at. Where even that one is met by very many, a page looks
//! only so far back, and says where to go on.

use std::collections::{BTreeMap, BTreeSet};

use ledger::command::Unplaced;
use ledger::log::{EventTree, KeptCheckpoint, Logged, Personal, Sphere};
use wire::id::{AccountId, EventId, VirtualAccountId};
use wire::time::Timestamp;

use crate::fault::Fault;
use crate::listing::{Cursor, Rows};
use crate::read::Reading;
use crate::record::{Log, Record};
use crate::value::{Stored, Value, row};

/// Beyond so many events a condition counts as met by many, and so many are looked at for a page.
const MANY: i64 = 10_000;
/// Up to so many events it costs less to look at each than to ask every virtual account for its own.
const FEW: i64 = 2_000;
/// Beyond so many people who are meant, events are looked through in order of time.
const ONE_BY_ONE: usize = 32;
/// How many events are looked through at once for those of many people.
const LOOKED_THROUGH: u32 = 500;
/// How many people are looked through for a text.
const ACTORS: u32 = 10_000;

/// A question for events of one account, the newest first.
#[derive(Clone, Debug, Default)]
pub struct EventQuestion {
    /// From then on.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
    /// Of one action only.
    pub action: Option<String>,
    /// To one subject only.
    pub subject: Option<String>,
    /// By those whose name holds this text, whatever the case.
    pub actor: Option<String>,
    /// Of these virtual accounts only.
    pub within: Option<BTreeSet<VirtualAccountId>>,
    /// About this only.
    pub sphere: Option<Sphere>,
    /// Where to go on.
    pub after: Option<Cursor>,
}

/// A tree that is ahead of what was forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The account.
    pub account: AccountId,
    /// The first place that was not forwarded.
    pub place: u64,
}

/// Which condition leads the way.
enum Driver {
    Time,
    Action,
    Subject,
    Actor(String),
    Place,
    Sphere,
}

impl Driver {
    /// The column of the condition and what it must be; `None` for those of no column of the event.
    fn condition(&self, question: &EventQuestion) -> Option<(&'static str, Value)> {
        let text = |value: &Option<String>| value.clone().map(Value::Text);
        Some(match self {
            Self::Action => ("action", text(&question.action)?),
            Self::Subject => ("subject", text(&question.subject)?),
            Self::Place => ("virtual_account_id", question.within.iter().flatten().next()?.store()),
            Self::Sphere => ("sphere", question.sphere?.store()),
            Self::Time | Self::Actor(_) => return None,
        })
    }
}

/// A statement that grows.
struct Text {
    wheres: Vec<String>,
    values: Vec<Value>,
}

impl Text {
    fn bind(&mut self, value: impl Stored) -> String {
        self.values.push(value.store());
        format!("${}", self.values.len())
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
        if !self.sees(&account.store()) {
            return Ok(Rows { rows: Vec::new(), next: None });
        }
        let most = limit.saturating_add(1);
        let actors = match &question.actor {
            Some(text) => Some(self.actors_like(account, text)?),
            None => None,
        };
        let actors = actors.as_deref();
        let floor = self.floor(account, question, actors)?;
        let bounded = EventQuestion { since: floor.or(question.since), ..question.clone() };
        let mut found = match &question.within {
            Some(places) => self.events_within(account, (&bounded, actors), places, most)?,
            None => self.events_asked(account, (&bounded, actors), most)?,
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

    /// How far back one page looks, where a question has conditions that each very many events
    /// meet, and perhaps none meets all of them; `None` if it can look to the end.
    fn floor(
        &mut self,
        account: AccountId,
        question: &EventQuestion,
        actors: Option<&[String]>,
    ) -> Result<Option<Timestamp>, Fault> {
        if let Some(actors) = actors.filter(|actors| actors.len() <= ONE_BY_ONE) {
            let mut events = 0;
            for actor in actors {
                events += self.met_by(account, "event_personal", "actor", &actor.store())?;
            }
            if events < MANY {
                return Ok(None);
            }
        }
        let several = [
            question.action.is_some(),
            question.subject.is_some(),
            question.within.is_some(),
            question.sphere.is_some(),
        ];
        let conditions = several.iter().filter(|one| **one).count();
        if conditions + usize::from(question.actor.is_some()) * 2 < 2 {
            return Ok(None);
        }
        let places = question.within.as_ref().map_or(0, BTreeSet::len);
        let led = if places > 1 {
            EventQuestion { within: None, ..question.clone() }
        } else {
            question.clone()
        };
        let (count, driver) = self.driver_counted(account, &led, None)?;
        if count < MANY {
            return Ok(None);
        }
        let mut text = Text { wheres: Vec::new(), values: Vec::new() };
        let mark = text.bind(account);
        text.wheres.push(format!("e.account_id = {mark}"));
        if let Some((column, value)) = driver.condition(&led) {
            text.values.push(value);
            text.wheres.push(format!("e.{column} = ${}", text.values.len()));
        }
        span(&mut text, question, "e");
        let skipped = text.bind(MANY);
        let sql = format!(
            "SELECT e.at FROM event e{} WHERE {} \
             ORDER BY e.at DESC, e.event_id DESC LIMIT 1 OFFSET {skipped}",
            self.index_hint(&driver),
            text.wheres.join(" AND ")
        );
        let rows = self.query(&sql, &text.values)?;
        Ok(rows.into_iter().flatten().next().and_then(Timestamp::load))
    }

    fn events_asked(
        &mut self,
        account: AccountId,
        (question, actors): (&EventQuestion, Option<&[String]>),
        most: u32,
    ) -> Result<Vec<Logged>, Fault> {
        match actors {
            None => {
                let driver = self.driver(account, question, None)?;
                self.events_by(account, question, &driver, most)
            }
            Some(actors) => self.events_of_actors(account, question, actors, most),
        }
    }

    /// Those who acted whose name holds a text, whatever the case.
    fn actors_like(&mut self, account: AccountId, text: &str) -> Result<Vec<String>, Fault> {
        let text = text.to_lowercase();
        let mut actors = self.distinct(account, "event_personal", "actor")?;
        actors.retain(|actor| actor.to_lowercase().contains(&text));
        Ok(actors)
    }

    /// The events of some virtual accounts: of each its newest, and of all these the newest. Where
    /// few events of the account are meant at all, those are looked through instead.
    fn events_within(
        &mut self,
        account: AccountId,
        (question, actors): (&EventQuestion, Option<&[String]>),
        places: &BTreeSet<VirtualAccountId>,
        most: u32,
    ) -> Result<Vec<Logged>, Fault> {
        if places.len() == 1 {
            return self.events_asked(account, (question, actors), most);
        }
        let anywhere = EventQuestion { within: None, ..question.clone() };
        let (count, driver) = self.driver_counted(account, &anywhere, None)?;
        if question.actor.is_none() && count < FEW {
            let within =
                |one: &Logged| one.event.virtual_account.is_some_and(|it| places.contains(&it));
            return self.looked_through(account, anywhere, &driver, most, within);
        }
        let actors: BTreeSet<&str> = actors.into_iter().flatten().map(String::as_str).collect();
        let by = |one: &Logged| actors.contains(one.event.actor.as_str());
        let mut found: BTreeMap<(Timestamp, EventId), Logged> = BTreeMap::new();
        let wanted = usize::try_from(most).unwrap_or(usize::MAX);
        for place in places {
            let within = Some(BTreeSet::from([*place]));
            let one = EventQuestion { within, ..question.clone() };
            let some = if question.actor.is_none() {
                self.events_by(account, &one, &Driver::Place, most)?
            } else {
                self.looked_through(account, one, &Driver::Place, most, by)?
            };
            found.extend(some.into_iter().map(|one| ((one.event.at, one.event.id), one)));
            while found.len() > wanted {
                found.pop_first();
            }
        }
        Ok(found.into_values().rev().collect())
    }

    fn events_of_actors(
        &mut self,
        account: AccountId,
        question: &EventQuestion,
        actors: &[String],
        most: u32,
    ) -> Result<Vec<Logged>, Fault> {
        if actors.len() > ONE_BY_ONE {
            // Where many are meant, some of their events are near.
            let actors: BTreeSet<&str> = actors.iter().map(String::as_str).collect();
            let driver = self.driver(account, question, None)?;
            let by = |one: &Logged| actors.contains(one.event.actor.as_str());
            return self.looked_through(account, question.clone(), &driver, most, by);
        }
        let mut found: BTreeMap<(Timestamp, EventId), Logged> = BTreeMap::new();
        for actor in actors {
            let driver = self.driver(account, question, Some(actor))?;
            // Where another condition leads the way, whose events they are is looked at here.
            let some = match &driver {
                Driver::Actor(_) => self.events_by(account, question, &driver, most)?,
                other => {
                    let by = |one: &Logged| one.event.actor == *actor;
                    self.looked_through(account, question.clone(), other, most, by)?
                }
            };
            found.extend(some.into_iter().map(|one| ((one.event.at, one.event.id), one)));
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(found.into_values().rev().take(most).collect())
    }

    /// The events that are to be kept of those that a driver leads to, in order of time.
    fn looked_through(
        &mut self,
        account: AccountId,
        mut question: EventQuestion,
        driver: &Driver,
        most: u32,
        keep: impl Fn(&Logged) -> bool,
    ) -> Result<Vec<Logged>, Fault> {
        let wanted = usize::try_from(most).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        loop {
            let some = self.events_by(account, &question, driver, LOOKED_THROUGH)?;
            let full = u32::try_from(some.len()) == Ok(LOOKED_THROUGH);
            let last = some.last().map(|one| row![one.event.at, one.event.id]);
            found.extend(some.into_iter().filter(&keep));
            if !full || found.len() >= wanted {
                found.truncate(wanted);
                return Ok(found);
            }
            question.after = last.map(|key| Cursor { sorted: None, key });
        }
    }

    /// The condition that fewest events meet.
    fn driver(
        &mut self,
        account: AccountId,
        question: &EventQuestion,
        actor: Option<&str>,
    ) -> Result<Driver, Fault> {
        Ok(self.driver_counted(account, question, actor)?.1)
    }

    /// The condition that fewest events meet, and how many these are: at most [`MANY`].
    fn driver_counted(
        &mut self,
        account: AccountId,
        question: &EventQuestion,
        actor: Option<&str>,
    ) -> Result<(i64, Driver), Fault> {
        let mut best: Option<(i64, Driver)> = None;
        let text = |value: &str| Value::Text(value.to_owned());
        let place = question.within.iter().flatten().next();
        let candidates = [
            question.action.as_deref().map(|it| ("event", "action", text(it), Driver::Action)),
            question.subject.as_deref().map(|it| ("event", "subject", text(it), Driver::Subject)),
            place.map(|it| ("event", "virtual_account_id", it.store(), Driver::Place)),
            question.sphere.map(|it| ("event", "sphere", it.store(), Driver::Sphere)),
            actor.map(|it| ("event_personal", "actor", text(it), Driver::Actor(it.to_owned()))),
        ];
        for (table, column, value, driver) in candidates.into_iter().flatten() {
            let count = self.met_by(account, table, column, &value)?;
            if best.as_ref().is_none_or(|(least, _)| count < *least) {
                best = Some((count, driver));
            }
        }
        Ok(best.unwrap_or((MANY, Driver::Time)))
    }

    /// How many rows have a value in an indexed column: at most [`MANY`].
    fn met_by(
        &mut self,
        account: AccountId,
        table: &str,
        column: &str,
        value: &Value,
    ) -> Result<i64, Fault> {
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 AS one FROM {table} \
             WHERE account_id = $1 AND {column} = $2 LIMIT $3) AS found"
        );
        self.number(&sql, &[account.store(), value.clone(), MANY.store()])
    }

    fn events_by(
        &mut self,
        account: AccountId,
        question: &EventQuestion,
        driver: &Driver,
        most: u32,
    ) -> Result<Vec<Logged>, Fault> {
        let mut text = Text { wheres: Vec::new(), values: Vec::new() };
        let by_actor = matches!(driver, Driver::Actor(_));
        // The joined tables are equal in these; naming the leading one lets its index serve.
        let lead = if by_actor { "p" } else { "e" };
        let mark = text.bind(account);
        text.wheres.push(format!("{lead}.account_id = {mark}"));
        conditions(&mut text, question, driver);
        if let Driver::Actor(actor) = driver {
            let mark = text.bind(actor.clone());
            text.wheres.push(format!("p.actor = {mark}"));
        }
        span(&mut text, question, lead);
        let limit = text.bind(most);
        let joined = if by_actor {
            format!("event_personal p JOIN event e ON {}", Log::JOINED)
        } else {
            let index = self.index_hint(driver);
            format!("event e{index} LEFT JOIN event_personal p ON {}", Log::JOINED)
        };
        let sql = format!(
            "SELECT {} FROM {joined} WHERE {} ORDER BY {lead}.at DESC, {lead}.event_id DESC LIMIT {limit}",
            Log::columns(),
            text.wheres.join(" AND ")
        );
        self.logged(&sql, &text.values)
    }

    /// SQLite would rather read whole rows in order of time than use the index of a condition.
    fn index_hint(&self, driver: &Driver) -> &'static str {
        match driver {
            _ if self.holds() => "",
            Driver::Action => " INDEXED BY event_by_action",
            Driver::Subject => " INDEXED BY event_by_subject",
            Driver::Place => " INDEXED BY event_by_virtual_account",
            Driver::Sphere => " INDEXED BY event_by_sphere",
            Driver::Time | Driver::Actor(_) => "",
        }
    }

    fn logged(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Logged>, Fault> {
        let rows = self.query(sql, values)?;
        rows.into_iter().enumerate().map(|(n, row)| Log::read(n, row)).collect()
    }

    /// The actions that an account's log knows, in order.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn event_actions(&mut self, account: AccountId) -> Result<Vec<String>, Fault> {
        self.distinct(account, "event", "action")
    }

    /// The values of an indexed column, found by jumping from one to the next.
    fn distinct(
        &mut self,
        account: AccountId,
        table: &str,
        column: &str,
    ) -> Result<Vec<String>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "WITH RECURSIVE found(value) AS (\
               SELECT MIN({column}) FROM {table} WHERE account_id = $1 UNION ALL \
               SELECT (SELECT MIN(t.{column}) FROM {table} t \
                       WHERE t.account_id = $1 AND t.{column} > found.value) \
               FROM found WHERE found.value IS NOT NULL) \
             SELECT value FROM found WHERE value IS NOT NULL LIMIT $2"
        );
        let rows = self.query(&sql, &row![account, ACTORS])?;
        Ok(rows.into_iter().flatten().filter_map(String::load).collect())
    }

    /// Events that have no place yet, of any account, each account's in order of time; with them
    /// how many events the tree of each account holds.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn unplaced(
        &mut self,
        most: u32,
    ) -> Result<BTreeMap<AccountId, (u64, Vec<Unplaced>)>, Fault> {
        let sql = format!(
            "SELECT {} FROM event e LEFT JOIN event_personal p ON {} \
             WHERE e.place IS NULL ORDER BY e.account_id, e.at, e.event_id LIMIT $1",
            Log::columns(),
            Log::JOINED
        );
        let mut found: BTreeMap<AccountId, (u64, Vec<Unplaced>)> = BTreeMap::new();
        for Logged { event, personal, .. } in self.logged(&sql, &row![most])? {
            let account = event.account;
            let salt = match personal {
                Personal::Kept(salt) => Some(salt),
                Personal::Erased(_) | Personal::Missing => None,
            };
            found.entry(account).or_default().1.push(Unplaced { event, salt });
        }
        for (account, (size, _)) in &mut found {
            *size = self.event_tree(*account)?.map_or(0, |tree| tree.edge.size());
        }
        Ok(found)
    }

    /// Events by their places, from one on.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn events_from(
        &mut self,
        account: AccountId,
        place: u64,
        most: u32,
    ) -> Result<Vec<Logged>, Fault> {
        if !self.sees(&account.store()) {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {} FROM event e LEFT JOIN event_personal p ON {} \
             WHERE e.account_id = $1 AND e.place >= $2 ORDER BY e.place, e.at, e.event_id LIMIT $3",
            Log::columns(),
            Log::JOINED
        );
        self.logged(&sql, &row![account, place, most])
    }

    /// The tree of an account's events; `None` if it has none yet.
    ///
    /// # Errors
    /// A fault of the store; [`Fault::Corrupt`] if its edge is damaged.
    pub fn event_tree(&mut self, account: AccountId) -> Result<Option<EventTree>, Fault> {
        Ok(self.rows::<EventTree>(&row![account])?.into_iter().next())
    }

    /// The checkpoints that were kept of an account's log, in order of their sizes.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn checkpoints(&mut self, account: AccountId) -> Result<Vec<KeptCheckpoint>, Fault> {
        self.rows(&row![account])
    }

    /// The trees that went on since they were signed last, if that was before a moment.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn unsigned(&mut self, before: Timestamp, most: u32) -> Result<Vec<EventTree>, Fault> {
        let sql = format!(
            "SELECT {} FROM event_tree t WHERE NOT EXISTS (SELECT 1 FROM event_checkpoint c \
             WHERE c.account_id = t.account_id AND (c.size >= t.size OR c.made_at > $1)) LIMIT $2",
            EventTree::TABLE.names("t.")
        );
        let rows = self.query(&sql, &row![before, most])?;
        rows.into_iter().enumerate().map(|(n, row)| EventTree::from_values(n, row)).collect()
    }

    /// The trees that are ahead of what was forwarded, in any account.
    ///
    /// # Errors
    /// A fault of the store.
    pub fn unforwarded(&mut self, most: u32) -> Result<Vec<Behind>, Fault> {
        let sql = "SELECT t.account_id, COALESCE(f.place, 0) FROM event_tree t \
                   LEFT JOIN event_forward f ON f.account_id = t.account_id \
                   WHERE t.size > COALESCE(f.place, 0) ORDER BY t.account_id LIMIT $1";
        let rows = self.query(sql, &row![most])?;
        let behind = |row: Vec<Value>| {
            let mut row = row.into_iter();
            let account = AccountId::load(row.next()?)?;
            Some(Behind { account, place: u64::load(row.next()?)? })
        };
        Ok(rows.into_iter().filter_map(behind).collect())
    }
}

/// What a question asks of the events themselves.
fn conditions(text: &mut Text, question: &EventQuestion, driver: &Driver) {
    let open = |leads: bool, column: &str| {
        // An expression keeps an index from being taken that would lead another way.
        if leads { format!("e.{column}") } else { format!("(e.{column} || '')") }
    };
    if let Some(action) = &question.action {
        let mark = text.bind(action.clone());
        let column = open(matches!(driver, Driver::Action), "action");
        text.wheres.push(format!("{column} = {mark}"));
    }
    if let Some(subject) = &question.subject {
        let mark = text.bind(subject.clone());
        let column = open(matches!(driver, Driver::Subject), "subject");
        text.wheres.push(format!("{column} = {mark}"));
    }
    if let Some(place) = question.within.iter().flatten().next() {
        let mark = text.bind(*place);
        let plain = matches!(driver, Driver::Place);
        let column = if plain {
            "e.virtual_account_id"
        } else {
            "COALESCE(e.virtual_account_id, e.virtual_account_id)"
        };
        text.wheres.push(format!("{column} = {mark}"));
    }
    if let Some(sphere) = question.sphere {
        let mark = text.bind(sphere);
        let column = if matches!(driver, Driver::Sphere) { "e.sphere" } else { "(e.sphere + 0)" };
        text.wheres.push(format!("{column} = {mark}"));
    }
}

fn span(text: &mut Text, question: &EventQuestion, lead: &str) {
    for (at, sign) in [(question.since, ">="), (question.until, "<")] {
        if let Some(at) = at {
            let mark = text.bind(at);
            text.wheres.push(format!("{lead}.at {sign} {mark}"));
        }
    }
    if let Some(Cursor { key, .. }) = &question.after {
        let marks: Vec<String> = key
            .iter()
            .map(|value| {
                text.values.push(value.clone());
                format!("${}", text.values.len())
            })
            .collect();
        text.wheres.push(format!("({lead}.at, {lead}.event_id) < ({})", marks.join(", ")));
    }
}
