//! Lets time pass: terms that begin or end, alarms that are told as settled, old rows.

use std::time::Duration;

use crate::app::App;
use crate::closing::Closing;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(5);
/// How long to wait before more of the same.
const BREATH: Duration = Duration::from_millis(100);
/// After so many looks old rows are removed: once a day.
const LOOKS_A_DAY: u32 = 24 * 60 * 60 / 5;
/// After so many looks claims that were made for nothing are given back: once an hour.
const LOOKS_AN_HOUR: u32 = LOOKS_A_DAY / 24;

/// Tends until the server stops.
pub(super) async fn run(app: App, mut closing: Closing) {
    let mut looks: u32 = 0;
    while !closing.is_now() {
        match app.tend().await {
            Ok(0) => {}
            Ok(_) => {
                // There may be more than one round takes.
                closing.sleep(BREATH).await;
                continue;
            }
            Err(error) => tracing::warn!(%error, "terms and alarms cannot be tended to"),
        }
        if looks.is_multiple_of(LOOKS_A_DAY)
            && let Err(error) = app.forget().await
        {
            tracing::warn!(%error, "old rows cannot be removed");
        }
        if looks.is_multiple_of(LOOKS_AN_HOUR)
            && let Err(error) = app.release_claims().await
        {
            tracing::warn!(%error, "claims cannot be given back");
        }
        looks = looks.wrapping_add(1);
        closing.sleep(EVERY).await;
    }
}
