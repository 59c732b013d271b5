//! Kills: the real server process under load, ended by `kill -9` again and again.
//!
//! Devices push until they hold an acknowledgement and send the same bytes until then. At the
//! end every acknowledged report must be in the book once and only once, pools must show the
//! last levels, and the book must equal its lines.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use agent::client::Client;
use agent::device::Outgoing;
use agent::seat::Carrier as _;
use anyhow::{Context as _, Result, bail};
use ledger::command::{Bind, Command};
use ledger::entitlement::Term;
use ledger::license::Kind;
use ledger::role::{Action, Actor, Scope, permit};
use ledger::token::ExportControlled;
use server::app::accounts::NewAccount;
use server::app::catalogue::NewEntitlement;
use server::app::tokens::NewToken;
use server::app::{App, Ask};
use server::config::Config;
use server::world::World;
use store::fsck::Findings;
use store::{Book, Options, Order, Place, Runner, Sight};
use wire::file::{AckFile, UsageFile};
use wire::id::{AccountId, InstanceId};
use wire::key::{Realm, SigningKey, VerifyingKey};
use wire::message::{Ack, Policy};
use wire::quantity::Count;
use wire::report::{Measurement, Report};
use wire::seal::{Carried, Position, SealedReport};
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Timestamp;
use wire::token::IdToken;
use wire::udi::Udi;

/// How many devices push at once, each on a thread of its own.
const DEVICES: u32 = 24;
/// How many licenses they use.
const LICENSES: u32 = 3;
/// The epoch of every device.
const EPOCH: u64 = 1_790_000_000;
/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);

/// What to do.
#[derive(Clone, Debug)]
pub struct Kills {
    /// The `scrip` binary.
    pub scrip: PathBuf,
    /// How often to kill.
    pub cycles: u32,
    /// A PostgreSQL database of its own; SQLite in a temporary folder without it.
    pub postgres: Option<String>,
}

/// A device's report that was acknowledged: its number and hash.
type Acknowledged = BTreeMap<u64, [u8; 32]>;

struct Device {
    key: SigningKey,
    udi: Udi,
    tag: EntitlementTag,
    number: u64,
    previous: [u8; 32],
    acknowledged: Acknowledged,
    level: u64,
}

struct Shared {
    ended: AtomicBool,
    sends: AtomicU64,
    acknowledged: AtomicU64,
}

/// Kills and checks; prints the figures.
///
/// # Errors
/// If an acknowledged report was lost or counted twice, or the book does not equal its lines.
pub fn run(kills: &Kills) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("scrip-kills-{}", std::process::id()));
    let done = run_in(kills, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    done
}

fn run_in(kills: &Kills, folder: &Path) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (account, realm, online) = runtime.block_on(prepare(kills, folder))?;
    let port = free_port()?;
    let shared = Arc::new(Shared {
        ended: AtomicBool::new(false),
        sends: AtomicU64::new(0),
        acknowledged: AtomicU64::new(0),
    });
    let mut server = start(kills, folder, port)?;
    let mut threads = Vec::new();
    for n in 0..DEVICES {
        let shared = Arc::clone(&shared);
        threads.push(std::thread::spawn(move || push_all(device(n), port, realm, online, &shared)));
    }
    let dice = World::system();
    for _ in 0..kills.cycles {
        let [chance] = dice.random::<1>();
        std::thread::sleep(Duration::from_millis(30 + 2 * u64::from(chance)));
        server.kill().context("the server cannot be killed")?;
        server.wait()?;
        server = start(kills, folder, port)?;
    }
    std::thread::sleep(Duration::from_millis(500));
    shared.ended.store(true, Ordering::SeqCst);
    let mut devices = Vec::new();
    for thread in threads {
        devices.push(thread.join().map_err(|_| anyhow::anyhow!("a device panicked"))??);
    }
    server.kill()?;
    server.wait()?;
    let figures = check(kills, folder, account, &devices)?;
    println!(
        "{}: {} kills, {} reports acknowledged, {} sends, {} in the book, 0 lost, 0 counted twice",
        if kills.postgres.is_some() { "postgres" } else { "sqlite" },
        kills.cycles,
        shared.acknowledged.load(Ordering::SeqCst),
        shared.sends.load(Ordering::SeqCst),
        figures,
    );
    Ok(())
}

fn config(kills: &Kills, folder: &Path) -> Config {
    let mut config = Config::in_folder(folder);
    config.database.url.clone_from(&kills.postgres);
    config
}

fn tag(n: u32) -> EntitlementTag {
    EntitlementTag::new(&format!("regid.2024-03.com.example.kill_{n},1.0_0")).expect("it is a tag")
}

fn device(n: u32) -> Device {
    let mut seed = [11; 32];
    seed[..4].copy_from_slice(&n.to_be_bytes());
    Device {
        key: SigningKey::from_seed(seed),
        udi: Udi::pid_serial("KILL-1", format!("SN{n:05}")),
        tag: tag(n % LICENSES),
        number: 0,
        previous: [0; 32],
        acknowledged: Acknowledged::new(),
        level: 0,
    }
}

/// Makes the account and binds the devices, before any server runs.
async fn prepare(kills: &Kills, folder: &Path) -> Result<(AccountId, Realm, VerifyingKey)> {
    let config = config(kills, folder);
    let app = server::serve::open(&config, World::system()).await?.app;
    let ask = |action| -> Result<Ask> {
        Ok(Ask::new(permit(&Actor::Host, action, Scope::House)?, app.fresh_request(), b"kills"))
    };
    let new = NewAccount {
        name: "Kills".to_owned(),
        domain: "kills.example".to_owned(),
        policy: Policy::default(),
    };
    let account = app.create_account(&ask(Action::CreateAccount)?, new).await?.id;
    let reads = permit(&Actor::Host, Action::Read, Scope::House)?;
    let places = app.virtual_accounts(&reads, account, None, None, 1).await?.rows;
    let place = places.first().context("there is a virtual account")?.id;
    for n in 0..LICENSES {
        let new = NewEntitlement {
            virtual_account: place,
            tag: tag(n),
            quantity: Count::new(20)?,
            term: Term { start: Timestamp::from_seconds(1_700_000_000), end: None },
            kind: Kind::Perpetual,
            source: "kills".to_owned(),
        };
        app.grant(&ask(Action::GrantEntitlement)?, account, new).await?;
    }
    let new = NewToken {
        virtual_account: place,
        description: "kills".to_owned(),
        expires_after_days: 30,
        max_uses: None,
        export_controlled: ExportControlled::NotAllowed,
    };
    let token = app.create_token(&ask(Action::ManageTokens)?, account, new).await?;
    let token: IdToken = token.text.context("a new token shows its text")?.parse()?;
    for n in 0..DEVICES {
        bind(&app, account, &token, &device(n)).await?;
    }
    Ok((account, app.keys.realm, app.keys.online.verifying()))
}

async fn bind(app: &App, account: AccountId, token: &IdToken, device: &Device) -> Result<()> {
    let bind = Bind {
        account,
        token: token.id,
        secret_hash: token.secret_hash(),
        udi: device.udi.clone(),
        members: Vec::new(),
        key: device.key.id(),
        public: device.key.verifying().to_bytes(),
        software: software(),
        software_version: String::new(),
        name: String::new(),
        fresh_id: instance_id(account, device),
        carried: None,
    };
    let order =
        Order { command: Command::Bind(Box::new(bind)), now: app.world.now(), digest: None };
    app.book.write(order).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(())
}

fn instance_id(account: AccountId, device: &Device) -> InstanceId {
    InstanceId::derive(&[account.as_bytes(), device.key.id().as_bytes()])
}

fn software() -> SoftwareTag {
    SoftwareTag::new("regid.2024-03.com.example.KILL,1.0_0").expect("it is a tag")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Starts the server process and waits until it listens.
fn start(kills: &Kills, folder: &Path, port: u16) -> Result<Child> {
    let mut command = Process::new(&kills.scrip);
    command.arg("serve").arg("--data").arg(folder).arg("--listen").arg(format!("127.0.0.1:{port}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(url) = &kills.postgres {
        command.env("SCRIP_DATABASE_URL", url);
    }
    let mut child = command.spawn().context("the server cannot be started")?;
    let rounds = START.as_millis() / 10;
    for _ in 0..rounds {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(child);
        }
        if let Some(status) = child.try_wait()? {
            bail!("the server ended at its start: {status}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    bail!("the server did not listen within {} s", START.as_secs())
}

/// Pushes one report after the other until the end; each until it is acknowledged.
fn push_all(
    mut device: Device,
    port: u16,
    realm: Realm,
    online: VerifyingKey,
    shared: &Shared,
) -> Result<Device> {
    let mut client = Client::new(&format!("http://127.0.0.1:{port}"), None)?;
    while !shared.ended.load(Ordering::SeqCst) {
        let sealed = device.next(realm)?;
        let hash = sealed.hash();
        let file = UsageFile { system: None, reports: vec![Carried::Sealed(sealed)] };
        let body = file.to_xml().into_bytes();
        loop {
            shared.sends.fetch_add(1, Ordering::Relaxed);
            match client.carry(Outgoing::Usage { body: body.clone() }) {
                Ok(reply) if reply.status == 200 => {
                    let ack = AckFile::parse(&reply.body)?.ack.context("an acknowledgement")?;
                    let ack: Ack = ack.open(&online)?.into_inner();
                    anyhow::ensure!(
                        ack.reports.iter().any(|one| one.hash == hash),
                        "the wrong report is acknowledged"
                    );
                    break;
                }
                Ok(reply) if reply.status == 503 => {}
                Ok(reply) => bail!("{}: {}", reply.status, String::from_utf8_lossy(&reply.body)),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        device.acknowledged.insert(device.number, hash);
        shared.acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    Ok(device)
}

impl Device {
    fn next(&mut self, realm: Realm) -> Result<SealedReport> {
        self.number += 1;
        self.level = 1 + (self.number * 7) % 5;
        let position = Position { epoch: EPOCH, number: self.number };
        let at = Timestamp::from_seconds(i64::try_from(EPOCH + self.number)?);
        let measurement = Measurement {
            log_time: at,
            start_time: at,
            end_time: at,
            sample_interval: 0,
            num_samples: 1,
            value: Count::new(self.level)?,
            added: Vec::new(),
            removed: Vec::new(),
            termination_reason: None,
            close_reason: None,
            clock_change_delta: None,
        };
        let report = Report {
            report_id: position.report_id().context("a small number")?,
            software: software(),
            udi: self.udi.clone(),
            entitlement: self.tag.clone(),
            software_version: None,
            hostname: None,
            utility_enabled: false,
            members: Vec::new(),
            measurements: vec![measurement],
            notes: Vec::new(),
            country: None,
        };
        let sealed = SealedReport::seal(&report, position, self.previous, Some(realm), &self.key)?;
        self.previous = sealed.hash();
        Ok(sealed)
    }
}

/// Compares the book with what was acknowledged; returns how many reports it holds.
fn check(kills: &Kills, folder: &Path, account: AccountId, devices: &[Device]) -> Result<usize> {
    let place = match &kills.postgres {
        Some(url) => Place::Postgres(url.clone()),
        None => Place::Sqlite(folder.to_owned()),
    };
    let now = World::system().now();
    let options =
        Options { place, channels: Vec::new(), runner: Runner::Threads, now, salt: [3; 32] };
    let book = Book::open(&options)?;
    let mut in_book = 0;
    let mut in_use: BTreeMap<EntitlementTag, i64> = BTreeMap::new();
    for device in devices {
        let id = instance_id(account, device);
        let reports =
            book.read_waiting(Sight::Account(account), |reading| reading.reports_of(account, id))?;
        in_book += reports.len();
        let mut seen = BTreeSet::new();
        for report in &reports {
            anyhow::ensure!(
                seen.insert(report.position.number),
                "report {} is in the book twice",
                report.position.number
            );
        }
        for (number, hash) in &device.acknowledged {
            let there = reports
                .iter()
                .any(|report| report.position.number == *number && report.hash == *hash);
            anyhow::ensure!(there, "acknowledged report {number} of {} is lost", device.udi);
        }
        *in_use.entry(device.tag.clone()).or_default() += i64::try_from(device.level)?;
    }
    let mut findings = Findings::default();
    book.read_waiting(Sight::Account(account), |reading| {
        reading.check_account(account, &mut findings)
    })?;
    anyhow::ensure!(
        findings.wrong.is_empty(),
        "the book does not equal its lines: {:?}",
        findings.wrong
    );
    for (tag, level) in in_use {
        let pools = book.read_waiting(Sight::House, |reading| reading.pools_of_tag(&tag, 10))?;
        let used: i64 =
            pools.iter().filter(|pool| pool.account == account).map(|pool| pool.used).sum();
        anyhow::ensure!(used == level, "{tag:?}: {used} in use, the devices last said {level}");
    }
    Ok(in_book)
}
