//! Bodies, read no further than their kind may be long.

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::http::StatusCode;

use crate::problem::Problem;

/// The body, unless it is larger than its kind may be: then not even the rest is read.
pub(super) async fn within(body: Body, limit: usize, code: &'static str) -> Result<Bytes, Problem> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(too_large(limit, code));
    }
    to_bytes(body, limit).await.map_err(|_| too_large(limit, code))
}

fn too_large(limit: usize, code: &'static str) -> Problem {
    let detail = format!("the body is larger than {limit} bytes: send less at once ({code})");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, code, detail)
}
