//! What a command does with the device, whoever holds it: the command itself or the daemon.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wire::quantity::Count;
use wire::tag::EntitlementTag;
use wire::token::IdToken;

use crate::client::{Client, NoServer};
use crate::config::Config;
use crate::device::{Device, Saving, Trouble, UsageError};
use crate::journal::{Opened, open_folder};
use crate::seat::{self, Carrier, Keeping, Stepped};
use crate::show::{self, Page};
use crate::world;

/// What is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// A level of use.
    Usage { tag: String, count: u64 },
    /// Trust by an ID token.
    Trust { token: String, if_trusted: IfTrusted },
    /// A report at once.
    Sync,
    /// Reports for a file.
    Save { which: Saving },
    /// The trust request for a file.
    SaveTrust,
    /// A file that the manager returned.
    Import { text: String },
    /// A page.
    Show { page: Page },
}

/// What to do when trust is established already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum IfTrusted {
    /// Leave it.
    Refuse,
    /// Establish it again.
    Replace,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    /// For people.
    pub(super) text: String,
    /// For programs.
    pub(super) facts: Value,
    /// For a file.
    pub(super) file: Option<String>,
}

/// Why nothing came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fault {
    code: String,
    detail: String,
}

impl Fault {
    pub(super) fn new(code: impl Into<String>, detail: impl Into<String>) -> Fault {
        Fault { code: code.into(), detail: detail.into() }
    }

    /// A fault whose text ends with its code in parentheses already.
    pub(super) fn of(error: &dyn fmt::Display) -> Fault {
        Fault::new("", error.to_string())
    }

    pub(super) fn code(&self) -> &str {
        &self.code
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            f.write_str(&self.detail)
        } else {
            write!(f, "{} ({})", self.detail, self.code)
        }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Fault {
        Fault::new(trouble.code, trouble.detail)
    }
}

impl From<seat::KeepError> for Fault {
    fn from(error: seat::KeepError) -> Fault {
        Fault::new(error.code, error.detail)
    }
}

/// The device with its store and its way to the manager. The carrier is held while something is on
/// its way, the device only for moments, so that other commands are answered meanwhile.
pub(super) struct Desk {
    seat: Mutex<Opened>,
    carrier: Mutex<Box<dyn Carrier + Send>>,
}

impl Desk {
    /// Opens the folder that the configuration names.
    pub(super) fn open(config: &Config) -> Result<Desk, Fault> {
        let profile = config.profile().map_err(|error| Fault::new("config.form", error))?;
        let noise = world::noise().map_err(|error| {
            Fault::new("system.randomness", format!("the system has no randomness: {error}"))
        })?;
        let floor = world::BUILT.max(world::clock().wall);
        let opened = open_folder(&config.folder, profile, floor, noise)
            .map_err(|error| Fault::new(error.code(), error.to_string()))?;
        for notice in &opened.notices {
            super::line::warn(notice);
        }
        let carrier: Box<dyn Carrier + Send> = match &config.server {
            Some(url) => Box::new(
                Client::new(url, config.server_ca.as_deref()).map_err(|error| Fault::of(&error))?,
            ),
            None => Box::new(NoServer),
        };
        Ok(Desk { seat: Mutex::new(opened), carrier: Mutex::new(carrier) })
    }

    /// Does what is asked, durably.
    pub(super) fn answer(&self, request: Request) -> Result<Answer, Fault> {
        match request {
            Request::Usage { tag, count } => self.usage(&tag, count),
            Request::Trust { token, if_trusted } => self.trust(&token, if_trusted),
            Request::Sync => self.sync(),
            Request::Save { which } => self.save(which),
            Request::SaveTrust => self.save_trust(),
            Request::Import { text } => self.import(&text),
            Request::Show { page } => {
                let seat = self.seat();
                Ok(Answer {
                    text: show::page(&seat.device, page),
                    facts: show::facts(&seat.device),
                    file: None,
                })
            }
        }
    }

    /// Begins to watch over the device, as a daemon.
    pub(super) fn watch(&self) -> Result<(), Fault> {
        self.with(|device| device.watched(world::clock()))
    }

    /// Lets the device do what is due, once.
    pub(super) fn step(&self) -> Result<Stepped, Fault> {
        let mut carrier = self.carrier.lock().unwrap_or_else(PoisonError::into_inner);
        let outgoing = {
            let Opened { device, journal, .. } = &mut *self.seat();
            seat::prepare(device, journal, world::clock())?
        };
        let Some(outgoing) = outgoing else { return Ok(Stepped::Idle) };
        let answer = carrier.carry(outgoing);
        let Opened { device, journal, .. } = &mut *self.seat();
        seat::settle(device, journal, answer, world::clock())?;
        Ok(Stepped::Carried)
    }

    fn drive(&self) -> Result<(), Fault> {
        while self.step()? == Stepped::Carried {}
        Ok(())
    }

    fn seat(&self) -> MutexGuard<'_, Opened> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the device and keeps what changed, before its result is told.
    fn with<T>(&self, act: impl FnOnce(&mut Device) -> T) -> Result<T, Fault> {
        let Opened { device, journal, .. } = &mut *self.seat();
        let result = act(device);
        journal.keep(device)?;
        Ok(result)
    }

    fn usage(&self, tag: &str, count: u64) -> Result<Answer, Fault> {
        let count = Count::new(count).map_err(|_| Fault::of(&UsageError::Count))?;
        let license = self.with(|device| {
            let known = device.profile().licenses.iter().find(|license| license.name == tag);
            let tag = match known {
                Some(license) => license.tag.clone(),
                None => EntitlementTag::new(tag).map_err(|error| Fault::of(&error))?,
            };
            device.usage(&tag, count, world::clock()).map_err(|error| Fault::of(&error))?;
            Ok::<_, Fault>(device.profile().license(&tag))
        })??;
        Ok(Answer {
            text: format!("{}: {count} in use\n", license.name),
            facts: json!({ "tag": license.tag.as_str(), "count": count.get() }),
            file: None,
        })
    }

    fn trust(&self, token: &str, if_trusted: IfTrusted) -> Result<Answer, Fault> {
        let token: IdToken = token.parse().map_err(|error| Fault::of(&error))?;
        let seat = self.seat();
        if seat.device.is_trusted() && if_trusted == IfTrusted::Refuse {
            return Err(Fault::new(
                "trust.installed",
                "trust is established already: add --force to replace it",
            ));
        }
        let by_hand = seat.device.profile().words.transport.is_none();
        drop(seat);
        self.with(|device| device.trust(&token, world::clock()))?;
        if by_hand {
            return Ok(Answer {
                text: "Trust Requested\nNo server is configured: save the request with `save trust` and carry it to the manager\n".to_owned(),
                facts: show::facts(&self.seat().device),
                file: None,
            });
        }
        self.drive()?;
        let seat = self.seat();
        if seat.device.state().asking.is_none() && seat.device.is_trusted() {
            let facts = show::facts(&seat.device);
            return Ok(Answer { text: "Trust Code Installed\n".to_owned(), facts, file: None });
        }
        Err(last_fault(
            &seat.device,
            "trust.pending",
            "the manager has not answered yet: trust is asked for again at the next `sync`",
        ))
    }

    fn sync(&self) -> Result<Answer, Fault> {
        let seat = self.seat();
        if !seat.device.is_trusted() && seat.device.state().asking.is_none() {
            return Err(Fault::new(
                "trust.none",
                "this device does not trust a manager yet: use `trust idtoken`, or `save usage` to a file",
            ));
        }
        let before = seat.device.state().acknowledged;
        drop(seat);
        self.with(|device| device.sync(world::clock()))?;
        self.drive()?;
        let seat = self.seat();
        let state = seat.device.state();
        if seat.device.trouble().is_some() {
            return Err(last_fault(
                &seat.device,
                "sync.failed",
                "the report did not arrive: try again",
            ));
        }
        let acknowledged = state.acknowledged - before;
        let refused = state.waiting.values().filter(|report| report.refused.is_some()).count();
        let waiting = state.waiting.len() - refused;
        Ok(Answer {
            text: format!(
                "Reports acknowledged: {acknowledged}, refused: {refused}, waiting: {waiting}\n"
            ),
            facts: json!({ "acknowledged": acknowledged, "refused": refused, "waiting": waiting }),
            file: None,
        })
    }

    fn save(&self, which: Saving) -> Result<Answer, Fault> {
        let file = self.with(|device| device.save(which, world::clock()))??;
        let reports = file.matches("<RUMReport>").count();
        Ok(Answer {
            text: format!("Reports saved: {reports}\n"),
            facts: json!({ "saved": reports }),
            file: Some(file),
        })
    }

    fn save_trust(&self) -> Result<Answer, Fault> {
        let file = self.with(|device| device.save_trust(world::clock()))??;
        Ok(Answer {
            text: "Trust request saved\n".to_owned(),
            facts: json!({ "saved": 1 }),
            file: Some(file),
        })
    }

    fn import(&self, text: &str) -> Result<Answer, Fault> {
        let heard = self.with(|device| device.import(text.as_bytes(), world::clock()))??;
        let trusted = if heard.trusted { "Trust Code Installed\n" } else { "" };
        Ok(Answer {
            text: format!("Import Data Successful\n{trusted}"),
            facts: json!({
                "trust": heard.trusted, "bundle": heard.bundle, "policy": heard.policy,
                "acknowledged": heard.acknowledged, "refused": heard.refused,
            }),
            file: None,
        })
    }
}

fn last_fault(device: &Device, code: &str, detail: &str) -> Fault {
    match device.trouble() {
        Some((_, trouble)) => trouble.clone().into(),
        None => Fault::new(code, detail),
    }
}
