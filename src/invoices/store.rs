//! Queries on invoices.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text};
use serde::Serialize;

use super::model::{InvoiceKind, InvoiceLineRow, InvoiceRow, InvoiceStatus, InvoiceVatRow, Issuer};
use crate::db::schema::{invoice_lines, invoice_vat, invoices, tenants};
use crate::db::{DbConnection, dialect};
use crate::id::{Id, SqlId};
use crate::invoice_runs::plan::ResetType;
use crate::ledger::EntryKind;

/// Which invoices to list.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Filter {
    pub account_id: Option<Id>,
    pub payer_id: Option<Id>,
    pub run_id: Option<Id>,
    pub kind: Option<InvoiceKind>,
    pub status: Option<InvoiceStatus>,
    /// The whole number of an invoice.
    pub number: Option<String>,
    /// Invoice dates, both included.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// The newest number first; `after` is the year and value of the last one of the page before.
pub fn list_invoices(
    connection: &mut DbConnection,
    tenant_id: Id,
    filter: &Filter,
    after: Option<(i32, i64)>,
    rows_max: i64,
) -> QueryResult<Vec<InvoiceRow>> {
    let mut query = invoices::table
        .filter(invoices::tenant_id.eq(tenant_id))
        .select(InvoiceRow::as_select())
        .into_boxed();
    if let Some(account_id) = filter.account_id {
        query = query.filter(invoices::account_id.eq(account_id));
    }
    if let Some(payer_id) = filter.payer_id {
        query = query.filter(invoices::payer_id.eq(payer_id));
    }
    if let Some(run_id) = filter.run_id {
        query = query.filter(invoices::run_id.eq(run_id));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(invoices::kind.eq(kind));
    }
    if let Some(status) = filter.status {
        query = query.filter(invoices::status.eq(status));
    }
    if let Some(number) = &filter.number {
        query = query.filter(invoices::number.eq(number.clone()));
    }
    if let Some(from) = filter.from {
        query = query.filter(invoices::invoice_date.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(invoices::invoice_date.le(to));
    }
    if let Some((year, value)) = after {
        let earlier = invoices::series_year.eq(year).and(invoices::series_value.lt(value));
        query = query.filter(invoices::series_year.lt(year).or(earlier));
    }
    query
        .order((invoices::series_year.desc(), invoices::series_value.desc()))
        .limit(rows_max)
        .load(connection)
}

pub fn find_invoice(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<InvoiceRow>> {
    invoices::table
        .find((tenant_id, id))
        .select(InvoiceRow::as_select())
        .first(connection)
        .optional()
}

/// The numbers of some invoices, in no order.
pub fn list_numbers(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<(Id, String)>> {
    invoices::table
        .filter(invoices::tenant_id.eq(tenant_id).and(invoices::id.eq_any(ids.to_vec())))
        .select((invoices::id, invoices::number))
        .load(connection)
}

/// In the order of the invoice; `after` is the last one of the page before.
pub fn list_lines(
    connection: &mut DbConnection,
    tenant_id: Id,
    invoice_id: Id,
    after: Option<i32>,
    rows_max: i64,
) -> QueryResult<Vec<InvoiceLineRow>> {
    invoice_lines::table
        .filter(
            invoice_lines::tenant_id
                .eq(tenant_id)
                .and(invoice_lines::invoice_id.eq(invoice_id)),
        )
        .filter(invoice_lines::line_no.gt(after.unwrap_or(0)))
        .order(invoice_lines::line_no)
        .limit(rows_max)
        .select(InvoiceLineRow::as_select())
        .load(connection)
}

/// Ordered by rate.
pub fn list_vat(connection: &mut DbConnection, tenant_id: Id, invoice_id: Id) -> QueryResult<Vec<InvoiceVatRow>> {
    invoice_vat::table
        .filter(
            invoice_vat::tenant_id
                .eq(tenant_id)
                .and(invoice_vat::invoice_id.eq(invoice_id)),
        )
        .order(invoice_vat::vat_rate)
        .select(InvoiceVatRow::as_select())
        .load(connection)
}

/// An entry, and how the invoice that covers it resets it.
#[derive(Debug, QueryableByName)]
pub struct CoveredRow {
    #[diesel(sql_type = SqlId)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub kind: EntryKind,
    #[diesel(sql_type = Date)]
    pub business_date: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub balance_change_minor: i64,
    #[diesel(sql_type = Text)]
    pub reset_type: ResetType,
    #[diesel(sql_type = Bool)]
    pub is_late: bool,
    #[diesel(sql_type = Nullable<SqlId>)]
    pub origin_invoice_id: Option<Id>,
}

/// In the order of the account.
pub fn list_covered(connection: &mut DbConnection, tenant_id: Id, invoice_id: Id) -> QueryResult<Vec<CoveredRow>> {
    let of_stretch =
        "e.tenant_id = s.tenant_id AND e.account_id = s.account_id AND e.seq BETWEEN s.first_seq AND s.last_seq";
    let text = format!(
        "SELECT e.id, e.kind, e.business_date, e.balance_change_minor, s.reset_type, s.is_late, s.origin_invoice_id
         FROM invoice_stretches s {} WHERE s.tenant_id = $1 AND s.invoice_id = $2 ORDER BY e.seq",
        dialect::look_up(connection, "entries", "e", of_stretch)
    );
    diesel::sql_query(text)
        .bind::<SqlId, _>(tenant_id)
        .bind::<SqlId, _>(invoice_id)
        .load(connection)
}

/// Notes how much later invoices gave back of the limit that these took. Few: most invoices give nothing back.
pub fn add_limit_returns(
    connection: &mut DbConnection,
    tenant_id: Id,
    returned_by_origin: &BTreeMap<Id, i64>,
) -> QueryResult<()> {
    for (origin_id, amount_minor) in returned_by_origin {
        diesel::update(invoices::table.find((tenant_id, *origin_id)))
            .set(invoices::limit_returned_minor.eq(invoices::limit_returned_minor + *amount_minor))
            .execute(connection)?;
    }
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants)]
struct IssuerRow {
    number: i64,
    name: String,
    street: String,
    postcode: String,
    city: String,
    country: String,
    vat_number: String,
    iban: String,
    currency: String,
    invoice_prefix: String,
}

/// The tenant as it stands on invoices now, and the prefix of its invoice numbers.
pub fn get_issuer(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<(Issuer, String)> {
    let row: IssuerRow = tenants::table
        .find(tenant_id)
        .select(IssuerRow::as_select())
        .first(connection)?;
    let issuer = Issuer {
        number: row.number,
        name: row.name,
        street: row.street,
        postcode: row.postcode,
        city: row.city,
        country: row.country,
        vat_number: row.vat_number,
        iban: row.iban,
        currency: row.currency,
    };
    Ok((issuer, row.invoice_prefix))
}
