//! The `scrip` command.
fn main() {}
