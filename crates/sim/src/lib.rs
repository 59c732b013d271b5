//! Not shipped: a world of devices, servers, clocks and bad luck.

pub mod bench;
pub mod kill;
pub mod world;
