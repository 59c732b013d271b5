//! What is only ever appended: reports, evidence, entries, alarm changes, queued news.

use ledger::posting::{AlarmChange, Entry, News};
use ledger::report::{Flag, Level, Recorded};
use wire::id::AccountId;
use wire::seal::Position;
use wire::time::Timestamp;

use super::{Record, pack, position, unpack};
use crate::fault::Fault;
use crate::outbox::{Channel, Queued};
use crate::schema;
use crate::table::Table;
use crate::value::{Fields, Stored as _, Value, row};

type PackedLevel = (i64, i64, u32);

impl Record for Recorded {
    const TABLE: &'static Table = &schema::REPORT;

    fn values(&self) -> Vec<Value> {
        let levels: Vec<PackedLevel> = self
            .levels
            .iter()
            .map(|one| (one.start.millis(), one.end.millis(), one.value))
            .collect();
        let Position { epoch, number } = self.position;
        row![
            self.account,
            self.instance,
            self.key,
            epoch,
            number,
            self.hash,
            self.tag,
            self.reporter,
            self.proof,
            self.counting,
            self.route,
            Flag::pack(&self.flags),
            pack(&levels),
            self.first_start,
            self.last_start,
            self.heard_at
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, instance, key, position) = (f.take()?, f.take()?, f.take()?, position(f)?);
        let (hash, tag, reporter, proof) = (f.take()?, f.take()?, f.take()?, f.take()?);
        let (counting, route, flags): (_, _, i64) = (f.take()?, f.take()?, f.take()?);
        let levels: Vec<u8> = f.take()?;
        let levels: Vec<PackedLevel> = unpack(Self::TABLE, "levels", &levels)?;
        let level = |(start, end, value)| Level {
            start: Timestamp::from_millis(start),
            end: Timestamp::from_millis(end),
            value,
        };
        Ok(Self {
            account,
            instance,
            key,
            position,
            hash,
            tag,
            reporter,
            proof,
            counting,
            route,
            flags: Flag::unpack(flags),
            levels: levels.into_iter().map(level).collect(),
            first_start: f.take()?,
            last_start: f.take()?,
            heard_at: f.take()?,
        })
    }
}

/// A report's sealed bytes, packed, apart from what pages read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Evidence {
    pub(crate) account: AccountId,
    pub(crate) id: [u8; 16],
    pub(crate) sealed: Vec<u8>,
}

impl Evidence {
    /// The row of a report's evidence.
    pub(crate) fn row(report: &Recorded, sealed: &[u8]) -> Vec<Value> {
        let id = Self::id_of(report.heard_at, &report.hash);
        vec![report.account.store(), id.store(), Value::Bytes(sealed.to_vec())]
    }

    /// The id of a report's evidence: when it was heard, then the start of its hash, so
    /// that rows are written one behind the other and found without a second index.
    pub(crate) fn id_of(heard_at: Timestamp, hash: &[u8; 32]) -> [u8; 16] {
        let mut id = [0; 16];
        id[..6].copy_from_slice(&heard_at.millis().to_be_bytes()[2..]);
        id[6..].copy_from_slice(&hash[..10]);
        id
    }
}

impl Record for Evidence {
    const TABLE: &'static Table = &schema::EVIDENCE;

    fn values(&self) -> Vec<Value> {
        row![self.account, self.id, self.sealed]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self { account: f.take()?, id: f.take()?, sealed: f.take()? })
    }
}

impl Record for Entry {
    const TABLE: &'static Table = &schema::ENTRY;

    fn values(&self) -> Vec<Value> {
        row![
            self.account,
            self.pool,
            self.seq,
            self.effective_at,
            self.recorded_at,
            self.subject,
            self.bucket,
            self.quantity
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            account: f.take()?,
            pool: f.take()?,
            seq: f.take()?,
            effective_at: f.take()?,
            recorded_at: f.take()?,
            subject: f.take()?,
            bucket: f.take()?,
            quantity: f.take()?,
        })
    }
}

impl Record for AlarmChange {
    const TABLE: &'static Table = &schema::ALARM_CHANGE;

    fn values(&self) -> Vec<Value> {
        row![
            self.account,
            self.alarm,
            self.seq,
            self.happening,
            self.effective_at,
            self.recorded_at,
            self.needed,
            self.missing
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            account: f.take()?,
            alarm: f.take()?,
            seq: f.take()?,
            happening: f.take()?,
            effective_at: f.take()?,
            recorded_at: f.take()?,
            needed: f.take()?,
            missing: f.take()?,
        })
    }
}

impl Record for Queued {
    const TABLE: &'static Table = &schema::OUTBOX;

    fn values(&self) -> Vec<Value> {
        let news = &self.news;
        row![
            news.account,
            news.id,
            self.channel,
            news.happening,
            news.alarm,
            news.virtual_account,
            news.about,
            news.needed,
            news.missing,
            news.since,
            news.at,
            self.attempts,
            self.due_at,
            self.done_at,
            self.last_error
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, id): (_, _) = (f.take()?, f.take()?);
        let channel: Channel = f.take()?;
        let news = News {
            account,
            id,
            happening: f.take()?,
            alarm: f.take()?,
            virtual_account: f.take()?,
            about: f.take()?,
            needed: f.take()?,
            missing: f.take()?,
            since: f.take()?,
            at: f.take()?,
        };
        Ok(Self {
            news,
            channel,
            attempts: f.take()?,
            due_at: f.take()?,
            done_at: f.take()?,
            last_error: f.take()?,
        })
    }
}
