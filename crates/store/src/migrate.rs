//! Migrations: forward only, embedded, under the same names for both engines.

use wire::time::Timestamp;

use crate::engine::Engine;
use crate::fault::Fault;
use crate::value::{Value, row};

/// A step of the schema: its number, its name, and its text for each engine.
struct Migration {
    number: u32,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_first_book"),
    migration!(2, "0002_event_log"),
    migration!(3, "0003_people"),
    migration!(4, "0004_event_places"),
    migration!(5, "0005_stale_days_and_ends"),
    migration!(6, "0006_moves"),
    migration!(7, "0007_country_of_use"),
    migration!(8, "0008_names_in_the_log"),
    migration!(9, "0009_lists"),
    migration!(10, "0010_removals"),
    migration!(11, "0011_preferences"),
    migration!(12, "0012_token_descriptions"),
];

/// How often it is tried when another node starts at the same time.
const TRIES: u32 = 5;

const LOG: &str = "CREATE TABLE IF NOT EXISTS migration (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";
const LOG_SQLITE: &str = "CREATE TABLE IF NOT EXISTS migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";

/// Brings the schema up to date.
///
/// # Errors
/// [`Fault::Newer`] if a newer program has migrated it; the database is left as it was.
pub(crate) fn migrate(engine: &mut Engine, now: Timestamp) -> Result<(), Fault> {
    let mut tries = 0;
    loop {
        let migrated = migrate_once(engine, now);
        if migrated.is_err() {
            engine.rollback();
        }
        tries += 1;
        match migrated {
            Ok(()) | Err(Fault::Newer { .. }) => return migrated,
            // Two nodes may start at once and make the same things.
            Err(_) if matches!(engine, Engine::Postgres(_)) && tries < TRIES => {}
            other => return other,
        }
    }
}

fn migrate_once(engine: &mut Engine, now: Timestamp) -> Result<(), Fault> {
    let postgres = matches!(engine, Engine::Postgres(_));
    engine.begin()?;
    engine.script(if postgres { LOG } else { LOG_SQLITE })?;
    engine.commit()?;
    let known = MIGRATIONS.last().map_or(0, |last| last.number);
    engine.begin()?;
    if postgres {
        // One node waits for the other.
        engine.script("LOCK TABLE migration IN EXCLUSIVE MODE")?;
    }
    apply(engine, known, now)?;
    engine.commit()
}

fn apply(engine: &mut Engine, known: u32, now: Timestamp) -> Result<(), Fault> {
    let rows = engine.query("SELECT COALESCE(MAX(number), 0) FROM migration", &[])?;
    let found = match rows.first().and_then(|row| row.first()) {
        Some(Value::Int(found)) => u32::try_from(*found).unwrap_or(u32::MAX),
        _ => 0,
    };
    if found > known {
        return Err(Fault::Newer { found, known });
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.number > found) {
        let text = if matches!(engine, Engine::Postgres(_)) {
            migration.postgres
        } else {
            migration.sqlite
        };
        engine.script(text)?;
        let sql = "INSERT INTO migration (number, name, applied_at) VALUES ($1, $2, $3)";
        engine.query(sql, &row![migration.number, migration.name.to_owned(), now])?;
    }
    Ok(())
}
