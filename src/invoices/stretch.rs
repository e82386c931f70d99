//! What invoices cover, told in stretches: entries with consecutive numbers, of one day and reset alike, are one stretch.
//! However many entries a stretch has, it is one row of a statement, and its lines are one piece of the lines' key.

use chrono::NaiveDate;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_types::Text;
use serde::Serialize;

use crate::db::{DbConnection, MultiBackend, dialect};
use crate::error::{ApiError, ApiResult};
use crate::id::{Id, SqlId};
use crate::invoice_runs::plan::{CoveredEntry, ResetType};

/// Entries of an account that one invoice covers: all from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stretch {
    pub invoice_id: Id,
    pub account_id: Id,
    pub business_date: NaiveDate,
    pub first_seq: i64,
    pub last_seq: i64,
    pub reset_type: ResetType,
    pub origin_invoice_id: Option<Id>,
    pub is_late: bool,
}

/// The columns of the table `stretches`, with the types that both databases know.
const COLUMNS: [(&str, &str); 8] = [
    ("invoice_id", "uuid"),
    ("account_id", "uuid"),
    ("business_date", "date"),
    ("first_seq", "bigint"),
    ("last_seq", "bigint"),
    ("reset_type", "text"),
    ("origin_invoice_id", "uuid"),
    ("is_late", "boolean"),
];

impl Stretch {
    fn of(invoice_id: Id, account_id: Id, entry: &CoveredEntry) -> Self {
        Self {
            invoice_id,
            account_id,
            business_date: entry.business_date,
            first_seq: entry.seq,
            last_seq: entry.seq,
            reset_type: entry.reset_type,
            origin_invoice_id: entry.origin_invoice_id,
            is_late: entry.is_late,
        }
    }

    /// The stretch with the next entry, unless that is not the next one of the same kind.
    fn with(self, next: &Self) -> Option<Self> {
        let longer = Self {
            last_seq: next.last_seq,
            ..self
        };
        let same = Self {
            first_seq: self.first_seq,
            ..*next
        };
        (longer == same && self.last_seq.checked_add(1) == Some(next.first_seq)).then_some(longer)
    }
}

/// The stretches of what an invoice covers, which is ordered by `seq`.
#[must_use]
pub fn stretches_of(invoice_id: Id, account_id: Id, covered: &[CoveredEntry]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for entry in covered {
        let next = Stretch::of(invoice_id, account_id, entry);
        match stretches.last_mut() {
            Some(last) if let Some(longer) = last.with(&next) => *last = longer,
            _ => stretches.push(next),
        }
    }
    stretches
}

/// A statement with a table of its own, `stretches`, which is `$1`. `$2` is the tenant. Materialized: else SQLite would read the
/// JSON again for each entry and line that is joined to it.
///
/// # Errors
/// When the stretches cannot be written as JSON.
pub fn about_stretches(
    connection: &DbConnection,
    text: &str,
    tenant_id: Id,
    stretches: &[Stretch],
) -> ApiResult<BoxedSqlQuery<'static, MultiBackend, SqlQuery>> {
    let rows = dialect::listed_rows(connection, "$1", &COLUMNS);
    let names = COLUMNS.map(|(name, _)| name).join(", ");
    let list = serde_json::to_string(stretches).map_err(ApiError::internal)?;
    Ok(
        diesel::sql_query(format!("WITH stretches ({names}) AS MATERIALIZED ({rows}) {text}"))
            .into_boxed::<MultiBackend>()
            .bind::<Text, _>(list)
            .bind::<SqlId, _>(tenant_id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(seq: i64, day: u32) -> CoveredEntry {
        CoveredEntry {
            seq,
            business_date: NaiveDate::from_ymd_opt(2026, 3, day).unwrap(),
            reset_type: ResetType::None,
            origin_invoice_id: None,
            is_late: false,
            line_count: 1,
        }
    }

    fn ends_of(covered: &[CoveredEntry]) -> Vec<(i64, i64)> {
        let id = Id::from(uuid::Uuid::from_u128(1));
        let stretches = stretches_of(id, id, covered);
        let count: i64 = stretches.iter().map(|s| s.last_seq - s.first_seq + 1).sum();
        assert_eq!(usize::try_from(count).unwrap(), covered.len());
        stretches.iter().map(|s| (s.first_seq, s.last_seq)).collect()
    }

    #[test]
    fn a_stretch_ends_where_an_entry_is_left_out_and_where_the_day_ends() {
        assert_eq!(ends_of(&[]), []);
        assert_eq!(ends_of(&[covered(1, 1), covered(2, 1), covered(3, 1)]), [(1, 3)]);
        assert_eq!(
            ends_of(&[covered(1, 1), covered(3, 1), covered(4, 1)]),
            [(1, 1), (3, 4)]
        );
        assert_eq!(
            ends_of(&[covered(1, 1), covered(2, 2), covered(3, 1)]),
            [(1, 1), (2, 2), (3, 3)]
        );
    }

    #[test]
    fn entries_that_are_reset_in_different_ways_are_not_one_stretch() {
        let origin = CoveredEntry {
            origin_invoice_id: Some(Id::from(uuid::Uuid::from_u128(7))),
            ..covered(2, 1)
        };
        let reset = CoveredEntry {
            reset_type: ResetType::BalanceToZero,
            ..covered(2, 1)
        };
        let late = CoveredEntry {
            is_late: true,
            ..covered(2, 1)
        };
        for other in [origin, reset, late] {
            assert_eq!(ends_of(&[covered(1, 1), other]), [(1, 1), (2, 2)]);
        }
    }
}
