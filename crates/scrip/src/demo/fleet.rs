//! The fleet: the real device core, many times, each with a journal of its own, over real HTTP.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use agent::client::Client;
use agent::device::{Habits, Profile};
use agent::journal::{Opened, open_folder};
use agent::seat::step;
use agent::world::{BUILT, clock, noise};
use anyhow::{Context as _, Result};
use wire::quantity::Count;
use wire::tag::{EntitlementTag, SoftwareTag};
use wire::time::Span;
use wire::token::IdToken;
use wire::udi::Udi;

use super::company::{Company, GOODS};

/// How many threads move the devices.
const THREADS: usize = 4;
/// How often a thread looks after its devices.
const ROUND: Duration = Duration::from_millis(200);

/// A kind of device: its product, its share of the fleet, and which licenses it uses how much.
struct Model {
    pid: &'static str,
    software: &'static str,
    name: &'static str,
    /// The place in [`super::company::PLACES`] order, `DEFAULT` last.
    place: usize,
    /// Of a hundred devices, how many.
    share: u32,
    uses: &'static [(usize, u32)],
}

const MODELS: [Model; 12] = [
    Model {
        pid: "C9300-24UX",
        software: "C9300",
        name: "rtm-access",
        place: 0,
        share: 18,
        uses: &[(0, 1), (1, 1)],
    },
    Model {
        pid: "C9300-48T",
        software: "C9300",
        name: "rtm-floor",
        place: 0,
        share: 14,
        uses: &[(2, 1), (3, 1)],
    },
    Model {
        pid: "C9500-24Y4C",
        software: "C9500",
        name: "rtm-core",
        place: 0,
        share: 3,
        uses: &[(5, 1)],
    },
    Model {
        pid: "C9800-40",
        software: "C9800",
        name: "rtm-wlc",
        place: 0,
        share: 2,
        uses: &[(8, 1), (9, 35)],
    },
    Model {
        pid: "C9200L-24T",
        software: "C9200",
        name: "lis-line",
        place: 1,
        share: 20,
        uses: &[(4, 1), (18, 4)],
    },
    Model {
        pid: "C9300-24UX",
        software: "C9300",
        name: "lis-access",
        place: 1,
        share: 8,
        uses: &[(0, 1), (1, 1), (19, 2)],
    },
    Model {
        pid: "NWR-MC200",
        software: "NWRMC",
        name: "lis-cell",
        place: 1,
        share: 9,
        uses: &[(18, 6), (19, 3)],
    },
    Model {
        pid: "N9K-C93180",
        software: "N9K",
        name: "dc-leaf",
        place: 2,
        share: 10,
        uses: &[(10, 1), (11, 1)],
    },
    Model {
        pid: "UCS-FI-6454",
        software: "UCSFI",
        name: "dc-fabric",
        place: 2,
        share: 3,
        uses: &[(12, 24)],
    },
    Model {
        pid: "FPR-1150",
        software: "FPR",
        name: "dc-fw",
        place: 2,
        share: 4,
        uses: &[(13, 1), (14, 1)],
    },
    Model {
        pid: "C8300-2N2S",
        software: "C8300",
        name: "lab-edge",
        place: 3,
        share: 5,
        uses: &[(6, 1), (7, 1), (17, 30)],
    },
    Model {
        pid: "NWR-VOICE",
        software: "NWRVO",
        name: "hq-voice",
        place: 4,
        share: 4,
        uses: &[(15, 40), (16, 25)],
    },
];

/// How many reports the fleet knows to be acknowledged, and how many wait.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) acknowledged: u64,
    pub(super) waiting: u64,
}

/// The running fleet.
pub(super) struct Fleet {
    ended: Arc<AtomicBool>,
    tallies: Vec<Arc<Tally>>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Tally {
    acknowledged: AtomicU64,
    waiting: AtomicU64,
}

struct Member {
    opened: Opened,
    token: IdToken,
    /// Its licenses with what it uses of each when nothing is unusual.
    uses: Vec<(EntitlementTag, u32)>,
    dice: u64,
    changes_at: Span,
}

/// The model of the n-th device: models take turns in proportion to their shares.
fn model(n: u32) -> &'static Model {
    let total: u32 = MODELS.iter().map(|model| model.share).sum();
    // 37 has no common factor with the total, so every model comes early and evenly.
    let mut turn = (n * 37) % total;
    for model in &MODELS {
        if turn < model.share {
            return model;
        }
        turn -= model.share;
    }
    &MODELS[0]
}

/// What devices are planned to use of each license in each place.
pub(super) fn planned(devices: u32, places: usize) -> Vec<Vec<u64>> {
    let mut plan = vec![vec![0; GOODS.len()]; places];
    for model in (0..devices).map(model) {
        for (license, level) in model.uses {
            plan[model.place][*license] += u64::from(*level);
        }
    }
    plan
}

impl Fleet {
    /// Starts the devices, each from its folder.
    pub(super) fn start(
        company: &Company,
        folder: &Path,
        url: &str,
        devices: u32,
        every: Duration,
    ) -> Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let (mut tallies, mut threads) = (Vec::new(), Vec::new());
        for thread in 0..THREADS {
            let own: Vec<u32> = (0..devices).filter(|n| *n as usize % THREADS == thread).collect();
            let mut members = Vec::with_capacity(own.len());
            for n in own {
                members.push(
                    Member::open(company, folder, n, every)
                        .with_context(|| format!("device {n}"))?,
                );
            }
            let tally = Arc::new(Tally::default());
            tallies.push(Arc::clone(&tally));
            let client = Client::new(url, None)?;
            let ended = Arc::clone(&ended);
            let builder = std::thread::Builder::new().name(format!("devices-{thread}"));
            threads.push(builder.spawn(move || move_devices(members, client, &ended, &tally))?);
        }
        Ok(Self { ended, tallies, threads })
    }

    pub(super) fn counts(&self) -> Counts {
        let sum = |of: fn(&Tally) -> &AtomicU64| {
            self.tallies.iter().map(|tally| of(tally).load(Ordering::Relaxed)).sum()
        };
        Counts {
            acknowledged: sum(|tally| &tally.acknowledged),
            waiting: sum(|tally| &tally.waiting),
        }
    }

    /// Ends all devices; what they measured is in their folders.
    pub(super) fn stop(self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

impl Member {
    fn open(company: &Company, folder: &Path, n: u32, every: Duration) -> Result<Self> {
        let model = model(n);
        let folder: PathBuf = folder.join("devices").join(format!("{n:04}"));
        let udi = Udi::pid_serial(model.pid, format!("NWR{n:04}{}", model.software));
        let software = format!(
            "regid.2024-03.com.example.{},1.0_7b0ddc1c-3c0e-4a52-9d43-0b1f3b1c{n:04x}",
            model.software
        );
        let mut profile = Profile::new(udi, SoftwareTag::new(&software)?);
        profile.software_version = Some("17.12.04".to_owned());
        profile.hostname = Some(format!("{}-{n:03}", model.name));
        let every = Span::from_millis(i64::try_from(every.as_millis())?);
        let first_push = Span::from_millis(500 + i64::from(n) * 37 % every.millis().max(1));
        profile.habits = Habits {
            report_every: Some(every),
            first_push,
            retry_max: Span::from_seconds(20),
            ..profile.habits
        };
        let now = clock();
        let noise = noise().context("the system has no randomness")?;
        let dice = u64::from_le_bytes(noise[1][..8].try_into()?);
        let opened = open_folder(&folder, profile, now.wall.max(BUILT), noise)?;
        let uses = model
            .uses
            .iter()
            .map(|(license, level)| (company.licenses[*license].clone(), *level))
            .collect();
        let mut member = Self {
            opened,
            token: company.tokens[model.place].clone(),
            uses,
            dice,
            changes_at: Span::from_millis(0),
        };
        member.begin();
        Ok(member)
    }

    /// Boots: states what is in use, and asks for trust if nobody gave it yet.
    fn begin(&mut self) {
        let now = clock();
        self.opened.device.reloaded(now);
        for (tag, level) in self.uses.clone() {
            let _ = self.opened.device.usage(&tag, count(level), now);
        }
        if !self.opened.device.is_trusted() {
            self.opened.device.trust(&self.token, now);
        }
        self.changes_at = self.soon(now.monotonic);
    }

    fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64*: a toss is no secret.
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        (self.dice.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn soon(&mut self, now: Span) -> Span {
        let wait = 8_000 + self.roll(60_000);
        Span::from_millis(now.millis() + i64::try_from(wait).unwrap_or(30_000))
    }

    /// Now and then uses a little more or less than usual of one license.
    fn live(&mut self) {
        let now = clock();
        if now.monotonic < self.changes_at {
            return;
        }
        self.changes_at = self.soon(now.monotonic);
        let count_of_uses = u64::try_from(self.uses.len()).unwrap_or(1);
        let nth = usize::try_from(self.roll(count_of_uses)).unwrap_or(0);
        let (tag, usual) = self.uses[nth].clone();
        let spread = u64::from(usual / 8 + 1);
        let level = match self.roll(6) {
            0 => u64::from(usual) + 1 + self.roll(spread),
            1 => u64::from(usual).saturating_sub(1 + self.roll(spread)),
            _ => u64::from(usual),
        };
        let _ = self.opened.device.usage(&tag, count(u32::try_from(level).unwrap_or(usual)), now);
    }
}

fn count(level: u32) -> Count {
    Count::new(u64::from(level)).unwrap_or(Count::ZERO)
}

/// Moves the devices of one thread until the demo ends.
fn move_devices(mut members: Vec<Member>, mut client: Client, ended: &AtomicBool, tally: &Tally) {
    while !ended.load(Ordering::Relaxed) {
        let (mut acknowledged, mut waiting) = (0, 0);
        for member in &mut members {
            if ended.load(Ordering::Relaxed) {
                break;
            }
            member.live();
            let Opened { device, journal, .. } = &mut member.opened;
            // A disk that is full, or a server that is away, is retried by the device itself.
            let _ = step(device, journal, &mut client, &mut clock);
            acknowledged += device.state().acknowledged;
            waiting += device.state().waiting.len() as u64;
        }
        tally.acknowledged.store(acknowledged, Ordering::Relaxed);
        tally.waiting.store(waiting, Ordering::Relaxed);
        std::thread::sleep(ROUND);
    }
}
