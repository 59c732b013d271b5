//! Gives events their places in the trees, and signs how the trees stand.

use std::time::Duration;

use crate::app::App;
use crate::closing::Closing;

/// How often is looked: an event has its place within a second.
const EVERY: Duration = Duration::from_millis(400);
/// After so many looks it is seen to what is to be signed: about each minute.
const LOOKS_A_MINUTE: u32 = 150;

/// Gives places until the server stops.
pub(super) async fn run(app: App, mut closing: Closing) {
    let mut turn = app.turn("sequencer");
    let mut looks: u32 = 0;
    while !closing.is_now() {
        match app.sequence(&mut turn).await {
            Ok(0) => {}
            // There may be more than one round takes.
            Ok(_) => continue,
            Err(error) => tracing::warn!(%error, "events cannot be given their places"),
        }
        if looks.is_multiple_of(LOOKS_A_MINUTE)
            && let Err(error) = app.sign_logs(&mut turn).await
        {
            tracing::warn!(%error, "event logs cannot be signed");
        }
        looks = looks.wrapping_add(1);
        closing.sleep(EVERY).await;
    }
}
