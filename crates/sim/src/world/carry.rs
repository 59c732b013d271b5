//! Files by hand: a device's saved usage or trust request goes to the server on a stick, the answer comes back, or
//! is brought to the wrong device.

use agent::device::{Device, Saving};
use ledger::role::Action;
use server::app::import_trust::TrustOutcome;
use server::app::import_usage::Destination;
use wire::file::{Room, TrustFile};
use wire::time::Span;

use super::begin::right;
use super::model::reports_in;
use super::post::words_of;
use super::scene::Line;
use super::server::complete;
use super::unit::Worked;
use super::{Aim, Event, Stepped, World, Wrong};

impl World {
    /// Saves a device's usage in a file, and carries it off.
    pub(super) fn save(&mut self, unit: usize) -> Stepped {
        let which = *self.fate.pick(&[Saving::All, Saving::Unreported, Saving::Days(1)]);
        let (name, now) = (self.units[unit].name.clone(), self.now);
        let worked = self.units[unit].work(now, |device, now| device.save(which, now));
        let cut = self.cut_short(unit, &worked);
        let outcome = match worked {
            Worked::Kept(Ok(file)) => {
                self.look(unit)?;
                self.figures.carried += 1;
                let way = self.fate.span(Span::from_minutes(1), Span::from_minutes(60));
                let again = self.fate.happens(300).then(|| way.plus(Span::from_minutes(7)));
                for way in [Some(way), again].into_iter().flatten() {
                    self.after(way, Event::Bring { unit, file: file.clone() });
                }
                words_of(&reports_in(file.as_bytes(), Room::File))
            }
            Worked::Kept(Err(trouble)) => trouble.code,
            _ => cut.unwrap_or_default().to_owned(),
        };
        Ok(Some(Line::new(name, "saves a file", outcome)))
    }

    /// Saves a device's trust request in a file, and carries it off; it goes by the network as well.
    pub(super) fn save_trust(&mut self, unit: usize) -> Result<&'static str, Wrong> {
        let now = self.now;
        let worked = self.units[unit].work(now, |device, now| device.save_trust(now));
        if let Some(cut) = self.cut_short(unit, &worked) {
            return Ok(cut);
        }
        self.look(unit)?;
        let Worked::Kept(Ok(file)) = worked else { return Ok("nothing to save") };
        self.figures.carried += 1;
        let way = self.fate.span(Span::from_minutes(1), Span::from_minutes(180));
        let again = self.fate.happens(300).then(|| way.plus(Span::from_minutes(7)));
        for way in [Some(way), again].into_iter().flatten() {
            self.after(way, Event::BringTrust { unit, file: file.clone() });
        }
        Ok("asks, and saves the request")
    }

    /// A trust request is brought to the server.
    pub(super) fn bring_trust(&mut self, unit: usize, file: &str) -> Stepped {
        let request = TrustFile::parse(file.as_bytes())?.request.open_self_signed()?.into_inner();
        let what = format!("brings a trust request of {}", self.units[unit].name);
        let expected = self.admits_carried(unit, &request);
        let Some(app) = self.server.app() else {
            self.after(Span::from_minutes(5), Event::BringTrust { unit, file: file.to_owned() });
            return Ok(None);
        };
        let online = app.keys.online.verifying();
        let permit = right(Action::ImportUsage)?;
        let outcome = complete(app.import_trust(&permit, self.model.account, file.as_bytes()));
        let code = outcome.as_ref().map_or_else(server::app::Error::code, |_| "bound");
        if code != expected {
            return Err(Wrong::new(format!("{what}: it says {code}, the model {expected}")));
        }
        let said = match outcome {
            Ok(TrustOutcome { answer, .. }) => {
                let sealed = answer.trust.as_ref().ok_or_else(|| Wrong::new("no trust code"))?;
                let said = self.learn_trust(unit, &request, &sealed.open(&online)?)?;
                let way = self.fate.span(Span::from_minutes(1), Span::from_minutes(60));
                let file = answer.to_xml().into_bytes();
                self.after(way, Event::BringBack { unit, file, aim: Aim::Home });
                said
            }
            Err(_) => {
                self.figures.not_bound += 1;
                code.to_owned()
            }
        };
        Ok(Some(Line::new("desk", what, said)))
    }

    /// The file is brought to the server.
    pub(super) fn bring(&mut self, unit: usize, file: &str) -> Stepped {
        let reports = reports_in(file.as_bytes(), Room::File);
        let name = &self.units[unit].name;
        let what = format!("brings a file of {name}: {}", words_of(&reports));
        let Some(app) = self.server.app() else {
            self.after(Span::from_minutes(5), Event::Bring { unit, file: file.to_owned() });
            return Ok(None);
        };
        let online = app.keys.online.verifying();
        let (place, _) = self.model.places[0];
        let to = Destination { account: self.model.account, virtual_account: place };
        let permit = right(Action::ImportUsage)?;
        let outcome = complete(app.import_usage(&permit, to, file.as_bytes()));
        let set = &self.model.sets[self.units[unit].set];
        let is_known = reports.first().is_some_and(|sent| set.keys.contains(&sent.mark.0));
        let said = match outcome {
            Ok(outcome) if is_known => {
                let ack = outcome.ack.ok_or_else(|| Wrong::new("no answer to a sealed file"))?;
                let said = self.learn_usage(unit, &reports, &ack, &online)?;
                let way = self.fate.span(Span::from_minutes(1), Span::from_minutes(60));
                let file = ack.to_xml().into_bytes();
                let astray = self.fate.happens(200);
                if astray {
                    let file = file.clone();
                    self.after(way, Event::BringBack { unit, file, aim: Aim::Astray });
                }
                let way = way.plus(Span::from_minutes(3));
                self.after(way, Event::BringBack { unit, file, aim: Aim::Home });
                said
            }
            Err(error) if !is_known && error.code() == "report.unknown_key" => {
                error.code().to_owned()
            }
            Ok(_) => return Err(Wrong::new(format!("{what}: taken in without a known key"))),
            Err(error) => return Err(Wrong::new(format!("{what}: {error}"))),
        };
        Ok(Some(Line::new("desk", what, said)))
    }

    /// The answer is brought back.
    pub(super) fn bring_back(&mut self, of: usize, file: &[u8], aim: Aim) -> Stepped {
        let astray = aim == Aim::Astray;
        let unit = if astray { self.other_than(of) } else { of };
        let (now, before) = (self.now, self.figures.acknowledged);
        let others = self.units[unit].waiting.len();
        let worked =
            self.units[unit].work(now, |device: &mut Device, now| device.import(file, now));
        if matches!(worked, Worked::Off) {
            return Ok(None);
        }
        let cut = self.cut_short(unit, &worked);
        if cut.is_none() {
            self.look(unit)?;
        }
        let outcome = match (cut, &worked) {
            (Some(cut), _) => cut.to_owned(),
            (None, Worked::Kept(Err(trouble))) => trouble.code.clone(),
            (None, _) => self.tell(unit, self.figures.acknowledged - before),
        };
        if astray {
            self.figures.astray += 1;
            let was_taken = matches!(&worked, Worked::Kept(Ok(_)));
            if was_taken || (cut.is_none() && self.units[unit].waiting.len() != others) {
                let name = &self.units[unit].name;
                return Err(Wrong::new(format!("{name} took another device's acknowledgement")));
            }
        }
        let what = format!("gets the answer to a file of {}", self.units[of].name);
        Ok(Some(Line::new(self.units[unit].name.clone(), what, outcome)))
    }

    /// A device of another product instance.
    fn other_than(&mut self, unit: usize) -> usize {
        let set = self.units[unit].set;
        let others: Vec<usize> =
            (0..self.units.len()).filter(|other| self.units[*other].set != set).collect();
        *self.fate.pick(&others)
    }
}
