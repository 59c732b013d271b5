//! Sends letters: mails to one person, such as invitations.

use std::time::Duration;

use super::mail::Post;
use super::tell::Untold;
use crate::app::letters::OpenLetter;
use crate::app::news::Outlook;
use crate::app::{App, Error};
use crate::closing::Closing;

/// How long to wait when there is nothing to send.
const IDLE: Duration = Duration::from_millis(500);
/// How long to wait when letters cannot be read, or the mail server takes none.
const TROUBLE: Duration = Duration::from_secs(5);
/// How long one sending may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends until the server stops.
pub(super) async fn run(app: App, post: Post, mut closing: Closing) {
    while !closing.is_now() {
        match round(&app, &post, &closing).await {
            Ok(Round::Sent) => {}
            Ok(Round::Idle) => closing.sleep(IDLE).await,
            Ok(Round::Refused) => closing.sleep(TROUBLE).await,
            Err(error) => {
                tracing::warn!(%error, "letters cannot be read or noted");
                closing.sleep(TROUBLE).await;
            }
        }
    }
}

/// What came of a round.
enum Round {
    /// There was nothing to send.
    Idle,
    /// Letters were sent; there may be more.
    Sent,
    /// The mail server takes none now.
    Refused,
}

async fn round(app: &App, post: &Post, closing: &Closing) -> Result<Round, Error> {
    let letters = app.claim_letters().await?;
    if letters.is_empty() {
        return Ok(Round::Idle);
    }
    let mut given_up: Option<String> = None;
    for letter in letters {
        let sent = match &given_up {
            Some(why) => Err(Untold::Receiver(why.clone())),
            None => send(app, post, &letter).await,
        };
        note(app, &letter, &sent).await?;
        if let Err(Untold::Receiver(why)) = sent {
            given_up.get_or_insert(why);
        }
        if closing.is_now() {
            given_up.get_or_insert_with(|| "the server stopped".to_owned());
        }
    }
    Ok(if given_up.is_some() { Round::Refused } else { Round::Sent })
}

async fn send(app: &App, post: &Post, letter: &OpenLetter) -> Result<(), Untold> {
    let sending = post.send_letter(letter, app.world.now());
    tokio::time::timeout(PATIENCE, sending).await.unwrap_or_else(|_| {
        Err(Untold::Receiver(format!("no answer within {} s", PATIENCE.as_secs())))
    })
}

/// Says what came of a letter. Neither its address nor its text goes into the log.
async fn note(app: &App, letter: &OpenLetter, sent: &Result<(), Untold>) -> Result<(), Error> {
    let posted = &letter.posted;
    let (id, attempt) = (posted.letter.id, posted.attempts);
    let outcome = if sent.is_ok() { "sent" } else { "failed" };
    metrics::counter!("scrip_letters_total", "outcome" => outcome).increment(1);
    match sent {
        Ok(()) => {
            tracing::info!(%id, "letter sent");
            app.letter_sent(posted).await
        }
        Err(Untold::Receiver(why) | Untold::Message(why)) => {
            match app.letter_failed(posted, why.clone()).await? {
                Outlook::Again => tracing::warn!(%id, attempt, why, "letter not sent yet"),
                Outlook::GivenUp => tracing::error!(%id, attempt, why, "letter given up"),
            }
            Ok(())
        }
    }
}
