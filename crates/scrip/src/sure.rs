//! The question before what cannot be undone.

use std::io::Write as _;

use anyhow::{Result, bail};
use clap::Args;

/// The switch that answers it beforehand.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Sure {
    /// Do it without asking again: for scripts.
    #[arg(long)]
    yes: bool,
}

impl Sure {
    /// Says what will happen and lets a person type a word, unless they said yes beforehand.
    pub(crate) fn confirm(self, what: &str, word: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        let mut out = std::io::stderr().lock();
        write!(out, "{what}\nType {word} to go on: ")?;
        out.flush()?;
        let mut typed = String::new();
        std::io::stdin().read_line(&mut typed)?;
        if typed.trim() == word {
            return Ok(());
        }
        writeln!(out)?;
        bail!(
            "not confirmed, nothing was done: type {word} when asked, or add --yes (confirm.missing)"
        )
    }
}
