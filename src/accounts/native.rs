//! Writes many accounts and their holders: PostgreSQL takes them in one statement, SQLite one by one.

use diesel::prelude::*;

use super::holders::HolderKind;
use super::store::NewAccountRow;
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::{account_holders, accounts};
use crate::id::Id;

/// PostgreSQL takes 65 535 values in a statement.
const ROWS_OF_STATEMENT: usize = 5000;

/// A customer who is linked to a new account.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = account_holders)]
pub struct NewHolder {
    pub tenant_id: Id,
    pub account_id: Id,
    pub customer_id: Id,
    pub kind: HolderKind,
    pub linked_at: Timestamp,
}

pub fn insert_accounts(
    connection: &mut DbConnection,
    accounts: &[NewAccountRow],
    holders: &[NewHolder],
) -> QueryResult<()> {
    match connection {
        DbConnection::Postgres(connection) => {
            for rows in accounts.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(accounts::table).values(rows).execute(connection)?;
            }
            for rows in holders.chunks(ROWS_OF_STATEMENT) {
                diesel::insert_into(account_holders::table)
                    .values(rows)
                    .execute(connection)?;
            }
        }
        DbConnection::Sqlite(connection) => {
            for row in accounts {
                diesel::insert_into(accounts::table).values(row).execute(connection)?;
            }
            for row in holders {
                diesel::insert_into(account_holders::table)
                    .values(row)
                    .execute(connection)?;
            }
        }
    }
    Ok(())
}
