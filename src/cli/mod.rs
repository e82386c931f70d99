//! The command line.

mod ask;
mod demo;
mod healthcheck;
mod import;
mod parse_sheet;
mod serve;
mod user;
mod verify;

use clap::{Parser, Subcommand};

use crate::config::{DatabaseOptions, ServerOptions};
use crate::db::DatabaseUrl;
use crate::{app, db, telemetry};

pub use serve::{ServeError, Server};

const LOG_DEFAULT: &str = "info";

/// House accounts for tills: buy now, pay by invoice.
#[derive(Debug, Parser)]
#[command(name = "onaccount", version, about, arg_required_else_help = true)]
pub struct Cli {
    /// What is logged, such as info or warn,onaccount=debug
    #[arg(long, env = "ONACCOUNT_LOG", default_value = LOG_DEFAULT, global = true)]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (brings the schema up to date first)
    Serve(Box<ServerOptions>),
    /// Bring the database's schema up to date
    Migrate(DatabaseOptions),
    /// Make users, give them a new password, keep them out
    #[command(subcommand)]
    User(user::UserCommand),
    /// Compute every balance, sum and link anew and name each difference; exits with 1 when there is one
    Verify(DatabaseOptions),
    /// Print the contract, OpenAPI 3.1
    Openapi,
    /// Play the whole story on a fresh embedded database, and keep serving
    Demo(demo::DemoOptions),
    /// Ask a server on this machine whether it lives; exits with 1 when it does not
    Healthcheck(healthcheck::HealthcheckOptions),
    /// Import a spreadsheet of customers, accounts or past sales into a running service
    Import(import::ImportOptions),
    /// Read a spreadsheet within limits and print its rows as lines of JSON; the server starts this for each upload
    #[command(hide = true)]
    ParseSheet(parse_sheet::ParseSheetOptions),
    /// Mark cells of a spreadsheet, as lines of JSON on the standard input say; the server starts this
    #[command(hide = true)]
    MarkSheet(parse_sheet::MarkSheetOptions),
}

/// What ends a command before its time.
pub type CliError = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that was asked for.
///
/// # Errors
/// What went wrong, for the person at the terminal.
pub fn run(cli: Cli) -> Result<(), CliError> {
    // The demo's story is what its listener wants to read
    let log = if matches!(cli.command, Command::Demo(_)) && cli.log == LOG_DEFAULT {
        "warn"
    } else {
        &cli.log
    };
    telemetry::init(log);
    match cli.command {
        Command::Serve(options) => serve::serve(&options),
        Command::Migrate(options) => migrate(&options),
        Command::User(command) => user::run(command),
        Command::Verify(options) => verify::verify(&options),
        Command::Openapi => openapi(),
        Command::Demo(options) => demo::demo(&options),
        Command::Healthcheck(options) => healthcheck::healthcheck(&options),
        Command::Import(options) => import::import(&options),
        Command::ParseSheet(options) => parse_sheet::parse_sheet(options),
        Command::MarkSheet(options) => parse_sheet::mark_sheet(&options),
    }
}

/// For what works on a database that is there: a mistyped name is said, and makes none.
fn require_database(url: &DatabaseUrl) -> Result<(), CliError> {
    if is_missing(url) {
        let help = "name it with --database-url or ONACCOUNT_DATABASE_URL; onaccount serve makes a new one";
        return Err(format!("there is no database {url}: {help}").into());
    }
    Ok(())
}

/// Whether the file of an embedded database is not there yet.
fn is_missing(url: &DatabaseUrl) -> bool {
    url.sqlite_path().is_some_and(|path| !path.exists())
}

/// `1 row`, `2 rows`.
fn counted(count: impl Into<i64>, one: &str, many: &str) -> String {
    let count = count.into();
    let name = if count == 1 { one } else { many };
    format!("{count} {name}")
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
