//! When something was sold, as a till writes it: the venue's own clock, without a zone.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use crate::clock::Timestamp;
use crate::imports::sheet::SheetCell;

/// The moment on the wall: `31-12-2025 23:59`, `2025-12-31 23:59:30`, or a cell that holds a date. A text without a time is none: it
/// does not say on which business day something was sold.
#[must_use]
pub fn parse(cell: &SheetCell) -> Option<NaiveDateTime> {
    let text = cell.shown();
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time.trim()),
        None if matches!(cell, SheetCell::Date(_)) => (text.as_str(), "00:00"),
        None => return None,
    };
    let formats = ["%H:%M:%S", "%H:%M"];
    let time = formats
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(time, format).ok())?;
    Some(parse_date(date)?.and_time(time))
}

/// Day, month and year in this order, or the other way round when the year stands first.
fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split(['-', '/', '.']);
    let (first, month, last) = (parts.next()?, parts.next()?, parts.next()?);
    let (day, year) = if first.len() == 4 { (last, first) } else { (first, last) };
    let is_whole = parts.next().is_none() && year.len() == 4;
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    (is_whole && date.year() >= 1900).then_some(date)
}

/// The instant of a moment on the wall. Of an hour that the clock shows twice it is the first; one that the clock skips is counted on
/// from before the leap, for that till's clock had not leapt.
#[must_use]
pub fn instant(local: NaiveDateTime, zone: Tz) -> Timestamp {
    let before = local.checked_sub_signed(TimeDelta::hours(3)).unwrap_or(local);
    let at = zone.from_local_datetime(&local).earliest();
    let offset = at.or_else(|| zone.from_local_datetime(&before).earliest());
    let seconds = offset.map_or(0, |at| at.offset().fix().local_minus_utc());
    let utc = local.checked_sub_signed(TimeDelta::seconds(i64::from(seconds)));
    Timestamp::new(DateTime::<Utc>::from_naive_utc_and_offset(utc.unwrap_or(local), Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant_of(text: &str) -> Option<String> {
        let local = parse(&SheetCell::Text(text.to_owned()))?;
        Some(instant(local, chrono_tz::Europe::Amsterdam).to_string())
    }

    #[test]
    fn moments_are_read_day_first_and_in_the_venues_zone() {
        for (text, utc) in [
            ("01-10-2026 00:30", "2026-09-30T22:30:00Z"),
            ("1-2-2026 9:05", "2026-02-01T08:05:00Z"),
            ("2026-10-01 00:30:15", "2026-09-30T22:30:15Z"),
            ("2026-10-01T00:30", "2026-09-30T22:30:00Z"),
            ("31/12/2025 23:59", "2025-12-31T22:59:00Z"),
            // the hour that is there twice, and the one that is not there
            ("25-10-2026 02:30", "2026-10-25T00:30:00Z"),
            ("29-03-2026 02:30", "2026-03-29T01:30:00Z"),
        ] {
            assert_eq!(instant_of(text).as_deref(), Some(utc), "{text}");
        }
        for wrong in [
            "",
            "01-10-2026",
            "13:00",
            "12/31/2025 10:00",
            "01-10-26 10:00",
            "1-1-2026 25:00",
            "gisteren 12:00",
        ] {
            assert_eq!(instant_of(wrong), None, "{wrong}");
        }
        let midnight = SheetCell::Date("2026-10-01".to_owned());
        assert_eq!(
            parse(&midnight).map(|at| at.to_string()).as_deref(),
            Some("2026-10-01 00:00:00")
        );
    }
}
