//! Starts the `sim` binary as a process, in release, and hands its exit code on.
//!
//! `xtask` does not link `sim`: that would drag the whole server into every run of tidy.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, bail};

/// Runs `cargo run --release -p sim -- ARGUMENTS` in the workspace at `root`.
///
/// Says so plainly when `crates/sim` has no binary yet; `what` names the chore that needs it.
pub(crate) fn run(root: &Path, what: &str, arguments: &[String]) -> anyhow::Result<ExitCode> {
    if !root.join("crates/sim/src/main.rs").is_file() {
        bail!(
            "{what} is not written: give crates/sim a src/main.rs that takes `{what}` (xtask.sim)"
        );
    }
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--quiet", "--release", "--package", "sim", "--manifest-path"])
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
    fn a_chore_without_a_simulator_says_what_is_missing() {
        let nowhere = Path::new("/nowhere");
        let error = run(nowhere, "bench", &[]).unwrap_err().to_string();
        assert!(error.contains("crates/sim"), "{error}");
        assert!(error.ends_with("(xtask.sim)"), "{error}");
    }
}
