//! The portal's administration of accounts and of the house, by its real router, on both engines.

#[path = "../portal/foreign.rs"]
mod foreign;
#[path = "../api/home.rs"]
mod home;
mod lists;
mod office;
mod requests;

mod account;
mod hostile;
mod house;
mod roles;
