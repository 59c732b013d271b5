//! What the store does, on both engines: everything that is asked of it from outside.
//!
//! What needs a look inside (statements, tables, roles) is tested beside the code, in `src/tests`.

mod behaviour;
mod checking;
mod contention;
mod countries;
mod crash;
mod event_figures;
mod event_log;
mod faults;
mod homes;
mod listings;
mod opening;
mod outbox;
mod power;
mod requests;
mod stage;
