//! The daemon: lets the device do what is due, and answers the other commands.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::desk::{Desk, Fault};
use super::{line, socket};
use crate::config::Config;

/// How often the device is asked whether something is due.
const TICK: Duration = Duration::from_millis(500);

/// The stack of a thread that answers one command.
const STACK_BYTES: usize = 256 * 1024;

/// Runs until the process is ended. An end at any moment loses nothing but the measured time since
/// the last quarter of an hour.
pub(super) fn run(config: &Config) -> Result<(), Fault> {
    let desk = Arc::new(Desk::open(config)?);
    let listener = listen(config)?;
    desk.watch()?;
    let answering = Arc::clone(&desk);
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || accept(&answering, &listener))
        .map_err(|error| {
            Fault::new("system.thread", format!("no thread can be started: {error}"))
        })?;
    line::tell(&format!("watching over the device in {}", config.folder.display()));
    let mut told = None;
    loop {
        // A store that fails is told once; the device counts on in memory and it is tried again.
        let fault = desk.step().err().map(|fault| fault.to_string());
        if let Some(fault) = fault.as_ref().filter(|fault| told.as_ref() != Some(*fault)) {
            line::warn(fault);
        }
        told = fault;
        thread::sleep(TICK);
    }
}

fn listen(config: &Config) -> Result<UnixListener, Fault> {
    let path = socket::path(config);
    let fault = |error: std::io::Error| {
        Fault::new(
            "daemon.socket",
            format!(
                "{} cannot be made ({error}): choose a shorter or another `folder`",
                path.display()
            ),
        )
    };
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fault(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(fault)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(fault)?;
    Ok(listener)
}

fn accept(desk: &Arc<Desk>, listener: &UnixListener) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let desk = Arc::clone(desk);
        let answer = move || {
            // A command that went away gets no answer.
            let _ = socket::serve(&desk, stream);
        };
        if thread::Builder::new().stack_size(STACK_BYTES).spawn(answer).is_err() {
            line::warn("no thread can be started for a command (system.thread)");
        }
    }
}
