//! Which of its media types an operation answers with, by `Accept` (RFC 9110, 12.5.1).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};

use crate::app::AppState;
use crate::error::{ApiError, ApiResult, Code};

/// The form in which a table goes out. As a handler's argument: the best one that the request accepts and the
/// operation's contract declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// The default.
    Json,
    /// RFC 4180.
    Csv,
    /// A workbook of Excel, LibreOffice and the like.
    Xlsx,
}

impl TableFormat {
    /// Every form, the preferred one first.
    pub const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Xlsx];

    /// Its media type, without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

impl FromRequest for TableFormat {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(choose(request))
    }
}

fn choose(request: &HttpRequest) -> ApiResult<TableFormat> {
    let app = request.app_data::<web::Data<AppState>>();
    let produced = app.and_then(|app| app.contract.produced(request)).unwrap_or_default();
    let offered: Vec<&str> = TableFormat::ALL
        .iter()
        .map(|format| format.media_type())
        .filter(|media_type| produced.iter().any(|known| known == media_type))
        .collect();
    let best = best(&accept_header(request), &offered);
    TableFormat::ALL
        .into_iter()
        .find(|format| Some(format.media_type()) == best)
        .ok_or_else(|| not_acceptable(&offered))
}

/// The refusal that names what can be had instead.
pub(super) fn not_acceptable(offered: &[&str]) -> ApiError {
    ApiError::new(Code::NotAcceptable).detail(format!("this answer can be had as {}", offered.join(", ")))
}

/// What the request accepts; `*/*` when it says nothing.
pub(super) fn accept_header(request: &HttpRequest) -> String {
    let lines = request.headers().get_all(actix_web::http::header::ACCEPT);
    let ranges: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .filter(|line| !line.trim().is_empty())
        .collect();
    if ranges.is_empty() {
        "*/*".to_owned()
    } else {
        ranges.join(",")
    }
}

/// The offered media type with the highest quality; among equals the first.
pub(super) fn best<'a>(accepted: &str, offered: &[&'a str]) -> Option<&'a str> {
    let mut found: Option<(u16, &str)> = None;
    for media_type in offered {
        let quality = quality(accepted, media_type);
        if quality > found.map_or(0, |(best, _)| best) {
            found = Some((quality, media_type));
        }
    }
    found.map(|(_, media_type)| media_type)
}

/// How much a media type is wanted, 0 (not at all) to 1000: by the most specific range that fits it.
fn quality(accepted: &str, media_type: &str) -> u16 {
    let fitting = accepted.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let specificity = specificity(parts.next()?, media_type)?;
        let quality = parts.find_map(|parameter| parameter.strip_prefix("q=").or(parameter.strip_prefix("Q=")));
        Some((specificity, quality.map_or(1000, thousandths)))
    });
    fitting.max().map_or(0, |(_, quality)| quality)
}

/// How closely a range fits a media type: the type itself, its kind (`text/*`), anything, or not at all.
fn specificity(range: &str, media_type: &str) -> Option<u8> {
    let (kind, _) = media_type.split_once('/')?;
    if range.eq_ignore_ascii_case(media_type) {
        Some(2)
    } else if range
        .strip_suffix("/*")
        .is_some_and(|range| range.eq_ignore_ascii_case(kind))
    {
        Some(1)
    } else {
        (range == "*/*").then_some(0)
    }
}

/// A quality such as `0.8` in thousandths; what is no quality counts as 0.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().take(3).collect();
    format!("{whole}{digits:0<3}")
        .parse()
        .map_or(0, |quality: u16| quality.min(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [&str; 3] = [
        TableFormat::Json.media_type(),
        TableFormat::Csv.media_type(),
        TableFormat::Xlsx.media_type(),
    ];

    #[test]
    fn the_best_quality_wins_and_the_first_among_equals() {
        for (accepted, chosen) in [
            ("*/*", Some("application/json")),
            ("text/csv", Some("text/csv")),
            ("TEXT/CSV", Some("text/csv")),
            ("text/*", Some("text/csv")),
            ("text/csv;q=0.5, application/json;q=0.4", Some("text/csv")),
            ("text/csv;q=0.5,application/json", Some("application/json")),
            (
                "application/json;q=0.2, text/csv;header=present;q=0.9",
                Some("text/csv"),
            ),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some("application/json")),
            ("application/*;q=0.1, text/csv;q=0.05", Some("application/json")),
            (OFFERED[2], Some(OFFERED[2])),
            ("text/html", None),
            ("image/*, text/csv;q=0", None),
            ("text/csv;q=nonsense", None),
        ] {
            assert_eq!(best(accepted, &OFFERED), chosen, "{accepted}");
        }
    }

    #[test]
    fn the_most_specific_range_decides() {
        assert_eq!(best("*/*, application/json;q=0", &OFFERED), Some("text/csv"));
        assert_eq!(
            best("*/*;q=0.3, application/json;q=0.1, text/csv;q=0.2", &OFFERED),
            Some(OFFERED[2])
        );
        assert_eq!(best("text/*;q=0, text/csv", &["text/csv"]), Some("text/csv"));
        assert_eq!(best("*/*, application/json;q=0.0", &["application/json"]), None);
    }
}
