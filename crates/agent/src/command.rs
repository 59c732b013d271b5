//! The `scrip-agent` command: what can be typed, and where it is done.
//!
//! A command speaks to the running daemon over its socket; without one it opens the folder itself.
//! What is done either way is [`desk`]'s.

mod daemon;
mod desk;
mod line;
mod socket;

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Config, EXAMPLE};
use crate::device::Saving;
use crate::show::Page;
use desk::{Answer, Fault, IfTrusted, Request};

/// Measures the use of licenses on this device and reports it to a license manager.
#[derive(Debug, Parser)]
#[command(name = "scrip-agent", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    /// The configuration file.
    #[arg(long, short, global = true, value_name = "FILE", default_value = "agent.toml")]
    config: PathBuf,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Verb,
}

/// The mode of a file for its owner alone.
const PRIVATE: u32 = 0o600;

const EXAMPLES: &str = "\
Examples:
  scrip-agent config example > agent.toml
  scrip-agent usage set network-advantage 2
  scrip-agent trust idtoken TOKEN
  scrip-agent sync
  scrip-agent show license summary
  scrip-agent save trust trust.xml
  scrip-agent save usage unreported usage.xml
  scrip-agent import ack.xml
  scrip-agent run";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Watch over the device: measure, report on schedule, answer the other commands.
    Run,
    /// State what is in use.
    #[command(subcommand)]
    Usage(UsageVerb),
    /// Establish trust with a license manager.
    #[command(subcommand)]
    Trust(TrustVerb),
    /// Report at once, wait for the answer and print it.
    Sync,
    /// Save to a file what is to be carried to a license manager.
    #[command(subcommand)]
    Save(SaveVerb),
    /// Take in the file that a license manager returned.
    #[command(after_help = "Example:\n  scrip-agent import ack.xml")]
    Import {
        /// The file: an answer to a trust request, or an acknowledgement of usage.
        file: PathBuf,
    },
    /// Show licenses, trust and reporting.
    #[command(subcommand)]
    Show(ShowVerb),
    /// Work with the configuration.
    #[command(subcommand)]
    Config(ConfigVerb),
}

#[derive(Debug, Subcommand)]
enum UsageVerb {
    /// State that a license is in use at a level from now on; 0 ends its use.
    #[command(after_help = "Example:\n  scrip-agent usage set network-advantage 2")]
    Set {
        /// The entitlement tag, or the name that the configuration gives it.
        tag: String,
        /// The level, from 0 to 1000000000.
        #[arg(value_parser = level, allow_negative_numbers = true)]
        count: u64,
    },
}

#[derive(Debug, Subcommand)]
enum TrustVerb {
    /// Ask for trust by an ID token that the license manager issued.
    #[command(after_help = "Example:\n  scrip-agent trust idtoken TOKEN --force")]
    Idtoken {
        /// The ID token.
        token: String,
        /// Ask again although trust is established.
        #[arg(long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
enum SaveVerb {
    /// Close what is being measured and save reports.
    #[command(
        after_help = "Examples:\n  scrip-agent save usage unreported usage.xml\n  scrip-agent save usage days 90 usage.xml"
    )]
    Usage {
        #[command(subcommand)]
        which: SavingVerb,
    },
    /// Save the request for trust that `trust idtoken` made.
    #[command(after_help = "\
Example:
  scrip-agent trust idtoken TOKEN
  scrip-agent save trust trust.xml

The file holds the ID token: keep it as private as that. The manager takes it in with
`scrip import trust`, and its answer is taken in here with `scrip-agent import`.")]
    Trust(SaveTo),
}

#[derive(Debug, Subcommand)]
enum SavingVerb {
    /// Everything that is kept.
    All(SaveTo),
    /// What was neither acknowledged nor refused.
    Unreported(SaveTo),
    /// What was closed in the last days.
    Days {
        /// How many days.
        days: u32,
        #[command(flatten)]
        to: SaveTo,
    },
}

#[derive(Debug, Args)]
struct SaveTo {
    /// The file to write.
    file: PathBuf,
}

#[derive(Debug, Subcommand)]
enum ShowVerb {
    /// Show licenses, trust and reporting.
    #[command(after_help = "Example:\n  scrip-agent show license status")]
    License {
        /// Which page.
        #[arg(value_enum, default_value = "summary")]
        page: PageName,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PageName {
    Summary,
    Usage,
    Status,
    Udi,
    All,
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Print a configuration with a comment on each key.
    Example,
    /// Check the configuration file.
    Check,
}

/// A level as it is typed.
fn level(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write a whole number in digits, as in 2 (usage.count)".to_owned())
}

/// Runs the command and returns its exit code: 0 done, 1 failed. (Wrong usage ends with 2 before.)
#[must_use]
pub fn main() -> u8 {
    let cli = Cli::parse();
    match cli.run() {
        Ok(()) => 0,
        Err(fault) => {
            let _ = writeln!(std::io::stderr(), "error: {fault}");
            1
        }
    }
}

impl Cli {
    fn run(self) -> Result<(), Fault> {
        if let Verb::Config(ConfigVerb::Example) = self.command {
            return print(EXAMPLE);
        }
        let config = Config::read(&self.config).map_err(|error| Fault::of(&error))?;
        match &self.command {
            Verb::Run => daemon::run(&config),
            Verb::Config(_) => print(&format!("{} is in order\n", self.config.display())),
            Verb::Save(which) => self.save(&config, which),
            _ => {
                let answer = socket::ask(&config, &self.request()?)?;
                self.tell(&answer)
            }
        }
    }

    fn request(&self) -> Result<Request, Fault> {
        Ok(match &self.command {
            Verb::Usage(UsageVerb::Set { tag, count }) => {
                Request::Usage { tag: tag.clone(), count: *count }
            }
            Verb::Trust(TrustVerb::Idtoken { token, force }) => {
                let if_trusted = if *force { IfTrusted::Replace } else { IfTrusted::Refuse };
                Request::Trust { token: token.clone(), if_trusted }
            }
            Verb::Import { file } => Request::Import { text: read_text(file)? },
            Verb::Show(ShowVerb::License { page }) => Request::Show { page: page.to_page() },
            Verb::Sync | Verb::Run | Verb::Save(_) | Verb::Config(_) => Request::Sync,
        })
    }

    fn save(&self, config: &Config, which: &SaveVerb) -> Result<(), Fault> {
        let (request, file) = match which {
            SaveVerb::Usage { which } => {
                let (which, to) = match which {
                    SavingVerb::All(to) => (Saving::All, to),
                    SavingVerb::Unreported(to) => (Saving::Unreported, to),
                    SavingVerb::Days { days, to } => (Saving::Days(*days), to),
                };
                (Request::Save { which }, &to.file)
            }
            SaveVerb::Trust(to) => (Request::SaveTrust, &to.file),
        };
        let mut answer = socket::ask(config, &request)?;
        let bytes = answer.file.take().unwrap_or_default();
        let written = match which {
            SaveVerb::Usage { .. } => std::fs::write(file, &bytes),
            SaveVerb::Trust(_) => write_private(file, bytes.as_bytes()),
        };
        written.map_err(|error| {
            Fault::new(
                "save.write",
                format!("{} cannot be written ({error}): choose another file", file.display()),
            )
        })?;
        self.tell(&answer)
    }

    fn tell(&self, answer: &Answer) -> Result<(), Fault> {
        if self.json {
            return print(&format!("{}\n", answer.facts));
        }
        print(&answer.text)
    }
}

impl PageName {
    fn to_page(self) -> Page {
        match self {
            PageName::Summary => Page::Summary,
            PageName::Usage => Page::Usage,
            PageName::Status => Page::Status,
            PageName::Udi => Page::Udi,
            PageName::All => Page::All,
        }
    }
}

/// Writes a file that only its owner may read: a trust request holds the ID token.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(PRIVATE).open(path)?;
    // One that was there before keeps its mode otherwise.
    if file.metadata()?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(PRIVATE))?;
    }
    file.write_all(bytes)
}

fn read_text(file: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(file).map_err(|error| {
        Fault::new(
            "import.read",
            format!(
                "{} cannot be read ({error}): choose the file that the manager returned",
                file.display()
            ),
        )
    })
}

fn print(text: &str) -> Result<(), Fault> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|error| {
        Fault::new("output.write", format!("the output cannot be written: {error}"))
    })
}
