//! Why something was not posted: declines, which are answers that are kept under their key, and rejections, which leave no trace.

use crate::error::{ApiError, Code};
use crate::money::{Currency, Money};
use crate::text_enum;

text_enum! {
    /// Why a till's request was declined. Kept under its key, so that a late retry never posts it.
    pub enum DeclineCode {
        /// More than is available.
        LimitExceeded => "limit_exceeded",
        /// The account was never activated.
        AccountInactive => "account_inactive",
        /// The account is blocked.
        AccountBlocked => "account_blocked",
        /// The account is closed.
        AccountClosed => "account_closed",
        /// The account may not buy on account.
        OnAccountNotAllowed => "on_account_not_allowed",
        /// More than 5 minutes ahead of the service's clock.
        OccurredAtAhead => "occurred_at_ahead",
        /// Before the first day that the tenant still accepts.
        OccurredAtTooOld => "occurred_at_too_old",
        /// The tenant accepts no offline sales, or not of this amount.
        OfflineNotAccepted => "offline_not_accepted",
    }
}

impl DeclineCode {
    /// The code of its problem.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::LimitExceeded => Code::LimitExceeded,
            Self::AccountInactive => Code::AccountInactive,
            Self::AccountBlocked => Code::AccountBlocked,
            Self::AccountClosed => Code::AccountClosed,
            Self::OnAccountNotAllowed => Code::OnAccountNotAllowed,
            Self::OccurredAtAhead => Code::OccurredAtAhead,
            Self::OccurredAtTooOld => Code::OccurredAtTooOld,
            Self::OfflineNotAccepted => Code::OfflineNotAccepted,
        }
    }
}

/// A decline with what was asked and what the account had then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline {
    pub code: DeclineCode,
    pub amount_minor: i64,
    pub available_minor: i64,
    pub credit_limit_minor: i64,
}

/// Why nothing was posted and nothing was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// What the path names is not there, or is another tenant's.
    NotFound,
    /// The account that the body names is not there, or is another tenant's.
    UnknownAccount,
    /// The account that a void names is not the sale's.
    OtherAccount,
    /// The key belongs to another request.
    KeyReused,
    /// A void came before this sale.
    ReversedBeforeArrival,
    /// The sale that a void names was declined.
    SaleDeclined,
    /// Nothing but limit changes and credits is posted to an account before it is activated.
    AccountInactive,
    /// A closed account gets no credit and no other limit.
    AccountClosed,
    /// The limit would fall below 0.
    LimitWouldBeNegative { limit_minor: i64, change_minor: i64 },
    /// A sale has no such line.
    UnknownLine { line_no: i32 },
    /// More of a line than is left of it.
    MoreOfLineThanLeft { line_no: i32, left_milli: i64 },
    /// The refunds together would exceed the sale.
    MoreThanSold { left_minor: i64 },
    /// The lines of the refund add up to less than 0.
    RefundNegative,
    /// It happened before the sale it refunds.
    RefundBeforeSale,
    /// Every line is refunded already.
    NothingToRefund,
    /// It is reversed already.
    AlreadyReversed,
    /// Reversals and resets are not reversed.
    NotReversible,
    /// It stands on an invoice.
    AlreadyInvoiced { number: String },
    /// The sale has refunds that stand.
    HasRefunds,
    /// Balance or limit would leave the range that is kept exactly.
    AmountOverflow,
}

impl Rejection {
    /// The problem that says so.
    #[must_use]
    pub fn into_error(self, currency: Currency) -> ApiError {
        let money = |minor| Money::new(minor, currency);
        match self {
            Self::NotFound => ApiError::new(Code::NotFound),
            Self::UnknownAccount => ApiError::new(Code::UnknownAccount),
            Self::OtherAccount => {
                ApiError::new(Code::UnknownAccount).detail("the sale is on another account than the body names")
            }
            Self::KeyReused => ApiError::new(Code::IdempotencyKeyReused),
            Self::ReversedBeforeArrival => ApiError::new(Code::ReversedBeforeArrival),
            Self::SaleDeclined => ApiError::new(Code::SaleDeclined),
            Self::AccountInactive => ApiError::new(Code::AccountInactive),
            Self::AccountClosed => ApiError::new(Code::AccountClosed),
            Self::LimitWouldBeNegative {
                limit_minor,
                change_minor,
            } => ApiError::new(Code::LimitWouldBeNegative).detail(format!(
                "the limit is {}; a change of {} would bring it below 0",
                money(limit_minor),
                money(change_minor)
            )),
            Self::UnknownLine { line_no } => {
                ApiError::field("/lines", "unknown_line", format!("the sale has no line {line_no}"))
            }
            Self::MoreOfLineThanLeft { line_no, left_milli } => ApiError::new(Code::MoreThanSold).detail(format!(
                "of line {line_no} a quantity of {} is left to refund",
                crate::quantity::Quantity::from_milli(left_milli)
            )),
            Self::MoreThanSold { left_minor } => ApiError::new(Code::MoreThanSold)
                .detail(format!("{} is left to refund of this sale", money(left_minor))),
            Self::RefundNegative => ApiError::new(Code::RefundNegative),
            Self::RefundBeforeSale => ApiError::new(Code::RefundBeforeSale),
            Self::NothingToRefund => ApiError::new(Code::NothingToRefund),
            Self::AlreadyReversed => ApiError::new(Code::AlreadyReversed),
            Self::NotReversible => ApiError::new(Code::NotReversible),
            Self::AlreadyInvoiced { number } => ApiError::new(Code::AlreadyInvoiced).detail(format!(
                "it stands on invoice {number}: refund the sale, or reverse the invoice first"
            )),
            Self::HasRefunds => ApiError::new(Code::HasRefunds),
            Self::AmountOverflow => ApiError::new(Code::AmountOverflow),
        }
    }
}

/// Why a posting made no entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotPosted {
    /// An answer that is kept.
    Declined(Decline),
    /// Nothing is kept.
    Refused(Rejection),
}

impl From<Rejection> for NotPosted {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decline_is_spelled_like_its_problem() {
        for decline in DeclineCode::ALL {
            assert_eq!(decline.as_str(), decline.code().as_str());
            assert_eq!(decline.code().status().as_u16(), 409);
        }
    }
}
