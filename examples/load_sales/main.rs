//! Loads sales from a CSV through the public API, as tills would post them: a customer with an account for each
//! `customer_id`, a till for each `store_id`, and every sale with the till's time, in time order. A second run with the same
//! file posts nothing twice: every request that moves money carries a key derived from what it is about.
//!
//! ```text
//! cargo run --release --example load_sales -- examples/sales-sample.csv --token "$ONACCOUNT_TOKEN" --invoice-months
//! ```
//!
//! `--expected-*` compare what came of it with files of known results, and make the exit code 1 when anything differs.
//!
//! `--form documents` takes what a wholesaler's bookkeeping gives: invoices, and credit notes that do not say which sale they
//! are about. A line that came back becomes a refund of the newest earlier sale that it fits, else a refund without a sale.
//!
//! ```text
//! cargo run --release --example load_sales -- examples/documents-sample.csv --form documents --token "$ONACCOUNT_TOKEN"
//! ```

#![allow(
    clippy::indexing_slicing,
    reason = "a JSON value answers null for a member that it does not have"
)]

mod client;
mod compare;
mod documents;
mod input;
mod invoices;
mod returns;
mod sales;
mod totals;
mod venue;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use onaccount::decimal::DecimalString;
use onaccount::money::NonNegativeAmount;

use client::Client;
use totals::Totals;
use venue::{Trade, Venue};

/// What can go wrong: told to whoever runs this, and nobody else.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Loads sales from a CSV with the columns `sale_id customer_id store_id timestamp product_id product_name product_category
/// quantity amount_cents` (others are passed over), one line a row. Amounts are in cents, times in UTC.
///
/// With `--form documents` the columns are `InvoiceNo line_no kind CustomerID InvoiceDate StockCode Description Quantity UnitPrice
/// amount_cents`; kind is sale or credit, and a credit's quantity and amount are below zero.
#[derive(Parser)]
pub struct Options {
    /// The file; `-` reads standard input.
    file: PathBuf,
    /// What the file has.
    #[arg(long, value_enum, default_value_t = Form::Till)]
    form: Form,
    /// Where the service is.
    #[arg(long, env = "ONACCOUNT_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// A director's access token, of a tenant that has accepted the agreement.
    #[arg(long, env = "ONACCOUNT_TOKEN", hide_env_values = true)]
    token: String,
    /// A superuser's access token, for refunds without a sale; by default the director's, who may do that too.
    #[arg(long, env = "ONACCOUNT_SUPERUSER_TOKEN", hide_env_values = true)]
    superuser_token: Option<String>,
    /// The credit limit of every account.
    #[arg(long, default_value = "10000000.00", value_parser = amount)]
    limit: NonNegativeAmount,
    /// Invoice every month of the file afterwards, all accounts in one run a month.
    #[arg(long)]
    invoice_months: bool,
    /// What the runs do to the accounts: none, `balance_to_zero` or `limit_minus_invoiced`.
    #[arg(long, default_value = "none")]
    reset_type: String,
    /// Compare the invoices with this CSV: `customer_id month sales amount_cents`. Implies --invoice-months. With documents:
    /// compare the statements with `CustomerID month sales_cents returns_cents net_cents`.
    #[arg(long)]
    expected_month: Option<PathBuf>,
    /// Compare the lines of invoices and of statements with this CSV: `customer_id day product_id product_name quantity
    /// amount_cents`. Implies --invoice-months. With documents: compare the statements with `CustomerID day StockCode quantity
    /// amount_cents`.
    #[arg(long)]
    expected_day_product: Option<PathBuf>,
    /// Compare what was accepted and every balance with this CSV: `sale_id accepted balance_after_cents`, in the order of
    /// posting, above zero when the customer owes.
    #[arg(long)]
    expected_limit: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Sales of tills
    Till,
    /// Invoices and credit notes of a wholesaler
    Documents,
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
pub fn load(options: &Options) -> Result<usize> {
    let client = Client::new(&options.url, &options.token);
    match options.form {
        Form::Till => load_tills(options, &client),
        Form::Documents if options.invoice_months || options.expected_limit.is_some() => {
            Err("--invoice-months and --expected-limit are for sales of tills".into())
        }
        Form::Documents => load_documents(options, &client),
    }
}

fn load_tills(options: &Options, client: &Client) -> Result<usize> {
    let sales = input::read_sales(&options.file)?;
    let venue = prepare(options, client, &Trade::of(&sales)?)?;
    let outcomes = post_sales(&venue, &sales)?;
    let mut differences = sales::check_balances(client, &venue, &outcomes)?;
    if let Some(path) = &options.expected_limit {
        differences += compare::outcomes(path, &outcomes)?;
    }
    let wants_invoices = options.invoice_months || options.expected_month.is_some();
    if wants_invoices || options.expected_day_product.is_some() {
        differences += invoice(options, client, &venue, &sales)?;
    }
    Ok(differences)
}

fn prepare(options: &Options, client: &Client, trade: &Trade) -> Result<Venue> {
    let started = Instant::now();
    let venue = Venue::prepare(client, trade, options.limit)?;
    println!(
        "{} accounts with a limit of {}, {} tills ({:.1?})",
        venue.accounts.len(),
        options.limit,
        venue.tills.len(),
        started.elapsed()
    );
    Ok(venue)
}

fn post_sales(venue: &Venue, sales: &[input::Sale]) -> Result<Vec<sales::Outcome>> {
    let started = Instant::now();
    let outcomes = sales::post(venue, sales)?;
    let accepted = outcomes.iter().filter(|outcome| outcome.is_accepted).count();
    println!(
        "{} sales: {accepted} accepted, {} declined ({:.1?})",
        outcomes.len(),
        outcomes.len() - accepted,
        started.elapsed()
    );
    Ok(outcomes)
}

fn load_documents(options: &Options, client: &Client) -> Result<usize> {
    let documents = documents::read(&options.file)?;
    let sales = returns::find_sales(&documents)?;
    venue::count_days_in_utc(client)?;
    let venue = prepare(options, client, &documents.trade()?)?;
    let outcomes = post_sales(&venue, &documents.sales)?;
    if outcomes.iter().any(|outcome| !outcome.is_accepted) {
        return Err("a sale was declined, so that its returns would have nothing to refund".into());
    }
    let started = Instant::now();
    let superuser = options.superuser_token.as_deref().unwrap_or(&options.token);
    returns::post(&venue, &client.with_token(superuser), &documents.returns, &sales)?;
    let of_sales = sales.iter().flatten().count();
    println!(
        "{} lines came back: {of_sales} refunds of a sale, {} without one ({:.1?})",
        sales.len(),
        sales.len() - of_sales,
        started.elapsed()
    );
    let started = Instant::now();
    let totals = Totals::read(client, &venue, &documents, &sales)?;
    println!("{} statements ({:.1?})", totals.statements, started.elapsed());
    let mut differences = 0;
    if let Some(path) = &options.expected_month {
        differences += totals.compare_months(path)?;
    }
    if let Some(path) = &options.expected_day_product {
        differences += totals.compare_days(path)?;
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
