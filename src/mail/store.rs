//! The outbox in the database. What a worker writes is fenced: it does nothing unless the worker's claim is the last one.

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamp as SqlTimestamp};

use super::model::{MailRow, MailStatus, NewMail, NewMailRow};
use super::native;
use crate::clock::Timestamp;
use crate::db::schema::outbox;
use crate::db::{DbConnection, dialect};
use crate::error::{ApiError, ApiResult};
use crate::id::{Id, SqlId};

/// How long a claim holds.
pub const LEASE: TimeDelta = TimeDelta::minutes(10);
/// Mails of a claim. They are sent one after another, well within the lease.
const CLAIMED_MAX: i64 = 20;

/// Puts mails into the outbox. Call it in the transaction of what causes them.
///
/// # Errors
/// When the database fails.
pub fn enqueue(connection: &mut DbConnection, mails: Vec<NewMail>) -> ApiResult<()> {
    let rows = mails.into_iter().map(NewMailRow::try_from);
    let rows = rows.collect::<Result<Vec<_>, _>>().map_err(ApiError::internal)?;
    Ok(native::insert(connection, &rows)?)
}

/// Takes mails that have not gone yet out of the queue: what they would say is no longer so. `why` is kept with them.
///
/// # Errors
/// What the database said.
pub fn void(connection: &mut DbConnection, ids: &[Id], why: &str, now: Timestamp) -> QueryResult<usize> {
    diesel::update(
        outbox::table
            .filter(outbox::id.eq_any(ids.to_vec()))
            .filter(outbox::status.eq(MailStatus::Queued)),
    )
    .set((
        outbox::status.eq(MailStatus::Failed),
        outbox::link_nonce.eq(None::<Vec<u8>>),
        outbox::last_error.eq(Some(why)),
        outbox::ended_at.eq(Some(now)),
    ))
    .execute(connection)
}

/// Whether a mail is due.
pub(super) fn has_due(connection: &mut DbConnection, now: Timestamp) -> QueryResult<bool> {
    let due = "SELECT id FROM outbox WHERE status = 'queued' AND next_attempt_at <= $1 LIMIT 1";
    let due: Option<Claimed> = diesel::sql_query(due)
        .bind::<SqlTimestamp, _>(now)
        .get_result(connection)
        .optional()?;
    Ok(due.is_some())
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlId)]
    id: Id,
}

/// Claims some mails that are due, those that have waited longest first: nobody else has them until the lease runs out.
pub(super) fn claim(connection: &mut DbConnection, now: Timestamp) -> QueryResult<Vec<MailRow>> {
    let text = format!(
        "UPDATE outbox SET fencing_token = fencing_token + 1, next_attempt_at = $1
         WHERE id IN (SELECT id FROM outbox WHERE status = 'queued' AND next_attempt_at <= $2
             ORDER BY next_attempt_at, id LIMIT $3{})
         RETURNING id",
        dialect::for_update_of_free(connection)
    );
    let claimed: Vec<Claimed> = diesel::sql_query(text)
        .bind::<SqlTimestamp, _>(now.plus(LEASE))
        .bind::<SqlTimestamp, _>(now)
        .bind::<BigInt, _>(CLAIMED_MAX)
        .load(connection)?;
    let ids: Vec<Id> = claimed.into_iter().map(|claimed| claimed.id).collect();
    outbox::table
        .filter(outbox::id.eq_any(ids))
        .order(outbox::id)
        .select(MailRow::as_select())
        .load(connection)
}

/// Gives a claimed mail back as it was.
pub(super) fn release(connection: &mut DbConnection, mail: &MailRow, now: Timestamp) -> QueryResult<usize> {
    diesel::update(held(mail))
        .set(outbox::next_attempt_at.eq(now))
        .execute(connection)
}

/// Notes an attempt that failed for now.
pub(super) fn postpone(
    connection: &mut DbConnection,
    mail: &MailRow,
    until: Timestamp,
    error: &str,
) -> QueryResult<usize> {
    diesel::update(held(mail))
        .set((
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::next_attempt_at.eq(until),
            outbox::last_error.eq(Some(error)),
        ))
        .execute(connection)
}

/// Notes the last attempt: sent, failed or bounced. Whether it was still ours to note.
pub(super) fn end(
    connection: &mut DbConnection,
    mail: &MailRow,
    status: MailStatus,
    error: Option<&str>,
    now: Timestamp,
) -> QueryResult<bool> {
    let ended = diesel::update(held(mail))
        .set((
            outbox::status.eq(status),
            outbox::attempts.eq(outbox::attempts + 1),
            outbox::link_nonce.eq(None::<Vec<u8>>),
            outbox::last_error.eq(error),
            outbox::ended_at.eq(Some(now)),
        ))
        .execute(connection)?;
    Ok(ended == 1)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn held(mail: &MailRow) -> _ {
    let id: Id = mail.id;
    let token: i64 = mail.fencing_token;
    let queued: MailStatus = MailStatus::Queued;
    outbox::table.filter(
        outbox::id
            .eq(id)
            .and(outbox::fencing_token.eq(token))
            .and(outbox::status.eq(queued)),
    )
}
