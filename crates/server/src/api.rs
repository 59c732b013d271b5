//! The APIs: for devices, sealed messages; for programs, JSON.

pub mod device;

use axum::Router;

use crate::app::App;

/// All routes of the APIs.
pub fn routes() -> Router<App> {
    device::routes()
}
