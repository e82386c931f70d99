//! Sessions in the database.

use diesel::prelude::*;

use super::REPEAT_WAIT;
use super::model::Session;
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::sessions;
use crate::id::Id;

/// Writes a new session; forgets those of the same user that ended long before `forgotten_before`.
pub fn insert(
    connection: &mut DbConnection,
    session: &Session,
    refresh_hash: &[u8],
    forgotten_before: Timestamp,
) -> QueryResult<()> {
    let of_user = sessions::table.filter(sessions::user_id.eq(session.user_id));
    diesel::delete(of_user.filter(sessions::expires_at.lt(forgotten_before))).execute(connection)?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session.id),
            sessions::user_id.eq(session.user_id),
            sessions::tenant_id.eq(session.tenant_id),
            sessions::viewed_customer_id.eq(session.viewed_customer_id),
            sessions::refresh_hash.eq(refresh_hash),
            sessions::created_at.eq(session.created_at),
            sessions::refreshed_at.eq(session.refreshed_at),
            sessions::expires_at.eq(session.expires_at),
        ))
        .execute(connection)?;
    Ok(())
}

/// What came of a refresh token.
#[derive(Debug)]
pub enum Rotation {
    /// It was the session's; now its successor is.
    Rotated(Session),
    /// It was used a moment ago, and its successor not yet: the answer was lost on its way.
    Repeated(Session),
    /// It was used before: the session is revoked.
    Reused,
    /// The session has ended.
    Ended,
}

/// Puts the successor in the place of a refresh token, both by their hashes. Of two who try at the same time, one rotates.
/// The token must be one of ours, so that nobody ends a session by guessing.
pub fn rotate(
    connection: &mut DbConnection,
    session_id: Id,
    refresh_hash: &[u8],
    successor_hash: &[u8],
    now: Timestamp,
) -> QueryResult<Rotation> {
    let in_force = sessions::table
        .find(session_id)
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now));
    let rotated = diesel::update(in_force.filter(sessions::refresh_hash.eq(refresh_hash)))
        .set((
            sessions::refresh_hash.eq(successor_hash),
            sessions::previous_refresh_hash.eq(refresh_hash),
            sessions::refreshed_at.eq(now),
        ))
        .execute(connection)?;
    let found: Option<(Session, Vec<u8>, Option<Vec<u8>>)> = in_force
        .select((
            Session::as_select(),
            sessions::refresh_hash,
            sessions::previous_refresh_hash,
        ))
        .first(connection)
        .optional()?;
    let Some((session, current, previous)) = found else {
        return Ok(Rotation::Ended);
    };
    if rotated == 1 {
        return Ok(Rotation::Rotated(session));
    }
    let is_lost_answer = current == successor_hash
        && previous.as_deref() == Some(refresh_hash)
        && now <= session.refreshed_at.plus(REPEAT_WAIT);
    if is_lost_answer {
        return Ok(Rotation::Repeated(session));
    }
    revoke(connection, session.user_id, session_id, now)?;
    Ok(Rotation::Reused)
}

/// The sessions of a user that are in force, the latest first.
pub fn list(
    connection: &mut DbConnection,
    user_id: Id,
    now: Timestamp,
    before: Option<Id>,
    rows_max: i64,
) -> QueryResult<Vec<Session>> {
    let mut query = sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .order(sessions::id.desc())
        .limit(rows_max)
        .select(Session::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(sessions::id.lt(before));
    }
    query.load(connection)
}

/// Ends a session of the user; answers how many ended, 0 or 1.
pub fn revoke(connection: &mut DbConnection, user_id: Id, session_id: Id, now: Timestamp) -> QueryResult<usize> {
    let own = sessions::table.find(session_id).filter(sessions::user_id.eq(user_id));
    diesel::update(
        own.filter(sessions::revoked_at.is_null())
            .filter(sessions::expires_at.gt(now)),
    )
    .set(sessions::revoked_at.eq(now))
    .execute(connection)
}

/// Ends every session of the user but one.
pub fn revoke_others(connection: &mut DbConnection, user_id: Id, kept: Id, now: Timestamp) -> QueryResult<usize> {
    let others = sessions::table
        .filter(sessions::user_id.eq(user_id))
        .filter(sessions::id.ne(kept));
    diesel::update(others.filter(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(now))
        .execute(connection)
}

/// Ends every session of the user.
pub fn revoke_all(connection: &mut DbConnection, user_id: Id, now: Timestamp) -> QueryResult<usize> {
    let own = sessions::table.filter(sessions::user_id.eq(user_id));
    diesel::update(own.filter(sessions::revoked_at.is_null()))
        .set(sessions::revoked_at.eq(now))
        .execute(connection)
}

/// Chooses the tenant that the session works in.
pub fn choose_tenant(connection: &mut DbConnection, session_id: Id, tenant_id: Id) -> QueryResult<usize> {
    diesel::update(sessions::table.find(session_id))
        .set(sessions::tenant_id.eq(tenant_id))
        .execute(connection)
}
