//! The APIs: for devices, sealed messages; for programs, JSON.
//!
//! One table holds every route with what it needs of who asks; the router, the description
//! and the matrix of roles are made from it. The use cases are in `app`.

mod accounts;
mod alarms;
mod asking;
mod body;
mod catalogue;
mod customers;
mod description;
mod device;
mod events;
mod guard;
mod imports;
mod instances;
mod json;
mod me;
mod paging;
mod people;
mod pools;
mod profile;
mod relocation;
mod schema;
mod table;
mod tokens;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::any;

use crate::app::App;
use crate::problem::Problem;

pub use description::description;
pub use table::{Need, Stated, Where, stated};

/// All routes of the APIs.
pub fn routes() -> Router<App> {
    table::router()
        .route("/api", any(unknown))
        .route("/api/{*rest}", any(unknown))
        .route("/device", any(unknown))
        .route("/device/{*rest}", any(unknown))
        .method_not_allowed_fallback(wrong_method)
}

async fn unknown(uri: Uri) -> Problem {
    let path = uri.path();
    let text = format!("there is nothing at {path}: see /api/v1/openapi.json (path.unknown)");
    Problem::new(StatusCode::NOT_FOUND, "path.unknown", text)
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    let path = uri.path();
    let text = format!("{path} does not take {method}: see the header Allow (method.unknown)");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method.unknown", text)
}
