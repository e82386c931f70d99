//! Users and their roles in the database.

use diesel::dsl::exists;
use diesel::prelude::*;

use super::model::{Credentials, Membership, NewUserRow, UserRow};
use crate::auth::Role;
use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::{tenants, user_roles, users};
use crate::id::Id;
use crate::text::like_literal;

pub fn find_user(connection: &mut DbConnection, user_id: Id) -> QueryResult<Option<UserRow>> {
    users::table
        .find(user_id)
        .select(UserRow::as_select())
        .first(connection)
        .optional()
}

/// Whether there is anybody.
pub fn has_users(connection: &mut DbConnection) -> QueryResult<bool> {
    diesel::select(exists(users::table.select(users::id))).get_result(connection)
}

pub fn find_user_by_email(connection: &mut DbConnection, email_key: &str) -> QueryResult<Option<UserRow>> {
    users::table
        .filter(users::email_key.eq(email_key))
        .select(UserRow::as_select())
        .first(connection)
        .optional()
}

/// What a sign-in with this e-mail address is checked against.
pub fn find_credentials(connection: &mut DbConnection, email_key: &str) -> QueryResult<Option<Credentials>> {
    users::table
        .filter(users::email_key.eq(email_key))
        .select((users::id, users::password_hash, users::is_active))
        .first(connection)
        .optional()
}

/// The e-mail key and the password's hash of an active user.
pub fn find_password_hash(connection: &mut DbConnection, user_id: Id) -> QueryResult<Option<(String, String)>> {
    users::table
        .find(user_id)
        .filter(users::is_active.eq(true))
        .select((users::email_key, users::password_hash))
        .first(connection)
        .optional()
}

/// Whether the user is active and has this very hash.
pub fn has_password_hash(connection: &mut DbConnection, user_id: Id, hash: &str) -> QueryResult<bool> {
    Ok(find_password_hash(connection, user_id)?.is_some_and(|(_, current)| current == hash))
}

/// Puts a hash in the place of another; answers 0 when that one is not there any more.
pub fn replace_password_hash(connection: &mut DbConnection, user_id: Id, old: &str, new: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(user_id).filter(users::password_hash.eq(old)))
        .set(users::password_hash.eq(new))
        .execute(connection)
}

/// Gives the user a password, whatever it was before.
pub fn set_password_hash(connection: &mut DbConnection, user_id: Id, hash: &str) -> QueryResult<usize> {
    diesel::update(users::table.find(user_id))
        .set(users::password_hash.eq(hash))
        .execute(connection)
}

/// Lets the user in or keeps them out; answers 0 when that is so already.
pub fn set_active(connection: &mut DbConnection, user_id: Id, is_active: bool) -> QueryResult<usize> {
    diesel::update(users::table.find(user_id).filter(users::is_active.ne(is_active)))
        .set(users::is_active.eq(is_active))
        .execute(connection)
}

pub fn is_active(connection: &mut DbConnection, user_id: Id) -> QueryResult<bool> {
    Ok(find_password_hash(connection, user_id)?.is_some())
}

/// The tenants in which the user has roles, by number.
pub fn list_memberships(connection: &mut DbConnection, user_id: Id) -> QueryResult<Vec<Membership>> {
    let mut rows: Vec<(Id, i64, String, Role)> = user_roles::table
        .inner_join(tenants::table.on(tenants::id.eq(user_roles::tenant_id)))
        .filter(user_roles::user_id.eq(user_id))
        .select((tenants::id, tenants::number, tenants::name, user_roles::role))
        .load(connection)?;
    rows.sort_unstable_by_key(|(_, number, _, role)| (*number, *role));
    let mut memberships: Vec<Membership> = Vec::new();
    for (id, number, name, role) in rows {
        match memberships.last_mut() {
            Some(last) if last.id == id => last.roles.push(role),
            _ => memberships.push(Membership {
                id,
                number,
                name,
                roles: vec![role],
            }),
        }
    }
    Ok(memberships)
}

/// The users of a tenant by name, from after (name key, id).
pub fn list_users(
    connection: &mut DbConnection,
    tenant_id: Id,
    search: Option<&str>,
    after: Option<(String, Id)>,
    rows_max: i64,
) -> QueryResult<Vec<UserRow>> {
    let has_role = user_roles::table
        .filter(user_roles::tenant_id.eq(tenant_id))
        .filter(user_roles::user_id.eq(users::id));
    let mut query = users::table
        .filter(exists(has_role))
        .order((users::name_key, users::id))
        .limit(rows_max)
        .select(UserRow::as_select())
        .into_boxed();
    if let Some(search) = search {
        let pattern = format!("%{}%", like_literal(search));
        let in_name = users::name_key.like(pattern.clone()).escape('\\');
        query = query.filter(in_name.or(users::email_key.like(pattern).escape('\\')));
    }
    if let Some((name_key, id)) = after {
        let same_name = users::name_key.eq(name_key.clone()).and(users::id.gt(id));
        query = query.filter(users::name_key.gt(name_key).or(same_name));
    }
    query.load(connection)
}

/// The roles of several users in a tenant, each user's in the order of the table.
pub fn list_roles_of(connection: &mut DbConnection, tenant_id: Id, user_ids: &[Id]) -> QueryResult<Vec<(Id, Role)>> {
    let mut roles: Vec<(Id, Role)> = user_roles::table
        .filter(user_roles::tenant_id.eq(tenant_id))
        .filter(user_roles::user_id.eq_any(user_ids))
        .select((user_roles::user_id, user_roles::role))
        .load(connection)?;
    roles.sort_unstable();
    Ok(roles)
}

/// Whether the user has a role in another tenant.
pub fn belongs_elsewhere(connection: &mut DbConnection, tenant_id: Id, user_id: Id) -> QueryResult<bool> {
    let elsewhere = user_roles::table
        .filter(user_roles::user_id.eq(user_id))
        .filter(user_roles::tenant_id.ne(tenant_id));
    diesel::select(exists(elsewhere)).get_result(connection)
}

/// Whether the tenant has an active director besides this user.
pub fn has_another_director(connection: &mut DbConnection, tenant_id: Id, user_id: Id) -> QueryResult<bool> {
    let others = user_roles::table
        .inner_join(users::table.on(users::id.eq(user_roles::user_id)))
        .filter(user_roles::tenant_id.eq(tenant_id))
        .filter(user_roles::role.eq(Role::Director))
        .filter(user_roles::user_id.ne(user_id))
        .filter(users::is_active.eq(true));
    diesel::select(exists(others)).get_result(connection)
}

pub fn insert_user(connection: &mut DbConnection, user: &NewUserRow) -> QueryResult<usize> {
    diesel::insert_into(users::table).values(user).execute(connection)
}

/// Writes name, language and version; answers 0 when someone else changed the user since it was read.
pub fn update_user(connection: &mut DbConnection, old: &UserRow, new: &UserRow) -> QueryResult<usize> {
    diesel::update(users::table.find(old.id).filter(users::version.eq(old.version)))
        .set((
            users::name.eq(&new.name),
            users::name_key.eq(&new.name_key),
            users::language.eq(new.language),
            users::version.eq(new.version),
        ))
        .execute(connection)
}

/// Puts these roles in the place of those that the user has in the tenant, and raises the user's version.
pub fn replace_roles(
    connection: &mut DbConnection,
    tenant_id: Id,
    user_id: Id,
    (old, new): (&[Role], &[Role]),
    now: Timestamp,
) -> QueryResult<()> {
    for role in old.iter().filter(|role| !new.contains(role)) {
        diesel::delete(user_roles::table.find((tenant_id, user_id, role.as_str()))).execute(connection)?;
    }
    for role in new.iter().filter(|role| !old.contains(role)) {
        diesel::insert_into(user_roles::table)
            .values((
                user_roles::tenant_id.eq(tenant_id),
                user_roles::user_id.eq(user_id),
                user_roles::role.eq(*role),
                user_roles::granted_at.eq(now),
            ))
            .execute(connection)?;
    }
    diesel::update(users::table.find(user_id))
        .set(users::version.eq(users::version + 1))
        .execute(connection)?;
    Ok(())
}
