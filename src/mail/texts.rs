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
}
