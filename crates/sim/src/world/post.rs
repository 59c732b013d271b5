//! The devices' side of the network: what they send, how it travels, what they hear.

use agent::device::{Outgoing, Reply};
use agent::seat::{CarryError, prepare, settle};
use wire::file::Room;
use wire::time::{Span, Timestamp};

use super::model::{Sent, reports_in};
use super::scene::Line;
use super::unit::Worked;
use super::{Event, Letter, Stepped, World, Wrong};

/// How long a device's client waits for an answer.
const PATIENCE: Span = Span::from_seconds(30);

/// What the reports of a message are, as the scene says it.
pub(super) fn words_of(reports: &[Sent]) -> String {
    let one = |sent: &Sent| {
        let level = sent.report.measurements.last().map_or(0, |last| last.value.get());
        format!("#{} {} {level}", sent.mark.2, sent.report.entitlement.short_name())
    };
    let shown: Vec<String> = reports.iter().take(3).map(one).collect();
    let more = reports.len().saturating_sub(3);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

impl World {
    /// Lets a device do what is due.
    pub(super) fn wake(&mut self, unit: usize) -> Stepped {
        let now = self.now;
        let worked = self.units[unit].drive(now, |device, kept, now| prepare(device, kept, now));
        match worked {
            Worked::Kept(outgoing) => {
                self.look(unit)?;
                outgoing.map(|outgoing| self.send(unit, outgoing)).transpose()
            }
            Worked::Cut => {
                self.fall(unit);
                let name = self.units[unit].name.clone();
                Ok(Some(Line::new(name, "writes", "the power is cut")))
            }
            Worked::NotKept | Worked::Off => Ok(None),
        }
    }

    fn send(&mut self, unit: usize, outgoing: Outgoing) -> Result<Line, Wrong> {
        self.asks += 1;
        let ask = self.asks;
        self.units[unit].ask = Some(ask);
        let (reports, what) = match &outgoing {
            Outgoing::Usage { body } => {
                let reports = reports_in(body, Room::Push);
                let what = format!("sends {}", words_of(&reports));
                (reports, what)
            }
            Outgoing::Trust { .. } => (Vec::new(), "asks for trust".to_owned()),
            Outgoing::Bundle => (Vec::new(), "asks for the trust bundle".to_owned()),
        };
        let name = self.units[unit].name.clone();
        let durable = &self.units[unit].closed;
        if let Some(sent) = reports.iter().find(|sent| !durable.contains(&sent.mark)) {
            return Err(Wrong::new(format!("{name} sends #{}, which is not durable", sent.mark.2)));
        }
        self.after(PATIENCE, Event::GiveUp { unit, ask });
        let letter = Letter { unit, ask, outgoing, reports };
        let fate = self.dispatch(unit, |letter| Event::Arrive(Box::new(letter)), letter);
        Ok(Line::new(name, what, fate))
    }

    /// Puts something on its way from or to a device, once, twice or not at all.
    fn dispatch<T: Clone>(
        &mut self,
        unit: usize,
        event: impl Fn(T) -> Event,
        what: T,
    ) -> &'static str {
        self.figures.letters += 1;
        let is_dark = self.dark.get(&unit).is_some_and(|until| self.now < *until);
        if is_dark || self.weather.happens(self.climate.lost) {
            self.figures.lost += 1;
            return "lost";
        }
        let delay = self.delay();
        self.after(delay, event(what.clone()));
        if !self.weather.happens(self.climate.doubled) {
            return "on its way";
        }
        self.figures.doubled += 1;
        let delay = self.delay();
        self.after(delay, event(what));
        "on its way twice"
    }

    fn delay(&mut self) -> Span {
        let is_late = self.weather.happens(self.climate.late);
        let most = if is_late { self.climate.longest } else { self.climate.delay };
        self.weather.span(Span::from_millis(5), most)
    }

    /// Puts an answer on its way.
    pub(super) fn reply(&mut self, letter: &Letter, reply: Reply) -> &'static str {
        let (unit, ask) = (letter.unit, letter.ask);
        self.dispatch(unit, move |reply| Event::Answer { unit, ask, reply }, reply)
    }

    pub(super) fn answer(&mut self, unit: usize, ask: u64, reply: Reply) -> Stepped {
        if self.units[unit].ask != Some(ask) {
            self.figures.late += 1;
            return Ok(None);
        }
        let status = reply.status;
        self.settle(unit, Ok(reply), format!("is answered {status}"))
    }

    pub(super) fn give_up(&mut self, unit: usize, ask: u64) -> Stepped {
        if self.units[unit].ask != Some(ask) {
            return Ok(None);
        }
        let error =
            CarryError { code: "client.timeout", detail: "no answer came: wait".to_owned() };
        self.settle(unit, Err(error), "gives up waiting".to_owned())
    }

    fn settle(&mut self, unit: usize, answer: Result<Reply, CarryError>, what: String) -> Stepped {
        let now = self.now;
        self.units[unit].ask = None;
        let before = self.figures.acknowledged;
        let worked = self.units[unit]
            .drive(now, |device, journal, now| settle(device, journal, answer, now));
        let cut = self.cut_short(unit, &worked);
        if cut.is_none() {
            self.look(unit)?;
        }
        let pause = self.fate.span(Span::from_millis(1), Span::from_seconds(1));
        self.after(pause, Event::Nudge { unit });
        let acknowledged = self.figures.acknowledged - before;
        let outcome = cut.map_or_else(|| self.tell(unit, acknowledged), str::to_owned);
        Ok(Some(Line::new(self.units[unit].name.clone(), what, outcome)))
    }

    /// What a device makes of what it heard.
    pub(super) fn tell(&self, unit: usize, acknowledged: u64) -> String {
        let Some(device) = self.units[unit].device() else { return "it is off".to_owned() };
        let waiting = device.state().waiting.len();
        let place = device.state().trust.as_ref().map(|trust| trust.virtual_account_name.as_str());
        let trouble = device.trouble().map(|(_, trouble)| format!(", {}", trouble.code));
        format!(
            "{acknowledged} acknowledged, {waiting} waiting, in {}{}",
            place.unwrap_or("no account"),
            trouble.unwrap_or_default()
        )
    }

    /// Whether nothing comes from or to a device until a moment.
    pub(super) fn darken(&mut self, unit: usize, until: Timestamp) {
        self.dark.insert(unit, until);
    }
}
