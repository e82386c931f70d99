//! The one who asks, with everything a request needs to know about them and their tenant.

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use super::{Permission, PermissionSet, Role};
use crate::clock::Timestamp;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::money::Currency;
use crate::period;
use crate::text_enum;

text_enum! {
    /// What kind of actor did something.
    pub enum ActorKind {
        /// A person who signed in.
        User => "user",
        /// A till.
        Terminal => "terminal",
        /// A script.
        ApiKey => "api_key",
        /// The service itself.
        System => "system",
    }
}

/// The tenant a request works in, with the settings that rules need. At most 2 s old.
#[derive(Debug, Clone)]
pub struct TenantContext {
    /// Its id: the first column of every query.
    pub id: Id,
    /// Its number, such as 719.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its only currency.
    pub currency: Currency,
    /// Where its business days are counted.
    pub time_zone: Tz,
    /// Before this minute of the local day, it is still the day before.
    pub business_day_start_min: i32,
    /// How old a sale may be, in days.
    pub accept_sales_days: i32,
    /// The first day from which sales are accepted; overrides the days.
    pub accept_sales_from: Option<NaiveDate>,
    /// Whether a till sees what is available on an account.
    pub shows_available_on_till: bool,
    /// Whether sales made without a connection are accepted.
    pub accepts_offline_sales: bool,
    /// The largest offline sale, in minor units.
    pub offline_sale_minor_max: Option<i64>,
    /// What the data processing agreement allows.
    pub agreement: AgreementState,
}

impl TenantContext {
    /// The date on the wall in the tenant's zone: invoices are dated by it, not by the business day.
    #[must_use]
    pub fn today(&self, now: Timestamp) -> NaiveDate {
        self.time_zone.from_utc_datetime(&now.naive_utc()).date_naive()
    }

    /// The business date of an instant (product.md, 2).
    #[must_use]
    pub fn business_date(&self, at: Timestamp) -> NaiveDate {
        let at: NaiveDateTime = at.naive_utc();
        period::business_date(at, self.time_zone, self.business_day_start_min)
    }
}

text_enum! {
    /// Which version of the data processing agreement the tenant has accepted.
    pub enum AgreementState {
        /// None: nothing works yet.
        Missing => "missing",
        /// An older one: tills go on, people are asked again.
        Outdated => "outdated",
        /// The one that stands.
        Accepted => "accepted",
    }
}

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Actor {
    /// What kind.
    pub kind: ActorKind,
    /// The user's, terminal's or key's id.
    pub id: Id,
    /// How the trail names them.
    pub name: String,
    /// What they may do in the tenant.
    pub permissions: PermissionSet,
    /// A user's roles in the tenant.
    pub roles: Vec<Role>,
    /// Whether the user manages the portal.
    pub is_portal_admin: bool,
    /// The session of a user.
    pub session_id: Option<Id>,
    /// In a session that looks at what a customer sees: that customer.
    pub viewed_customer: Option<Id>,
    /// The tenant of this request, when one is chosen.
    pub tenant: Option<TenantContext>,
}

impl Actor {
    /// The tenant of this request.
    ///
    /// # Errors
    /// 403 `tenant_not_chosen`.
    pub fn tenant(&self) -> ApiResult<&TenantContext> {
        self.tenant.as_ref().ok_or_else(|| ApiError::new(Code::TenantNotChosen))
    }

    /// Refuses an actor who may not, or a tenant that has not accepted the agreement.
    ///
    /// # Errors
    /// 403, naming the permission; 403 `gdpr_agreement_required`.
    pub fn check(&self, permission: Permission) -> ApiResult<()> {
        if permission != Permission::PortalManage {
            self.tenant()?;
        }
        if !self.permissions.has(permission) {
            return Err(ApiError::new(Code::Forbidden).detail(format!("this needs the permission `{permission}`")));
        }
        match self.tenant.as_ref().map(|tenant| tenant.agreement) {
            _ if permission.is_before_agreement() => Ok(()),
            Some(AgreementState::Missing) => Err(ApiError::new(Code::GdprAgreementRequired)),
            Some(AgreementState::Outdated) if !permission.is_till() => Err(ApiError::new(Code::GdprAgreementRequired)),
            _ => Ok(()),
        }
    }
}
