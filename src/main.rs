//! The `onaccount` binary: reads the command line and runs.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use onaccount::cli::{self, Cli};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onaccount: {error}");
            ExitCode::FAILURE
        }
    }
}
