//! Events, what tells of people in them, and the trees over them.

use ledger::log::{
    EventTree, KeptCheckpoint, KeptSubtree, Logged, Personal, Place, Placed, Salt, Sphere,
};
use ledger::posting::Event;
use ledger::tree::{Edge, Hash, Subtree};
use wire::id::AccountId;
use wire::time::Timestamp;

use super::Record;
use crate::fault::Fault;
use crate::schema;
use crate::table::Table;
use crate::value::{Fields, Value, row};

/// An event with its personal part, as one row of both tables.
pub(crate) struct Log;

/// The row of an event that has a place.
pub(crate) struct PlacedRow;

impl PlacedRow {
    /// The row to put in place of the one without a place.
    pub(crate) fn row(placed: &Placed) -> Vec<Value> {
        open_row(&placed.event, Some(&placed.place))
    }
}

fn open_row(event: &Event, place: Option<&Place>) -> Vec<Value> {
    row![
        event.account,
        event.at,
        event.id,
        event.role,
        event.action,
        event.subject,
        event.detail,
        place.map(|place| place.number),
        place.map(|place| place.personal),
        place.map(|place| place.leaf),
        event.virtual_account,
        Sphere::of(&event.action)
    ]
}

impl Log {
    /// What joins an event `e` with its personal part `p`.
    pub(crate) const JOINED: &'static str =
        "p.account_id = e.account_id AND p.at = e.at AND p.event_id = e.event_id";

    /// The columns of an event `e` and its personal part `p`, to be read by [`Log::read`].
    pub(crate) fn columns() -> String {
        format!("{}, p.salt, p.actor, p.private, p.address, p.erased_at", schema::EVENT.names("e."))
    }

    /// The rows of an event that has no place yet, and of its personal part.
    pub(crate) fn rows(event: &Event, salt: &Salt) -> (Vec<Value>, Vec<Value>) {
        let personal = row![
            event.account,
            event.at,
            event.id,
            *salt,
            event.actor,
            event.private,
            event.address,
            None::<Timestamp>
        ];
        (open_row(event, None), personal)
    }

    /// An event from a row of the joined columns.
    pub(crate) fn read(row: usize, values: Vec<Value>) -> Result<Logged, Fault> {
        let row = u64::try_from(row).unwrap_or(u64::MAX);
        let mut f = Fields::new(&schema::EVENT, row, values);
        let mut event = Event {
            account: f.take()?,
            virtual_account: None,
            at: f.take()?,
            id: f.take()?,
            actor: String::new(),
            role: f.take()?,
            action: f.take()?,
            subject: f.take()?,
            detail: f.take()?,
            private: String::new(),
            address: String::new(),
        };
        let number: Option<u64> = f.take()?;
        // What is no hash is damage: the check of the book names it, so it must be readable.
        let mut hash = || -> Result<Hash, Fault> {
            let bytes: Option<Vec<u8>> = f.take()?;
            Ok(bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default())
        };
        let (personal, leaf) = (hash()?, hash()?);
        let place = number.map(|number| Place { number, personal, leaf });
        event.virtual_account = f.take()?;
        let sphere = f.take()?;
        // What is behind the table's own columns is of the personal part.
        let mut f = Fields::new(&schema::EVENT_PERSONAL, row, f.rest());
        let salt: Option<Vec<u8>> = f.take()?;
        let mut text =
            || -> Result<String, Fault> { Ok(f.take::<Option<String>>()?.unwrap_or_default()) };
        (event.actor, event.private, event.address) = (text()?, text()?, text()?);
        let erased_at: Option<Timestamp> = f.take()?;
        let personal = match (salt, erased_at) {
            (_, Some(at)) => Personal::Erased(at),
            (Some(salt), None) => Personal::Kept(salt.try_into().unwrap_or_default()),
            (None, None) => Personal::Missing,
        };
        Ok(Logged { event, personal, place, sphere })
    }
}

impl Record for EventTree {
    const TABLE: &'static Table = &schema::EVENT_TREE;

    fn values(&self) -> Vec<Value> {
        row![self.account, self.edge.size(), self.edge.peaks().concat(), self.appended_at]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, size): (AccountId, u64) = (f.take()?, f.take()?);
        let bytes: Vec<u8> = f.take()?;
        let (peaks, rest) = bytes.as_chunks::<32>();
        let damaged = Fault::Corrupt { table: Self::TABLE.name, row: 0, column: "edge" };
        let edge = Edge::new(size, peaks.to_vec()).filter(|_| rest.is_empty()).ok_or(damaged)?;
        Ok(Self { account, edge, appended_at: f.take()? })
    }
}

impl Record for KeptSubtree {
    const TABLE: &'static Table = &schema::EVENT_SUBTREE;

    fn values(&self) -> Vec<Value> {
        let Subtree { level, position, hash } = self.subtree;
        row![self.account, level, position, hash]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let account = f.take()?;
        let subtree = Subtree { level: f.take()?, position: f.take()?, hash: f.take()? };
        Ok(Self { account, subtree })
    }
}

impl Record for KeptCheckpoint {
    const TABLE: &'static Table = &schema::EVENT_CHECKPOINT;

    fn values(&self) -> Vec<Value> {
        row![self.account, self.size, self.sealed, self.made_at]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self { account: f.take()?, size: f.take()?, sealed: f.take()?, made_at: f.take()? })
    }
}
