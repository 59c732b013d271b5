//! The bulk of the event log, and what else is written behind the use cases.
//!
//! A million changes by the writer would take many minutes. So the log that the use cases left is
//! taken as the pattern: each further event is one of those, by somebody of the company, at a
//! later moment, with its own id, salt, hashes and place. Rows, tree and kept subtrees are those
//! that the sequencer would have written, and the check of the book afterwards proves it.
//!
//! That most people have accepted is one column: their links are in letters that nobody reads.

use anyhow::Context as _;
use ledger::account::Account;
use ledger::log::{EventTree, KEPT_LEVELS, Place as LogPlace, Salt, Sphere, place};
use ledger::posting::Event;
use ledger::tree::Subtree;
use server::app::App;
use server::config::Config;
use store::Sight;
use wire::id::{EventId, VirtualAccountId};
use wire::time::{Span, Timestamp};

use super::company::Begun;
use super::crowd::{self, is_invited};
use super::{Scale, book_file, small};

/// How many events are written at once.
const ROUND: u32 = 10_000;
/// How many events of the log are taken as patterns, at most.
const PATTERNS: usize = 8_000;
/// How many events are read at once.
const READ: u32 = 2_000;
/// Every so many events is of the first virtual account, which so has many.
const OF_FIRST: u32 = 5;
/// Every so many events is by one and the same person.
const BY_ONE: u32 = 3;
/// A day's changes rest while the months pass.
const REST: Span = Span::from_days(30);

/// What the log goes on from.
pub(super) struct Pattern {
    tree: EventTree,
    anywhere: Vec<Event>,
    of_first: Vec<Event>,
}

/// An event with what is kept beside it.
struct Line {
    event: Event,
    salt: Salt,
    place: LogPlace,
}

impl Pattern {
    pub(super) async fn read(app: &App, account: &Account, first: &str) -> anyhow::Result<Self> {
        let id = account.id;
        let tree = app.book.read(Sight::House, move |r| r.event_tree(id)).await?;
        let tree = tree.context("the account has events")?;
        let first: VirtualAccountId = first.parse()?;
        let every = small(tree.edge.size())?.div_ceil(PATTERNS);
        let (mut anywhere, mut of_first) = (Vec::new(), Vec::new());
        let mut from = 0;
        while from < tree.edge.size() {
            let read = app.book.read(Sight::House, move |r| r.events_from(id, from, READ)).await?;
            from += u64::from(READ);
            for (n, one) in read.into_iter().enumerate() {
                if one.event.virtual_account == Some(first) {
                    of_first.push(one.event.clone());
                }
                // The making of the account happens once.
                if n % every == 0 && one.event.action != "account.created" {
                    anywhere.push(one.event);
                }
            }
        }
        Ok(Self { tree, anywhere, of_first })
    }

    /// When the bulk begins.
    fn begin(&self) -> Timestamp {
        self.tree.appended_at.plus(REST)
    }

    /// When the nth part of the bulk had happened that ends at a moment.
    pub(super) fn moment(&self, until: Timestamp, part: i64) -> Timestamp {
        let begin = self.begin().millis();
        Timestamp::from_millis(begin + (until.millis() - begin) / part)
    }

    /// The nth further event.
    fn event(&self, n: u32, scale: Scale, at: Timestamp) -> Event {
        let some = if n.is_multiple_of(OF_FIRST) { &self.of_first } else { &self.anywhere };
        let like = &some[(n / OF_FIRST) as usize % some.len()];
        // The last of the people did one thing only.
        let actor = if n == scale.events / 2 {
            crowd::address(scale.people - 1)
        } else if n.is_multiple_of(BY_ONE) {
            crowd::address(0)
        } else {
            crowd::address(n % (scale.people - 1))
        };
        Event {
            id: EventId::derive(&[b"bench", &n.to_be_bytes()]),
            at,
            actor,
            role: "administrator".to_owned(),
            address: format!("192.0.2.{}", n % 250),
            ..like.clone()
        }
    }
}

fn salt(n: u32) -> Salt {
    *EventId::derive(&[b"salt", &n.to_be_bytes()]).as_bytes()
}

/// Writes the bulk of the log, and that most people have accepted.
pub(super) async fn write_behind(
    config: &Config,
    begun: &Begun,
    scale: Scale,
    until: Timestamp,
) -> anyhow::Result<()> {
    let pattern = &begun.pattern;
    let mut book = Behind::open(config).await?;
    let begin = pattern.begin();
    let step = (until.millis() - begin.millis()) / i64::from(scale.events);
    let mut tree = pattern.tree.clone();
    let mut n = 0;
    while n < scale.events {
        let (mut lines, mut kept) = (Vec::new(), Vec::new());
        for n in n..scale.events.min(n + ROUND) {
            let at = Timestamp::from_millis(begin.millis() + i64::from(n) * step);
            let (event, salt) = (pattern.event(n, scale, at), salt(n));
            let place = place(&event, Some(&salt), tree.edge.size());
            let whole = tree.edge.append(place.leaf).into_iter();
            kept.extend(whole.filter(|it| it.level > 0 && it.level.is_multiple_of(KEPT_LEVELS)));
            tree.appended_at = at;
            lines.push(Line { event, salt, place });
        }
        n += ROUND;
        book.write(&lines, &kept, &tree).await?;
    }
    let accepted = (0..scale.people).filter(|n| !is_invited(*n)).map(crowd::address).collect();
    book.accept(accepted).await?;
    book.finish().await
}

/// The database behind the book.
enum Behind {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

const EVENT: &str = "event (account_id, at, event_id, role, action, subject, detail, place, personal_hash, leaf_hash, virtual_account_id, sphere)";
const PERSONAL: &str =
    "event_personal (account_id, at, event_id, salt, actor, private, address, erased_at)";
const SUBTREE: &str = "event_subtree (account_id, level, position, hash)";
const TREE: &str =
    "UPDATE event_tree SET size = $2, edge = $3, appended_at = $4 WHERE account_id = $1";
const ACCEPTED: &str = "UPDATE person SET state = 1 WHERE email_folded = $1";

const ACTORS: &str = "INSERT INTO event_actor (account_id, actor) \
    SELECT DISTINCT account_id, actor FROM event_personal WHERE TRUE ON CONFLICT DO NOTHING";

/// A number as databases hold it.
fn int(number: impl TryInto<i64>) -> i64 {
    number.try_into().ok().unwrap_or(i64::MAX)
}

fn sphere(event: &Event) -> i64 {
    match Sphere::of(&event.action) {
        Sphere::Administration => 0,
        Sphere::Licenses => 1,
    }
}

async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The version of the engine, as it says itself.
pub(super) async fn version(config: &Config) -> anyhow::Result<String> {
    let Some(url) = &config.database.url else {
        return Ok(format!("SQLite {}, WAL, synchronous=FULL", rusqlite::version()));
    };
    let client = connect(url).await?;
    let one = async |name: &str| -> anyhow::Result<String> {
        Ok(client.query_one(&format!("SHOW {name}"), &[]).await?.get(0))
    };
    let (version, fsync) = (one("server_version").await?, one("fsync").await?);
    let commit = one("synchronous_commit").await?;
    let buffers = one("shared_buffers").await?;
    Ok(format!(
        "PostgreSQL {version}, fsync {fsync}, synchronous_commit {commit}, shared_buffers {buffers}"
    ))
}

impl Behind {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        if let Some(url) = &config.database.url {
            return Ok(Self::Postgres(connect(url).await?));
        }
        let file = rusqlite::Connection::open(book_file(config))?;
        // Whoever loses the power here begins the bench again.
        file.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;")?;
        Ok(Self::Sqlite(file))
    }

    async fn write(
        &mut self,
        lines: &[Line],
        kept: &[Subtree],
        tree: &EventTree,
    ) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(file) => write_sqlite(file, lines, kept, tree),
            Self::Postgres(client) => write_postgres(client, lines, kept, tree).await,
        }
    }

    async fn accept(&mut self, people: Vec<String>) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(file) => {
                let all = file.transaction()?;
                for one in people {
                    all.execute(ACCEPTED, [one])?;
                }
                Ok(all.commit()?)
            }
            Self::Postgres(client) => {
                let sql = "UPDATE person SET state = 1 WHERE email_folded = ANY($1)";
                client.execute(sql, &[&people]).await?;
                Ok(())
            }
        }
    }

    /// The names of all who acted; and PostgreSQL gathers the statistics that its own job would have gathered by then.
    async fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(file) => {
                file.execute_batch(ACTORS)?;
                file.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
                file.close().map_err(|(_, error)| error)?;
            }
            Self::Postgres(client) => {
                client.batch_execute(ACTORS).await?;
                client.batch_execute("VACUUM ANALYZE").await?;
            }
        }
        Ok(())
    }
}

fn write_sqlite(
    file: &mut rusqlite::Connection,
    lines: &[Line],
    kept: &[Subtree],
    tree: &EventTree,
) -> anyhow::Result<()> {
    let account = tree.account.as_bytes();
    let all = file.transaction()?;
    {
        let sql = format!("INSERT INTO {EVENT} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        let mut events = all.prepare(&sql)?;
        let sql = format!("INSERT INTO {PERSONAL} VALUES (?, ?, ?, ?, ?, ?, ?, NULL)");
        let mut personal = all.prepare(&sql)?;
        for Line { event, salt, place } in lines {
            let (at, id) = (event.at.millis(), event.id.as_bytes());
            events.execute(rusqlite::params![
                account,
                at,
                id,
                event.role,
                event.action,
                event.subject,
                event.detail,
                int(place.number),
                place.personal,
                place.leaf,
                event.virtual_account.as_ref().map(VirtualAccountId::as_bytes),
                sphere(event),
            ])?;
            personal.execute(rusqlite::params![
                account,
                at,
                id,
                salt,
                event.actor,
                event.private,
                event.address,
            ])?;
        }
        for Subtree { level, position, hash } in kept {
            let sql = format!("INSERT INTO {SUBTREE} VALUES (?, ?, ?, ?)");
            all.execute(&sql, rusqlite::params![account, level, int(*position), hash])?;
        }
        let (edge, at) = (tree.edge.peaks().concat(), tree.appended_at.millis());
        let sql = TREE.replace('$', "?");
        all.execute(&sql, rusqlite::params![account, int(tree.edge.size()), edge, at])?;
    }
    Ok(all.commit()?)
}

async fn write_postgres(
    client: &mut tokio_postgres::Client,
    lines: &[Line],
    kept: &[Subtree],
    tree: &EventTree,
) -> anyhow::Result<()> {
    let account = tree.account.as_bytes().as_slice();
    let bytes = |of: fn(&Line) -> &[u8]| lines.iter().map(of).collect::<Vec<_>>();
    let texts = |of: fn(&Line) -> &str| lines.iter().map(of).collect::<Vec<_>>();
    let ints = |of: fn(&Line) -> i64| lines.iter().map(of).collect::<Vec<_>>();
    let (at, id) = (ints(|it| it.event.at.millis()), bytes(|it| it.event.id.as_bytes()));
    let within: Vec<Option<&[u8]>> = lines
        .iter()
        .map(|it| it.event.virtual_account.as_ref().map(|id| id.as_bytes().as_slice()))
        .collect();
    let all = client.transaction().await?;
    let sql = format!(
        "INSERT INTO {EVENT} SELECT $1, * FROM unnest($2::int8[], $3::bytea[], $4::text[], $5::text[], \
         $6::text[], $7::text[], $8::int8[], $9::bytea[], $10::bytea[], $11::bytea[], $12::int8[])"
    );
    let (role, action) = (texts(|it| &it.event.role), texts(|it| &it.event.action));
    let (subject, detail) = (texts(|it| &it.event.subject), texts(|it| &it.event.detail));
    let place = ints(|it| int(it.place.number));
    let (hash, leaf) = (bytes(|it| &it.place.personal), bytes(|it| &it.place.leaf));
    let sphere = ints(|it| sphere(&it.event));
    all.execute(
        &sql,
        &[
            &account, &at, &id, &role, &action, &subject, &detail, &place, &hash, &leaf, &within,
            &sphere,
        ],
    )
    .await?;
    let sql = format!(
        "INSERT INTO {PERSONAL} SELECT $1, *, NULL FROM unnest($2::int8[], $3::bytea[], $4::bytea[], \
         $5::text[], $6::text[], $7::text[])"
    );
    let (salt, actor) = (bytes(|it| &it.salt), texts(|it| &it.event.actor));
    let (private, from) = (texts(|it| &it.event.private), texts(|it| &it.event.address));
    all.execute(&sql, &[&account, &at, &id, &salt, &actor, &private, &from]).await?;
    for Subtree { level, position, hash } in kept {
        let sql = format!("INSERT INTO {SUBTREE} VALUES ($1, $2, $3, $4)");
        all.execute(&sql, &[&account, &i64::from(*level), &int(*position), &hash.as_slice()])
            .await?;
    }
    let (edge, at) = (tree.edge.peaks().concat(), tree.appended_at.millis());
    all.execute(TREE, &[&account, &int(tree.edge.size()), &edge, &at]).await?;
    Ok(all.commit().await?)
}
