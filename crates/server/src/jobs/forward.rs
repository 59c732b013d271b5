//! Forwards events to syslog, each at least once and in order: the log itself is the queue.

use std::time::Duration;

use super::syslog::Line;
use crate::app::events::Turn;
use crate::app::{App, Error};
use crate::closing::Closing;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(1);
/// How long to wait when the receiver takes nothing.
const TROUBLE: Duration = Duration::from_secs(10);

/// What came of a round.
enum Round {
    /// There was nothing.
    Idle,
    /// There may be more.
    Forwarded,
    /// The receiver takes nothing.
    Stuck(std::io::Error),
}

/// Forwards until the server stops.
pub(super) async fn run(app: App, mut line: Line, mut closing: Closing) {
    let mut turn = app.turn("forwarder");
    while !closing.is_now() {
        match round(&app, &mut line, &mut turn).await {
            Ok(Round::Forwarded) => {}
            Ok(Round::Idle) => closing.sleep(EVERY).await,
            Ok(Round::Stuck(error)) => {
                tracing::warn!(%error, "events are not forwarded: the syslog server takes nothing");
                closing.sleep(TROUBLE).await;
            }
            Err(error) => {
                tracing::warn!(%error, "events to forward cannot be read or noted");
                closing.sleep(TROUBLE).await;
            }
        }
    }
}

async fn round(app: &App, line: &mut Line, turn: &mut Turn) -> Result<Round, Error> {
    let all = app.unforwarded(turn).await?;
    let none = all.is_empty();
    for (account, events) in all {
        let mut done = None;
        let mut stuck = None;
        for event in events {
            if let Err(error) = line.send_event(&event).await {
                stuck = Some(error);
                break;
            }
            done = event.place.map(|place| place.number + 1);
        }
        if let Some(place) = done {
            app.note_forwarded(account, place).await?;
        }
        if let Some(error) = stuck {
            return Ok(Round::Stuck(error));
        }
    }
    Ok(if none { Round::Idle } else { Round::Forwarded })
}
