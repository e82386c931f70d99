//! What tills send, and its form in the ledger.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::accounts::AccountNumber;
use crate::clock::Timestamp;
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::ledger::{self, AccountRef, Action, Line, LineChoice, RefundChoice, TillDetails};
use crate::money::{Amount, Currency, Money, NonNegativeAmount, checked_sum};
use crate::quantity::{NonNegativeQuantity, PositiveQuantity, UnitPrice, VatRate};
use crate::text::{LINE_PATTERN, Reason};
use crate::text_type;

/// The most lines a sale or refund may have.
const LINES_MAX: u64 = 500;
/// The most sales a batch may have.
const BATCH_SALES_MAX: u64 = 1_000;

text_type!(
    /// The product's code in the till: 1 to 64 characters on one line.
    ProductCode, pattern: LINE_PATTERN, length: 1..=64, example: "BEER-25",
    expected: "expected 1 to 64 characters on one line, without blanks at either end"
);
text_type!(
    /// What the product is called now: 1 to 200 characters on one line.
    ProductName, pattern: LINE_PATTERN, length: 1..=200, example: "Beer 25 cl",
    expected: "expected 1 to 200 characters on one line, without blanks at either end"
);
text_type!(
    /// The product's group: 1 to 100 characters on one line.
    Category, pattern: LINE_PATTERN, length: 1..=100, example: "Drinks",
    expected: "expected 1 to 100 characters on one line, without blanks at either end"
);
text_type!(
    /// A till's own word for something: 1 to 64 characters on one line.
    TillText, pattern: LINE_PATTERN, length: 1..=64, example: "T12",
    expected: "expected 1 to 64 characters on one line, without blanks at either end"
);

/// One product of a sale, or of a refund without a sale.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    pub product_code: ProductCode,
    pub name: ProductName,
    pub quantity: NonNegativeQuantity,
    /// Including VAT; below zero for a discount, or a deposit that goes back.
    pub amount: Amount,
    pub vat_rate: VatRate,
    pub unit_price: Option<UnitPrice>,
    pub category: Option<Category>,
}

/// A sale on account. Name the account by `account_id` or by `account_number`, one of the two. The amounts of the lines add
/// up to `amount`.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "sale_names_an_account"))]
#[schema(example = json!({"account_number": "71900001", "occurred_at": "2026-11-20T21:14:05Z", "amount": "7.60",
    "receipt_number": "1-20417", "reference": "T12", "lines": [
        {"product_code": "BEER-25", "name": "Beer 25 cl", "quantity": "2", "amount": "6.40", "vat_rate": "21.00",
            "unit_price": "3.20", "category": "Drinks"},
        {"product_code": "NUTS", "name": "Nuts", "quantity": "1", "amount": "1.20", "vat_rate": "9.00"}]}))]
pub struct NewSale {
    pub account_id: Option<Id>,
    pub account_number: Option<AccountNumber>,
    /// When it happened, by the till's clock.
    pub occurred_at: Timestamp,
    /// The till had no connection and the goods are gone: the sale is not declined for limit or status, but flagged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offline: bool,
    pub amount: NonNegativeAmount,
    #[validate(length(min = 1, max = "LINES_MAX", message = "expected 1 to 500 lines"))]
    #[schema(min_items = 1, max_items = 500)]
    pub lines: Vec<NewLine>,
    pub receipt_number: Option<TillText>,
    /// Who stood at the till.
    pub operator: Option<TillText>,
    /// Table, room or order.
    pub reference: Option<TillText>,
}

impl NewSale {
    /// What it asks of the ledger.
    ///
    /// # Errors
    /// 422 when an amount has too many decimals, or the lines do not add up.
    pub fn into_action(self, currency: Currency) -> ApiResult<Action> {
        let (amount_minor, lines) = amount_and_lines(self.amount, self.lines, currency)?;
        Ok(Action::Sale(ledger::Sale {
            account: account_of(self.account_id, self.account_number),
            occurred_at: self.occurred_at,
            is_offline: self.offline,
            amount_minor,
            lines,
            details: details_of(self.receipt_number, self.operator, self.reference),
        }))
    }
}

/// What a till posts after it had no connection.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sales": [{"id": "0193a1c2-6f0e-7b51-9d3a-0b6f2a3c4d5e", "sale": {
    "account_number": "71900001", "occurred_at": "2026-11-20T21:14:05Z", "offline": true, "amount": "3.20",
    "lines": [{"product_code": "BEER-25", "name": "Beer 25 cl", "quantity": "1", "amount": "3.20", "vat_rate": "21.00"}]}}]}))]
pub struct NewSaleBatch {
    /// In the order in which they happened. Each is read on its own: one that is wrong is answered `invalid`.
    #[validate(length(min = 1, max = "BATCH_SALES_MAX", message = "expected 1 to 1000 sales"))]
    #[schema(value_type = Vec<BatchSale>, min_items = 1, max_items = 1000)]
    pub sales: Vec<Box<RawValue>>,
}

/// A sale of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchSale {
    /// The sale's key, a UUID that the till made and stored; the same one as when the sale is sent alone.
    pub id: Id,
    #[validate(nested)]
    pub sale: NewSale,
}

/// A refund of a sale. Without `lines`, what is left of every line is given back.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lines": [{"line_no": 1, "quantity": "1"}], "reason": "spilled"}))]
pub struct NewRefund {
    /// When it happened, by the till's clock; left out: now. People leave it out.
    pub occurred_at: Option<Timestamp>,
    #[validate(length(min = 1, max = "LINES_MAX", message = "expected 1 to 500 lines"))]
    #[schema(min_items = 1, max_items = 500)]
    pub lines: Option<Vec<NewRefundLine>>,
    pub reason: Option<Reason>,
    pub receipt_number: Option<TillText>,
    /// Who stood at the till.
    pub operator: Option<TillText>,
    /// Table, room or order.
    pub reference: Option<TillText>,
}

/// How much of one line of the sale is given back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRefundLine {
    /// The line's number in the sale, from 1.
    #[schema(minimum = 1, maximum = 500, example = 1)]
    pub line_no: i32,
    /// Left out: what is left of the line. A line of quantity 0 is given back whole.
    pub quantity: Option<PositiveQuantity>,
}

/// A refund without a sale. Amounts and quantities are what is given back; the lines add up to `amount`.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "refund_names_an_account"))]
#[schema(example = json!({"account_number": "71900001", "amount": "5.00", "reason": "flowers that were never delivered",
    "lines": [{"product_code": "FLOWERS", "name": "Flowers", "quantity": "1", "amount": "5.00", "vat_rate": "9.00"}]}))]
pub struct NewRefundWithoutSale {
    pub account_id: Option<Id>,
    pub account_number: Option<AccountNumber>,
    pub amount: NonNegativeAmount,
    #[validate(length(min = 1, max = "LINES_MAX", message = "expected 1 to 500 lines"))]
    #[schema(min_items = 1, max_items = 500)]
    pub lines: Vec<NewLine>,
    pub reason: Reason,
    pub reference: Option<TillText>,
}

/// Takes back a sale whose goods and money have gone back. Names the account of the sale.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "void_names_an_account"))]
#[schema(example = json!({"account_number": "71900001"}))]
pub struct NewVoid {
    pub account_id: Option<Id>,
    pub account_number: Option<AccountNumber>,
}

fn sale_names_an_account(sale: &NewSale) -> Result<(), ValidationError> {
    one_of(sale.account_id.as_ref(), sale.account_number.as_ref())
}

fn refund_names_an_account(refund: &NewRefundWithoutSale) -> Result<(), ValidationError> {
    one_of(refund.account_id.as_ref(), refund.account_number.as_ref())
}

fn void_names_an_account(void: &NewVoid) -> Result<(), ValidationError> {
    one_of(void.account_id.as_ref(), void.account_number.as_ref())
}

fn one_of(id: Option<&Id>, number: Option<&AccountNumber>) -> Result<(), ValidationError> {
    if id.is_some() == number.is_some() {
        let message = "expected either account_id or account_number";
        return Err(ValidationError::new("account_not_named").with_message(message.into()));
    }
    Ok(())
}

/// The account that a validated body names.
pub fn account_of(id: Option<Id>, number: Option<AccountNumber>) -> AccountRef {
    match (id, number) {
        (Some(id), _) => AccountRef::Id(id),
        (None, Some(number)) => AccountRef::Number(number.into_string()),
        (None, None) => AccountRef::Number(String::new()),
    }
}

/// What the till says besides.
pub fn details_of(
    receipt_number: Option<TillText>,
    operator: Option<TillText>,
    reference: Option<TillText>,
) -> TillDetails {
    TillDetails {
        receipt_number: receipt_number.map(TillText::into_string),
        operator: operator.map(TillText::into_string),
        reference: reference.map(TillText::into_string),
    }
}

/// The amount in minor units and the lines, which add up to it.
///
/// # Errors
/// 422 when an amount has too many decimals, or the lines do not add up.
pub fn amount_and_lines(
    amount: NonNegativeAmount,
    lines: Vec<NewLine>,
    currency: Currency,
) -> ApiResult<(i64, Vec<Line>)> {
    let amount_minor = amount
        .to_minor(currency)
        .map_err(|error| ApiError::field("/amount", "too_many_decimals", error.to_string()))?;
    let lines = lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| line_of(index, line, currency))
        .collect::<ApiResult<Vec<Line>>>()?;
    let sum = checked_sum(lines.iter().map(|line| line.amount_minor));
    if sum != Some(amount_minor) {
        let sum = sum.map_or_else(|| "too much".to_owned(), |sum| Money::new(sum, currency).to_string());
        let amount = Money::new(amount_minor, currency);
        let detail = format!("the lines add up to {sum}, not to {amount}");
        return Err(ApiError::field("/amount", "lines_do_not_add_up", detail));
    }
    Ok((amount_minor, lines))
}

fn line_of(index: usize, line: NewLine, currency: Currency) -> ApiResult<Line> {
    let amount_minor = line
        .amount
        .to_minor(currency)
        .map_err(|error| ApiError::field(format!("/lines/{index}/amount"), "too_many_decimals", error.to_string()))?;
    Ok(Line {
        product_code: line.product_code.into_string(),
        product_name: line.name.into_string(),
        category: line.category.map(Category::into_string).unwrap_or_default(),
        quantity_milli: line.quantity.milli(),
        amount_minor,
        vat_rate: line.vat_rate.hundredths(),
        unit_price: line.unit_price.map(UnitPrice::ten_thousandths),
        sale_line_no: None,
    })
}

/// Which part of the sale a refund gives back.
pub fn choice_of(lines: Option<Vec<NewRefundLine>>) -> RefundChoice {
    let choice = |line: NewRefundLine| LineChoice {
        line_no: line.line_no,
        quantity_milli: line.quantity.map(PositiveQuantity::milli),
    };
    lines.map_or(RefundChoice::Rest, |lines| {
        RefundChoice::Lines(lines.into_iter().map(choice).collect())
    })
}
