//! Product instances, their keys, identities, names and uses.

use ledger::country::{CountryOfUse, KnownBy};
use ledger::instance::{DeviceKey, Identity, Instance, Name, Placement, Progress, Use};
use ledger::removal::Removal;
use wire::country::Country;
use wire::id::VirtualAccountId;
use wire::key::KeyId;
use wire::seal::Position;
use wire::time::Timestamp;

use super::{Record, pack, position, unpack};
use crate::fault::Fault;
use crate::listing::{HOUR, NO_STEP};
use crate::schema;
use crate::table::Table;
use crate::value::{Fields, Value, row};

type PackedPlacement = (i64, [u8; 16]);
type PackedProgress = ([u8; 16], u64, u64, u64, [u8; 32]);

fn pack_placements(placements: &[Placement]) -> Vec<u8> {
    let all: Vec<PackedPlacement> =
        placements.iter().map(|one| (one.from.millis(), *one.virtual_account.as_bytes())).collect();
    pack(&all)
}

fn unpack_placements(bytes: &[u8]) -> Result<Vec<Placement>, Fault> {
    let all: Vec<PackedPlacement> = unpack(Instance::TABLE, "placements", bytes)?;
    let placement = |(from, place)| Placement {
        from: Timestamp::from_millis(from),
        virtual_account: VirtualAccountId::from_bytes(place),
    };
    Ok(all.into_iter().map(placement).collect())
}

fn pack_progress(progress: &[Progress]) -> Vec<u8> {
    let all: Vec<PackedProgress> = progress
        .iter()
        .map(|one| (*one.key.as_bytes(), one.newest.epoch, one.newest.number, one.heard, one.tip))
        .collect();
    pack(&all)
}

fn unpack_progress(bytes: &[u8]) -> Result<Vec<Progress>, Fault> {
    let all: Vec<PackedProgress> = unpack(Instance::TABLE, "progress", bytes)?;
    let progress = |(key, epoch, number, heard, tip)| Progress {
        key: KeyId::from_bytes(key),
        newest: Position { epoch, number },
        heard,
        tip,
    };
    Ok(all.into_iter().map(progress).collect())
}

/// How it is known, since when, at which position it was told, since when it is elsewhere.
type PackedTold = (i64, i64, u64, u64, Option<i64>);

fn pack_told(known: &CountryOfUse) -> Vec<u8> {
    let told: PackedTold = (
        known.known_by.code(),
        known.since.millis(),
        known.told_at.epoch,
        known.told_at.number,
        known.elsewhere_since.map(Timestamp::millis),
    );
    pack(&told)
}

fn country_of_use(f: &mut Fields<'_>) -> Result<Option<CountryOfUse>, Fault> {
    let (country, told): (Option<Country>, Option<Vec<u8>>) = (f.take()?, f.take()?);
    let (Some(country), Some(told)) = (country, told) else { return Ok(None) };
    let (table, column) = (Instance::TABLE, "country_told");
    let (code, since, epoch, number, elsewhere): PackedTold = unpack(table, column, &told)?;
    let corrupt = Fault::Corrupt { table: table.name, row: 0, column };
    Ok(Some(CountryOfUse {
        country,
        known_by: KnownBy::from_code(code).ok_or(corrupt)?,
        since: Timestamp::from_millis(since),
        told_at: Position { epoch, number },
        elsewhere_since: elsewhere.map(Timestamp::from_millis),
    }))
}

/// The hour in which an instance was heard, which is what is indexed of it.
fn hour_of(heard: Option<Timestamp>) -> i64 {
    heard.map_or(NO_STEP, |at| at.millis().div_euclid(HOUR))
}

/// When, by whom, until when it measured again at first, and when it was taken back.
type PackedRemoval = (i64, Option<i64>, Option<i64>);

/// Nothing for nearly all, which never were removed.
fn pack_removals(removals: &[Removal]) -> Option<Vec<u8>> {
    let millis = |at: Option<Timestamp>| at.map(Timestamp::millis);
    let packed = |one: &Removal| -> PackedRemoval {
        (one.at.millis(), millis(one.measured_again), millis(one.taken_back))
    };
    let all: Vec<PackedRemoval> = removals.iter().map(packed).collect();
    (!all.is_empty()).then(|| pack(&all))
}

fn removals(f: &mut Fields<'_>) -> Result<Vec<Removal>, Fault> {
    // The hour in which it was heard stands before.
    f.skip();
    let packed: Option<Vec<u8>> = f.take()?;
    let Some(packed) = packed else { return Ok(Vec::new()) };
    let all: Vec<PackedRemoval> = unpack(Instance::TABLE, "removals", &packed)?;
    let moment = |at: Option<i64>| at.map(Timestamp::from_millis);
    let removal = |(at, measured_again, taken_back)| Removal {
        at: Timestamp::from_millis(at),
        measured_again: moment(measured_again),
        taken_back: moment(taken_back),
    };
    Ok(all.into_iter().map(removal).collect())
}

/// The day of a moment. What turns stale is found by its day, so that of the many reports of a day
/// only the first writes to an index.
pub(crate) fn day_of(moment: Timestamp) -> i64 {
    moment.millis() / (24 * 60 * 60 * 1_000)
}

impl Record for Instance {
    const TABLE: &'static Table = &schema::INSTANCE;

    fn values(&self) -> Vec<Value> {
        row![
            self.account,
            self.id,
            pack(&self.udi),
            self.udi.identity().unwrap_or_default(),
            self.name,
            self.name.to_lowercase(),
            self.named_at.epoch,
            self.named_at.number,
            self.software,
            self.software_version,
            pack(&self.members),
            self.active,
            self.active_since,
            self.virtual_account(),
            pack_placements(&self.placements),
            self.bound_at,
            pack_progress(&self.progress),
            self.last_start,
            self.heard_at,
            self.stale_at,
            self.created_at,
            self.stale_at.map(day_of),
            self.country_of_use.map(|known| known.country),
            self.country_of_use.as_ref().map(pack_told),
            hour_of(self.heard_at),
            pack_removals(&self.removals),
            self.removed().map(|removal| removal.at)
        ]
    }

    fn indexed_as(&self, before: &Self) -> bool {
        self.name == before.name
            && self.virtual_account() == before.virtual_account()
            && self.removed() == before.removed()
            && self.stale_at.map(day_of) == before.stale_at.map(day_of)
            && hour_of(self.heard_at) == hour_of(before.heard_at)
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, id, udi): (_, _, Vec<u8>) = (f.take()?, f.take()?, f.take()?);
        f.skip();
        let name = f.take()?;
        f.skip();
        let named_at = position(f)?;
        let (software, software_version, members): (_, _, Vec<u8>) =
            (f.take()?, f.take()?, f.take()?);
        let (active, active_since) = (f.take()?, f.take()?);
        f.skip();
        let placements: Vec<u8> = f.take()?;
        let bound_at = f.take()?;
        let progress: Vec<u8> = f.take()?;
        let (last_start, heard_at, stale_at, created_at) =
            (f.take()?, f.take()?, f.take()?, f.take()?);
        f.skip();
        Ok(Self {
            account,
            id,
            udi: unpack(Self::TABLE, "udi", &udi)?,
            name,
            named_at,
            software,
            software_version,
            members: unpack(Self::TABLE, "members", &members)?,
            active,
            active_since,
            placements: unpack_placements(&placements)?,
            bound_at,
            progress: unpack_progress(&progress)?,
            last_start,
            heard_at,
            stale_at,
            created_at,
            country_of_use: country_of_use(f)?,
            removals: removals(f)?,
        })
    }
}

impl Record for DeviceKey {
    const TABLE: &'static Table = &schema::DEVICE_KEY;

    fn values(&self) -> Vec<Value> {
        row![
            self.account,
            self.id,
            self.public,
            self.instance,
            self.state,
            self.reason,
            self.bound_at
        ]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self {
            account: f.take()?,
            id: f.take()?,
            public: f.take()?,
            instance: f.take()?,
            state: f.take()?,
            reason: f.take()?,
            bound_at: f.take()?,
        })
    }
}

impl Record for Identity {
    const TABLE: &'static Table = &schema::IDENTITY;

    fn values(&self) -> Vec<Value> {
        row![self.account, self.identity, self.instance]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        Ok(Self { account: f.take()?, identity: f.take()?, instance: f.take()? })
    }
}

impl Record for Name {
    const TABLE: &'static Table = &schema::INSTANCE_NAME;

    fn values(&self) -> Vec<Value> {
        row![self.account, self.instance, self.name, self.name.to_lowercase(), self.first_heard_at]
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, instance, name) = (f.take()?, f.take()?, f.take()?);
        f.skip();
        Ok(Self { account, instance, name, first_heard_at: f.take()? })
    }
}

impl Record for Use {
    const TABLE: &'static Table = &schema::LICENSE_USE;

    fn values(&self) -> Vec<Value> {
        let ends: Vec<i64> = self.ends.iter().map(|at| at.millis()).collect();
        row![
            self.account,
            self.instance,
            self.tag,
            self.pool,
            self.level,
            self.proof,
            self.since,
            self.unconfirmed_since,
            pack(&ends)
        ]
    }

    fn indexed_as(&self, before: &Self) -> bool {
        self.pool == before.pool
    }

    fn read(f: &mut Fields<'_>) -> Result<Self, Fault> {
        let (account, instance, tag, pool) = (f.take()?, f.take()?, f.take()?, f.take()?);
        let (level, proof, since) = (f.take()?, f.take()?, f.take()?);
        let unconfirmed_since = f.take()?;
        let ends: Vec<u8> = f.take()?;
        let ends: Vec<i64> = unpack(Self::TABLE, "ends", &ends)?;
        let ends = ends.into_iter().map(Timestamp::from_millis).collect();
        Ok(Self { account, instance, tag, pool, level, proof, since, unconfirmed_since, ends })
    }
}
