//! The server's jobs: what nobody came for is brought to now, and news is told, at least once.

use ledger::alarm::Happening;
use server::app::App;
use store::{Channel, Sight};
use wire::time::Span;

use super::scene::Line;
use super::server::complete;
use super::{Event, Season, Stepped, World, Wrong};

/// How often in a thousand a job ends with news in hand.
const DROPPED: u64 = 100;
/// How often in a thousand news cannot be told.
const UNTOLD: u64 = 150;

impl World {
    /// The jobs have their turn.
    pub(super) fn tend(&mut self) -> Stepped {
        self.after(Span::from_minutes(5), Event::Tend);
        let Some(app) = self.server.app() else { return Ok(None) };
        let done = complete(app.tend())?;
        let now = self.now;
        let due = app.book.read_waiting(Sight::House, |r| r.pools_due(now, u32::MAX))?;
        if !due.is_empty() {
            return Err(Wrong::new(format!("{} pools are due after tending", due.len())));
        }
        let told = self.tell_news()?;
        self.figures.tended += done as u64;
        self.figures.told += told as u64;
        let line = || {
            let outcome = format!("{done} brought to now, {told} told");
            Line::new("server", "tends to what nobody came for", outcome)
        };
        Ok((done + told > 0).then(line))
    }

    /// Tells what is to be told; a job may end in the middle of it, or fail. Says how much was told.
    fn tell_news(&mut self) -> Result<usize, Wrong> {
        let Some(app) = self.server.app() else { return Ok(0) };
        let app: App = app.clone();
        let mut told = 0;
        for news in complete(app.claim_news(Channel::Syslog))? {
            let queued = &news.queued;
            let is_rough = self.season == Season::Rough;
            if is_rough && self.weather.happens(DROPPED) {
                continue;
            }
            if is_rough && self.weather.happens(UNTOLD) {
                complete(app.news_failed(queued, "no answer".to_owned()))?;
                continue;
            }
            complete(app.news_told(queued))?;
            told += 1;
            if queued.news.happening == Happening::Opened {
                self.model.told.insert(queued.news.alarm);
            }
        }
        Ok(told)
    }

    /// What of all that opened was never told.
    pub(super) fn untold(&self) -> Result<Vec<String>, Wrong> {
        let waiting = complete(self.app()?.waiting())?.news;
        let mut wrong = Vec::new();
        if waiting > 0 {
            wrong.push(format!("{waiting} pieces of news were never told"));
        }
        let missing: Vec<String> =
            self.model.opened.difference(&self.model.told).map(ToString::to_string).collect();
        if !missing.is_empty() {
            wrong.push(format!("it was never told that these opened: {}", missing.join(", ")));
        }
        Ok(wrong)
    }
}
