//! Properties: what holds for any usage, in any order, however often it comes.
//!
//! Conservation and the agreement of stored with computed figures are checked by `audit`
//! after each command of each case.

#[path = "stage/acts.rs"]
mod acts;
#[path = "stage/asks.rs"]
mod asks;
#[path = "stage/audit.rs"]
mod audit;
#[path = "stage/book.rs"]
mod book;
#[path = "stage/model.rs"]
mod model;
#[path = "stage/order.rs"]
mod order;
#[path = "stage/scene.rs"]
mod scene;
#[path = "stage/walk.rs"]
mod walk;
#[path = "stage/words.rs"]
mod words;

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(count: u32) -> proptest::test_runner::Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    proptest::test_runner::Config {
        cases: asked.unwrap_or(count),
        failure_persistence: None,
        ..proptest::test_runner::Config::default()
    }
}
