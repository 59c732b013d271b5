//! Hands out queued news to the jobs that tell it, with the names that people know.

use ledger::alarm::{AlarmKind, Severity};
use ledger::license::License;
use store::{Chore, Sight};
use wire::tag::EntitlementTag;
use wire::time::Span;

use super::alarms::Elsewhere;
use super::{App, Error};

pub use ledger::alarm::Happening;
pub use store::{Channel, Queued};

/// How much news one round takes in hand.
const ROUND: u32 = 50;
/// After so long another job may take what is in hand.
const IN_HAND: Span = Span::from_minutes(5);
/// The first try is repeated after about so long, then twice as long, and so on.
const FIRST_RETRY: Span = Span::from_seconds(10);
/// The longest time between tries.
const LONGEST_RETRY: Span = Span::from_hours(1);
/// After so many tries news is given up; with the times above that is about three days.
const TRIES: u32 = 80;

/// News with the names that people know.
#[derive(Clone, Debug)]
pub struct NamedNews {
    /// The news.
    pub queued: Queued,
    /// The account's name.
    pub account: String,
    /// The virtual account's name.
    pub virtual_account: String,
    /// The license, if the news is about one that the catalogue knows.
    pub license: Option<License>,
    /// What the alarm is about.
    pub kind: AlarmKind,
    /// How bad it is.
    pub severity: Severity,
    /// Where the instance is used, if that is what it is about.
    pub elsewhere: Option<Elsewhere>,
    /// The page that shows the alarm.
    pub link: String,
}

/// What becomes of news that could not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It is tried again later.
    Again,
    /// It was tried often enough.
    GivenUp,
}

impl App {
    /// Takes news in hand that is due on a channel.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn claim_news(&self, channel: Channel) -> Result<Vec<NamedNews>, Error> {
        let now = self.world.now();
        let chore = Chore::ClaimNews { channel, now, until: now.plus(IN_HAND), most: ROUND };
        let claimed = self.book.chore(chore).await?.news();
        let mut named = Vec::with_capacity(claimed.len());
        for queued in claimed {
            named.push(self.name(queued).await?);
        }
        Ok(named)
    }

    async fn name(&self, queued: Queued) -> Result<NamedNews, Error> {
        let news = queued.news.clone();
        let read = move |reading: &mut store::Reading<'_>| {
            let license = match EntitlementTag::new(&news.about) {
                Ok(tag) => reading.license(&tag)?,
                Err(_) => None,
            };
            let account = reading.account(news.account)?.map(|account| account.name);
            let place = reading.virtual_account(news.account, news.virtual_account)?;
            let alarm = reading.alarm(news.account, news.alarm)?;
            let elsewhere = match &alarm {
                Some(alarm) => Elsewhere::of(reading, alarm)?,
                None => None,
            };
            Ok((account, place.map(|place| place.name), license, alarm, elsewhere))
        };
        let (account, virtual_account, license, alarm, elsewhere) =
            self.book.read(Sight::House, read).await?;
        let alarm = alarm.map(|alarm| (alarm.kind, alarm.severity));
        let (kind, severity) = alarm.unwrap_or((AlarmKind::InsufficientLicenses, Severity::Major));
        Ok(NamedNews {
            account: account.unwrap_or_default(),
            virtual_account: virtual_account.unwrap_or_default(),
            license,
            kind,
            severity,
            elsewhere,
            link: self.alarm_link(&queued),
            queued,
        })
    }

    /// The portal's page of an alarm: among the open ones or, once it settled, among those.
    fn alarm_link(&self, Queued { news, .. }: &Queued) -> String {
        let settled = if news.happening == Happening::Settled { "/settled" } else { "" };
        let url = &self.settings.public_url;
        format!("{url}/accounts/{}/alarms{settled}#{}", news.account, news.alarm)
    }

    /// Notes that news was told.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn news_told(&self, queued: &Queued) -> Result<(), Error> {
        self.finish(queued, String::new()).await
    }

    /// Notes that a try failed: it is tried again later, until it is given up. Says which.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn news_failed(&self, queued: &Queued, error: String) -> Result<Outlook, Error> {
        if queued.attempts >= TRIES {
            self.finish(queued, error).await?;
            return Ok(Outlook::GivenUp);
        }
        let news = (queued.news.account, queued.news.id, queued.channel);
        let due_at = self.world.now().plus(self.backoff(queued.attempts));
        self.book.chore(Chore::RetryNews { news, due_at, error }).await?;
        Ok(Outlook::Again)
    }

    async fn finish(&self, queued: &Queued, error: String) -> Result<(), Error> {
        let news = (queued.news.account, queued.news.id, queued.channel);
        self.book.chore(Chore::FinishNews { news, now: self.world.now(), error }).await?;
        Ok(())
    }

    /// Twice as long at each try, up to a limit, and up to a quarter longer by chance.
    pub(super) fn backoff(&self, attempts: u32) -> Span {
        let doubled = FIRST_RETRY.millis() << attempts.saturating_sub(1).min(20);
        let wait = doubled.min(LONGEST_RETRY.millis());
        let [chance] = self.world.random::<1>();
        Span::from_millis(wait + wait * i64::from(chance) / 1024)
    }
}
