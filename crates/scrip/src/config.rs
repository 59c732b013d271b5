//! `scrip config`: prints an example, checks a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use server::config::{Config, ConfigError, EXAMPLE};
use server::networks::{Networks, NetworksFault};

use crate::remote::Remote;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Print a configuration with every key explained.
    #[command(after_help = "Example:\n  scrip config example > scrip.toml")]
    Example,
    /// Say everything that is wrong with a configuration.
    #[command(after_help = "Example:\n  scrip config check scrip.toml")]
    Check {
        /// The configuration file.
        file: PathBuf,
    },
}

pub(crate) fn run(verb: ConfigVerb) -> Result<ExitCode> {
    match verb {
        ConfigVerb::Example => print!("{EXAMPLE}"),
        ConfigVerb::Check { file } => return Ok(check(&file)),
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path) -> ExitCode {
    match Config::load(Some(file), environment()) {
        Ok(config) => {
            config.warnings().iter().for_each(|warning| println!("warning: {warning}"));
            if let Err(fault) = config.countries.file.as_deref().map_or(Ok(()), networks) {
                println!("{fault}");
                return ExitCode::FAILURE;
            }
            println!("{}: in order", file.display());
            ExitCode::SUCCESS
        }
        Err(ConfigError::Wrong(complaints)) => {
            complaints.iter().for_each(|complaint| println!("{complaint}"));
            println!("{} to mend (config.invalid)", complaints.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("scrip: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Looks at a file of networks.
fn networks(file: &Path) -> Result<(), NetworksFault> {
    Networks::load(file).map(drop)
}

/// Where a command asks: on this host, or a server that it reaches over the network.
#[derive(Clone, Debug, Args)]
pub(crate) struct Setting {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// Which installation of this host a command works with.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// The configuration file; without it the defaults and the environment.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The data folder, in place of the configured one.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl Place {
    /// The configuration, with what the command line says on top.
    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        let mut config = Config::load(self.config.as_deref(), environment())?;
        if let Some(data) = &self.data {
            config.server.data.clone_from(data);
        }
        Ok(config)
    }
}

fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text)
}
