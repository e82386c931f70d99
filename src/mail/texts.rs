//! What mails say, by kind and language. A text has its subject in its first line; `{name}` stands for what is filled in.

use chrono::NaiveDate;

use super::model::Letter;
use crate::users::UserLanguage as Language;

const INVITATION: [(Language, &str); 4] = [
    (
        Language::Nl,
        "Uw rekening bij {venue}
Beste {name},

{venue} nodigt u uit om uw rekening, specificaties en facturen in te zien. Kies hier een wachtwoord:

{link}

De link werkt één keer, tot en met {until}. Verwacht u deze uitnodiging niet? Dan hoeft u niets te doen.

{venue}
",
    ),
    (
        Language::En,
        "Your account at {venue}
Dear {name},

{venue} invites you to see your account, statements and invoices. Choose a password here:

{link}

The link works once, until {until}. If you did not expect this invitation, you need not do anything.

{venue}
",
    ),
    (
        Language::Fr,
        "Votre compte chez {venue}
Bonjour {name},

{venue} vous invite à consulter votre compte, vos relevés et vos factures. Choisissez un mot de passe ici :

{link}

Le lien fonctionne une seule fois, jusqu'au {until} inclus. Si vous n'attendiez pas cette invitation, vous n'avez rien à faire.

{venue}
",
    ),
    (
        Language::De,
        "Ihr Konto bei {venue}
Guten Tag {name},

{venue} lädt Sie ein, Ihr Konto, Ihre Auszüge und Ihre Rechnungen einzusehen. Wählen Sie hier ein Passwort:

{link}

Der Link funktioniert einmal, bis einschließlich {until}. Wenn Sie diese Einladung nicht erwartet haben, brauchen Sie nichts zu tun.

{venue}
",
    ),
];

const INVOICE: [(Language, &str); 4] = [
    (
        Language::Nl,
        "{document} {number} van {venue} voor {customer}
{venue} heeft een document gemaakt voor {customer}:

{document}: {number}
Datum: {day}
Totaal: {total}

U krijgt deze mail omdat {customer} documenten met u deelt.
",
    ),
    (
        Language::En,
        "{document} {number} from {venue} for {customer}
{venue} has made a document for {customer}:

{document}: {number}
Date: {day}
Total: {total}

You get this mail because {customer} shares documents with you.
",
    ),
    (
        Language::Fr,
        "{document} {number} de {venue} pour {customer}
{venue} a établi un document pour {customer} :

{document} : {number}
Date : {day}
Total : {total}

Vous recevez ce message car {customer} partage ses documents avec vous.
",
    ),
    (
        Language::De,
        "{document} {number} von {venue} für {customer}
{venue} hat ein Dokument für {customer} erstellt:

{document}: {number}
Datum: {day}
Summe: {total}

Sie erhalten diese Nachricht, weil {customer} Dokumente mit Ihnen teilt.
",
    ),
];

/// What an invoice and a credit note are called.
const DOCUMENTS: [(Language, &str, &str); 4] = [
    (Language::Nl, "Factuur", "Creditnota"),
    (Language::En, "Invoice", "Credit note"),
    (Language::Fr, "Facture", "Note de crédit"),
    (Language::De, "Rechnung", "Gutschrift"),
];

/// Subject and body of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub subject: String,
    pub body: String,
}

/// Writes a letter in a language. `link`: the one that it has, if its kind has one.
#[must_use]
pub fn write(letter: &Letter, language: Language, link: &str) -> Text {
    let (texts, values) = match letter {
        Letter::Invoice {
            is_credit_note,
            venue,
            customer,
            number,
            day: made,
            total,
        } => (
            &INVOICE,
            vec![
                ("document", document(*is_credit_note, language).to_owned()),
                ("venue", venue.clone()),
                ("customer", customer.clone()),
                ("number", number.clone()),
                ("day", day(*made, language)),
                ("total", total.clone()),
            ],
        ),
        Letter::Invitation { venue, name, until } => (
            &INVITATION,
            vec![
                ("venue", venue.clone()),
                ("name", name.clone()),
                ("until", day(*until, language)),
                ("link", link.to_owned()),
            ],
        ),
    };
    let text = texts
        .iter()
        .find(|(of, _)| *of == language)
        .map_or("", |(_, text)| text);
    let (subject, body) = text.split_once('\n').unwrap_or((text, ""));
    Text {
        subject: fill(subject, &values),
        body: fill(body, &values),
    }
}

fn document(is_credit_note: bool, language: Language) -> &'static str {
    let words = DOCUMENTS.iter().find(|(of, _, _)| *of == language);
    words.map_or("", |(_, invoice, note)| if is_credit_note { note } else { invoice })
}

/// A day as people of the language write it.
fn day(day: NaiveDate, language: Language) -> String {
    let form = match language {
        Language::Nl => "%-d-%-m-%Y",
        Language::En => "%-d %B %Y",
        Language::Fr => "%d/%m/%Y",
        Language::De => "%-d.%-m.%Y",
    };
    day.format(form).to_string()
}

/// Puts the values in their places, once: a value with braces in it stays as it is.
fn fill(text: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::new();
    for (index, piece) in text.split('{').enumerate() {
        let known = piece.split_once('}').filter(|_| index > 0).and_then(|(name, rest)| {
            let value = values.iter().find(|(known, _)| *known == name)?;
            Some((&value.1, rest))
        });
        match known {
            Some((value, rest)) => {
                filled.push_str(value);
                filled.push_str(rest);
            }
            None => filled.push_str(piece),
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_everything() {
        let letter = Letter::Invitation {
            venue: "Sportclub Noord".into(),
            name: "Zoë {link} de Vries".into(),
            until: NaiveDate::from_ymd_opt(2026, 11, 9).unwrap(),
        };
        let days = [
            (Language::Nl, "9-11-2026"),
            (Language::En, "9 November 2026"),
            (Language::Fr, "09/11/2026"),
            (Language::De, "9.11.2026"),
        ];
        assert_eq!(days.len(), Language::ALL.len());
        for (language, day) in days {
            let text = write(&letter, language, "https://portal.test/#secret");
            assert!(text.subject.ends_with("Sportclub Noord"), "{language}: {text:?}");
            for part in ["Zoë {link} de Vries,\n", "\n\nhttps://portal.test/#secret\n\n", day] {
                assert!(text.body.contains(part), "{language}: {part} is not in {text:?}");
            }
            let left = text.body.replace("Zoë {link} de Vries", "");
            assert!(!left.contains(['{', '}']), "{language}: {left}");
        }
    }

    #[test]
    fn every_language_has_words_for_a_document() {
        for (language, invoice, note) in DOCUMENTS {
            for (is_credit_note, word) in [(false, invoice), (true, note)] {
                let letter = Letter::Invoice {
                    is_credit_note,
                    venue: "Sportclub Noord".into(),
                    customer: "Zoë de Vries".into(),
                    number: "2026-00017".into(),
                    day: letter_day(),
                    total: "EUR -12.50".into(),
                };
                let Text { subject, body } = write(&letter, language, "");
                assert!(subject.starts_with(&format!("{word} 2026-00017")), "{subject}");
                for part in [
                    "Sportclub Noord",
                    "Zoë de Vries",
                    "2026-00017",
                    "EUR -12.50",
                    &day(letter_day(), language),
                ] {
                    assert!(body.contains(part), "{language}: {part} is not in {body}");
                }
                assert!(!body.contains(['{', '}']), "{body}");
            }
        }
        assert_eq!(DOCUMENTS.len(), Language::ALL.len());
    }

    fn letter_day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 9).unwrap()
    }
}
