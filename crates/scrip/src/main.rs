//! The `scrip` command: what can be typed, one module for each subcommand. It holds no rule.

mod account;
mod client;
mod config;
mod demo;
mod desk;
mod erase;
mod event;
mod host;
mod import;
mod inventory;
mod license;
mod log;
mod prove;
mod relocation;
mod remote;
mod role;
mod serve;
mod show;
mod sure;
mod terms;
mod token;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An open license manager: one binary that serves it, and the commands to work with it.
#[derive(Debug, Parser)]
#[command(name = "scrip", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "\
Examples:
  scrip demo
  scrip serve
  scrip config example > scrip.toml
  scrip serve --config scrip.toml
  scrip import usage usage.xml
  scrip import trust trust.xml --ack answer.xml
  scrip user add ann@example.com --operator
  scrip account create \"Northwind Ltd\" --domain northwind.example
  scrip token create --max-uses 1";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a made-up company with its devices, to look at.
    Demo(demo::Demo),
    /// Serve the license manager until it is told to stop.
    Serve(serve::Serve),
    /// Work with the configuration.
    #[command(subcommand)]
    Config(config::ConfigVerb),
    /// Take in files that somebody carried.
    #[command(subcommand)]
    Import(import::ImportVerb),
    /// Work with accounts.
    #[command(subcommand)]
    Account(account::AccountVerb),
    /// Work with virtual accounts.
    #[command(subcommand)]
    VirtualAccount(account::VirtualAccountVerb),
    /// Work with people: who can sign in, how they get in at first and when locked out.
    #[command(subcommand)]
    User(user::UserVerb),
    /// Work with roles: who may do what.
    #[command(subcommand)]
    Role(role::RoleVerb),
    /// Work with the End User License Agreement.
    #[command(subcommand)]
    Terms(terms::TermsVerb),
    /// Work with API clients: what programs ask by.
    #[command(subcommand)]
    Client(client::ClientVerb),
    /// Work with license definitions.
    #[command(subcommand)]
    License(license::LicenseVerb),
    /// Work with entitlements.
    #[command(subcommand)]
    Entitlement(license::EntitlementVerb),
    /// Work with ID tokens.
    #[command(subcommand)]
    Token(token::TokenVerb),
    /// Look at pools.
    #[command(subcommand)]
    Pool(inventory::PoolVerb),
    /// Look at product instances, move them between virtual accounts, remove them.
    #[command(subcommand)]
    Instance(inventory::InstanceVerb),
    /// Look at alarms.
    #[command(subcommand)]
    Alarm(inventory::AlarmVerb),
    /// Look at the event log, prove that nobody altered it, erase what it tells of people.
    #[command(subcommand)]
    Event(event::EventVerb),
    /// Make a new set-up secret; the one before is void.
    SetupSecret(host::SetUpSecret),
    /// Prove that the book is consistent.
    Fsck(host::Fsck),
    /// Copy the book and the keys, while they are in use.
    Backup(host::Backup),
    /// Look at the keys.
    #[command(subcommand)]
    Keys(host::KeysVerb),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.verb {
        Verb::Demo(demo) => demo::run(demo),
        Verb::Serve(serve) => serve::run(serve),
        Verb::Config(verb) => config::run(verb),
        Verb::Import(verb) => import::run(verb),
        Verb::Account(verb) => account::run(verb),
        Verb::VirtualAccount(verb) => account::run_virtual(verb),
        Verb::User(verb) => user::run(verb),
        Verb::Role(verb) => role::run(verb),
        Verb::Terms(verb) => terms::run(verb),
        Verb::Client(verb) => client::run(verb),
        Verb::License(verb) => license::run(verb),
        Verb::Entitlement(verb) => license::run_entitlement(verb),
        Verb::Token(verb) => token::run(verb),
        Verb::Pool(verb) => inventory::run_pool(verb),
        Verb::Instance(verb) => inventory::run_instance(verb),
        Verb::Alarm(verb) => inventory::run_alarm(verb),
        Verb::Event(verb) => event::run(verb),
        Verb::SetupSecret(ask) => host::set_up_secret(ask),
        Verb::Fsck(ask) => host::fsck(ask),
        Verb::Backup(ask) => host::backup(ask),
        Verb::Keys(verb) => host::keys(verb),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("scrip: {}", desk::words(&error));
            ExitCode::FAILURE
        }
    }
}
