//! Acceptances in the database.

use diesel::prelude::*;

use super::model::Acceptance;
use crate::db::DbConnection;
use crate::db::schema::agreement_acceptances;
use crate::id::Id;

pub fn list_acceptances(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<Vec<Acceptance>> {
    agreement_acceptances::table
        .filter(agreement_acceptances::tenant_id.eq(tenant_id))
        .order(agreement_acceptances::id)
        .select(Acceptance::as_select())
        .load(connection)
}

pub fn insert_acceptance(connection: &mut DbConnection, acceptance: &Acceptance) -> QueryResult<usize> {
    diesel::insert_into(agreement_acceptances::table)
        .values(acceptance)
        .execute(connection)
}
