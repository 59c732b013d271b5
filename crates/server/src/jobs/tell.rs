//! Tells queued news along one channel, each at least once, and never in the way of another.

use std::time::Duration;

use wire::time::Timestamp;

use super::words;
use crate::app::App;
use crate::app::news::{Channel, NamedNews, Outlook};
use crate::closing::Closing;

/// How long to wait when there is nothing to tell.
const IDLE: Duration = Duration::from_secs(1);
/// How long to wait when the outbox cannot be read.
const TROUBLE: Duration = Duration::from_secs(5);
/// How long one telling may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why news was not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Untold {
    /// The receiver cannot be reached or takes nothing now: the rest need not be tried.
    Receiver(String),
    /// The receiver does not take this one.
    Message(String),
}

/// Someone who tells.
pub(super) trait Teller: Send {
    /// Along which channel.
    const CHANNEL: Channel;

    /// Tells one piece of news.
    fn tell(
        &mut self,
        news: &NamedNews,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), Untold>> + Send;
}

/// Tells until the server stops.
pub(super) async fn run<T: Teller>(app: App, mut teller: T, mut closing: Closing) {
    while !closing.is_now() {
        match round(&app, &mut teller, &closing).await {
            Ok(Round::Told) => {}
            Ok(Round::Idle) => closing.sleep(IDLE).await,
            Err(error) => {
                tracing::warn!(channel = words::channel(T::CHANNEL), %error, "news cannot be read or noted");
                closing.sleep(TROUBLE).await;
            }
        }
    }
}

/// What came of a round.
enum Round {
    /// There was nothing to tell, or nobody to tell it to.
    Idle,
    /// News was told; there may be more.
    Told,
}

/// Takes what is due and tells it.
async fn round<T: Teller>(
    app: &App,
    teller: &mut T,
    closing: &Closing,
) -> Result<Round, crate::app::Error> {
    let claimed = app.claim_news(T::CHANNEL).await?;
    let none = claimed.is_empty();
    let mut given_up: Option<String> = None;
    for news in claimed {
        if !words::goes_along(T::CHANNEL, &news) {
            app.news_told(&news.queued).await?;
            continue;
        }
        let told = match &given_up {
            Some(why) => Err(Untold::Receiver(why.clone())),
            None => tokio::time::timeout(PATIENCE, teller.tell(&news, app.world.now()))
                .await
                .unwrap_or_else(|_| {
                    Err(Untold::Receiver(format!("no answer within {} s", PATIENCE.as_secs())))
                }),
        };
        note::<T>(app, &news, &told).await?;
        if let Err(Untold::Receiver(why)) = told {
            given_up.get_or_insert(why);
        }
        if closing.is_now() {
            given_up.get_or_insert_with(|| "the server stopped".to_owned());
        }
    }
    Ok(if none || given_up.is_some() { Round::Idle } else { Round::Told })
}

async fn note<T: Teller>(
    app: &App,
    news: &NamedNews,
    told: &Result<(), Untold>,
) -> Result<(), crate::app::Error> {
    let queued = &news.queued;
    let (channel, id) = (words::channel(T::CHANNEL), queued.news.id);
    let outcome = if told.is_ok() { "told" } else { "failed" };
    metrics::counter!("scrip_news_total", "channel" => channel, "outcome" => outcome).increment(1);
    match told {
        Ok(()) => {
            tracing::info!(channel, %id, subject = words::subject(news), "told");
            app.news_told(queued).await
        }
        Err(Untold::Receiver(why) | Untold::Message(why)) => {
            let attempt = queued.attempts;
            match app.news_failed(queued, why.clone()).await? {
                Outlook::Again => tracing::warn!(channel, %id, attempt, why, "not told yet"),
                Outlook::GivenUp => {
                    let subject = words::subject(news);
                    tracing::error!(channel, %id, attempt, why, subject, "given up: nobody was told");
                }
            }
            Ok(())
        }
    }
}
