//! The rules of an account's status: inactive -> active <-> blocked; active or blocked -> closed; closed -> active.

use super::AccountStatus;
use crate::error::{ApiError, Code};

/// A change of status that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusChange {
    /// Takes a new account into use.
    Activate,
    /// Declines sales for now.
    Block,
    /// Accepts sales again.
    Unblock,
    /// Takes the account out of use.
    Close,
    /// Takes a closed account into use again.
    Reopen,
}

/// Why a status stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusRejection {
    /// Not from this status.
    NotFrom(AccountStatus),
    /// The account owes or has money.
    BalanceNotZero,
    /// Sales, refunds or charges wait for an invoice.
    Uninvoiced,
}

impl From<StatusRejection> for ApiError {
    fn from(rejection: StatusRejection) -> Self {
        match rejection {
            StatusRejection::NotFrom(status) => ApiError::new(Code::InvalidStatusChange).detail(format!(
                "the account is {status}: inactive -> active <-> blocked; active or blocked -> closed; closed -> active"
            )),
            StatusRejection::BalanceNotZero => ApiError::new(Code::BalanceNotZero),
            StatusRejection::Uninvoiced => ApiError::new(Code::UninvoicedSales),
        }
    }
}

impl StatusChange {
    /// The status after the change; balance (minor units) and uninvoiced entries count when an account is closed.
    ///
    /// # Errors
    /// When the account's state does not allow it.
    pub fn decide(
        self,
        status: AccountStatus,
        balance_minor: i64,
        has_uninvoiced: bool,
    ) -> Result<AccountStatus, StatusRejection> {
        use AccountStatus as Status;
        match (self, status) {
            (StatusChange::Activate, Status::Inactive)
            | (StatusChange::Unblock, Status::Blocked)
            | (StatusChange::Reopen, Status::Closed) => Ok(Status::Active),
            (StatusChange::Block, Status::Active) => Ok(Status::Blocked),
            (StatusChange::Close, Status::Active | Status::Blocked) => {
                if balance_minor != 0 {
                    Err(StatusRejection::BalanceNotZero)
                } else if has_uninvoiced {
                    Err(StatusRejection::Uninvoiced)
                } else {
                    Ok(Status::Closed)
                }
            }
            (_, status) => Err(StatusRejection::NotFrom(status)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_changes_along_the_drawn_lines_only() {
        use AccountStatus::{Active, Blocked, Closed, Inactive};
        let allowed = [
            (StatusChange::Activate, Inactive, Active),
            (StatusChange::Block, Active, Blocked),
            (StatusChange::Unblock, Blocked, Active),
            (StatusChange::Close, Active, Closed),
            (StatusChange::Close, Blocked, Closed),
            (StatusChange::Reopen, Closed, Active),
        ];
        for change in [
            StatusChange::Activate,
            StatusChange::Block,
            StatusChange::Unblock,
            StatusChange::Close,
            StatusChange::Reopen,
        ] {
            for from in AccountStatus::ALL.iter().copied() {
                let to = allowed
                    .iter()
                    .find(|line| line.0 == change && line.1 == from)
                    .map(|line| line.2);
                let expected = to.ok_or(StatusRejection::NotFrom(from));
                assert_eq!(change.decide(from, 0, false), expected, "{change:?} from {from}");
            }
        }
    }

    #[test]
    fn an_account_is_closed_when_it_is_settled() {
        let close = |balance, uninvoiced| StatusChange::Close.decide(AccountStatus::Blocked, balance, uninvoiced);
        assert_eq!(close(-1, true), Err(StatusRejection::BalanceNotZero));
        assert_eq!(close(1, false), Err(StatusRejection::BalanceNotZero));
        assert_eq!(close(0, true), Err(StatusRejection::Uninvoiced));
        assert_eq!(close(0, false), Ok(AccountStatus::Closed));
    }
}
