//! Starts the `sim` binary as a process, in release, and hands its exit code on.
//!
//! `xtask` does not link `sim`: that would drag the whole server into every run of tidy.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

/// Runs `cargo run --release -p sim --bin PROGRAM -- ARGUMENTS` in the workspace at `root`.
pub(crate) fn run(root: &Path, program: &str, arguments: &[String]) -> anyhow::Result<ExitCode> {
    if !root.join("crates/sim/Cargo.toml").is_file() {
        bail!(
            "{program} is not here: run this in Scrip's own workspace, which has crates/sim (xtask.sim)"
        );
    }
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "sim",
            "--bin",
            program,
            "--manifest-path",
        ])
        .arg(root.join("Cargo.toml"))
        .arg("--")
        .args(arguments)
        .status()
        .context("cargo does not start: is it on the path? (xtask.cargo)")?;
    Ok(match status.code() {
        Some(0) => ExitCode::SUCCESS,
        Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        None => ExitCode::FAILURE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chore_outside_of_the_workspace_says_what_is_missing() {
        let nowhere = Path::new("/nowhere");
        let error = run(nowhere, "scrip-bench", &[]).unwrap_err().to_string();
        assert!(error.contains("crates/sim"), "{error}");
        assert!(error.ends_with("(xtask.sim)"), "{error}");
    }
}
