//! `scrip demo`: a whole company with its devices, on this machine, at once.
//!
//! Everything is real: the server, its store, the device core with its journal, HTTP
//! between them. Only the company is made up.

mod company;
mod fleet;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use server::app::App;
use server::config::Config;
use server::serve::{Running, StartError};
use server::world::World;

use fleet::Fleet;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  scrip demo
  scrip demo --data ./northwind --port 8080
  scrip demo --for 30s --json")]
pub(crate) struct Demo {
    /// Keep everything in this folder and go on from it next time; a temporary folder otherwise.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port on localhost; 0 takes a free one.
    #[arg(long, default_value_t = 8088, value_name = "PORT")]
    port: u16,
    /// How many devices report.
    #[arg(long, default_value_t = 220, value_parser = clap::value_parser!(u32).range(1..=5000))]
    devices: u32,
    /// How often each device reports.
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = duration)]
    every: Duration,
    /// End by itself after this time, such as `30s` or `2m`.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    lasts: Option<Duration>,
    /// Print one JSON object at the end, and nothing else on standard output.
    #[arg(long)]
    json: bool,
}

/// A time such as `500ms`, `30s` or `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits]
        .parse()
        .map_err(|_| "write a number and a unit, such as 30s or 2m".to_owned())?;
    match &text[digits..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        "h" => Ok(Duration::from_secs(number * 3600)),
        other => Err(format!("`{other}` is no unit of time: write ms, s, m or h")),
    }
}

/// What the demo shows at its end.
#[derive(Debug, Serialize)]
struct Summary {
    product_instances: i64,
    virtual_accounts: usize,
    licenses: usize,
    reports_acknowledged: u64,
    reports_waiting: u64,
    pools: i64,
    pools_short: i64,
    alarms_open: i64,
    url: String,
}

/// A folder that goes away with the demo, unless a person named it.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

pub(crate) fn run(demo: Demo) -> Result<ExitCode> {
    let folder = match &demo.data {
        Some(path) => Folder { path: path.clone(), temporary: false },
        None => {
            let name = format!("scrip-demo-{}", std::process::id());
            Folder { path: std::env::temp_dir().join(name), temporary: true }
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let summary = runtime.block_on(play(&demo, &folder.path))?;
    if demo.json {
        println!("{}", serde_json::to_string(&summary)?);
    } else {
        println!("\n{}", closing(&summary, &folder));
    }
    Ok(ExitCode::SUCCESS)
}

async fn play(demo: &Demo, folder: &Path) -> Result<Summary> {
    let interrupted = interruption()?;
    let running = start(demo, folder).await?;
    let secret = running.app.make_set_up_secret().await?;
    let company = company::open(&running.app).await.context("the company could not be made")?;
    if !demo.json {
        welcome(&running, &secret, demo);
    }
    let url = format!("http://127.0.0.1:{}", running.address.port());
    for (place, plan) in fleet::planned(demo.devices, company.places.len()).into_iter().enumerate()
    {
        for (license, planned) in plan.into_iter().enumerate().filter(|(_, planned)| *planned > 0) {
            company::buy(&running.app, &company, place, license, planned).await?;
        }
    }
    let fleet = Fleet::start(&company, folder, &url, demo.devices, demo.every)?;
    watch(demo, &running.app, &fleet, interrupted).await;
    let counts = fleet.counts();
    tokio::task::spawn_blocking(move || fleet.stop()).await?;
    let summary = summarize(&running, &company, counts).await?;
    running.shutdown().await;
    Ok(summary)
}

/// Waits for Ctrl-C from now on, so that it ends even a demo that is still being set up.
fn interruption() -> Result<tokio::task::JoinHandle<()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }))
    }
    #[cfg(not(unix))]
    Ok(tokio::spawn(async move {
        let _ = tokio::signal::ctrl_c().await;
    }))
}

async fn start(demo: &Demo, folder: &Path) -> Result<Running> {
    let mut config = Config::in_folder(folder);
    config.server.listen = std::net::SocketAddr::from(([127, 0, 0, 1], demo.port));
    match server::serve::start(config, World::system()).await {
        Ok(running) => Ok(running),
        Err(StartError::Listen { place, error }) => bail!(
            "cannot listen on {place} ({error}): choose another port with --port, 0 takes a free one \
             (serve.listen)"
        ),
        Err(error) => Err(error.into()),
    }
}

fn welcome(running: &Running, secret: &str, demo: &Demo) {
    let text = format!(
        "\nScrip's demo runs at   http://localhost:{}\nSign in with           {secret}\n\n\
         {} devices of Northwind Robotics report every {} seconds. Look at\n\
         \x20 · what needs a decision today, at the top of the overview: pools that run short and recover\n\
         \x20 · a pool's page: why its balance is what it is, and who uses it\n\
         \x20 · a product instance's page: its reports, each sealed by the device's own key\n\
         \x20 · ID tokens: make one, and connect a device of your own with `scrip-agent`\n\n\
         Ctrl-C ends it.\n",
        running.address.port(),
        demo.devices,
        demo.every.as_secs(),
    );
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Shows how it goes until the time is over or somebody ends it.
async fn watch(demo: &Demo, app: &App, fleet: &Fleet, interrupted: tokio::task::JoinHandle<()>) {
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    bar.set_style(
        ProgressStyle::with_template("{spinner} {elapsed} {msg}")
            .unwrap_or(ProgressStyle::default_spinner()),
    );
    let show = async {
        loop {
            if let Ok(totals) = app.totals().await {
                let counts = fleet.counts();
                bar.set_message(format!(
                    "{} product instances, {} reports acknowledged, {} waiting, {} pools short, {} alarms open",
                    totals.product_instances, counts.acknowledged, counts.waiting, totals.pools_short, totals.alarms_open
                ));
                bar.tick();
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let over = async {
        match demo.lasts {
            Some(lasts) => tokio::time::sleep(lasts).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = show => {}
        () = over => {}
        _ = interrupted => {}
    }
    bar.finish_and_clear();
}

async fn summarize(
    running: &Running,
    company: &company::Company,
    counts: fleet::Counts,
) -> Result<Summary> {
    let totals = running.app.totals().await?;
    Ok(Summary {
        product_instances: totals.product_instances,
        virtual_accounts: company.places.len(),
        licenses: company.licenses.len(),
        reports_acknowledged: counts.acknowledged,
        reports_waiting: counts.waiting,
        pools: running.app.count_pools(&company.reads, company.account).await?,
        pools_short: totals.pools_short,
        alarms_open: totals.alarms_open,
        url: format!("http://localhost:{}", running.address.port()),
    })
}

fn closing(summary: &Summary, folder: &Folder) -> String {
    let kept = if folder.temporary {
        "Nothing of it is kept; `scrip demo --data DIR` keeps it.".to_owned()
    } else {
        format!(
            "Everything is kept: `scrip demo --data {}` goes on from here.",
            folder.path.display()
        )
    };
    format!(
        "{} product instances had {} reports acknowledged; {} of {} pools were short, {} alarms open. {kept}",
        summary.product_instances,
        summary.reports_acknowledged,
        summary.pools_short,
        summary.pools,
        summary.alarms_open
    )
}
