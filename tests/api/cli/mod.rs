//! The real binary, as a person or a service manager runs it.

mod demo;
mod import;
mod interrupted_run;
mod metrics;
mod quickstart;
mod serve;
pub mod serving;
mod user;

use std::process::{Child, Command};

/// The binary, with nothing of the surrounding configuration.
pub fn onaccount() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onaccount"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ONACCOUNT_")) {
        command.env_remove(name);
    }
    command
}

/// Asks a process to end, as a service manager does.
fn terminate(process: &Child) {
    let process = process.id().to_string();
    let asked = Command::new("kill").args(["-TERM", &process]).status().unwrap();
    assert!(asked.success());
}
