//! The command line.

mod healthcheck;
mod serve;
mod user;

use clap::{Parser, Subcommand};

use crate::config::{DatabaseOptions, ServerOptions};
use crate::{app, db, telemetry};

pub use serve::{ServeError, Server};

/// House accounts for tills: buy now, pay by invoice.
#[derive(Debug, Parser)]
#[command(name = "onaccount", version, about, arg_required_else_help = true)]
pub struct Cli {
    /// What is logged, such as info or warn,onaccount=debug
    #[arg(long, env = "ONACCOUNT_LOG", default_value = "info", global = true)]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (brings the schema up to date first)
    Serve(ServerOptions),
    /// Bring the database's schema up to date
    Migrate(DatabaseOptions),
    /// Make users
    #[command(subcommand)]
    User(user::UserCommand),
    /// Print the contract, OpenAPI 3.1
    Openapi,
    /// Ask a server on this machine whether it lives; exits with 1 when it does not
    Healthcheck(healthcheck::HealthcheckOptions),
}

/// What ends a command before its time.
pub type CliError = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that was asked for.
///
/// # Errors
/// What went wrong, for the person at the terminal.
pub fn run(cli: Cli) -> Result<(), CliError> {
    telemetry::init(&cli.log);
    match cli.command {
        Command::Serve(options) => serve::serve(&options),
        Command::Migrate(options) => migrate(&options),
        Command::User(command) => user::run(command),
        Command::Openapi => openapi(),
        Command::Healthcheck(options) => healthcheck::healthcheck(&options),
    }
}

fn migrate(options: &DatabaseOptions) -> Result<(), CliError> {
    let applied = db::migrate(&options.database_url)?;
    match applied.as_slice() {
        [] => println!("The schema is up to date."),
        applied => applied.iter().for_each(|name| println!("applied {name}")),
    }
    Ok(())
}

fn openapi() -> Result<(), CliError> {
    println!("{}", serde_json::to_string_pretty(&app::contract())?);
    Ok(())
}
