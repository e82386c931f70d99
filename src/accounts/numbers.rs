//! The next free account number: the tenant's number and five digits, more when those are used up.

use std::collections::HashSet;

use diesel::prelude::*;

use crate::db::schema::{accounts, number_series};
use crate::db::{DbConnection, dialect};
use crate::error::{ApiError, ApiResult};
use crate::id::Id;

const SERIES: &str = "account";
/// How many numbers are looked at together; people choose few that the series would come to.
const LOOK_AHEAD: i64 = 200;

/// The number that stands at a place of the series.
fn number_at(tenant_number: i64, place: i64) -> String {
    format!("{tenant_number}{place:05}")
}

/// The first place from `from` on whose number nobody has.
fn first_free(connection: &mut DbConnection, tenant_id: Id, tenant_number: i64, from: i64) -> ApiResult<(i64, String)> {
    let mut from = from;
    loop {
        let end = from.saturating_add(LOOK_AHEAD);
        let candidates: Vec<(i64, String)> = (from..end)
            .map(|place| (place, number_at(tenant_number, place)))
            .collect();
        let numbers: Vec<&str> = candidates.iter().map(|(_, number)| number.as_str()).collect();
        let taken: Vec<String> = accounts::table
            .filter(accounts::tenant_id.eq(tenant_id))
            .filter(accounts::number.eq_any(&numbers))
            .select(accounts::number)
            .load(connection)?;
        let taken: HashSet<String> = taken.into_iter().collect();
        let free = candidates.into_iter().find(|(_, number)| !taken.contains(number));
        match free {
            Some(found) => return Ok(found),
            None if end == i64::MAX => return Err(ApiError::internal("the account numbers are used up")),
            None => from = end,
        }
    }
}

/// The number that an account would get now. Nothing is taken: two who ask get the same.
///
/// # Errors
/// What the database said.
pub fn propose(connection: &mut DbConnection, tenant_id: Id, tenant_number: i64) -> ApiResult<String> {
    let next = next_value(connection, tenant_id)?.unwrap_or(1);
    Ok(first_free(connection, tenant_id, tenant_number, next)?.1)
}

/// Takes the next free number. Others who want one wait until the transaction ends.
///
/// # Errors
/// What the database said.
pub fn take(connection: &mut DbConnection, tenant_id: Id, tenant_number: i64) -> ApiResult<String> {
    hold(connection, tenant_id)?;
    let next = next_value(connection, tenant_id)?.unwrap_or(1);
    let (place, number) = first_free(connection, tenant_id, tenant_number, next)?;
    diesel::update(number_series::table.find((tenant_id, SERIES)))
        .set(number_series::next_value.eq(place.saturating_add(1)))
        .execute(connection)?;
    Ok(number)
}

/// Takes the next free numbers, so many, one after another as far as nobody has one between them.
///
/// # Errors
/// What the database said.
pub fn take_many(
    connection: &mut DbConnection,
    tenant_id: Id,
    tenant_number: i64,
    count: usize,
) -> ApiResult<Vec<String>> {
    hold(connection, tenant_id)?;
    let mut next = next_value(connection, tenant_id)?.unwrap_or(1);
    let mut numbers = Vec::with_capacity(count);
    while numbers.len() < count {
        let end = next.saturating_add(LOOK_AHEAD);
        let candidates: Vec<String> = (next..end).map(|place| number_at(tenant_number, place)).collect();
        let taken = list_taken(connection, tenant_id, &candidates)?;
        for number in candidates {
            if numbers.len() == count {
                break;
            }
            next = next.saturating_add(1);
            if !taken.contains(&number) {
                numbers.push(number);
            }
        }
    }
    diesel::update(number_series::table.find((tenant_id, SERIES)))
        .set(number_series::next_value.eq(next))
        .execute(connection)?;
    Ok(numbers)
}

fn list_taken(connection: &mut DbConnection, tenant_id: Id, numbers: &[String]) -> QueryResult<HashSet<String>> {
    let taken: Vec<String> = accounts::table
        .filter(accounts::tenant_id.eq(tenant_id))
        .filter(accounts::number.eq_any(numbers))
        .select(accounts::number)
        .load(connection)?;
    Ok(taken.into_iter().collect())
}

/// Waits until nobody else takes a number, and keeps others waiting until the transaction ends: a number that somebody chose is
/// never the one that the series gives out at the same time.
///
/// # Errors
/// What the database said.
pub fn hold(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<()> {
    dialect::start_series(connection, tenant_id, SERIES)
}

fn next_value(connection: &mut DbConnection, tenant_id: Id) -> QueryResult<Option<i64>> {
    number_series::table
        .find((tenant_id, SERIES))
        .select(number_series::next_value)
        .first(connection)
        .optional()
}

#[cfg(test)]
mod tests {
    use super::number_at;

    #[test]
    fn a_number_has_five_digits_and_more_when_those_are_used_up() {
        assert_eq!(number_at(719, 1), "71900001");
        assert_eq!(number_at(719, 99_999), "71999999");
        assert_eq!(number_at(719, 100_000), "719100000");
    }
}
