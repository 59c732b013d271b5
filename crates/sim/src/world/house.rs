//! The server's side of the network: what arrives is taken in, unless its power is cut.

use agent::device::{Outgoing, Reply};
use server::app::{App, Error};
use server::problem::Problem;
use wire::file::{AckFile, TrustFile};
use wire::limits::TRUST_CLOCK_SKEW;
use wire::message::{Ack, AvailabilityState, TrustCode, TrustRequest};
use wire::seal::Opened;
use wire::time::Span;

use super::model::Sent;
use super::post::words_of;
use super::scene::Line;
use super::server::{Left, complete};
use super::{Event, Letter, Stepped, World, Wrong};

/// What happens to the server's power while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strike {
    None,
    /// It is cut when so many per mille of the commit are written.
    Within(u64),
    /// It is cut between commit and answer.
    After,
}

/// What became of a message at the server.
enum Fate<T> {
    /// It was answered.
    Answered(Result<T, Error>),
    /// The power was cut; what the server had decided counts.
    Cut(Result<T, Error>),
    /// The power was cut before anything counted.
    Undone,
}

impl World {
    pub(super) fn arrive(&mut self, letter: Letter) -> Stepped {
        let from = self.units[letter.unit].name.clone();
        if self.server.app().is_none() {
            self.after(Span::from_seconds(1), Event::GiveUp { unit: letter.unit, ask: letter.ask });
            return Ok(None);
        }
        if self.weather.happens(self.climate.busy) {
            self.figures.busy += 1;
            let pause = Some(Span::from_seconds(1));
            let reply = Reply { status: 503, body: Vec::new(), retry_after: pause };
            let fate = self.reply(&letter, reply);
            return Ok(Some(Line::new("server", format!("is busy for {from}"), fate)));
        }
        let strike = self.strike();
        match &letter.outgoing {
            Outgoing::Usage { body } => self.take_usage(&letter, body, strike).map(Some),
            Outgoing::Trust { body } => self.take_trust(&letter, body, strike).map(Some),
            Outgoing::Bundle => {
                let bundle = self.app()?.trust_bundle();
                let fate = self.reply(&letter, accepted(&bundle));
                Ok(Some(Line::new("server", format!("shows {from} the bundle"), fate)))
            }
        }
    }

    /// The use cases of a server that runs.
    pub(super) fn app(&self) -> Result<&App, Wrong> {
        self.server.app().ok_or_else(|| Wrong::new("the server does not run"))
    }

    fn strike(&mut self) -> Strike {
        if self.weather.happens(self.climate.cut_within) {
            Strike::Within(self.weather.next() % 1_000)
        } else if self.weather.happens(self.climate.cut_after) {
            Strike::After
        } else {
            Strike::None
        }
    }

    /// Lets the server do something, and cuts its power if that is to be.
    fn under<T>(
        &mut self,
        strike: Strike,
        work: impl FnOnce(&App) -> Result<T, Error>,
    ) -> Result<Fate<T>, Wrong> {
        let fate = match strike {
            Strike::None => return Ok(Fate::Answered(work(self.app()?))),
            Strike::After => {
                let decided = work(self.app()?);
                self.server.kill()?;
                self.figures.cut_after += 1;
                Fate::Cut(decided)
            }
            Strike::Within(per_mille) => {
                let mut decided = None;
                let left = self.server.cut_within(per_mille, |app| decided = Some(work(app)))?;
                self.figures.cut_before += u64::from(left == Left::Nothing);
                self.figures.cut_after += u64::from(left == Left::Everything);
                match decided.filter(|_| left == Left::Everything) {
                    Some(decided) => Fate::Cut(decided),
                    None => Fate::Undone,
                }
            }
        };
        let pause = self.weather.span(Span::from_seconds(2), Span::from_minutes(3));
        self.after(pause, Event::Open);
        Ok(fate)
    }

    fn take_usage(&mut self, letter: &Letter, body: &[u8], strike: Strike) -> Result<Line, Wrong> {
        let what = format!("hears {} {}", self.units[letter.unit].name, words_of(&letter.reports));
        let online = self.app()?.keys.online.verifying();
        let outcome = match self.under(strike, |app| complete(app.submit_push(body, None)))? {
            Fate::Undone => "the power is cut within the commit".to_owned(),
            Fate::Cut(Err(error)) | Fate::Answered(Err(error)) => {
                return Err(Wrong::new(format!("{what}: a push was refused: {error}")));
            }
            Fate::Cut(Ok(file)) => {
                let said = self.learn_usage(letter.unit, &letter.reports, &file, &online)?;
                format!("{said}; the power is cut before the answer")
            }
            Fate::Answered(Ok(file)) => {
                let said = self.learn_usage(letter.unit, &letter.reports, &file, &online)?;
                format!("{said}; answer {}", self.reply(letter, accepted(&file)))
            }
        };
        Ok(Line::new("server", what, outcome))
    }

    /// The model takes in what the server took in, and checks what the server says of it.
    pub(super) fn learn_usage(
        &mut self,
        unit: usize,
        reports: &[Sent],
        file: &AckFile,
        online: &wire::key::VerifyingKey,
    ) -> Result<String, Wrong> {
        let sealed = file.ack.as_ref().ok_or_else(|| Wrong::new("no acknowledgement"))?;
        let ack = sealed.open(online)?.into_inner();
        let now = self.now;
        let set = &mut self.model.sets[self.units[unit].set];
        let fresh = reports.iter().filter(|sent| set.hear(sent, now)).count();
        self.model.acknowledged.extend(reports.iter().map(|sent| sent.mark));
        self.figures.recorded += fresh as u64;
        self.figures.repeated += (reports.len() - fresh) as u64;
        let wrong = self.judge_ack(unit, reports, &ack);
        if wrong.is_empty() {
            Ok(format!("{fresh} new{}", self.shortages(&ack)))
        } else {
            Err(Wrong(wrong))
        }
    }

    fn judge_ack(&self, unit: usize, reports: &[Sent], ack: &Ack) -> Vec<String> {
        let set = &self.model.sets[self.units[unit].set];
        let mut wrong = Vec::new();
        let mut say = |is_right: bool, what: &str| {
            if !is_right {
                wrong.push(format!("acknowledgement to {}: {what}", self.units[unit].name));
            }
        };
        let named = ack.reports.iter().map(|one| (one.key, one.epoch, one.number, one.hash));
        say(named.eq(reports.iter().map(|sent| sent.mark)), "it names other reports");
        say(ack.refused.is_empty(), "it refuses reports");
        say(Some(ack.instance) == set.id, "it is of another instance");
        say(ack.highest_epoch == set.highest_epoch(), "its highest epoch is not the highest");
        let Some(place) = set.place(self.now) else { return wrong };
        say(ack.virtual_account_name == self.model.place_name(place), "it names another place");
        for one in &ack.standings {
            let owned = self.model.owned(place, &one.tag, self.now).in_force;
            let balance = owned - self.model.used(place, &one.tag, self.now);
            let state = match balance {
                _ if !self.model.defined.contains(&one.tag) => AvailabilityState::Unknown,
                0.. => AvailabilityState::Sufficient,
                _ => AvailabilityState::Short,
            };
            let said = (one.available, one.state);
            let what = format!(
                "it says that {said:?} of {} is available; it is {balance}, {state:?}",
                one.tag.short_name()
            );
            say(said == (Some(balance), state), &what);
        }
        wrong
    }

    fn shortages(&self, ack: &Ack) -> String {
        let short = ack.standings.iter().filter(|one| one.available.is_some_and(|left| left < 0));
        let words = short
            .map(|one| format!(", {} short {}", one.tag.short_name(), -one.available.unwrap_or(0)));
        words.collect()
    }

    fn take_trust(&mut self, letter: &Letter, body: &[u8], strike: Strike) -> Result<Line, Wrong> {
        let request = TrustFile::parse(body)?.request.open_self_signed()?.into_inner();
        let what = format!("is asked by {} for trust", self.units[letter.unit].name);
        let online = self.app()?.keys.online.verifying();
        let expected = self.admits(letter.unit, &request);
        let (decided, is_cut) = match self.under(strike, |app| complete(app.trust(body)))? {
            Fate::Undone => return Ok(Line::new("server", what, "the power is cut within")),
            Fate::Cut(decided) => (decided, true),
            Fate::Answered(decided) => (decided, false),
        };
        let code = decided.as_ref().map_or_else(Error::code, |_| "bound");
        if code != expected {
            return Err(Wrong::new(format!("{what}: it says {code}, the model {expected}")));
        }
        let (said, reply) = match &decided {
            Ok(file) => {
                let sealed = file.trust.as_ref().ok_or_else(|| Wrong::new("no trust code"))?;
                let code = sealed.open(&online)?;
                (self.learn_trust(letter.unit, &request, &code)?, accepted(file))
            }
            Err(error) => {
                self.figures.not_bound += 1;
                (code.to_owned(), refused(error))
            }
        };
        let fate = if is_cut { "cut off" } else { self.reply(letter, reply) };
        Ok(Line::new("server", what, format!("{said}; answer {fate}")))
    }

    /// What must become of a trust request: `bound`, or the code of the refusal.
    fn admits(&self, unit: usize, request: &TrustRequest) -> &'static str {
        let off = request.requested_at.since(self.now).millis().abs();
        if off > TRUST_CLOCK_SKEW.millis() {
            return "request.clock";
        }
        self.admits_token(unit, request)
    }

    /// The same of a request that came in a file: its age is limited by its token's only.
    pub(super) fn admits_carried(&self, unit: usize, request: &TrustRequest) -> &'static str {
        let token = self.model.tokens.values().find(|token| token.text == request.token);
        let Some(token) = token else { return "trust.token_unknown" };
        let said = request.requested_at;
        let first = token.made_at.minus(TRUST_CLOCK_SKEW);
        if said < first || said > self.now.plus(TRUST_CLOCK_SKEW) {
            return "request.clock";
        }
        let set = &self.model.sets[self.units[unit].set];
        let placed = set.placements.last().filter(|(_, place)| *place != token.place);
        match self.admits_token(unit, request) {
            "bound" if placed.is_some_and(|(from, _)| said < *from) => "trust.overtaken",
            said => said,
        }
    }

    fn admits_token(&self, unit: usize, request: &TrustRequest) -> &'static str {
        let token = self.model.tokens.values().find(|token| token.text == request.token);
        let Some(token) = token else { return "trust.token_unknown" };
        let set = &self.model.sets[self.units[unit].set];
        let is_home = set.id.is_some() && set.place(self.now) == Some(token.place);
        if token.is_revoked {
            "trust.token_revoked"
        } else if !is_home && token.most.is_some_and(|most| token.uses >= most) {
            "trust.token_used_up"
        } else {
            "bound"
        }
    }

    pub(super) fn learn_trust(
        &mut self,
        unit: usize,
        request: &TrustRequest,
        code: &Opened<TrustCode>,
    ) -> Result<String, Wrong> {
        let now = self.now;
        let token = self.model.tokens.values_mut().find(|token| token.text == request.token);
        let token = token.ok_or_else(|| Wrong::new("an unknown token bound a device"))?;
        let set = &mut self.model.sets[self.units[unit].set];
        let was_home = set.id.is_some() && set.place(now) == Some(token.place);
        if !was_home {
            token.uses += 1;
            self.figures.moves += u64::from(set.id.is_some());
        }
        self.figures.bound += u64::from(set.id.is_none());
        let known = *set.id.get_or_insert(code.instance);
        set.bind(token.place, now);
        set.keys.insert(wire::key::KeyId::of(&request.key));
        let is_right = known == code.instance
            && code.virtual_account == token.place
            && code.highest_epoch == set.highest_epoch()
            && code.nonce == request.nonce;
        let place = self.model.place_name(code.virtual_account).to_owned();
        if is_right {
            Ok(format!("bound in {place}"))
        } else {
            Err(Wrong::new(format!("{} got a wrong trust code: {code:?}", self.units[unit].name)))
        }
    }

    pub(super) fn open(&mut self) -> Stepped {
        if self.server.app().is_some() {
            return Ok(None);
        }
        self.server.start(self.now)?;
        self.auditor.read_everything_next();
        Ok(Some(Line::new("server", "starts", "it runs")))
    }
}

fn accepted(file: &AckFile) -> Reply {
    Reply { status: 200, body: file.to_xml().into_bytes(), retry_after: None }
}

fn refused(error: &Error) -> Reply {
    let problem = Problem::of(error);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    Reply { status: problem.status, body, retry_after: None }
}
