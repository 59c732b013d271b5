//! What is offered: use cases, API, portal, jobs and configuration; a library that the
//! `scrip` command starts, and that the on-prem server will be.
//!
//! `app` holds the use cases; `api`, `portal` and `jobs` call them, never the store and
//! never each other.

pub mod api;
pub mod app;
mod attachment;
mod closing;
pub mod config;
pub mod jobs;
pub mod keys;
pub mod networks;
pub mod portal;
pub mod problem;
pub mod proof;
pub mod serve;
pub mod world;
