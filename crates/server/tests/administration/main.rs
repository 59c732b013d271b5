//! The portal's administration of accounts and of the house, by its real router, on both engines.

#[path = "../api/home.rs"]
mod home;
mod office;
mod requests;

mod account;
mod hostile;
mod house;
mod roles;
