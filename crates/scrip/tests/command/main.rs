//! The `scrip` command as people type it: what it prints, and how it exits.

mod config;
mod import;
mod stage;
mod work;
