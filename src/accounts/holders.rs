//! The rules of holders: the first, or the one named, pays; the others have insight.

use super::model::Holder;
use crate::error::{ApiError, Code};
use crate::id::Id;
use crate::text_enum;

/// More people than this do not share one account; it keeps an account small enough to be read whole.
pub const HOLDERS_MAX: usize = 50;

text_enum! {
    /// What a holder is to an account.
    pub enum HolderKind {
        /// Pays: gets the invoices. While an account has holders, exactly one.
        Billing => "billing",
        /// Has insight.
        Viewer => "viewer",
    }
}

/// Why holders stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderRejection {
    /// Nobody would pay.
    NobodyPays,
    /// There are [`HOLDERS_MAX`] already.
    TooMany,
}

impl From<HolderRejection> for ApiError {
    fn from(rejection: HolderRejection) -> Self {
        ApiError::new(match rejection {
            HolderRejection::NobodyPays => Code::LastBillingHolder,
            HolderRejection::TooMany => Code::TooManyHolders,
        })
    }
}

/// What a customer becomes to an account with these holders: the first one pays, whoever is named billing takes over, and anybody
/// else has insight or stays what they are.
///
/// # Errors
/// When nobody would pay, or there are too many.
pub fn decide_holder(
    holders: &[Holder],
    customer_id: Id,
    asked: Option<HolderKind>,
) -> Result<HolderKind, HolderRejection> {
    let current = holders.iter().find(|holder| holder.customer_id == customer_id);
    if current.is_none() && holders.len() >= HOLDERS_MAX {
        return Err(HolderRejection::TooMany);
    }
    let somebody_else_pays = holders
        .iter()
        .any(|holder| holder.kind == HolderKind::Billing && holder.customer_id != customer_id);
    match asked {
        Some(HolderKind::Viewer) if !somebody_else_pays => Err(HolderRejection::NobodyPays),
        Some(kind) => Ok(kind),
        None if somebody_else_pays => Ok(HolderKind::Viewer),
        None => Ok(HolderKind::Billing),
    }
}

/// Whether a holder can go: the payer last.
///
/// # Errors
/// When the others would have nobody who pays.
pub fn check_leaving(holders: &[Holder], leaving: &Holder) -> Result<(), HolderRejection> {
    if leaving.kind == HolderKind::Billing && holders.len() > 1 {
        Err(HolderRejection::NobodyPays)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Id {
        Id::from(uuid::Uuid::from_u128(number))
    }

    fn holder(number: u128, kind: HolderKind) -> Holder {
        Holder {
            account_id: Id::NIL,
            customer_id: id(number),
            name: String::new(),
            kind,
            linked_at: serde_json::from_str("\"2026-10-15T10:00:00Z\"").unwrap(),
        }
    }

    #[test]
    fn somebody_pays_while_there_are_holders() {
        let two = [holder(1, HolderKind::Billing), holder(2, HolderKind::Viewer)];
        let (billing, viewer) = (Some(HolderKind::Billing), Some(HolderKind::Viewer));
        for (holders, customer, asked, expected) in [
            (&two[..0], 1, None, Ok(HolderKind::Billing)),
            (&two[..0], 1, viewer, Err(HolderRejection::NobodyPays)),
            (&two[..1], 2, None, Ok(HolderKind::Viewer)),
            (&two[..1], 2, billing, Ok(HolderKind::Billing)),
            (&two[..1], 1, None, Ok(HolderKind::Billing)),
            (&two[..], 1, viewer, Err(HolderRejection::NobodyPays)),
            (&two[..], 2, None, Ok(HolderKind::Viewer)),
            (&two[..], 2, billing, Ok(HolderKind::Billing)),
        ] {
            assert_eq!(
                decide_holder(holders, id(customer), asked),
                expected,
                "{customer} {asked:?}"
            );
        }
        assert_eq!(check_leaving(&two, &two[0]), Err(HolderRejection::NobodyPays));
        assert_eq!(check_leaving(&two, &two[1]), Ok(()));
        assert_eq!(check_leaving(&two[..1], &two[0]), Ok(()));
    }

    #[test]
    fn an_account_has_a_bounded_number_of_holders() {
        let mut many = vec![holder(0, HolderKind::Billing)];
        many.extend((1..50).map(|number| holder(number, HolderKind::Viewer)));
        assert_eq!(decide_holder(&many, id(50), None), Err(HolderRejection::TooMany));
        assert_eq!(
            decide_holder(&many, id(49), Some(HolderKind::Billing)),
            Ok(HolderKind::Billing)
        );
    }
}
