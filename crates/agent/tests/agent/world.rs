//! A device, what it keeps, its manager and the clocks, all set by hand.

use crate::office::Office;
use crate::tag;
use agent::device::{Clock, Device, Kind, License, Profile, Seed};
use agent::seat::{InMemory, Keeping, drive};
use wire::key::SigningKey;
use wire::quantity::Count;
use wire::tag::SoftwareTag;
use wire::time::{Span, Timestamp};
use wire::udi::Udi;

pub(crate) const PREMIER: &str = "regid.2026-01.com.example.PREMIER,1.0_b";
pub(crate) const START: i64 = 1_800_000_000;

pub(crate) fn count(level: u64) -> Count {
    Count::new(level).expect("a count")
}

pub(crate) fn profile() -> Profile {
    let software = SoftwareTag::new("regid.2026-01.com.example.OS,1.0_c").expect("a tag");
    let mut profile = Profile::new(Udi::pid_serial("SW-48", "SN1"), software);
    profile.hostname = Some("switch 1 ü".to_owned());
    profile.software_version = Some("17.9".to_owned());
    profile.licenses = vec![License {
        tag: tag(PREMIER),
        name: "premier".to_owned(),
        description: "Premier".to_owned(),
        kind: Kind::Subscription,
        enforcement: agent::device::Enforcement::NotEnforced,
    }];
    profile
}

pub(crate) fn seed() -> Seed {
    Seed {
        key: SigningKey::from_seed([5; 32]),
        floor: Timestamp::from_seconds(START),
        noise: [6; 32],
    }
}

/// A device, what it keeps, its manager, and the clocks.
pub(crate) struct World {
    pub(crate) device: Device,
    pub(crate) kept: InMemory,
    pub(crate) manager: Office,
    pub(crate) wall: i64,
    pub(crate) monotonic: i64,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(profile())
    }

    pub(crate) fn with(profile: Profile) -> World {
        let manager = Office::new(Timestamp::from_seconds(START));
        World {
            device: Device::new(profile, seed()),
            kept: InMemory::default(),
            manager,
            wall: START,
            monotonic: 0,
        }
    }

    pub(crate) fn trusted() -> World {
        let mut world = World::new();
        world.trust();
        world
    }

    pub(crate) fn now(&self) -> Clock {
        Clock {
            wall: Timestamp::from_seconds(self.wall),
            monotonic: Span::from_seconds(self.monotonic),
        }
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.wall += seconds;
        self.monotonic += seconds;
        self.manager.now = Timestamp::from_seconds(self.wall);
    }

    pub(crate) fn set(&mut self, license: &str, level: u64) {
        self.device.usage(&tag(license), count(level), self.now()).expect("it can be measured");
        self.kept.keep(&mut self.device).expect("kept");
    }

    pub(crate) fn drive(&mut self) {
        let now = self.now();
        drive(&mut self.device, &mut self.kept, &mut self.manager, &mut || now).expect("kept");
    }

    pub(crate) fn trust(&mut self) {
        self.device.trust(&self.manager.token(), self.now());
        self.drive();
    }

    pub(crate) fn sync(&mut self) {
        self.device.sync(self.now());
        self.drive();
    }

    /// The process ends; what was kept is all that the next one has.
    pub(crate) fn restart(&mut self) {
        let state = self.kept.state().expect("kept").clone();
        self.device = Device::restore(profile(), seed(), state);
        self.monotonic = 0;
    }

    pub(crate) fn trouble(&self) -> Option<&str> {
        self.device.trouble().map(|(_, trouble)| trouble.code.as_str())
    }
}
