//! The language of words for people, by `Accept-Language`.

use actix_web::http::header::{self, HeaderMap};

/// A language that the service has words in. Codes are the same in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, the default.
    En,
    /// Dutch.
    Nl,
}

impl Language {
    /// The first language of `Accept-Language` that the service speaks, by quality; English when there is none.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let speaks = |primary: &str| match primary {
            "nl" => Some(Language::Nl),
            "en" => Some(Language::En),
            _ => None,
        };
        preferred_language(headers, speaks).unwrap_or(Language::En)
    }
}

/// The first language of `Accept-Language`, by quality, that somebody speaks; they are asked with its first part in lower
/// case: `nl` of `nl-BE`. None when there is none, or nothing was asked for.
#[must_use]
pub fn preferred_language<T>(headers: &HeaderMap, speaks: impl Fn(&str) -> Option<T>) -> Option<T> {
    let accepted = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let ranges = accepted.split(',').filter_map(|range| parse_range(range, &speaks));
    let mut ranges: Vec<(u16, T)> = ranges.collect();
    ranges.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    ranges.into_iter().next().map(|(_, language)| language)
}

/// One range such as `nl-BE;q=0.8`, its quality in thousandths.
fn parse_range<T>(range: &str, speaks: impl Fn(&str) -> Option<T>) -> Option<(u16, T)> {
    let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
    let language = speaks(&tag.trim().split('-').next()?.to_ascii_lowercase())?;
    let quality = parameters.trim().strip_prefix("q=").map_or(Some(1000), thousandths)?;
    (quality > 0).then_some((quality, language))
}

fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = fraction.get(..fraction.len().min(3))?;
    format!("{whole}{digits:0<3}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    #[test]
    fn the_best_language_we_speak_wins() {
        for (accepted, language) in [
            ("nl", Language::Nl),
            ("nl-BE,en;q=0.8", Language::Nl),
            ("en;q=0.9, nl;q=0.95", Language::Nl),
            ("fr, de;q=0.9", Language::En),
            ("nl;q=0", Language::En),
            ("", Language::En),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            assert_eq!(Language::of(&headers), language, "{accepted}");
        }
    }
}
