//! What is true: licenses, entitlements, pools, usage, compliance, alarms and roles.
//!
//! Every rule is a pure function from a [`Page`] of the book to a [`Posting`]. Nothing
//! here reads a clock, a database or a network: `now` is an argument and rows come in
//! the page. What is written down, and in which order, is the store's affair.

pub mod account;
pub mod alarm;
pub mod command;
pub mod country;
pub mod curve;
pub mod detail;
pub mod entitlement;
pub mod house;
pub mod instance;
pub mod lapse;
pub mod license;
pub mod log;
pub mod page;
mod pen;
pub mod person;
pub mod pool;
pub mod posting;
pub mod refusal;
pub mod removal;
pub mod report;
pub mod role;
pub mod standing;
pub mod token;
pub mod tree;
pub mod usage;

pub use page::Page;
pub use posting::{Effect, Posting};
pub use refusal::Refusal;
