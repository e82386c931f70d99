//! Words for people, by code and language. Codes never change; words may. A language without words of its own falls back
//! to English.

use super::Code;
use crate::http::Language;

/// Titles in Dutch; English titles stand in the table of codes.
const TITLES_NL: &[(Code, &str)] = &[
    (Code::NotFound, "Dit bestaat niet"),
    (Code::Unauthorized, "Meld u eerst aan"),
    (Code::SignInFailed, "E-mailadres of wachtwoord is onjuist"),
    (Code::Forbidden, "U mist een recht"),
    (
        Code::GdprAgreementRequired,
        "De verwerkersovereenkomst is nog niet geaccepteerd",
    ),
    (Code::ValidationFailed, "Een veld klopt niet"),
    (Code::LimitExceeded, "Onvoldoende bestedingsruimte"),
    (Code::AccountInactive, "De rekening is nog niet actief"),
    (Code::AccountBlocked, "De rekening is geblokkeerd"),
    (Code::AccountClosed, "De rekening is gesloten"),
    (Code::OnAccountNotAllowed, "Op rekening kopen mag niet op deze rekening"),
    (Code::CreditAccount, "LET OP! Dit is een credit rekening"),
    (Code::NothingToInvoice, "Er valt niets te factureren"),
    (Code::AlreadyReversed, "Dit is al teruggedraaid"),
    (Code::AlreadyInvoiced, "Dit staat al op een factuur"),
    (Code::HasRefunds, "De verkoop heeft retouren"),
    (Code::LimitWouldBeNegative, "De limiet zou onder 0 komen"),
    (Code::ServiceUnavailable, "De dienst is bezet of de database is weg"),
];

/// What a till's screen shows for a decline: at most 50 characters, English and Dutch.
const TILL_MESSAGES: &[(Code, &str, &str)] = &[
    (Code::LimitExceeded, "Limit exceeded", "Onvoldoende saldo op rekening"),
    (Code::AccountInactive, "Account not active", "Rekening niet actief"),
    (Code::AccountBlocked, "Account blocked", "Rekening geblokkeerd"),
    (Code::AccountClosed, "Account closed", "Rekening gesloten"),
    (
        Code::OnAccountNotAllowed,
        "Not allowed on account",
        "Op rekening niet toegestaan",
    ),
    (
        Code::OccurredAtAhead,
        "Till clock is ahead",
        "Klok van de kassa loopt voor",
    ),
    (Code::OccurredAtTooOld, "Sale is too old", "Verkoop is te oud"),
    (
        Code::OfflineNotAccepted,
        "Offline sale not accepted",
        "Offline verkoop niet geaccepteerd",
    ),
    (
        Code::ReversedBeforeArrival,
        "Sale was voided",
        "Verkoop is teruggedraaid",
    ),
];

/// A code's title in a language.
#[must_use]
pub fn title(code: Code, language: Language) -> &'static str {
    let dutch = || TITLES_NL.iter().find(|(of, _)| *of == code).map(|(_, title)| *title);
    match language {
        Language::Nl => dutch().unwrap_or(code.title()),
        Language::En => code.title(),
    }
}

/// What a till's screen shows for a decline; nothing for other codes.
#[must_use]
pub fn till_message(code: Code, language: Language) -> Option<&'static str> {
    TILL_MESSAGES
        .iter()
        .find(|(of, ..)| *of == code)
        .map(|(_, en, nl)| match language {
            Language::En => *en,
            Language::Nl => *nl,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_till_message_fits_its_screen() {
        for (code, en, nl) in TILL_MESSAGES {
            assert!(en.chars().count() <= 50 && nl.chars().count() <= 50, "{code:?}");
        }
    }

    #[test]
    fn words_follow_the_language_and_fall_back_to_english() {
        assert_eq!(
            title(Code::CreditAccount, Language::Nl),
            "LET OP! Dit is een credit rekening"
        );
        assert_eq!(title(Code::BadCursor, Language::Nl), Code::BadCursor.title());
    }
}
