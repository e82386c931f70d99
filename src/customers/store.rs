//! Customers in the database.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::model::Customer;
use super::requests::{CustomerQuery, CustomerSort};
use crate::db::keyset::keyset;
use crate::db::schema::customers;
use crate::db::{DbConnection, dialect};
use crate::id::Id;
use crate::text::{containing, sort_key};

diesel::define_sql_function! {
    fn lower(text: diesel::sql_types::Nullable<diesel::sql_types::Text>) -> diesel::sql_types::Nullable<diesel::sql_types::Text>;
}

/// The customer with this id.
///
/// # Errors
/// What the database said.
pub fn find_customer(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<Customer>> {
    customers::table
        .find((tenant_id, id))
        .select(Customer::as_select())
        .first(connection)
        .optional()
}

/// The customers with these ids, in the order of their ids.
///
/// # Errors
/// What the database said.
pub fn list_by_ids(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<Vec<Customer>> {
    customers::table
        .filter(customers::tenant_id.eq(tenant_id))
        .filter(customers::id.eq_any(ids.to_vec()))
        .order(customers::id)
        .select(Customer::as_select())
        .load(connection)
}

/// As [`find_customer`], and nobody else changes the customer until the transaction ends.
///
/// # Errors
/// What the database said.
pub fn lock_customer(connection: &mut DbConnection, tenant_id: Id, id: Id) -> QueryResult<Option<Customer>> {
    dialect::lock_row(connection, "customers", tenant_id, id)?;
    find_customer(connection, tenant_id, id)
}

/// One page of the customers that fit; `after` is the sort value and id of the last one before it.
pub(super) fn list_customers(
    connection: &mut DbConnection,
    tenant_id: Id,
    query: &CustomerQuery,
    after: Option<(String, Id)>,
    rows_max: i64,
) -> QueryResult<Vec<Customer>> {
    let mut rows = customers::table
        .filter(customers::tenant_id.eq(tenant_id))
        .select(Customer::as_select())
        .limit(rows_max)
        .into_boxed();
    if let Some(kind) = query.kind {
        rows = rows.filter(customers::kind.eq(kind));
    }
    if let Some(access) = query.access {
        rows = rows.filter(customers::access.eq(access));
    }
    if let Some(q) = &query.q {
        let number = containing(&q.as_str().to_ascii_lowercase());
        let key = sort_key(q.as_str());
        // Nothing but accents leaves an empty key, which every name contains.
        let name = if key.is_empty() {
            String::new()
        } else {
            containing(&key)
        };
        rows = rows.filter(
            customers::name_key
                .like(name)
                .escape('\\')
                .or(lower(customers::customer_number).like(number).escape('\\')),
        );
    }
    let sort = query.sort.unwrap_or(CustomerSort::Name);
    let direction = sort.direction();
    match sort {
        CustomerSort::Name | CustomerSort::NameDescending => {
            keyset!(rows, direction, customers::name_key, customers::id, after).load(connection)
        }
        // Ids rise with the time at which they were made.
        CustomerSort::CreatedAt | CustomerSort::CreatedAtDescending => {
            let after = after.map(|(_, id)| (id, id));
            keyset!(rows, direction, customers::id, customers::id, after).load(connection)
        }
    }
}

/// False when another customer of the tenant has the number; the transaction cannot go on then.
pub(super) fn insert_customer(connection: &mut DbConnection, customer: &Customer) -> QueryResult<bool> {
    let done = diesel::insert_into(customers::table)
        .values(customer)
        .execute(connection);
    unless_number_taken(done)
}

/// False when another customer of the tenant has the number; the transaction cannot go on then.
pub(super) fn update_customer(connection: &mut DbConnection, customer: &Customer) -> QueryResult<bool> {
    let done = diesel::update(customers::table.find((customer.tenant_id, customer.id)))
        .set(customer)
        .execute(connection);
    unless_number_taken(done)
}

/// The number is the only thing of a customer that must be unique, but for its fresh id.
fn unless_number_taken(done: QueryResult<usize>) -> QueryResult<bool> {
    match done {
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
        done => done.map(|_| true),
    }
}
