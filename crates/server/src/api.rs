//! The APIs: for devices, sealed messages; for programs, JSON.

pub mod device;
