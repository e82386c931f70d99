//! The columns of a statement as CSV and XLSX.

use super::model::{Statement, StatementChange, StatementDay, StatementLine, StatementProduct, StatementVat};
use crate::http::table::{Cell, Column, Heading, Sheet};

/// One of the figures at the top: its name and what it is.
pub struct Figure {
    name: &'static str,
    value: Cell<'static>,
    amount: Cell<'static>,
}

/// The figures at the top.
pub fn figures(statement: &Statement) -> Vec<Figure> {
    let fact = |name, value| Figure {
        name,
        value,
        amount: Cell::Empty,
    };
    let sum = |name, amount| Figure {
        name,
        value: Cell::Empty,
        amount: Cell::Money(amount),
    };
    let invoiced = statement
        .invoiced
        .map(|invoiced| if invoiced { "true" } else { "false" });
    vec![
        fact("account_number", Cell::Text(statement.account_number.clone().into())),
        fact(
            "account_name",
            Cell::optional(statement.account_name.clone(), |name| Cell::Text(name.into())),
        ),
        fact("from", Cell::Date(statement.from)),
        fact("to", Cell::Date(statement.to)),
        fact("invoiced", Cell::optional(invoiced, Cell::text)),
        sum("opening_balance", statement.opening_balance),
        sum("closing_balance", statement.closing_balance),
        sum("sales_total", statement.sales_total),
    ]
}

/// The tables of a statement, in order.
pub fn headings() -> Vec<Heading> {
    vec![
        FIGURES.heading(),
        CHANGES.heading(),
        DAYS.heading(),
        PRODUCTS.heading(),
        VAT.heading(),
        LINES.heading(),
    ]
}

pub static FIGURES: Sheet<Figure> = Sheet {
    name: "summary",
    title: "Statement",
    columns: &[
        Column::new("figure", "Figure", 18, |figure| Cell::text(figure.name)),
        Column::new("value", "Value", 32, |figure| figure.value.clone()),
        Column::new("amount", "Amount", 14, |figure| figure.amount.clone()),
    ],
};

pub static CHANGES: Sheet<StatementChange> = Sheet {
    name: "change",
    title: "Mutations",
    columns: &[
        Column::new("kind", "Kind", 16, |change| Cell::text(change.kind.as_str())),
        Column::totalled("count", "Count", 10, |change| Cell::Integer(change.count)),
        Column::totalled("balance_change", "Balance change", 16, |change| {
            Cell::Money(change.balance_change)
        }),
    ],
};

pub static DAYS: Sheet<StatementDay> = Sheet {
    name: "day",
    title: "Days",
    columns: &[
        Column::new("business_date", "Date", 12, |day| Cell::Date(day.business_date)),
        Column::totalled("quantity", "Quantity", 12, |day| Cell::Quantity(day.quantity)),
        Column::totalled("amount", "Amount", 14, |day| Cell::Money(day.amount)),
    ],
};

pub static PRODUCTS: Sheet<StatementProduct> = Sheet {
    name: "product",
    title: "Products",
    columns: &[
        Column::new("product_code", "Product", 18, |product| {
            Cell::text(&product.product_code)
        }),
        Column::new("product_name", "Name", 32, |product| Cell::text(&product.product_name)),
        Column::new("category", "Category", 20, |product| Cell::text(&product.category)),
        Column::new("vat_rate", "VAT", 10, |product| Cell::Percentage(product.vat_rate)),
        Column::totalled("quantity", "Quantity", 12, |product| Cell::Quantity(product.quantity)),
        Column::totalled("amount", "Amount", 14, |product| Cell::Money(product.amount)),
    ],
};

pub static VAT: Sheet<StatementVat> = Sheet {
    name: "vat",
    title: "VAT",
    columns: &[
        Column::new("vat_rate", "VAT", 10, |vat| Cell::Percentage(vat.vat_rate)),
        Column::totalled("gross", "Including VAT", 14, |vat| Cell::Money(vat.gross)),
        Column::totalled("net", "Excluding VAT", 14, |vat| Cell::Money(vat.net)),
        Column::totalled("vat", "VAT amount", 14, |vat| Cell::Money(vat.vat)),
    ],
};

pub static LINES: Sheet<StatementLine> = Sheet {
    name: "line",
    title: "Lines",
    columns: &[
        Column::new("business_date", "Date", 12, |line| Cell::Date(line.business_date)),
        Column::new("product_code", "Product", 18, |line| Cell::text(&line.product_code)),
        Column::new("product_name", "Name", 32, |line| Cell::text(&line.product_name)),
        Column::new("category", "Category", 20, |line| Cell::text(&line.category)),
        Column::new("vat_rate", "VAT", 10, |line| Cell::Percentage(line.vat_rate)),
        Column::totalled("quantity", "Quantity", 12, |line| Cell::Quantity(line.quantity)),
        Column::totalled("amount", "Amount", 14, |line| Cell::Money(line.amount)),
    ],
};
