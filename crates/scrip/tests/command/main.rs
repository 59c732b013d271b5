//! The `scrip` command as people type it: what it prints, and how it exits.

mod config;
mod hall;
mod import;
mod people;
mod secrets;
mod stage;
mod work;
