//! What a device does: it measures, reports and believes only what proves itself.
//!
//! [`device`] is the core, without I/O; [`seat`] drives it; [`journal`] keeps what it must not
//! forget, [`client`] carries what it says, [`show`] prints what it knows; [`command`] and
//! [`config`] are the `scrip-agent` command. Nothing here can stop the product.

pub mod client;
pub mod command;
pub mod config;
pub mod device;
pub mod journal;
pub mod seat;
pub mod show;
pub mod world;
