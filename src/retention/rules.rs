//! How long things are kept.

use chrono::{Days, NaiveTime, TimeDelta};
use clap::Args;

use crate::clock::Timestamp;
use crate::ledger::TenantRules;

/// How long what is not the ledger's is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Retention {
    /// How long a decline is kept after a sale of its day can no longer be posted, in days
    #[arg(long, env = "ONACCOUNT_KEEP_DECLINES_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub keep_declines_days: u32,
    /// How long a job of an import is kept after it ended, in days
    #[arg(long, env = "ONACCOUNT_KEEP_JOBS_DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub keep_jobs_days: u32,
    /// How long an uploaded file is kept, and an import that was never committed, in days
    #[arg(long, env = "ONACCOUNT_KEEP_IMPORTS_DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub keep_imports_days: u32,
    /// How long a mail is kept after it was sent or failed, in days, with the invitation that it brought
    #[arg(long, env = "ONACCOUNT_KEEP_MAILS_DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub keep_mails_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Retention {
            keep_declines_days: 30,
            keep_jobs_days: 90,
            keep_imports_days: 90,
            keep_mails_days: 90,
        }
    }
}

/// The moment so many days ago.
#[must_use]
pub fn days_ago(now: Timestamp, days: u32) -> Timestamp {
    now.plus(-TimeDelta::days(i64::from(days)))
}

/// What happened and was recorded before this moment, and was not posted, is not needed any more: a sale of that time has
/// been too old to be accepted for so many days. Both ways of saying how old a sale may be count, so that neither setting
/// brings such a time back when the other one is taken away.
#[must_use]
pub fn passed_before(rules: &TenantRules, now: Timestamp, keep_days: u32) -> Timestamp {
    let by_days = TenantRules {
        accept_sales_from: None,
        ..rules.clone()
    }
    .earliest_business_date(now);
    let earliest = rules.accept_sales_from.map_or(by_days, |from| from.min(by_days));
    // in every zone, and whenever the business day begins, a business date begins less than a day before midnight UTC
    let days = Days::new(u64::from(keep_days) + 1);
    let day = earliest.checked_sub_days(days).unwrap_or_default();
    Timestamp::new(day.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn at(text: &str) -> Timestamp {
        Timestamp::new(text.parse().unwrap())
    }

    fn rules(accept_sales_from: Option<&str>) -> TenantRules {
        TenantRules {
            currency: Currency::EUR,
            zone: chrono_tz::Europe::Amsterdam,
            business_day_start_min: 240,
            accept_sales_days: 35,
            accept_sales_from: accept_sales_from.map(|day| day.parse().unwrap()),
            accepts_offline_sales: true,
            offline_sale_minor_max: None,
        }
    }

    #[test]
    fn a_decline_outlives_the_time_in_which_its_sale_may_come() {
        let now = at("2026-10-15T10:00:00Z");
        // 35 days before 15 October is 10 September, 30 days before that 11 August, and one to be safe
        for (from, expected) in [
            (None, "2026-08-10T00:00:00Z"),
            (Some("2026-01-01"), "2025-12-01T00:00:00Z"),
            (Some("2026-10-10"), "2026-08-10T00:00:00Z"),
        ] {
            assert_eq!(passed_before(&rules(from), now, 30), at(expected), "{from:?}");
        }
    }
}
