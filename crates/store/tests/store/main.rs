//! What the store does, on both engines: everything that is asked of it from outside.
//!
//! What needs a look inside (statements, tables, roles) is tested beside the code, in `src/tests`.

mod behaviour;
mod contention;
mod faults;
mod homes;
mod opening;
mod outbox;
mod requests;
mod stage;
