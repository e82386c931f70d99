//! An entry in the making: what it does is decided, its place in the account is not yet.

use chrono::NaiveDate;

use super::decide::Scene;
use super::model::{AccountState, Entry, EntryKind, EntryRow, Flag, Line, LineRow, flags_text};
use super::posting::{Posting, TillDetails};
use super::rejection::Rejection;
use crate::clock::Timestamp;
use crate::id::Id;

/// When something happened.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub occurred_at: Timestamp,
    pub business_date: NaiveDate,
}

/// An entry that still misses its place in the account.
pub struct Draft {
    pub kind: EntryKind,
    pub moment: Moment,
    pub balance_change_minor: i64,
    pub limit_change_minor: i64,
    pub lines: Vec<Line>,
    pub refers_to: Option<Id>,
    pub run_id: Option<Id>,
    pub reason: Option<String>,
    pub flags: Vec<Flag>,
    pub is_offline: bool,
    pub details: TillDetails,
}

impl Draft {
    pub fn new(kind: EntryKind, moment: Moment) -> Self {
        Self {
            kind,
            moment,
            balance_change_minor: 0,
            limit_change_minor: 0,
            lines: Vec::new(),
            refers_to: None,
            run_id: None,
            reason: None,
            flags: Vec::new(),
            is_offline: false,
            details: TillDetails::default(),
        }
    }

    pub fn now(kind: EntryKind, scene: Scene) -> Self {
        Self::new(
            kind,
            Moment {
                occurred_at: scene.now,
                business_date: scene.rules.business_date(scene.now),
            },
        )
    }

    pub fn balance(self, change_minor: i64) -> Self {
        Self {
            balance_change_minor: change_minor,
            ..self
        }
    }

    pub fn limit(self, change_minor: i64) -> Self {
        Self {
            limit_change_minor: change_minor,
            ..self
        }
    }

    pub fn lines(self, lines: Vec<Line>) -> Self {
        Self { lines, ..self }
    }

    pub fn reason(self, reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..self
        }
    }

    pub fn details(self, details: &TillDetails) -> Self {
        Self {
            details: details.clone(),
            ..self
        }
    }

    /// The entry that follows the account's last one.
    pub fn finish(self, scene: Scene, account: &AccountState, posting: &Posting) -> Result<Entry, Rejection> {
        let change_minor = self.limit_change_minor;
        let limit_minor = account.credit_limit_minor;
        let limit_after_minor = limit_minor.checked_add(change_minor).ok_or(Rejection::AmountOverflow)?;
        if limit_after_minor < 0 {
            return Err(Rejection::LimitWouldBeNegative {
                limit_minor,
                change_minor,
            });
        }
        let balance_after_minor = account
            .balance_minor
            .checked_add(self.balance_change_minor)
            .ok_or(Rejection::AmountOverflow)?;
        balance_after_minor
            .checked_add(limit_after_minor)
            .ok_or(Rejection::AmountOverflow)?;
        let row = EntryRow {
            tenant_id: scene.tenant_id,
            account_id: account.id,
            seq: account.last_seq.checked_add(1).ok_or(Rejection::AmountOverflow)?,
            id: posting.id,
            kind: self.kind,
            balance_change_minor: self.balance_change_minor,
            limit_change_minor: change_minor,
            balance_after_minor,
            limit_after_minor,
            business_date: self.moment.business_date,
            occurred_at: self.moment.occurred_at,
            posted_at: scene.now,
            actor_kind: posting.author.kind,
            actor_id: posting.author.id,
            actor_name: posting.author.name.clone(),
            refers_to: self.refers_to,
            run_id: self.run_id,
            reason: self.reason,
            flags: flags_text(&self.flags),
            is_offline: self.is_offline,
            receipt_number: self.details.receipt_number,
            operator: self.details.operator,
            reference: self.details.reference,
            line_count: i32::try_from(self.lines.len()).map_err(|_| Rejection::AmountOverflow)?,
        };
        let lines = (1..)
            .zip(self.lines)
            .map(|(line_no, line)| LineRow::new(&row, line_no, line))
            .collect();
        Ok(Entry { row, lines })
    }
}
