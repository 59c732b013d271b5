//! Reading the rows that commands rest on, and holding them in one order.

use std::collections::BTreeMap;

use super::{Call, Postgres, arrays, columns_of};
use crate::engine::Found;
use crate::fault::Fault;
use crate::rows::Target;
use crate::table::{Hold, Table, Write};
use crate::value::Value;

/// How long, in milliseconds, a row is waited for that is out of the order of holding: two nodes
/// may be waiting for each other.
const BRIEF: &str = "SET LOCAL lock_timeout = 50";
/// How long, in milliseconds, a row is waited for otherwise.
const PATIENT: &str = "SET LOCAL lock_timeout = 30000";

/// The rows to read from one table by one statement, in order of their keys.
struct Group<'a> {
    rank: u8,
    table: &'static Table,
    keys: usize,
    hold: Hold,
    rows: Vec<&'a [Value]>,
}

/// In the order in which they are to be read: what is held first, each rank behind the one before.
fn groups<'a>(targets: &'a [Target]) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<(u8, &str, usize, Hold), Group<'a>> = BTreeMap::new();
    for target in targets {
        let (rank, keys) = (target.rank(), target.keys.len());
        let named = (rank, target.table.name, keys, target.hold);
        let empty = Group { rank, table: target.table, keys, hold: target.hold, rows: Vec::new() };
        groups.entry(named).or_insert(empty).rows.push(&target.keys);
    }
    let mut groups: Vec<Group<'a>> = groups.into_values().collect();
    for group in &mut groups {
        group.rows.sort_unstable();
        group.rows.dedup();
    }
    groups
}

type Answer = Vec<Vec<Value>>;

impl Postgres {
    pub(in crate::engine) fn read(&mut self, targets: &[Target]) -> Result<Vec<Found>, Fault> {
        let groups = groups(targets);
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let first = groups.iter().find(|group| group.hold != Hold::No);
        let first = first.map(|group| (group.rank, group.rows[0]));
        let calls = groups.iter().map(|group| self.select(group)).collect::<Result<_, _>>()?;
        let mut answers = self.fly_holding(first, calls)?;
        for (group, answer) in groups.iter().zip(&answers) {
            if let (true, Some(last)) = (group.hold != Hold::No, answer.last()) {
                self.hold_up_to(group.rank, &last[..group.keys]);
            }
        }
        self.open_absent(&groups, &mut answers)?;
        for (group, answer) in groups.iter().zip(&mut answers) {
            if group.hold != Hold::No && !self.opened.is_empty() {
                // A row that was put only to be held is as good as absent.
                answer.retain(|row| !self.is_opened(group.table, row));
            }
        }
        let tables = groups.iter().map(|group| group.table);
        Ok(tables.zip(answers).collect())
    }

    fn select<'a>(&mut self, group: &Group<'a>) -> Result<Call<'a>, Fault> {
        let statement = self.prepare(&group.table.select_many(group.keys, group.hold))?;
        let columns: Vec<usize> = (0..group.keys).collect();
        Ok(Call::Query(statement, arrays(group.table, &columns, &group.rows)))
    }

    fn is_opened(&self, table: &Table, row: &[Value]) -> bool {
        self.opened.contains(&(table.name, row[..table.key].to_vec()))
    }

    fn hold_up_to(&mut self, rank: u8, keys: &[Value]) {
        let held = Some((rank, keys.to_vec()));
        if held > self.last_held {
            self.last_held = held;
        }
    }

    /// Sends calls that hold rows, the first of which is `first`. If that comes before a row
    /// held already, it is not waited for.
    fn fly_holding(
        &mut self,
        first: Option<(u8, &[Value])>,
        mut calls: Vec<Call<'_>>,
    ) -> Result<Vec<Answer>, Fault> {
        let last = self.last_held.as_ref().map(|(rank, keys)| (*rank, keys.as_slice()));
        let orderly = first.is_none() || first >= last;
        if !orderly {
            calls.insert(0, Call::Script(BRIEF.to_owned()));
            calls.push(Call::Script(PATIENT.to_owned()));
        }
        let mut answers = self.fly(calls)?;
        if !orderly {
            answers.pop();
            answers.remove(0);
        }
        Ok(answers.iter().map(|rows| rows.iter().map(columns_of).collect()).collect())
    }

    /// Puts blank rows where there are none and their absence is to be held. Another node may
    /// have put them first: then they are read as it left them, and with them everything that
    /// comes behind them in the order of holding or is not held, for it may have changed or come
    /// with them: an alarm comes with its pool.
    fn open_absent(&mut self, groups: &[Group<'_>], answers: &mut [Answer]) -> Result<(), Fault> {
        let absent: Vec<Answer> =
            groups.iter().zip(answers.iter()).map(|(group, found)| absent(group, found)).collect();
        let opening: Vec<usize> = (0..groups.len()).filter(|n| !absent[*n].is_empty()).collect();
        let Some(first) = opening.first() else { return Ok(()) };
        let first_key = (groups[*first].rank, &absent[*first][0][..groups[*first].table.key]);
        let rank = groups[*first].rank;
        let behind = |group: &Group<'_>| match group.hold {
            Hold::No => true,
            Hold::Yes => group.rank > rank,
            Hold::EvenAbsent => false,
        };
        let behind: Vec<usize> = (0..groups.len()).filter(|n| behind(&groups[*n])).collect();
        let mut calls = Vec::new();
        for n in &opening {
            let table = groups[*n].table;
            let rows: Vec<&[Value]> = absent[*n].iter().map(Vec::as_slice).collect();
            let (all, keys) = (table.arguments(Write::Ensure), table.arguments(Write::Remove));
            let insert = self.prepare(&table.ensure_and_tell())?;
            calls.push(Call::Query(insert, arrays(table, &all, &rows)));
            let select = self.prepare(&table.select_many(table.key, Hold::Yes))?;
            calls.push(Call::Query(select, arrays(table, &keys, &rows)));
        }
        for n in &behind {
            calls.push(self.select(&groups[*n])?);
        }
        let mut again = self.fly_holding(Some(first_key), calls)?.into_iter();
        for n in &opening {
            let table = groups[*n].table;
            let opened = again.next().unwrap_or_default();
            self.opened.extend(opened.into_iter().map(|keys| (table.name, keys)));
            let there = again.next().unwrap_or_default();
            if let Some(last) = there.last() {
                self.hold_up_to(groups[*n].rank, &last[..table.key]);
            }
            answers[*n].extend(there);
        }
        for n in behind {
            answers[n] = again.next().unwrap_or_default();
            if let (Hold::Yes, Some(last)) = (groups[n].hold, answers[n].last()) {
                self.hold_up_to(groups[n].rank, &last[..groups[n].keys]);
            }
        }
        Ok(())
    }
}

/// The blank rows of a group whose absence is to be held.
fn absent(group: &Group<'_>, found: &Answer) -> Answer {
    if group.hold != Hold::EvenAbsent {
        return Vec::new();
    }
    let there: std::collections::BTreeSet<&[Value]> =
        found.iter().map(|row| &row[..group.keys]).collect();
    let absent = group.rows.iter().filter(|keys| !there.contains(*keys));
    absent.map(|keys| group.table.blank(keys)).collect()
}
