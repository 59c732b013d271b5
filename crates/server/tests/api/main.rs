//! The APIs as programs and devices use them: the real router over a real book, in a scripted
//! world, on SQLite and, where `SCRIP_TEST_POSTGRES` names a cluster, on PostgreSQL.

mod accounts;
mod alarms;
mod api_tokens;
mod asking;
mod catalogue;
mod countries;
mod customers;
mod description;
mod device;
mod door;
mod erase;
mod events;
mod home;
mod import_trust;
mod imports;
mod instances;
mod office;
mod people;
mod pools;
mod profile;
mod push;
mod reach;
mod relocation;
mod roles;
mod sign_in;
mod tokens;
mod trust;
