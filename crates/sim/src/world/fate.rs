//! What happens besides the post: products use more or less, power goes, clocks turn, disks fill,
//! people move devices, copy them and carry files.

use agent::journal::Found;
use wire::quantity::Count;
use wire::time::{Span, Timestamp};
use wire::token::IdToken;

use super::begin::{LICENSES, tag};
use super::disk::Fault;
use super::scene::Line;
use super::unit::{Duty, Unit, Worked};
use super::{Event, Season, Stepped, World, Wrong};

/// An act of fate.
#[derive(Clone, Copy, Debug)]
enum Act {
    Use,
    Sync,
    Grant,
    Define,
    RevokeToken,
    Power,
    Reboot,
    Clock,
    FillDisk,
    Move,
    Save,
    StopServer,
    KillServer,
    Darken,
    DarkenAll,
    Clone,
    Backup,
    Restore,
    Wipe,
    Switch,
}

impl World {
    /// Fate acts, and will act again.
    pub(super) fn act(&mut self) -> Stepped {
        if self.season == Season::Healing {
            return Ok(None);
        }
        let pause = self.climate.fate_pause;
        let pause = self.fate.span(Span::from_millis(pause.millis() / 4), pause);
        self.after(pause, Event::Fate);
        let act = self.draw();
        let Some(unit) = self.any_unit() else { return Ok(None) };
        match act {
            Act::Use => self.change_use(unit),
            Act::Sync => self.sync(unit),
            Act::Grant => self.grant(),
            Act::Define => self.define(),
            Act::RevokeToken => self.revoke_token(),
            Act::Power => self.strike_unit(unit),
            Act::Reboot => self.reboot(unit),
            Act::Clock => self.turn_clock(unit),
            Act::FillDisk => self.fill_disk(unit),
            Act::Move => self.move_unit(unit),
            Act::Save => self.save(unit),
            Act::StopServer | Act::KillServer => self.end_server(act),
            Act::Darken => self.darken_for_a_while(&[unit]),
            Act::DarkenAll => self.darken_for_a_while(&(0..self.units.len()).collect::<Vec<_>>()),
            Act::Clone => self.clone_unit(unit),
            Act::Backup => self.back_up(unit),
            Act::Restore => self.restore(),
            Act::Wipe => self.wipe(unit),
            Act::Switch => self.switch_over(),
        }
    }

    fn draw(&mut self) -> Act {
        let weights = &self.climate.weights;
        let acts = [
            (Act::Use, 60),
            (Act::Sync, 6),
            (Act::Grant, 16),
            (Act::Define, 1),
            (Act::RevokeToken, 1),
            (Act::Power, weights.power),
            (Act::Reboot, weights.power / 2),
            (Act::Clock, weights.clocks),
            (Act::FillDisk, weights.disks),
            (Act::Move, weights.moves),
            (Act::Save, weights.files),
            (Act::StopServer, weights.servers),
            (Act::KillServer, weights.servers),
            (Act::Darken, weights.dark),
            (Act::DarkenAll, weights.dark / 2),
            (Act::Clone, weights.clones),
            (Act::Backup, weights.backups),
            (Act::Restore, weights.backups / 2),
            (Act::Wipe, weights.wipes),
            (Act::Switch, weights.switches),
        ];
        let total: u64 = acts.iter().map(|(_, weight)| weight).sum();
        let mut drawn = self.fate.next() % total;
        for (act, weight) in acts {
            match drawn.checked_sub(weight) {
                Some(rest) => drawn = rest,
                None => return act,
            }
        }
        Act::Use
    }

    /// One of the devices that work and are on.
    fn any_unit(&mut self) -> Option<usize> {
        let working: Vec<usize> = (0..self.units.len())
            .filter(|unit| self.units[*unit].is_on() && self.units[*unit].duty == Duty::Active)
            .collect();
        (!working.is_empty()).then(|| *self.fate.pick(&working))
    }

    fn line(&self, unit: usize, what: impl Into<String>, outcome: impl Into<String>) -> Stepped {
        Ok(Some(Line::new(self.units[unit].name.clone(), what, outcome)))
    }

    fn change_use(&mut self, unit: usize) -> Stepped {
        let name = *self.fate.pick(&LICENSES);
        let level = if self.fate.happens(200) { 0 } else { self.fate.below(12) as u32 };
        self.figures.levels += 1;
        self.units[unit].levels.insert(tag(name), level);
        let outcome = self.state_level(unit, name, level)?;
        self.line(unit, format!("uses {name} {level}"), outcome)
    }

    fn state_level(&mut self, unit: usize, name: &str, level: u32) -> Result<&'static str, Wrong> {
        let (now, count) = (self.now, Count::new(u64::from(level))?);
        let worked = self.units[unit].work(now, |device, now| device.usage(&tag(name), count, now));
        if let Worked::Kept(Err(error)) = &worked {
            return Err(Wrong::new(format!("usage cannot be measured: {error}")));
        }
        match self.cut_short(unit, &worked) {
            Some(cut) => Ok(cut),
            None => self.look(unit).map(|()| "noted"),
        }
    }

    /// The product states what it uses, after a restart.
    pub(super) fn restate(&mut self, unit: usize) -> Result<(), Wrong> {
        for name in LICENSES {
            let level = self.units[unit].levels.get(&tag(name)).copied().unwrap_or(0);
            self.state_level(unit, name, level)?;
        }
        Ok(())
    }

    pub(super) fn sync(&mut self, unit: usize) -> Stepped {
        let now = self.now;
        let worked = self.units[unit].work(now, |device, now| device.sync(now));
        let cut = self.cut_short(unit, &worked);
        if cut.is_none() {
            self.look(unit)?;
            self.after(Span::from_millis(1), Event::Nudge { unit });
        }
        self.line(unit, "is told to report now", cut.unwrap_or("it will"))
    }

    fn strike_unit(&mut self, unit: usize) -> Stepped {
        let fault = match self.fate.below(4) {
            0 => Fault::CutBefore,
            1 => Fault::CutAfter,
            _ => Fault::CutWithin(self.fate.next() % 1_000),
        };
        self.units[unit].disk.strike(fault);
        Ok(None)
    }

    fn reboot(&mut self, unit: usize) -> Stepped {
        self.units[unit].stop();
        self.figures.reboots += 1;
        let pause = self.fate.span(Span::from_seconds(2), Span::from_minutes(10));
        self.after(pause, Event::Boot { unit });
        self.line(unit, "is switched off", format!("for {} s", pause.seconds()))
    }

    pub(super) fn boot(&mut self, unit: usize) -> Stepped {
        if self.units[unit].is_on() || self.units[unit].duty == Duty::Standby {
            return Ok(None);
        }
        self.switch_on(unit)?;
        let what = if self.units[unit].boot == 1 { "is switched on" } else { "starts again" };
        let outcome = self.tell(unit, 0);
        self.line(unit, what, outcome)
    }

    /// Starts a device on its disk; its product states what it uses.
    pub(super) fn switch_on(&mut self, unit: usize) -> Result<(), Wrong> {
        let noise = self.fate.bytes();
        let found = self.units[unit].start(self.now, noise);
        let name = &self.units[unit].name;
        match found {
            Some(Found::SetAside(_)) => {
                return Err(Wrong::new(format!("{name}: a power cut made its store corrupt")));
            }
            Some(Found::Lost) if !self.units[unit].is_doubtful => {
                return Err(Wrong::new(format!("{name}: a power cut took its store")));
            }
            Some(_) => {}
            None => return Err(Wrong::new(format!("{name} does not start"))),
        }
        self.look(unit)?;
        let boot = self.units[unit].boot;
        self.after(Span::from_seconds(1), Event::Wake { unit, boot });
        self.restate(unit)
    }

    /// A device is switched on for the first time and gets an ID token.
    pub(super) fn meet(&mut self, unit: usize) -> Stepped {
        if self.units[unit].duty == Duty::Active {
            for _ in 0..self.fate.between(1, 4) {
                let (name, level) = (*self.fate.pick(&LICENSES), self.fate.below(12) as u32);
                self.units[unit].levels.insert(tag(name), level);
            }
        }
        if !self.units[unit].is_on() {
            self.switch_on(unit)?;
        }
        self.move_unit(unit)
    }

    fn move_unit(&mut self, unit: usize) -> Stepped {
        let tokens: Vec<_> =
            self.model.tokens.values().map(|one| (one.text.clone(), one.place)).collect();
        let (text, place) = self.fate.pick(&tokens).clone();
        let noted = self.trust(unit, &text)?;
        let by_hand = self.units[unit].is_on() && self.fate.happens(300);
        let outcome = if by_hand { self.save_trust(unit)? } else { noted };
        let what = format!("gets a token of {}", self.model.place_name(place));
        self.line(unit, what, outcome)
    }

    /// A device is given a token.
    pub(super) fn trust(&mut self, unit: usize, text: &str) -> Result<&'static str, Wrong> {
        let token: IdToken = text.parse()?;
        let now = self.now;
        let worked = self.units[unit].work(now, |device, now| device.trust(&token, now));
        match self.cut_short(unit, &worked) {
            Some(cut) => Ok(cut),
            None => self.look(unit).map(|()| "noted"),
        }
    }

    fn turn_clock(&mut self, unit: usize) -> Stepped {
        let to = match self.fate.below(3) {
            0 => Span::ZERO,
            1 => self.fate.span(Span::from_minutes(-50), Span::from_minutes(50)),
            _ => self.fate.span(Span::from_hours(-12), Span::from_hours(12)),
        };
        self.figures.clocks += 1;
        self.units[unit].clock_off = to;
        self.line(unit, "has its clock turned", format!("it is {:+} s off", to.seconds()))
    }

    fn fill_disk(&mut self, unit: usize) -> Stepped {
        self.figures.full_disks += 1;
        self.units[unit].disk.fill();
        let pause = self.fate.span(Span::from_minutes(5), Span::from_minutes(60));
        self.after(pause, Event::Room { unit });
        self.line(unit, "has a full disk", format!("for {} s", pause.seconds()))
    }

    fn end_server(&mut self, act: Act) -> Stepped {
        if self.server.app().is_none() {
            return Ok(None);
        }
        let what = if matches!(act, Act::KillServer) {
            self.server.kill()?;
            self.figures.server_kills += 1;
            "is killed"
        } else {
            self.server.stop();
            self.figures.server_stops += 1;
            "is stopped"
        };
        let pause = self.fate.span(Span::from_seconds(1), Span::from_minutes(10));
        self.after(pause, Event::Open);
        Ok(Some(Line::new("server", what, format!("for {} s", pause.seconds()))))
    }

    fn darken_for_a_while(&mut self, units: &[usize]) -> Stepped {
        let pause = self.fate.span(Span::from_minutes(2), Span::from_minutes(40));
        let until: Timestamp = self.now.plus(pause);
        for unit in units {
            self.darken(*unit, until);
        }
        let who = match units {
            [one] => self.units[*one].name.clone(),
            _ => "network".to_owned(),
        };
        Ok(Some(Line::new(who, "is cut off", format!("for {} s", pause.seconds()))))
    }

    /// A device is copied with all that it knows, key included; both go on.
    fn clone_unit(&mut self, unit: usize) -> Stepped {
        let is_plain =
            self.units[unit].profile.members.is_empty() && !self.units[unit].closed.is_empty();
        if !is_plain || self.figures.clones >= 2 {
            return Ok(None);
        }
        self.figures.clones += 1;
        self.units[unit].is_doubtful = true;
        let name = format!("{}'", self.units[unit].name);
        let clone: Unit = self.units[unit].cloned(name);
        let nth = self.units.len();
        self.units.push(clone);
        self.switch_on(nth)?;
        self.line(unit, "is cloned", format!("as {}", self.units[nth].name))
    }

    fn back_up(&mut self, unit: usize) -> Stepped {
        self.units[unit].backup = Some(self.units[unit].disk.copied());
        self.line(unit, "is backed up", "kept")
    }

    /// A device gets an older state back: what was closed since is forgotten.
    fn restore(&mut self) -> Stepped {
        let backed: Vec<usize> =
            (0..self.units.len()).filter(|unit| self.units[*unit].backup.is_some()).collect();
        if backed.is_empty() {
            return Ok(None);
        }
        let unit = *self.fate.pick(&backed);
        if self.units[unit].duty == Duty::Standby {
            return Ok(None);
        }
        let Some(backup) = self.units[unit].backup.take() else { return Ok(None) };
        self.figures.restored += 1;
        self.forget(unit);
        self.units[unit].disk = backup;
        self.switch_on(unit)?;
        let outcome = self.tell(unit, 0);
        self.line(unit, "is restored from its backup", outcome)
    }

    fn wipe(&mut self, unit: usize) -> Stepped {
        self.figures.wiped += 1;
        self.forget(unit);
        self.units[unit].disk.wipe();
        self.switch_on(unit)?;
        self.line(unit, "lost its store", "a new one begins")
    }

    /// Nothing can be expected of what a device knew any more.
    fn forget(&mut self, unit: usize) {
        self.units[unit].stop();
        self.units[unit].is_doubtful = true;
        self.units[unit].waiting.clear();
    }

    /// The active member of the pair fails, the other one takes over.
    pub(super) fn switch_over(&mut self) -> Stepped {
        let of_pair = |duty| {
            let is = |unit: &Unit| !unit.profile.members.is_empty() && unit.duty == duty;
            self.units.iter().position(is)
        };
        let (Some(from), Some(to)) = (of_pair(Duty::Active), of_pair(Duty::Standby)) else {
            return Ok(None);
        };
        self.figures.switchovers += 1;
        self.units[from].stop();
        self.units[from].duty = Duty::Standby;
        self.units[to].duty = Duty::Active;
        self.units[to].levels = std::mem::take(&mut self.units[from].levels);
        if self.units[to].is_on() {
            self.restate(to)?;
        } else {
            self.switch_on(to)?;
        }
        self.line(to, format!("takes over from {}", self.units[from].name), "active")
    }
}
