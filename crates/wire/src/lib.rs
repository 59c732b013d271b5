//! What travels: ids, quantities, time, sealed messages, limits and file forms.
//!
//! This crate runs inside devices and servers alike, does no I/O, reads no
//! clock and draws no randomness. Parsing is total and bounded: [`limits`]
//! hold every bound, and nothing here panics on what others send.
//!
//! Not here: what a message *means* (that is the ledger's), storage, HTTP.

mod cbor;
mod crockford;
mod json;
pub mod text;

pub mod country;
pub mod file;
pub mod id;
pub mod key;
pub mod limits;
pub mod message;
pub mod quantity;
pub mod report;
pub mod seal;
pub mod tag;
pub mod time;
pub mod token;
pub mod udi;
