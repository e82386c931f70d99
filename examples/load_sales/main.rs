//! Loads sales from a CSV through the public API, as tills would post them: a customer with an account for each
//! `customer_id`, a till for each `store_id`, and every sale with the till's time, in time order. A second run with the same
//! file posts nothing twice: every request that moves money carries a key derived from what it is about.
//!
//! ```text
//! cargo run --release --example load_sales -- examples/sales-sample.csv --token "$ONACCOUNT_TOKEN" --invoice-months
//! ```
//!
//! `--expected-*` compare what came of it with files of known results, and make the exit code 1 when anything differs.

#![allow(
    clippy::indexing_slicing,
    reason = "a JSON value answers null for a member that it does not have"
)]

mod client;
mod compare;
mod input;
mod invoices;
mod sales;
mod venue;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use onaccount::decimal::DecimalString;
use onaccount::money::NonNegativeAmount;

use client::Client;
use venue::Venue;

/// What can go wrong: told to whoever runs this, and nobody else.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Loads sales from a CSV with the columns `sale_id customer_id store_id timestamp product_id product_name product_category
/// quantity amount_cents` (others are passed over), one line a row. Amounts are in cents, times in UTC.
#[derive(Parser)]
struct Options {
    /// The file; `-` reads standard input.
    file: PathBuf,
    /// Where the service is.
    #[arg(long, env = "ONACCOUNT_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A director's access token, of a tenant that has accepted the agreement.
    #[arg(long, env = "ONACCOUNT_TOKEN", hide_env_values = true)]
    token: String,
    /// The credit limit of every account.
    #[arg(long, default_value = "10000000.00", value_parser = amount)]
    limit: NonNegativeAmount,
    /// Invoice every month of the file afterwards, all accounts in one run a month.
    #[arg(long)]
    invoice_months: bool,
    /// What the runs do to the accounts: none, `balance_to_zero` or `limit_minus_invoiced`.
    #[arg(long, default_value = "none")]
    reset_type: String,
    /// Compare the invoices with this CSV: `customer_id month sales amount_cents`. Implies --invoice-months.
    #[arg(long)]
    expected_month: Option<PathBuf>,
    /// Compare the lines of invoices and of statements with this CSV: `customer_id day product_id product_name quantity
    /// amount_cents`. Implies --invoice-months.
    #[arg(long)]
    expected_day_product: Option<PathBuf>,
    /// Compare what was accepted and every balance with this CSV: `sale_id accepted balance_after_cents`, in the order of
    /// posting, above zero when the customer owes.
    #[arg(long)]
    expected_limit: Option<PathBuf>,
}

fn amount(text: &str) -> std::result::Result<NonNegativeAmount, String> {
    NonNegativeAmount::parse(text).ok_or_else(|| "expected an amount such as 500.00".to_owned())
}

fn main() -> ExitCode {
    match load(&Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(differences) => {
            eprintln!("load_sales: {differences} differences");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("load_sales: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Loads and compares; answers how many differences there are.
fn load(options: &Options) -> Result<usize> {
    let sales = input::read_sales(&options.file)?;
    let client = Client::new(&options.url, &options.token);
    let started = Instant::now();
    let venue = Venue::prepare(&client, &sales, options.limit)?;
    println!(
        "{} accounts with a limit of {}, {} tills ({:.1?})",
        venue.accounts.len(),
        options.limit,
        venue.tills.len(),
        started.elapsed()
    );
    let started = Instant::now();
    let outcomes = sales::post(&venue, &sales)?;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_accepted).count();
    println!(
        "{} sales: {accepted} accepted, {} declined ({:.1?})",
        outcomes.len(),
        outcomes.len() - accepted,
        started.elapsed()
    );
    let mut differences = sales::check_balances(&client, &venue, &outcomes)?;
    if let Some(path) = &options.expected_limit {
        differences += compare::outcomes(path, &outcomes)?;
    }
    let wants_invoices = options.invoice_months || options.expected_month.is_some();
    if wants_invoices || options.expected_day_product.is_some() {
        differences += invoice(options, &client, &venue, &sales)?;
    }
    Ok(differences)
}

fn invoice(options: &Options, client: &Client, venue: &Venue, sales: &[input::Sale]) -> Result<usize> {
    let started = Instant::now();
    let invoiced = invoices::run_months(client, venue, sales, &options.reset_type)?;
    println!("{} invoices ({:.1?})", invoiced.count, started.elapsed());
    let mut differences = 0;
    if let Some(path) = &options.expected_month {
        differences += compare::months(path, &invoiced.months)?;
    }
    if let Some(path) = &options.expected_day_product {
        differences += compare::lines("invoice lines", path, &invoiced.lines)?;
        let stated = invoices::read_statements(client, venue, sales)?;
        differences += compare::lines("statement lines", path, &stated)?;
    }
    Ok(differences)
}
