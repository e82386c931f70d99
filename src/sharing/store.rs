//! Sharing in the database.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text, Timestamp as SqlTimestamp};

use super::model::{Delivery, SharingRow};
use crate::auth::{Permission, Role};
use crate::clock::Timestamp;
use crate::db::schema::{customers, document_sharing, invoices, shared_documents, user_roles, users};
use crate::db::{DbConnection, dialect};
use crate::id::{Id, SqlId};
use crate::invoices::model::{InvoiceKind, InvoiceRow};

pub fn find(connection: &mut DbConnection, tenant_id: Id, customer_id: Id) -> QueryResult<Option<SharingRow>> {
    document_sharing::table
        .find((tenant_id, customer_id))
        .select(SharingRow::as_select())
        .first(connection)
        .optional()
}

/// Those of the customers after this id, each with its name and, where it shares, its row.
pub fn list_of(
    connection: &mut DbConnection,
    tenant_id: Id,
    own: &[Id],
    after: Option<Id>,
    rows_max: i64,
) -> QueryResult<Vec<(Id, String, Option<SharingRow>)>> {
    let same = document_sharing::tenant_id
        .eq(customers::tenant_id)
        .and(document_sharing::customer_id.eq(customers::id));
    let mut query = customers::table
        .left_join(document_sharing::table.on(same))
        .filter(customers::tenant_id.eq(tenant_id))
        .filter(customers::id.eq_any(own.to_vec()))
        .select((customers::id, customers::name, Option::<SharingRow>::as_select()))
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(customers::id.gt(after));
    }
    query.order(customers::id).limit(rows_max).load(connection)
}

/// Puts a row in the place of the one before; without one, nothing is shared any more.
pub fn replace(
    connection: &mut DbConnection,
    (tenant_id, customer_id): (Id, Id),
    row: Option<&SharingRow>,
) -> QueryResult<()> {
    diesel::delete(document_sharing::table.find((tenant_id, customer_id))).execute(connection)?;
    if let Some(row) = row {
        diesel::insert_into(document_sharing::table)
            .values(row)
            .execute(connection)?;
    }
    Ok(())
}

/// The active user with this address who may read exports in the tenant.
pub fn find_accountant(connection: &mut DbConnection, tenant_id: Id, email_key: &str) -> QueryResult<Option<Id>> {
    let roles = Role::ALL.iter().copied();
    let accountants: Vec<Role> = roles
        .filter(|role| role.permissions().has(Permission::ExportsRead))
        .collect();
    users::table
        .inner_join(user_roles::table.on(user_roles::user_id.eq(users::id)))
        .filter(users::email_key.eq(email_key))
        .filter(users::is_active.eq(true))
        .filter(user_roles::tenant_id.eq(tenant_id))
        .filter(user_roles::role.eq_any(accountants))
        .select(users::id)
        .first(connection)
        .optional()
}

/// Puts those of the invoices whose payers share into the inboxes of their accountants.
pub fn put_into_inboxes(
    connection: &mut DbConnection,
    tenant_id: Id,
    invoice_ids: &[Id],
    now: Timestamp,
) -> QueryResult<usize> {
    let text = format!(
        "INSERT INTO shared_documents (tenant_id, user_id, invoice_id, customer_id, shared_at)
         SELECT s.tenant_id, s.accountant_id, i.id, s.customer_id, $1
         FROM invoices i JOIN document_sharing s ON s.tenant_id = i.tenant_id AND s.customer_id = i.payer_id
         WHERE i.tenant_id = $2 AND s.accountant_id IS NOT NULL AND {}",
        dialect::is_listed(connection, "i.id", "$3")
    );
    diesel::sql_query(text)
        .bind::<SqlTimestamp, _>(now)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Text, _>(dialect::list_of(invoice_ids))
        .execute(connection)
}

/// An invoice that is mailed, and to whom.
#[derive(Debug, QueryableByName)]
pub struct Mailing {
    #[diesel(sql_type = Text)]
    pub kind: InvoiceKind,
    #[diesel(sql_type = Text)]
    pub number: String,
    #[diesel(sql_type = Date)]
    pub invoice_date: NaiveDate,
    #[diesel(sql_type = BigInt)]
    pub total_minor: i64,
    #[diesel(sql_type = Text)]
    pub payer_name: String,
    #[diesel(sql_type = Text)]
    pub delivery: Delivery,
    #[diesel(sql_type = Text)]
    pub accountant_email: String,
    /// With semicolons between.
    #[diesel(sql_type = Text)]
    pub recipient_emails: String,
    #[diesel(sql_type = Text)]
    pub language: String,
}

/// Those of the invoices that are mailed to somebody, by number.
pub fn list_mailings(connection: &mut DbConnection, tenant_id: Id, invoice_ids: &[Id]) -> QueryResult<Vec<Mailing>> {
    let text = format!(
        "SELECT i.kind, i.number, i.invoice_date, i.total_minor, i.payer_name, s.delivery, s.accountant_email,
             c.recipient_emails, c.language
         FROM invoices i
         JOIN document_sharing s ON s.tenant_id = i.tenant_id AND s.customer_id = i.payer_id
         JOIN customers c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id
         WHERE i.tenant_id = $1 AND (s.delivery = 'email' OR c.recipient_emails <> '') AND {}
         ORDER BY i.series_year, i.series_value",
        dialect::is_listed(connection, "i.id", "$2")
    );
    diesel::sql_query(text)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Text, _>(dialect::list_of(invoice_ids))
        .load(connection)
}

/// What is in a user's inbox, the newest number first; `after` is the year and value of the last one of the page before.
pub fn list_inbox(
    connection: &mut DbConnection,
    tenant_id: Id,
    user_id: Id,
    after: Option<(i32, i64)>,
    rows_max: i64,
) -> QueryResult<Vec<InvoiceRow>> {
    let same = invoices::tenant_id
        .eq(shared_documents::tenant_id)
        .and(invoices::id.eq(shared_documents::invoice_id));
    let mut query = shared_documents::table
        .inner_join(invoices::table.on(same))
        .filter(shared_documents::tenant_id.eq(tenant_id))
        .filter(shared_documents::user_id.eq(user_id))
        .select(InvoiceRow::as_select())
        .into_boxed();
    if let Some((year, value)) = after {
        let earlier = invoices::series_year.eq(year).and(invoices::series_value.lt(value));
        query = query.filter(invoices::series_year.lt(year).or(earlier));
    }
    query
        .order((invoices::series_year.desc(), invoices::series_value.desc()))
        .limit(rows_max)
        .load(connection)
}

/// Whether the invoice is in the user's inbox.
pub fn is_in_inbox(connection: &mut DbConnection, tenant_id: Id, user_id: Id, invoice_id: Id) -> QueryResult<bool> {
    let found = shared_documents::table.find((tenant_id, user_id, invoice_id));
    diesel::select(diesel::dsl::exists(found)).get_result(connection)
}
