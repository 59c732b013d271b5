//! What only a command of the host may ask, by `admin.sock`: it could read the folder anyway.

use axum::Router;

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
}
