//! How commands speak to the daemon: one request and one answer, each a line of JSON, over a socket
//! in the agent's folder that only its owner can open.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::desk::{Answer, Desk, Fault, Request};
use crate::config::Config;

/// The socket's name in the folder.
const SOCKET: &str = "agent.sock";

/// The most bytes of a request or an answer: a saved file of the most reports, escaped.
const LINE_BYTES: u64 = 128 * 1024 * 1024;

/// How long a request may take to arrive.
const REQUEST: Duration = Duration::from_secs(10);

/// How long an answer may take: a whole queue of reports is sent meanwhile.
const ANSWER: Duration = Duration::from_secs(600);

/// How often a folder that another command holds is tried again, and after what pause.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Serialize, Deserialize)]
enum Said {
    Done(Answer),
    Failed(Fault),
}

/// Where the daemon of a configuration listens.
pub(super) fn path(config: &Config) -> PathBuf {
    config.folder.join(SOCKET)
}

/// Has a request answered by the daemon, or here when there is none.
pub(super) fn ask(config: &Config, request: &Request) -> Result<Answer, Fault> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        if let Ok(stream) = UnixStream::connect(path(config)) {
            return ask_daemon(stream, request);
        }
        match Desk::open(config) {
            Ok(desk) => return desk.answer(request.clone()),
            // Another command has the folder for a moment, or the daemon does not listen yet.
            Err(fault) if fault.code() == "folder.in_use" => last = Some(fault),
            Err(fault) => return Err(fault),
        }
        std::thread::sleep(PAUSE);
    }
    Err(last.unwrap_or_else(|| Fault::new("folder.in_use", "the folder is in use: try again")))
}

fn ask_daemon(mut stream: UnixStream, request: &Request) -> Result<Answer, Fault> {
    let fault = |error: std::io::Error| {
        Fault::new(
            "daemon.silent",
            format!("the daemon does not answer ({error}): look at its log, or try again"),
        )
    };
    stream.set_read_timeout(Some(ANSWER)).map_err(fault)?;
    write_line(&mut stream, request).map_err(fault)?;
    match read_line(&stream).map_err(fault)? {
        Said::Done(answer) => Ok(answer),
        Said::Failed(fault) => Err(fault),
    }
}

/// Answers one request.
pub(super) fn serve(desk: &Desk, mut stream: UnixStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(REQUEST))?;
    let said = match desk.answer(read_line(&stream)?) {
        Ok(answer) => Said::Done(answer),
        Err(fault) => Said::Failed(fault),
    };
    write_line(&mut stream, &said)
}

fn write_line<T: Serialize>(stream: &mut UnixStream, value: &T) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn read_line<T: for<'de> Deserialize<'de>>(stream: &UnixStream) -> std::io::Result<T> {
    let mut line = Vec::new();
    BufReader::new(stream.take(LINE_BYTES)).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}
