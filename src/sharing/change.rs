//! Changing how a customer's documents are shared, whoever asks for it.

use super::model::{Delivery, NewSharing, Sharing, SharingRow};
use super::store;
use crate::audit::{self, Author, Changes, Subject, SubjectKind};
use crate::clock::Clock;
use crate::customers;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::text::Email;
use crate::users::email_key;

/// What was asked for, once it fits together.
pub struct Change {
    is_on: bool,
    delivery: Delivery,
    email: Option<Email>,
}

impl Change {
    /// # Errors
    /// 422, naming the field that is missing, or there for nothing.
    pub fn try_new(new: &NewSharing) -> ApiResult<Self> {
        let (delivery, email) = new.checked()?;
        Ok(Change {
            is_on: new.shares_documents,
            delivery,
            email: email.cloned(),
        })
    }

    /// Puts it in the place of what was, and into the customer's trail; answers how documents are shared from now on.
    ///
    /// # Errors
    /// 404 when there is no such customer; 422 `unknown_accountant`.
    pub fn make(
        &self,
        connection: &mut DbConnection,
        clock: &Clock,
        author: &Author,
        (tenant_id, customer_id): (Id, Id),
    ) -> ApiResult<Sharing> {
        customers::lock_customer(connection, tenant_id, customer_id)?.ok_or_else(unknown_customer)?;
        let old = store::find(connection, tenant_id, customer_id)?;
        let new = if self.is_on {
            Some(SharingRow {
                tenant_id,
                customer_id,
                delivery: self.delivery,
                accountant_id: self.find_accountant(connection, tenant_id)?,
                accountant_email: self.email.clone().map(Email::into_string).unwrap_or_default(),
                shared_since: old.as_ref().map_or(clock.now(), |old| old.shared_since),
            })
        } else {
            None
        };
        store::replace(connection, (tenant_id, customer_id), new.as_ref())?;
        let (old, new) = (Sharing::of(customer_id, old), Sharing::of(customer_id, new));
        let subject = Subject::new(SubjectKind::Customer, customer_id);
        audit::record(connection, clock, author, subject, &changes(&old, &new))?;
        Ok(new)
    }

    /// The user whose inbox it is, where there is one. Who is unknown and who may not is the same.
    fn find_accountant(&self, connection: &mut DbConnection, tenant_id: Id) -> ApiResult<Option<Id>> {
        let (Delivery::AccountantInbox, Some(email)) = (self.delivery, &self.email) else {
            return Ok(None);
        };
        let found = store::find_accountant(connection, tenant_id, &email_key(email))?;
        found.map(Some).ok_or_else(|| ApiError::new(Code::UnknownAccountant))
    }
}

fn changes(old: &Sharing, new: &Sharing) -> Changes {
    let address = |sharing: &Sharing| Some(sharing.accountant_email.clone()).filter(|email| !email.is_empty());
    Changes::new()
        .field("shares_documents", old.shares_documents, new.shares_documents)
        .field("delivery", old.delivery, new.delivery)
        .optional("accountant_email", address(old), address(new))
}

/// 404 of a customer who is not there.
pub fn unknown_customer() -> ApiError {
    ApiError::new(Code::NotFound).detail("no customer of this tenant has this id")
}
