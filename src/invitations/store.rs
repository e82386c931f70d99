//! Invitations, and the users of customers, in the database.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text, Timestamp as SqlTimestamp};

use super::model::{CustomerAccess, Invitation, InvitationRow, InvitationStatus, Selection};
use crate::clock::Timestamp;
use crate::db::schema::{customer_users, customers, imports, invitations, outbox};
use crate::db::{DbConnection, dialect};
use crate::id::{Id, SqlId};
use crate::mail::{self, MailStatus};

/// A customer who may be invited.
#[derive(Debug, Clone, QueryableByName)]
pub struct Candidate {
    #[diesel(sql_type = SqlId)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub email: String,
    #[diesel(sql_type = Text)]
    pub language: String,
    #[diesel(sql_type = Text)]
    pub contact_language: String,
    #[diesel(sql_type = Text)]
    pub access: CustomerAccess,
    /// invite, already_invited, already_active or unreachable
    #[diesel(sql_type = Text)]
    pub verdict: String,
}

/// How many customers of a selection have a verdict.
#[derive(QueryableByName)]
pub struct Tally {
    #[diesel(sql_type = Text)]
    pub verdict: String,
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// The customers of a tenant, and of each what an invitation would come to. Values: again, tenant, selection.
const JUDGED: &str = "
    SELECT c.id, c.name, c.email, c.language, c.contact_language, c.access,
        CASE WHEN c.access = 'active' THEN 'already_active'
             WHEN c.email = '' OR c.email_is_fictional THEN 'unreachable'
             WHEN c.access = 'invited' AND NOT $1 THEN 'already_invited'
             ELSE 'invite' END AS verdict
    FROM customers c WHERE c.tenant_id = $2 AND ";
const OF_IMPORT: &str = "EXISTS (SELECT 1 FROM import_customers s
        JOIN imports i ON i.tenant_id = s.tenant_id AND i.id = s.import_id AND i.attempt = s.attempt
        WHERE s.tenant_id = c.tenant_id AND s.customer_id = c.id AND s.outcome IN ('create', 'update') AND s.import_id = $3)";

fn judged(connection: &DbConnection, selection: &Selection) -> String {
    let chosen = match selection {
        Selection::Customers(_) => dialect::is_listed(connection, "c.id", "$3"),
        Selection::Import(_) => OF_IMPORT.to_owned(),
    };
    format!("{JUDGED}{chosen}")
}

/// What inviting a selection would come to.
pub fn tally(
    connection: &mut DbConnection,
    tenant_id: Id,
    selection: &Selection,
    again: bool,
) -> QueryResult<Vec<Tally>> {
    let text = format!(
        "SELECT verdict, count(*) AS count FROM ({}) AS judged GROUP BY verdict",
        judged(connection, selection)
    );
    let query = diesel::sql_query(text)
        .bind::<Bool, _>(again)
        .bind::<SqlId, _>(tenant_id);
    match selection {
        Selection::Customers(ids) => query.bind::<Text, _>(dialect::list_of(ids)).load(connection),
        Selection::Import(id) => query.bind::<SqlId, _>(*id).load(connection),
    }
}

/// Those of a selection who can be invited, held until the transaction ends.
pub fn lock_invitable(
    connection: &mut DbConnection,
    tenant_id: Id,
    selection: &Selection,
    again: bool,
) -> QueryResult<Vec<Candidate>> {
    let text = format!(
        "{} ORDER BY c.id{}",
        judged(connection, selection),
        dialect::for_update(connection)
    );
    let query = diesel::sql_query(text)
        .bind::<Bool, _>(again)
        .bind::<SqlId, _>(tenant_id);
    let mut candidates: Vec<Candidate> = match selection {
        Selection::Customers(ids) => query.bind::<Text, _>(dialect::list_of(ids)).load(connection)?,
        Selection::Import(id) => query.bind::<SqlId, _>(*id).load(connection)?,
    };
    candidates.retain(|candidate| candidate.verdict == "invite");
    Ok(candidates)
}

/// How many of these are customers of the tenant.
pub fn count_known(connection: &mut DbConnection, tenant_id: Id, ids: &[Id]) -> QueryResult<i64> {
    customers::table
        .filter(
            customers::tenant_id
                .eq(tenant_id)
                .and(customers::id.eq_any(ids.to_vec())),
        )
        .count()
        .get_result(connection)
}

/// Whether the import is committed; nothing when there is none.
pub fn is_committed(connection: &mut DbConnection, tenant_id: Id, import_id: Id) -> QueryResult<Option<bool>> {
    imports::table
        .find((tenant_id, import_id))
        .select(imports::status.eq("committed"))
        .first(connection)
        .optional()
}

/// How many invitations the tenant has sent since, and when the first of them was.
pub fn count_since(
    connection: &mut DbConnection,
    tenant_id: Id,
    since: Timestamp,
) -> QueryResult<(i64, Option<Timestamp>)> {
    invitations::table
        .filter(invitations::tenant_id.eq(tenant_id))
        .filter(invitations::created_at.gt(since))
        .select((diesel::dsl::count_star(), diesel::dsl::min(invitations::created_at)))
        .first(connection)
}

/// Ends the open invitations of some customers: their links work no more, and mails that still wait do not go.
pub fn void(
    connection: &mut DbConnection,
    tenant_id: Id,
    customer_ids: &[Id],
    why: &str,
    now: Timestamp,
) -> QueryResult<()> {
    #[derive(QueryableByName)]
    struct Voided {
        #[diesel(sql_type = SqlId)]
        mail_id: Id,
    }
    let text = format!(
        "UPDATE invitations SET status = 'void', ended_at = $1 WHERE tenant_id = $2 AND status = 'open' AND {} RETURNING mail_id",
        dialect::is_listed(connection, "customer_id", "$3")
    );
    let voided: Vec<Voided> = diesel::sql_query(text)
        .bind::<SqlTimestamp, _>(now)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Text, _>(dialect::list_of(customer_ids))
        .load(connection)?;
    let mails: Vec<Id> = voided.into_iter().map(|voided| voided.mail_id).collect();
    mail::void(connection, &mails, why, now)?;
    Ok(())
}

/// Notes how far the access of some customers is.
pub fn set_access(
    connection: &mut DbConnection,
    tenant_id: Id,
    customer_ids: &[Id],
    access: CustomerAccess,
    now: Timestamp,
) -> QueryResult<usize> {
    let text = format!(
        "UPDATE customers SET access = $1, version = version + 1, updated_at = $2 WHERE tenant_id = $3 AND {}",
        dialect::is_listed(connection, "id", "$4")
    );
    diesel::sql_query(text)
        .bind::<Text, _>(access)
        .bind::<SqlTimestamp, _>(now)
        .bind::<SqlId, _>(tenant_id)
        .bind::<Text, _>(dialect::list_of(customer_ids))
        .execute(connection)
}

/// Tells the customer that the mail with their link did not arrive, if that link is still the one that counts.
///
/// # Errors
/// What the database said.
pub fn mail_ended(
    connection: &mut DbConnection,
    tenant_id: Id,
    mail_id: Id,
    status: MailStatus,
    now: Timestamp,
) -> QueryResult<()> {
    if !matches!(status, MailStatus::Bounced | MailStatus::Failed) {
        return Ok(());
    }
    let customer_id: Option<Id> = invitations::table
        .filter(
            invitations::tenant_id
                .eq(tenant_id)
                .and(invitations::mail_id.eq(mail_id)),
        )
        .filter(invitations::status.eq(InvitationStatus::Open))
        .select(invitations::customer_id)
        .first(connection)
        .optional()?;
    if let Some(customer_id) = customer_id {
        diesel::update(
            customers::table
                .find((tenant_id, customer_id))
                .filter(customers::access.eq(CustomerAccess::Invited)),
        )
        .set((
            customers::access.eq(CustomerAccess::Bounced),
            customers::version.eq(customers::version + 1),
            customers::updated_at.eq(now),
        ))
        .execute(connection)?;
    }
    Ok(())
}

/// How far a customer is; the customer exists.
pub fn find_state(
    connection: &mut DbConnection,
    tenant_id: Id,
    customer_id: Id,
    access: CustomerAccess,
) -> QueryResult<Invitation> {
    type Found = (Timestamp, Timestamp, MailStatus, Option<String>);
    let last: Option<Found> = invitations::table
        .inner_join(outbox::table.on(outbox::id.eq(invitations::mail_id)))
        .filter(
            invitations::tenant_id
                .eq(tenant_id)
                .and(invitations::customer_id.eq(customer_id)),
        )
        .order(invitations::id.desc())
        .select((
            invitations::created_at,
            invitations::expires_at,
            outbox::status,
            outbox::last_error,
        ))
        .first(connection)
        .optional()?;
    let (invited_at, expires_at, mail_status, mail_error) = match last {
        Some((invited_at, expires_at, status, error)) => (Some(invited_at), Some(expires_at), Some(status), error),
        None => (None, None, None, None),
    };
    Ok(Invitation {
        customer_id,
        access,
        invited_at,
        expires_at,
        mail_status,
        mail_error,
    })
}

/// Who a link was sent to.
#[derive(Debug, Clone, QueryableByName)]
pub struct Invited {
    #[diesel(sql_type = SqlId)]
    pub tenant_id: Id,
    #[diesel(sql_type = SqlId)]
    pub id: Id,
    #[diesel(sql_type = SqlId)]
    pub customer_id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub email: String,
    #[diesel(sql_type = Text)]
    pub email_key: String,
    #[diesel(sql_type = Text)]
    pub language: String,
    #[diesel(sql_type = Text)]
    pub access: CustomerAccess,
    #[diesel(sql_type = Nullable<SqlId>)]
    pub user_id: Option<Id>,
}

/// The invitation whose link has this hash, if it works now; held until the transaction ends.
pub fn find_open(connection: &mut DbConnection, token_hash: &[u8], now: Timestamp) -> QueryResult<Option<Invited>> {
    diesel::sql_query(
        "SELECT i.tenant_id, i.id, i.customer_id, c.name, c.email, i.email_key, c.language, c.access, u.id AS user_id
         FROM invitations i
         JOIN customers c ON c.tenant_id = i.tenant_id AND c.id = i.customer_id
         LEFT JOIN users u ON u.email_key = i.email_key
         WHERE i.token_hash = $1 AND i.status = 'open' AND i.expires_at > $2 AND lower(c.email) = i.email_key
           AND c.access IN ('invited', 'bounced')",
    )
    .bind::<Binary, _>(token_hash)
    .bind::<SqlTimestamp, _>(now)
    .get_result(connection)
    .optional()
}

/// Uses the link up; false when somebody else just did.
pub fn accept(connection: &mut DbConnection, tenant_id: Id, id: Id, now: Timestamp) -> QueryResult<bool> {
    let open = invitations::table
        .find((tenant_id, id))
        .filter(invitations::status.eq(InvitationStatus::Open));
    let accepted = diesel::update(open)
        .set((
            invitations::status.eq(InvitationStatus::Accepted),
            invitations::ended_at.eq(Some(now)),
        ))
        .execute(connection)?;
    Ok(accepted == 1)
}

/// Gives a customer their user.
pub fn link_user(
    connection: &mut DbConnection,
    (tenant_id, customer_id): (Id, Id),
    user_id: Id,
    now: Timestamp,
) -> QueryResult<usize> {
    diesel::insert_into(customer_users::table)
        .values((
            customer_users::tenant_id.eq(tenant_id),
            customer_users::customer_id.eq(customer_id),
            customer_users::user_id.eq(user_id),
            customer_users::linked_at.eq(now),
        ))
        .execute(connection)
}

/// Takes a customer's user away; answers who it was, and whether they have other customers in the tenant.
pub fn unlink_customer(
    connection: &mut DbConnection,
    tenant_id: Id,
    customer_id: Id,
) -> QueryResult<Option<(Id, bool)>> {
    let user_id: Option<Id> = diesel::delete(customer_users::table.find((tenant_id, customer_id)))
        .returning(customer_users::user_id)
        .get_result(connection)
        .optional()?;
    let Some(user_id) = user_id else { return Ok(None) };
    let others = customer_users::table
        .filter(customer_users::tenant_id.eq(tenant_id))
        .filter(customer_users::user_id.eq(user_id));
    let has_others = diesel::select(diesel::dsl::exists(others)).get_result(connection)?;
    Ok(Some((user_id, has_others)))
}

/// The customers of a user in a tenant.
///
/// # Errors
/// What the database said.
pub fn list_customers_of(connection: &mut DbConnection, tenant_id: Id, user_id: Id) -> QueryResult<Vec<Id>> {
    customer_users::table
        .filter(customer_users::tenant_id.eq(tenant_id))
        .filter(customer_users::user_id.eq(user_id))
        .order(customer_users::customer_id)
        .select(customer_users::customer_id)
        .load(connection)
}

/// Takes all of a user's customers of a tenant away: the user lost the role `customer` there. Answers which they were.
///
/// # Errors
/// What the database said.
pub fn withdraw_user(
    connection: &mut DbConnection,
    tenant_id: Id,
    user_id: Id,
    now: Timestamp,
) -> QueryResult<Vec<Id>> {
    let customers = list_customers_of(connection, tenant_id, user_id)?;
    diesel::delete(
        customer_users::table
            .filter(customer_users::tenant_id.eq(tenant_id))
            .filter(customer_users::user_id.eq(user_id)),
    )
    .execute(connection)?;
    set_access(connection, tenant_id, &customers, CustomerAccess::NotInvited, now)?;
    Ok(customers)
}

/// Makes many invitations.
pub fn insert(connection: &mut DbConnection, rows: &[InvitationRow]) -> QueryResult<()> {
    super::native::insert(connection, rows)
}
