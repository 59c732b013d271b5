//! The `scrip-agent` command. Everything is in the library: [`agent::command`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(agent::command::main())
}
