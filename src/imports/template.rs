//! An empty spreadsheet to begin with: headings, an example, notes, and drop-downs for what has fixed values.

use rust_xlsxwriter::{Color, DataValidation, Format, Note, Workbook, Worksheet, XlsxError};

use super::fields::{Field, fields_of, is_optional};
use super::judge::RowFinding;
use super::messages::Words;
use super::model::{ImportKind, Mapping, Severity};
use super::sheet::SheetRow;
use crate::error::{ApiError, ApiResult};
use crate::http::TableFormat;
use crate::http::table::{Download, Spool};

use Field as F;

/// Headings (English, Dutch, French, German) and an example.
const COLUMNS: &[(Field, [&str; 4], &str)] = &[
    (
        F::Name,
        ["Client name", "Naam van de klant", "Nom du client", "Name des Kunden"],
        "Kantine De Bal",
    ),
    (
        F::Address,
        ["Address", "Adres", "Adresse", "Straße und Hausnummer"],
        "Dorpsstraat 1",
    ),
    (
        F::Postcode,
        ["Postal code", "Postcode", "Code postal", "Postleitzahl"],
        "2000",
    ),
    (F::City, ["City", "Stad", "Ville", "Stadt"], "Antwerpen"),
    (F::Country, ["Country", "Land", "Pays", "Land"], "BE"),
    (
        F::EnterpriseNumber,
        [
            "Enterprise number",
            "Ondernemingsnummer",
            "Numéro d'entreprise",
            "Unternehmensnummer",
        ],
        "0468561072",
    ),
    (
        F::VatNumber,
        ["VAT number", "Btw-nummer", "Numéro de TVA", "USt-IdNr"],
        "BE0468561072",
    ),
    (F::Iban, ["IBAN", "IBAN", "IBAN", "IBAN"], "BE68539007547034"),
    (F::Bic, ["BIC", "BIC", "BIC", "BIC"], "GEBABEBB"),
    (F::Language, ["Language", "Taal", "Langue", "Sprache"], "nl"),
    (
        F::ContactName,
        [
            "Contact person",
            "Contactpersoon",
            "Personne de contact",
            "Ansprechpartner",
        ],
        "Vera de Vries",
    ),
    (
        F::ContactLanguage,
        ["Contact language", "Contacttaal", "Langue du contact", "Kontaktsprache"],
        "nl",
    ),
    (
        F::ContactEmail,
        [
            "Contact e-mail",
            "E-mail contactpersoon",
            "E-mail du contact",
            "E-mail Ansprechpartner",
        ],
        "vera@example.com",
    ),
    (
        F::RecipientEmails,
        [
            "Recipients e-mails",
            "E-mails ontvangers",
            "E-mails des destinataires",
            "E-mails der Empfänger",
        ],
        "a@example.com;b@example.com",
    ),
    (
        F::CustomerNumber,
        ["Customer number", "Klantnummer", "Numéro de client", "Kundennummer"],
        "D-1042",
    ),
    (
        F::Phone,
        ["Phone", "Telefoon", "Téléphone", "Telefon"],
        "+32 3 123 45 67",
    ),
    (F::FirstName, ["First name", "Voornaam", "Prénom", "Vorname"], ""),
    (
        F::LastName,
        ["Last name", "Achternaam", "Nom de famille", "Nachname"],
        "",
    ),
    (F::Limit, ["Limit", "Limiet", "Limite", "Kreditlimit"], "100.00"),
    (
        F::AccountCount,
        [
            "Number of accounts",
            "Aantal rekeningen",
            "Nombre de comptes",
            "Anzahl Konten",
        ],
        "2",
    ),
    (
        F::SoldAt,
        ["Date and time", "Datum en tijd", "Date et heure", "Datum und Uhrzeit"],
        "31-10-2026 23:15",
    ),
    (
        F::PaymentType,
        ["Payment type", "Betaaltype", "Type de paiement", "Zahlungsart"],
        "Rekening",
    ),
    (
        F::ProductCode,
        ["Product code", "Productcode", "Code produit", "Produktcode"],
        "BEER-25",
    ),
    (
        F::ProductName,
        ["Product", "Product", "Produit", "Produkt"],
        "Beer 25 cl",
    ),
    (F::Quantity, ["Quantity", "Aantal", "Quantité", "Menge"], "2"),
    (
        F::UnitPrice,
        ["Unit price", "Prijs", "Prix unitaire", "Einzelpreis"],
        "3.20",
    ),
    (
        F::VatRate,
        ["VAT rate", "Btw-tarief", "Taux de TVA", "MwSt-Satz"],
        "21%",
    ),
    (F::Amount, ["Amount", "Bedrag", "Montant", "Betrag"], "6.40"),
];

/// Needed, or may be left empty.
const NEED: [[&str; 4]; 2] = [
    ["Required.", "Verplicht.", "Obligatoire.", "Pflichtfeld."],
    [
        "May be left empty.",
        "Mag leeg blijven.",
        "Peut rester vide.",
        "Darf leer bleiben.",
    ],
];

/// How to write what is not plain.
const HINTS: &[(Field, [&str; 4])] = &[
    (
        F::Country,
        [
            "ISO code or the country's name in any language.",
            "ISO-code of de naam van het land in elke taal.",
            "Code ISO ou nom du pays dans n'importe quelle langue.",
            "ISO-Code oder Name des Landes in jeder Sprache.",
        ],
    ),
    (
        F::RecipientEmails,
        [
            "Several addresses with semicolons between.",
            "Meer adressen met puntkomma's ertussen.",
            "Plusieurs adresses séparées par des points-virgules.",
            "Mehrere Adressen mit Semikolon dazwischen.",
        ],
    ),
    (
        F::CustomerNumber,
        [
            "Your own number. A row with a known number changes that customer.",
            "Uw eigen nummer. Een rij met een bekend nummer wijzigt die klant.",
            "Votre propre numéro. Une ligne avec un numéro connu modifie ce client.",
            "Ihre eigene Nummer. Eine Zeile mit bekannter Nummer ändert diesen Kunden.",
        ],
    ),
    (
        F::Limit,
        [
            "Spending budget of each account.",
            "Bestedingsbudget van elke rekening.",
            "Budget de dépenses de chaque compte.",
            "Ausgabenbudget jedes Kontos.",
        ],
    ),
    (
        F::SoldAt,
        [
            "Day, month, year, time, by the clock of your venue.",
            "Dag, maand, jaar, tijd, op de klok van uw zaak.",
            "Jour, mois, année, heure, à l'horloge de votre établissement.",
            "Tag, Monat, Jahr, Uhrzeit, nach der Uhr Ihres Hauses.",
        ],
    ),
    (
        F::PaymentType,
        [
            "As your till calls it. You say once to which account it goes.",
            "Zoals uw kassa het noemt. U zegt een keer naar welke rekening het gaat.",
            "Comme votre caisse l'appelle. Vous dites une fois à quel compte il va.",
            "Wie Ihre Kasse es nennt. Sie sagen einmal, auf welches Konto es geht.",
        ],
    ),
    (
        F::Amount,
        [
            "VAT included; below zero when it was given back.",
            "Inclusief btw; onder nul als het is teruggegeven.",
            "TVA comprise ; négatif si c'est rendu.",
            "Mit MwSt; unter null, wenn es zurückgegeben wurde.",
        ],
    ),
];

/// So many rows have drop-downs.
const ROWS: u32 = 2000;

/// The template of a kind of import.
///
/// # Errors
/// 500 when it cannot be written.
pub fn write(kind: ImportKind, words: Words) -> ApiResult<Download> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet(), kind, words).map_err(ApiError::internal)?;
    let mut spool = Spool::new();
    workbook.save_to_writer(&mut spool).map_err(ApiError::internal)?;
    Ok(Download {
        spool,
        format: TableFormat::Xlsx,
        name: kind.to_string(),
    })
}

fn fill(worksheet: &mut Worksheet, kind: ImportKind, words: Words) -> Result<(), XlsxError> {
    let text = Format::new().set_num_format("@");
    let needed = Format::new().set_bold().set_background_color(Color::RGB(0xDD_EB_F7));
    let optional = Format::new().set_background_color(Color::RGB(0xF2_F2_F2));
    worksheet.set_name(kind.as_str())?.set_freeze_panes(1, 0)?;
    for (column, field) in (0_u16..).zip(fields_of(kind)) {
        let Some((_, headings, example)) = COLUMNS.iter().find(|(known, ..)| known == field) else {
            continue;
        };
        let is_optional = is_optional(kind, *field);
        let heading = format!("{}{}", of(headings, words), if is_optional { "" } else { " *" });
        let hint = HINTS
            .iter()
            .find(|(known, _)| known == field)
            .map_or("", |(_, hints)| of(hints, words));
        let need = NEED.get(usize::from(is_optional)).map_or("", |need| of(need, words));
        let note = format!("{need} {hint}");
        worksheet
            .set_column_width(column, 22)?
            .set_column_format(column, &text)?
            .write_string_with_format(0, column, heading, if is_optional { &optional } else { &needed })?
            .insert_note(0, column, &Note::new(note.trim()).add_author_prefix(false))?
            .write_string_with_format(1, column, *example, &text)?;
        if matches!(field, F::Language | F::ContactLanguage) {
            let list = DataValidation::new().allow_list_strings(&["nl", "en", "fr", "de"])?;
            // Other languages are right too: the list helps and forbids nothing.
            worksheet.add_data_validation(1, column, ROWS, column, &list.show_error_message(false))?;
        }
    }
    Ok(())
}

/// What is said of the example: a warning about the whole row.
#[must_use]
pub fn example_finding() -> RowFinding {
    RowFinding {
        field: None,
        column: None,
        severity: Severity::Warning,
        code: "example_row",
        found: String::new(),
        detail: String::new(),
    }
}

/// Whether the row is the template's own example, which somebody left where it was.
#[must_use]
pub fn is_example(kind: ImportKind, mapping: &Mapping, row: &SheetRow) -> bool {
    let examples = COLUMNS.iter().filter(|(field, ..)| fields_of(kind).contains(field));
    let mut told =
        examples.filter_map(|(field, _, example)| mapping.column_of(*field).map(|column| (column, *example)));
    mapping.column_of(F::Name).is_some() && told.all(|(column, example)| row.cell(column).shown() == example)
}

fn of<'a>(texts: &[&'a str; 4], words: Words) -> &'a str {
    let [en, nl, fr, de] = texts;
    match words {
        Words::En => en,
        Words::Nl => nl,
        Words::Fr => fr,
        Words::De => de,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::field_of;
    use super::*;

    #[test]
    fn every_heading_of_a_template_is_known_to_the_import() {
        for kind in ImportKind::ALL {
            for field in fields_of(*kind) {
                let (_, headings, _) = COLUMNS.iter().find(|(known, ..)| known == field).unwrap();
                for heading in headings {
                    assert_eq!(field_of(*kind, &format!("{heading} *")), Some(*field), "{heading}");
                }
            }
        }
    }
}
