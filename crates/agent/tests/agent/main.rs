//! The agent from outside: the device against a small manager, its store against bad luck, its
//! pages beside the field's, and the real command.

mod carry;
mod cli;
mod device;
mod disk;
mod journal;
mod office;
mod show;
mod talk;
mod world;

use wire::tag::EntitlementTag;

/// A perpetual license.
const ADVANTAGE: &str =
    "regid.2026-01.com.example.NETWORK_ADVANTAGE,1.0_5b4c0f4e-3d70-4a0b-9d5e-7d9f3f0c1a11";

fn tag(text: &str) -> EntitlementTag {
    EntitlementTag::new(text).expect("a tag")
}
