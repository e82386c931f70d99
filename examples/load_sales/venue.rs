//! Customers, accounts and tills, made or found again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use onaccount::money::{Currency, NonNegativeAmount};
use serde_json::{Value, json};

use super::Result;
use super::client::{Client, key_of, text};
use super::input::Sale;

/// The tenant as the loader uses it.
pub struct Venue {
    pub currency: Currency,
    /// By customer.
    pub accounts: BTreeMap<String, Account>,
    /// By store.
    pub tills: BTreeMap<String, Client>,
}

/// Who buys where, and since when.
pub struct Trade<'t> {
    pub customers: BTreeSet<&'t str>,
    pub stores: BTreeSet<&'t str>,
    pub since: NaiveDate,
}

impl<'t> Trade<'t> {
    pub fn of(sales: &'t [Sale]) -> Result<Self> {
        let since = sales.iter().map(|sale| sale.at.date_naive()).min();
        Ok(Trade {
            customers: sales.iter().map(|sale| sale.customer_id.as_str()).collect(),
            stores: sales.iter().map(|sale| sale.store_id.as_str()).collect(),
            since: since.ok_or("no sales")?,
        })
    }
}

/// A customer's account.
pub struct Account {
    pub id: String,
    pub number: String,
    /// Before the first sale of this run; below zero the customer owes.
    pub balance_cents: i64,
}

impl Venue {
    /// Sees to it that every customer has an account with this limit, every store a till, and the tenant takes sales of that
    /// time.
    pub fn prepare(client: &Client, trade: &Trade, limit: NonNegativeAmount) -> Result<Self> {
        let tenant = client.read("/v1/tenants/current")?;
        let currency = Currency::try_from_code(text(&tenant.body, "currency")?);
        let currency = currency
            .filter(|currency| currency.digits() == 2)
            .ok_or("the tenant's currency has no cents")?;
        accept_sales_from(client, &tenant.etag, trade.since)?;
        let limit_cents = limit.to_minor(currency)?;
        let known = by_member(client.list("/v1/accounts")?, "number");
        let known_customers = by_member(client.list("/v1/customers")?, "customer_number");
        let mut accounts = BTreeMap::new();
        for customer_id in &trade.customers {
            let number = format!("C{customer_id}");
            let account = match known.get(&number) {
                Some(account) => account.clone(),
                None => create_account(client, &number, customer_id, &known_customers)?,
            };
            let account = ready_account(client, account, limit_cents, currency)?;
            accounts.insert((*customer_id).to_owned(), account);
        }
        let known = by_member(client.list("/v1/terminals")?, "name");
        let mut tills = BTreeMap::new();
        for store in &trade.stores {
            tills.insert((*store).to_owned(), till(client, store, &known)?);
        }
        Ok(Venue {
            currency,
            accounts,
            tills,
        })
    }
}

/// Has the tenant's days begin and end with those of the world's clock.
pub fn count_days_in_utc(client: &Client) -> Result<()> {
    let tenant = client.read("/v1/tenants/current")?;
    let settings = json!({"time_zone": "UTC", "business_day_start": "00:00"});
    client.patch("/v1/tenants/current", &tenant.etag, &settings)?;
    Ok(())
}

impl Venue {
    /// A customer's account.
    pub fn account(&self, customer_id: &str) -> Result<&Account> {
        let account = self.accounts.get(customer_id);
        account.ok_or_else(|| format!("customer {customer_id} has no account").into())
    }

    /// A store's till.
    pub fn till(&self, store_id: &str) -> Result<&Client> {
        let till = self.tills.get(store_id);
        till.ok_or_else(|| format!("store {store_id} has no till").into())
    }
}

/// The items of a list by one of their members.
fn by_member(items: Vec<Value>, member: &str) -> BTreeMap<String, Value> {
    let name = |item: &Value| item[member].as_str().map(str::to_owned);
    items
        .into_iter()
        .filter_map(|item| Some((name(&item)?, item)))
        .collect()
}

/// From the day before the first sale, whatever the zone: sales since then are history that may be loaded.
fn accept_sales_from(client: &Client, etag: &str, since: NaiveDate) -> Result<()> {
    let from = since.checked_sub_days(Days::new(1));
    client.patch("/v1/tenants/current", etag, &json!({"accept_sales_from": from}))?;
    Ok(())
}

fn create_account(
    client: &Client,
    number: &str,
    customer_id: &str,
    known_customers: &BTreeMap<String, Value>,
) -> Result<Value> {
    let customer = if let Some(customer) = known_customers.get(customer_id) {
        customer.clone()
    } else {
        let body = json!({"kind": "company", "company_name": format!("Customer {customer_id}"), "customer_number": customer_id});
        client
            .post("/v1/customers", None, Some(&body))?
            .expect(&[201], "customer")?
            .body
    };
    let body =
        json!({"number": number, "holder_id": customer["id"], "on_account_allowed": true, "shown_on_till": true});
    Ok(client
        .post("/v1/accounts", None, Some(&body))?
        .expect(&[201], number)?
        .body)
}

/// Activates the account and gives it its limit, if that is still to be done.
fn ready_account(client: &Client, account: Value, limit_cents: i64, currency: Currency) -> Result<Account> {
    let id = text(&account, "id")?.to_owned();
    if account["status"] == "inactive" {
        let path = format!("/v1/accounts/{id}/activate");
        client.post(&path, None, None)?.expect(&[200], &path)?;
    }
    let now_cents = cents(text(&account, "credit_limit")?, currency)?;
    if now_cents != limit_cents {
        let change = onaccount::money::Money::new(limit_cents - now_cents, currency);
        let key = key_of(&format!("limit {id} after {} to {limit_cents}", account["last_seq"]));
        let path = format!("/v1/accounts/{id}/limit-changes");
        let body = json!({"change": change, "reason": "limit of a load"});
        client.post(&path, Some(&key), Some(&body))?.expect(&[201], &path)?;
    }
    Ok(Account {
        number: text(&account, "number")?.to_owned(),
        balance_cents: cents(text(&account, "balance")?, currency)?,
        id,
    })
}

/// The store's till with a fresh key: a key is shown once, so one of an earlier run is lost.
fn till(client: &Client, store: &str, known: &BTreeMap<String, Value>) -> Result<Client> {
    let name = format!("Store {store}");
    let terminal = if let Some(terminal) = known.get(&name) {
        terminal.clone()
    } else {
        let body = json!({"name": name});
        client
            .post("/v1/terminals", None, Some(&body))?
            .expect(&[201], &name)?
            .body
    };
    let path = format!("/v1/terminals/{}/keys", text(&terminal, "id")?);
    let key = client.post(&path, None, None)?.expect(&[201], &path)?.body;
    Ok(client.with_token(text(&key, "secret")?))
}

/// An amount in cents.
pub fn cents(amount: &str, currency: Currency) -> Result<i64> {
    use onaccount::decimal::DecimalString;
    let amount = onaccount::money::Amount::parse(amount).ok_or_else(|| format!("{amount} is no amount"))?;
    Ok(amount.to_minor(currency)?)
}
