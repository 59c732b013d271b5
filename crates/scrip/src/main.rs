//! The `scrip` command: what can be typed, one module for each subcommand. It holds no rule.

mod config;
mod demo;
mod log;
mod serve;

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
  scrip serve --config scrip.toml";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a made-up company with its devices, to look at.
    Demo(demo::Demo),
    /// Serve the license manager until it is told to stop.
    Serve(serve::Serve),
    /// Work with the configuration.
    #[command(subcommand)]
    Config(config::ConfigVerb),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.verb {
        Verb::Demo(demo) => demo::run(demo),
        Verb::Serve(serve) => serve::run(serve),
        Verb::Config(verb) => config::run(verb),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("scrip: {error}");
            ExitCode::FAILURE
        }
    }
}
