//! The server under load, as a process of its own, with its accounts, pools and bound devices.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context as _, bail};
use axum::extract::State;
use axum::response::IntoResponse;
use ledger::account::Account;
use ledger::command::{Bind, Command as Change, Pushed};
use ledger::license::{Concern, Enforcement, Kind, License};
use ledger::role::{Action, Actor, Scope, permit};
use ledger::token::ExportControlled;
use server::app::accounts::NewAccount;
use server::app::catalogue::NewEntitlement;
use server::app::found::{Founding, found};
use server::app::tokens::NewToken;
use server::app::{App, Ask, Settings};
use server::keys::KeyFolder;
use server::world::World;
use store::{Book, Options, Order, Place, Runner};
use wire::id::{InstanceId, LicenseId};
use wire::key::Realm;
use wire::message::Policy;
use wire::quantity::Count;
use wire::time::Timestamp;
use wire::token::IdToken;

use super::fleet::{self, ACCOUNTS, LICENSES};

/// The server process as the bench sees it.
pub(super) struct House {
    child: Child,
    stdin: ChildStdin,
    pub(super) address: SocketAddr,
    pub(super) realm: Realm,
}

/// How the server process is started.
#[derive(Clone, Debug)]
pub struct HouseOptions {
    /// `sqlite:FOLDER` or `postgres:URL`.
    pub place: String,
    /// The folder for its keys.
    pub keys: PathBuf,
    /// Product instances behind many pools, and as many behind one.
    pub instances: u32,
}

impl House {
    pub(super) fn start(options: &HouseOptions) -> anyhow::Result<Self> {
        let own = std::env::current_exe().context("this program has no path")?;
        let mut child = Command::new(own)
            .args(["house", "--place", &options.place])
            .args(["--instances", &options.instances.to_string()])
            .arg("--keys")
            .arg(&options.keys)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let (Some(address), Some(realm)) = (words.next(), words.next()) else {
            bail!("the server did not start");
        };
        Ok(Self { child, stdin, address: address.parse()?, realm: realm.parse()? })
    }

    /// The process that a profiler looks at.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// CPU seconds that the server has used so far, in user and system mode.
    pub(super) fn cpu_seconds(&self) -> f64 {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after = stat.rsplit(')').next().unwrap_or_default();
        let ticks: u64 = after
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|word| word.parse::<u64>().ok())
            .sum();
        ticks as f64 / 100.0
    }

    /// Ends the server by closing its standard input.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        drop(self.stdin);
        let status = self.child.wait()?;
        if !status.success() {
            bail!("{status}");
        }
        Ok(())
    }
}

#[derive(Clone)]
struct Bench {
    app: App,
    like: Pushed,
}

/// Runs the server process: prepares its book, prints its address and realm, serves until standard input ends.
///
/// # Errors
/// If the book cannot be opened or prepared.
pub fn run_house(options: &HouseOptions) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = open(options).await?;
        let like = prepare(&app, options.instances).await?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let bench = axum::Router::new()
            .route("/bench/v1/verify-and-sign", axum::routing::post(verify_and_sign))
            .with_state(Bench { app: app.clone(), like });
        let routes = server::api::routes().with_state(app.clone()).merge(bench);
        println!("{address} {}", app.keys.realm);
        std::io::stdout().flush()?;
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, routes)
            .with_graceful_shutdown(async move { drop(ended.await) })
            .await?;
        Ok(())
    })
}

async fn verify_and_sign(
    State(bench): State<Bench>,
    body: axum::body::Bytes,
) -> axum::response::Response {
    match bench.app.verify_and_sign(&body, &bench.like).await {
        Ok(file) => file.to_xml().into_response(),
        Err(error) => server::problem::Problem::of(&error).into_response(),
    }
}

async fn open(options: &HouseOptions) -> anyhow::Result<App> {
    let world = World::system();
    let keys = KeyFolder::open(&options.keys)?;
    let place = match options.place.split_once(':') {
        Some(("sqlite", folder)) => Place::Sqlite(PathBuf::from(folder)),
        Some(("postgres", url)) => Place::Postgres(url.to_owned()),
        _ => bail!("a place is sqlite:FOLDER or postgres:URL"),
    };
    let options = Options {
        place,
        channels: Vec::new(),
        runner: Runner::Threads,
        now: world.now(),
        salt: [3; 32],
    };
    let book = tokio::task::spawn_blocking(move || Book::open(&options)).await??;
    let settings = Settings::at("http://localhost");
    let founding = Founding { node: "bench".to_owned(), settings };
    Ok(found(book, world, &keys, &founding).await?.app)
}

fn ask(app: &App, action: Action) -> anyhow::Result<Ask> {
    let permit = permit(&Actor::Host, action, Scope::House)?;
    Ok(Ask::new(permit, app.fresh_request(), b"bench"))
}

/// Makes accounts, licenses, pools and bound devices; returns an answer for the route that writes nothing.
async fn prepare(app: &App, instances: u32) -> anyhow::Result<Pushed> {
    for n in 0..LICENSES {
        let license = License {
            id: LicenseId::derive(&[b"bench"]),
            tag: fleet::license(n),
            name: format!("Network Advantage {n}"),
            description: String::new(),
            enforcement: Enforcement::NotEnforced,
            kind: Kind::Perpetual,
            concern: Concern::Counted,
            changed_at: app.world.now(),
        };
        app.define_license(&ask(app, Action::DefineLicense)?, license).await?;
    }
    let mut first = None;
    for n in 0..ACCOUNTS {
        let account = make_account(app, &format!("many-{n}"), LICENSES, instances).await?;
        let own = (0..instances).filter(|i| i % ACCOUNTS == n).collect();
        bind_all(app, &account, "many", own).await?;
        first.get_or_insert(account);
    }
    let hot = make_account(app, "hot", 1, instances).await?;
    bind_all(app, &hot, "hot", (0..instances).collect()).await?;
    let account = first.context("there is an account")?;
    let permit = permit(&Actor::Host, Action::Read, Scope::House)?;
    let places = app.virtual_accounts(&permit, account.id, None, None, 1).await?;
    let virtual_account = places.rows.into_iter().next().context("there is a virtual account")?;
    Ok(Pushed {
        instance: InstanceId::derive(&[b"bench"]),
        account,
        virtual_account,
        highest_epoch: 0,
        receptions: Vec::new(),
        standings: Vec::new(),
    })
}

async fn make_account(
    app: &App,
    name: &str,
    licenses: u32,
    quantity: u32,
) -> anyhow::Result<Account> {
    let new = NewAccount {
        name: name.to_owned(),
        domain: format!("{name}.example"),
        policy: Policy::default(),
    };
    let account = app.create_account(&ask(app, Action::CreateAccount)?, new).await?;
    let permit = permit(&Actor::Host, Action::Read, Scope::House)?;
    let places = app.virtual_accounts(&permit, account.id, None, None, 1).await?;
    let place = places.rows.first().context("there is a virtual account")?.id;
    for n in 0..licenses {
        let new = NewEntitlement {
            virtual_account: place,
            tag: fleet::license(n),
            quantity: Count::new(u64::from(quantity * 4))?,
            term: ledger::entitlement::Term {
                start: Timestamp::from_seconds(1_700_000_000),
                end: None,
            },
            kind: Kind::Perpetual,
            source: "bench".to_owned(),
        };
        app.grant(&ask(app, Action::GrantEntitlement)?, account.id, new).await?;
    }
    Ok(account)
}

/// Binds devices by an ID token, as a trust request would, many at a time.
async fn bind_all(
    app: &App,
    account: &Account,
    group: &'static str,
    devices: Vec<u32>,
) -> anyhow::Result<()> {
    let permit = permit(&Actor::Host, Action::Read, Scope::House)?;
    let places = app.virtual_accounts(&permit, account.id, None, None, 1).await?;
    let new = NewToken {
        virtual_account: places.rows.first().context("there is a virtual account")?.id,
        description: "bench".to_owned(),
        expires_after_days: 30,
        max_uses: None,
        export_controlled: ExportControlled::NotAllowed,
    };
    let token = app.create_token(&ask(app, Action::ManageTokens)?, account.id, new).await?;
    let token: IdToken = token.text.context("a new token shows its text")?.parse()?;
    for some in devices.chunks(512) {
        let mut tasks = Vec::new();
        for n in some {
            let order = bind_order(app, account, &token, group, *n);
            let book = app.book.clone();
            tasks.push(tokio::spawn(async move { book.write(order).await }));
        }
        for task in tasks {
            task.await?.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        }
    }
    Ok(())
}

pub(super) fn bind_order(
    app: &App,
    account: &Account,
    token: &IdToken,
    group: &str,
    n: u32,
) -> Order {
    let key = fleet::device_key(group, n);
    let bind = Bind {
        account: account.id,
        token: token.id,
        secret_hash: token.secret_hash(),
        udi: fleet::device_udi(group, n),
        members: Vec::new(),
        key: key.id(),
        public: key.verifying().to_bytes(),
        software: fleet::software(),
        software_version: String::new(),
        name: String::new(),
        fresh_id: InstanceId::derive(&[account.id.as_bytes(), group.as_bytes(), &n.to_be_bytes()]),
        carried: None,
    };
    Order { command: Change::Bind(Box::new(bind)), now: app.world.now(), digest: None }
}
