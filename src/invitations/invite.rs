//! Inviting customers, one or many at once.

use chrono::TimeDelta;

use super::model::{CustomerAccess, InvitationRow, InvitationStatus, InvitedCount, LINK_LIFE, Selection};
use super::store::{self, Candidate};
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::auth::{LinkTokens, TenantContext, key_hash};
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::mail::{self, Letter, NewMail, Recipient};
use crate::tenants;
use crate::users::UserLanguage;

/// The limit on invitations is one of this long.
const LIMIT_PERIOD: TimeDelta = TimeDelta::hours(24);

/// What inviting takes.
pub struct Inviter {
    pub tenant: TenantContext,
    pub author: Author,
    pub clock: Clock,
    pub link_tokens: LinkTokens,
    /// Invitations that a tenant may send within 24 hours.
    pub per_day_max: u32,
}

impl Inviter {
    /// Invites those of a selection who can be: the mails stand in the outbox when the transaction is committed.
    ///
    /// # Errors
    /// 429 when it is more than the tenant may send; 422 when the selection names what is not there.
    pub fn invite(
        &self,
        connection: &mut DbConnection,
        selection: &Selection,
        is_again: bool,
    ) -> ApiResult<InvitedCount> {
        check_known(connection, self.tenant.id, selection)?;
        // one after another, so that two requests together do not pass the limit
        tenants::store::lock(connection, self.tenant.id)?;
        let expected = self.count(connection, selection, is_again)?;
        self.check_limit(connection, expected.invited)?;
        let candidates = store::lock_invitable(connection, self.tenant.id, selection, is_again)?;
        let invited = self.write(connection, candidates)?;
        Ok(InvitedCount {
            invited,
            // a domain for tests that nobody called fictional
            unreachable: expected.unreachable + (expected.invited - invited),
            ..expected
        })
    }

    fn count(&self, connection: &mut DbConnection, selection: &Selection, is_again: bool) -> ApiResult<InvitedCount> {
        let mut counted = InvitedCount::default();
        for tally in store::tally(connection, self.tenant.id, selection, is_again)? {
            match tally.verdict.as_str() {
                "invite" => counted.invited = tally.count,
                "already_invited" => counted.already_invited = tally.count,
                "already_active" => counted.already_active = tally.count,
                _ => counted.unreachable = tally.count,
            }
        }
        Ok(counted)
    }

    fn check_limit(&self, connection: &mut DbConnection, count: i64) -> ApiResult<()> {
        let now = self.clock.now();
        let (sent, first) = store::count_since(connection, self.tenant.id, now.plus(-LIMIT_PERIOD))?;
        let max = i64::from(self.per_day_max);
        if count == 0 || sent.saturating_add(count) <= max {
            return Ok(());
        }
        let free_at = first.map_or(now, |first| first.plus(LIMIT_PERIOD));
        let wait = (free_at.naive_utc() - now.naive_utc()).num_seconds();
        Err(ApiError::new(Code::TooManyRequests)
            .detail(format!(
                "{max} invitations may be sent within 24 hours, and {sent} were: {count} more are too many"
            ))
            .retry_after_s(u32::try_from(wait).unwrap_or(0).saturating_add(1)))
    }

    /// Writes invitations, their mails, how far the customers are now, and the trail of it; answers how many.
    fn write(&self, connection: &mut DbConnection, candidates: Vec<Candidate>) -> ApiResult<i64> {
        let tenant = tenants::store::find_tenant(connection, self.tenant.id)?;
        let of_tenant = tenant.and_then(|tenant| UserLanguage::of_tag(&tenant.locale));
        let (mut mails, mut invitations, mut trail) = (Vec::new(), Vec::new(), Vec::new());
        for candidate in candidates {
            let Some(recipient) = Recipient::try_new(&candidate.email) else {
                continue;
            };
            let (mail, invitation) = self.draft(&candidate, recipient, of_tenant)?;
            mails.push(mail);
            invitations.push(invitation);
            let changes = Changes::new()
                .field("access", candidate.access, CustomerAccess::Invited)
                .created("invitation", &candidate.email);
            trail.push((Subject::new(SubjectKind::Customer, candidate.id), changes));
        }
        let (tenant_id, now) = (self.tenant.id, self.clock.now());
        let ids: Vec<Id> = invitations.iter().map(|invitation| invitation.customer_id).collect();
        store::void(connection, tenant_id, &ids, "a later invitation took its place", now)?;
        mail::enqueue(connection, mails)?;
        store::insert(connection, &invitations)?;
        store::set_access(connection, tenant_id, &ids, CustomerAccess::Invited, now)?;
        audit::record_all(connection, &self.clock, &self.author, &trail)?;
        i64::try_from(ids.len()).map_err(ApiError::internal)
    }

    fn draft(
        &self,
        candidate: &Candidate,
        recipient: Recipient,
        of_tenant: Option<UserLanguage>,
    ) -> ApiResult<(NewMail, InvitationRow)> {
        let (now, nonce) = (self.clock.now(), LinkTokens::nonce()?);
        let expires_at = now.plus(LINK_LIFE);
        let invitation = InvitationRow {
            tenant_id: self.tenant.id,
            id: self.clock.new_id(),
            customer_id: candidate.id,
            email_key: candidate.email.to_ascii_lowercase(),
            token_hash: key_hash(&self.link_tokens.token(&nonce)),
            mail_id: self.clock.new_id(),
            status: InvitationStatus::Open,
            created_at: now,
            expires_at,
        };
        let mail = NewMail {
            id: invitation.mail_id,
            tenant_id: self.tenant.id,
            recipient,
            language: UserLanguage::of_tag(&candidate.language)
                .or_else(|| UserLanguage::of_tag(&candidate.contact_language))
                .or(of_tenant)
                .unwrap_or(UserLanguage::En),
            letter: Letter::Invitation {
                venue: self.tenant.name.clone(),
                name: candidate.name.clone(),
                until: self.tenant.today(expires_at),
            },
            link_nonce: Some(nonce),
            created_at: now,
        };
        Ok((mail, invitation))
    }
}

fn check_known(connection: &mut DbConnection, tenant_id: Id, selection: &Selection) -> ApiResult<()> {
    match selection {
        Selection::Customers(ids) => {
            let known = store::count_known(connection, tenant_id, ids)?;
            if usize::try_from(known) != Ok(ids.len()) {
                return Err(ApiError::new(Code::UnknownCustomer));
            }
        }
        Selection::Import(id) => match store::is_committed(connection, tenant_id, *id)? {
            None => return Err(ApiError::new(Code::UnknownImport)),
            Some(false) => return Err(ApiError::new(Code::ImportNotCommitted)),
            Some(true) => {}
        },
    }
    Ok(())
}
