//! The gallery of components. It shows nobody's data, so whoever is signed in may see it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::answer::{Unshown, shown};
use super::door::Guest;
use super::facts::moment;
use super::pages::gallery::Gallery;
use crate::app::App;

/// The page.
pub(super) async fn show(
    State(app): State<App>,
    guest: Guest,
    headers: HeaderMap,
) -> Result<Response, Unshown> {
    let now = app.world.now();
    shown(&Gallery { visitor: guest.visitor(&app), now: moment(now, now) }, &headers)
}
