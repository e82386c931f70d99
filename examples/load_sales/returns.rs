//! Finds the sale of each return, and posts the returns as refunds.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use onaccount::decimal::DecimalString;
use onaccount::money::Money;
use onaccount::quantity::{PositiveQuantity, UnitPrice};
use serde_json::{Value, json};

use super::Result;
use super::client::{Client, key_of, text};
use super::documents::{Documents, Return, STORE};
use super::input::Line;
use super::sales::{line_body, progress, sale_key};
use super::venue::{Account, Venue, cents};

/// A line of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleLine {
    pub sale_id: u64,
    /// From 1.
    pub line_no: usize,
}

/// A line of a sale, and what of it may still come back.
struct Sold {
    line: SaleLine,
    at: DateTime<Utc>,
    goods: Goods,
    left_milli: i64,
}

/// How much of something at which price. Quantities are in thousandths.
#[derive(Clone, Copy)]
struct Goods {
    quantity_milli: i64,
    unit_price: UnitPrice,
    amount_cents: i64,
}

impl Goods {
    fn of(line: &Line) -> Result<Self> {
        let quantity = PositiveQuantity::parse(&line.quantity);
        let unit_price = line.unit_price.as_deref().and_then(UnitPrice::parse);
        let (quantity, unit_price) = quantity
            .zip(unit_price)
            .ok_or_else(|| format!("{line:?} cannot be read"))?;
        Ok(Goods {
            quantity_milli: quantity.milli(),
            unit_price,
            amount_cents: line.amount_cents,
        })
    }

    /// Whether a part of this comes to exactly that, whatever came back before.
    fn has_part(self, part: Goods) -> bool {
        let across = |one: Goods, other: Goods| i128::from(one.amount_cents) * i128::from(other.quantity_milli);
        self.unit_price == part.unit_price && across(self, part) == across(part, self)
    }
}

/// For each return, the newest line sold before it to that customer of that product, at the same price, of which enough is
/// left; none when there is none.
pub fn find_sales(documents: &Documents) -> Result<Vec<Option<SaleLine>>> {
    let mut sold_by: BTreeMap<(&str, &str), Vec<Sold>> = BTreeMap::new();
    for sale in &documents.sales {
        for (line_no, line) in (1..).zip(&sale.lines) {
            let goods = Goods::of(line)?;
            let sold = sold_by.entry((&sale.customer_id, &line.product_id)).or_default();
            sold.push(Sold {
                line: SaleLine {
                    sale_id: sale.id,
                    line_no,
                },
                at: sale.at,
                goods,
                left_milli: goods.quantity_milli,
            });
        }
    }
    let mut found = Vec::with_capacity(documents.returns.len());
    for returned in &documents.returns {
        let sold = sold_by.get_mut(&(returned.customer_id.as_str(), returned.line.product_id.as_str()));
        found.push(take_back(sold.map(Vec::as_mut_slice).unwrap_or_default(), returned)?);
    }
    Ok(found)
}

/// Takes what came back out of the newest line that it fits. `sold`: what the customer bought of it, the oldest first.
fn take_back(sold: &mut [Sold], returned: &Return) -> Result<Option<SaleLine>> {
    let goods = Goods::of(&returned.line)?;
    let fitting = sold
        .iter_mut()
        .rev()
        .find(|sold| sold.at <= returned.at && sold.left_milli >= goods.quantity_milli && sold.goods.has_part(goods));
    Ok(fitting.map(|sold| {
        sold.left_milli -= goods.quantity_milli;
        sold.line
    }))
}

/// Posts every return: of a sale at the till, without one by whoever may do that.
pub fn post(venue: &Venue, superuser: &Client, returns: &[Return], sales: &[Option<SaleLine>]) -> Result<()> {
    let bar = progress(returns.len(), "returns")?;
    for (returned, sale_line) in returns.iter().zip(sales) {
        let account = venue.account(&returned.customer_id)?;
        let refund = match sale_line {
            Some(line) => refund_sale(venue, account, returned, *line)?,
            None => refund_without_sale(venue, superuser, account, returned)?,
        };
        let given_back = cents(text(&refund, "balance_change")?, venue.currency)?;
        if given_back != returned.line.amount_cents {
            return Err(format!("{returned:?} gave back {given_back} cents").into());
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// The key of a return, which is the refund's id in the service.
pub fn return_key(returned: &Return, account: &Account) -> String {
    let Return { document, line_no, .. } = returned;
    key_of(&format!("return {document} line {line_no} of {}", account.id))
}

fn refund_sale(venue: &Venue, account: &Account, returned: &Return, line: SaleLine) -> Result<Value> {
    let path = format!("/v1/sales/{}/refunds", sale_key(line.sale_id, account));
    let body = json!({
        "occurred_at": returned.at,
        "lines": [{"line_no": line.line_no, "quantity": returned.line.quantity}],
        "reason": "returned",
        "receipt_number": returned.document,
    });
    let key = return_key(returned, account);
    let answer = venue.till(STORE)?.post(&path, Some(&key), Some(&body))?;
    Ok(answer.expect(&[201], &returned.document)?.body)
}

/// The service books it on the day on which it is posted; its reference says of when it is.
fn refund_without_sale(venue: &Venue, superuser: &Client, account: &Account, returned: &Return) -> Result<Value> {
    let body = json!({
        "account_id": account.id,
        "amount": Money::new(returned.line.amount_cents, venue.currency),
        "lines": [line_body(&returned.line, venue.currency)],
        "reason": "returned; its sale is not known",
        "reference": format!("{} of {}", returned.document, returned.at.date_naive()),
    });
    let key = return_key(returned, account);
    let answer = superuser.post("/v1/refunds", Some(&key), Some(&body))?;
    Ok(answer.expect(&[201], &returned.document)?.body)
}
