//! What a finding says, in the four languages of its readers. `{}` is the finding's detail.

use super::history;

/// A language of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    En,
    Nl,
    Fr,
    De,
}

impl Words {
    /// The language with this code, if there are words in it.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Words::En),
            "nl" => Some(Words::Nl),
            "fr" => Some(Words::Fr),
            "de" => Some(Words::De),
            _ => None,
        }
    }

    /// The language of a tenant's locale, such as nl-NL; English for all others.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        locale.get(..2).and_then(Self::of_code).unwrap_or(Words::En)
    }
}

/// A code and its words: English, Dutch, French, German.
pub(super) type Message = (&'static str, [&'static str; 4]);

const MESSAGES: &[Message] = &[
    (
        "missing_column",
        [
            "No column fills this field. Add one, map one by hand, or name the field in optional_fields.",
            "Geen kolom vult dit veld. Voeg er een toe, koppel er zelf een, of noem het veld in optional_fields.",
            "Aucune colonne ne remplit ce champ. Ajoutez-en une, associez-en une, ou nommez le champ dans optional_fields.",
            "Keine Spalte füllt dieses Feld. Fügen Sie eine hinzu, ordnen Sie eine zu, oder nennen Sie das Feld in optional_fields.",
        ],
    ),
    (
        "names_of_companies",
        [
            "Every row makes a company. Persons need a first name and a last name in columns of their own.",
            "Elke rij maakt een bedrijf. Personen hebben een voornaam en een achternaam nodig, elk in een eigen kolom.",
            "Chaque ligne crée une entreprise. Les personnes demandent un prénom et un nom dans des colonnes séparées.",
            "Jede Zeile legt eine Firma an. Personen brauchen Vor- und Nachnamen in eigenen Spalten.",
        ],
    ),
    (
        "example_row",
        [
            "This is the example of the template: it is left out.",
            "Dit is het voorbeeld van het sjabloon: het wordt overgeslagen.",
            "C'est l'exemple du modèle : il est ignoré.",
            "Das ist das Beispiel der Vorlage: es wird ausgelassen.",
        ],
    ),
    (
        "no_rows",
        [
            "There is no row below the headings.",
            "Onder de koppen staat geen enkele rij.",
            "Il n'y a aucune ligne sous les titres.",
            "Unter den Überschriften steht keine Zeile.",
        ],
    ),
    (
        "missing_value",
        [
            "This cell may not be empty.",
            "Deze cel mag niet leeg zijn.",
            "Cette cellule ne peut pas être vide.",
            "Diese Zelle darf nicht leer sein.",
        ],
    ),
    (
        "cell_error",
        [
            "The formula of this cell has an error.",
            "De formule van deze cel geeft een fout.",
            "La formule de cette cellule donne une erreur.",
            "Die Formel dieser Zelle ergibt einen Fehler.",
        ],
    ),
    (
        "too_long",
        [
            "At most {} characters.",
            "Hoogstens {} tekens.",
            "Au plus {} caractères.",
            "Höchstens {} Zeichen.",
        ],
    ),
    (
        "number_lost_digits",
        [
            "The spreadsheet kept this as a number and has lost digits. Format the cell as text and type it again.",
            "Het rekenblad bewaarde dit als getal en is cijfers kwijt. Maak de cel tekst op en typ het opnieuw.",
            "Le tableur a gardé ceci comme nombre et a perdu des chiffres. Mettez la cellule au format texte et retapez-le.",
            "Die Tabelle hat dies als Zahl behalten und Ziffern verloren. Formatieren Sie die Zelle als Text und tippen Sie es neu.",
        ],
    ),
    (
        "zeros_restored",
        [
            "Zeros that the spreadsheet had lost were put back: {}.",
            "Nullen die het rekenblad kwijt was, zijn teruggezet: {}.",
            "Des zéros perdus par le tableur ont été remis : {}.",
            "Nullen, die die Tabelle verloren hatte, wurden ergänzt: {}.",
        ],
    ),
    (
        "unknown_country",
        [
            "No country has this code or name.",
            "Geen land heeft deze code of naam.",
            "Aucun pays n'a ce code ou ce nom.",
            "Kein Land hat diesen Code oder Namen.",
        ],
    ),
    (
        "ambiguous_country",
        [
            "Several countries are called so. Write one of: {}.",
            "Meer landen heten zo. Schrijf een van: {}.",
            "Plusieurs pays portent ce nom. Écrivez l'un de : {}.",
            "Mehrere Länder heißen so. Schreiben Sie eines von: {}.",
        ],
    ),
    (
        "unknown_language",
        [
            "No language has this code or name.",
            "Geen taal heeft deze code of naam.",
            "Aucune langue n'a ce code ou ce nom.",
            "Keine Sprache hat diesen Code oder Namen.",
        ],
    ),
    (
        "ambiguous_language",
        [
            "Several languages are called so. Write one of: {}.",
            "Meer talen heten zo. Schrijf een van: {}.",
            "Plusieurs langues portent ce nom. Écrivez l'une de : {}.",
            "Mehrere Sprachen heißen so. Schreiben Sie eine von: {}.",
        ],
    ),
    (
        "iban_form",
        [
            "This is not an IBAN.",
            "Dit is geen IBAN.",
            "Ceci n'est pas un IBAN.",
            "Das ist keine IBAN.",
        ],
    ),
    (
        "iban_country",
        [
            "No IBAN begins with this country.",
            "Geen IBAN begint met dit land.",
            "Aucun IBAN ne commence par ce pays.",
            "Keine IBAN beginnt mit diesem Land.",
        ],
    ),
    (
        "iban_structure",
        [
            "The IBAN has not the length or structure of its country.",
            "De IBAN heeft niet de lengte of opbouw van zijn land.",
            "L'IBAN n'a pas la longueur ou la structure de son pays.",
            "Die IBAN hat nicht die Länge oder den Aufbau ihres Landes.",
        ],
    ),
    (
        "iban_check_digits",
        [
            "The check digits of the IBAN are wrong: a digit is mistyped.",
            "De controlecijfers van de IBAN kloppen niet: er is een cijfer verkeerd getypt.",
            "Les chiffres de contrôle de l'IBAN sont faux : un chiffre est mal tapé.",
            "Die Prüfziffern der IBAN stimmen nicht: eine Ziffer ist vertippt.",
        ],
    ),
    (
        "bic_form",
        [
            "A BIC has 8 or 11 letters and digits, with a country in the middle.",
            "Een BIC heeft 8 of 11 letters en cijfers, met een land in het midden.",
            "Un BIC a 8 ou 11 lettres et chiffres, avec un pays au milieu.",
            "Eine BIC hat 8 oder 11 Buchstaben und Ziffern, mit einem Land in der Mitte.",
        ],
    ),
    (
        "vat_form",
        [
            "This is no VAT number of its country, or a digit is mistyped.",
            "Dit is geen btw-nummer van zijn land, of er is een cijfer verkeerd getypt.",
            "Ceci n'est pas un numéro de TVA de son pays, ou un chiffre est mal tapé.",
            "Das ist keine USt-IdNr. ihres Landes, oder eine Ziffer ist vertippt.",
        ],
    ),
    (
        "vat_country",
        [
            "Begin the VAT number with its country, such as NL or BE.",
            "Begin het btw-nummer met zijn land, zoals NL of BE.",
            "Commencez le numéro de TVA par son pays, comme NL ou BE.",
            "Beginnen Sie die USt-IdNr. mit ihrem Land, wie NL oder BE.",
        ],
    ),
    (
        "vat_of_other_country",
        [
            "The VAT number is of another country ({}) than the address.",
            "Het btw-nummer is van een ander land ({}) dan het adres.",
            "Le numéro de TVA est d'un autre pays ({}) que l'adresse.",
            "Die USt-IdNr. ist aus einem anderen Land ({}) als die Adresse.",
        ],
    ),
    (
        "enterprise_form",
        [
            "This is no enterprise number of its country, or a digit is mistyped.",
            "Dit is geen ondernemingsnummer van zijn land, of er is een cijfer verkeerd getypt.",
            "Ceci n'est pas un numéro d'entreprise de son pays, ou un chiffre est mal tapé.",
            "Das ist keine Unternehmensnummer ihres Landes, oder eine Ziffer ist vertippt.",
        ],
    ),
    (
        "postcode_form",
        [
            "This is not the form of a postcode of the country.",
            "Zo ziet een postcode van dit land er niet uit.",
            "Ce n'est pas la forme d'un code postal de ce pays.",
            "Das ist nicht die Form einer Postleitzahl dieses Landes.",
        ],
    ),
    (
        "email_form",
        [
            "An e-mail address has an @ and a dot behind it.",
            "Een e-mailadres heeft een @ en daarachter een punt.",
            "Une adresse e-mail a un @ et ensuite un point.",
            "Eine E-Mail-Adresse hat ein @ und dahinter einen Punkt.",
        ],
    ),
    (
        "phone_form",
        [
            "A telephone number has 3 to 30 digits, blanks and + ( ) . / -",
            "Een telefoonnummer heeft 3 tot 30 cijfers, spaties en + ( ) . / -",
            "Un numéro de téléphone a de 3 à 30 chiffres, espaces et + ( ) . / -",
            "Eine Telefonnummer hat 3 bis 30 Ziffern, Leerzeichen und + ( ) . / -",
        ],
    ),
    (
        "name_form",
        [
            "This name has characters that cannot be shown.",
            "Deze naam heeft tekens die niet getoond kunnen worden.",
            "Ce nom a des caractères qui ne peuvent être affichés.",
            "Dieser Name hat Zeichen, die nicht gezeigt werden können.",
        ],
    ),
    (
        "customer_number_form",
        [
            "A customer number has at most 40 letters, digits and signs without accents.",
            "Een klantnummer heeft hoogstens 40 letters, cijfers en tekens zonder accenten.",
            "Un numéro de client a au plus 40 lettres, chiffres et signes sans accents.",
            "Eine Kundennummer hat höchstens 40 Buchstaben, Ziffern und Zeichen ohne Akzente.",
        ],
    ),
    (
        "duplicate_in_file",
        [
            "Row {} of this file has the same.",
            "Rij {} van dit bestand heeft hetzelfde.",
            "La ligne {} de ce fichier a la même valeur.",
            "Zeile {} dieser Datei hat dasselbe.",
        ],
    ),
    (
        "duplicate_customer",
        [
            "This customer is there already: {}.",
            "Deze klant bestaat al: {}.",
            "Ce client existe déjà : {}.",
            "Diesen Kunden gibt es schon: {}.",
        ],
    ),
    (
        "ambiguous_customer",
        [
            "{} customers are called so. Make their names different first.",
            "{} klanten heten zo. Geef ze eerst verschillende namen.",
            "{} clients portent ce nom. Donnez-leur d'abord des noms différents.",
            "{} Kunden heißen so. Geben Sie ihnen erst verschiedene Namen.",
        ],
    ),
    (
        "kind_of_customer",
        [
            "A person stays a person and a company a company: {}.",
            "Een persoon blijft een persoon en een bedrijf een bedrijf: {}.",
            "Une personne reste une personne et une entreprise une entreprise : {}.",
            "Eine Person bleibt eine Person und eine Firma eine Firma: {}.",
        ],
    ),
    (
        "amount_form",
        [
            "This is not an amount of money.",
            "Dit is geen bedrag.",
            "Ceci n'est pas un montant.",
            "Das ist kein Betrag.",
        ],
    ),
    (
        "ambiguous_amount",
        [
            "This may be two amounts: write the decimals (1.250,00 or 1.25).",
            "Dit kunnen twee bedragen zijn: schrijf de decimalen (1.250,00 of 1,25).",
            "Ceci peut être deux montants : écrivez les décimales (1.250,00 ou 1,25).",
            "Das können zwei Beträge sein: schreiben Sie die Dezimalen (1.250,00 oder 1,25).",
        ],
    ),
    (
        "amount_decimals",
        [
            "More decimals than the currency has.",
            "Meer decimalen dan de munt heeft.",
            "Plus de décimales que la monnaie n'en a.",
            "Mehr Dezimalen, als die Währung hat.",
        ],
    ),
    (
        "amount_negative",
        [
            "A limit is 0 or more.",
            "Een limiet is 0 of meer.",
            "Une limite est 0 ou plus.",
            "Ein Limit ist 0 oder mehr.",
        ],
    ),
    (
        "amount_too_large",
        [
            "This amount is too large.",
            "Dit bedrag is te groot.",
            "Ce montant est trop grand.",
            "Dieser Betrag ist zu groß.",
        ],
    ),
    (
        "account_count",
        [
            "Write a whole number from 1 to {}.",
            "Schrijf een geheel getal van 1 tot {}.",
            "Écrivez un nombre entier de 1 à {}.",
            "Schreiben Sie eine ganze Zahl von 1 bis {}.",
        ],
    ),
    (
        "too_many_accounts",
        [
            "The file asks for more than {} accounts: divide it.",
            "Het bestand vraagt om meer dan {} rekeningen: splits het.",
            "Le fichier demande plus de {} comptes : divisez-le.",
            "Die Datei verlangt mehr als {} Konten: teilen Sie sie.",
        ],
    ),
    (
        "already_imported",
        [
            "An earlier import made the accounts of this row; nothing is made again.",
            "Een eerdere import maakte de rekeningen van deze rij; er wordt niets opnieuw gemaakt.",
            "Un import précédent a créé les comptes de cette ligne ; rien n'est recréé.",
            "Ein früherer Import hat die Konten dieser Zeile gemacht; nichts wird noch einmal gemacht.",
        ],
    ),
];

fn all() -> impl Iterator<Item = &'static Message> {
    MESSAGES.iter().chain(history::MESSAGES)
}

/// The words of a code.
#[must_use]
pub fn message(code: &str, detail: &str, words: Words) -> String {
    let found = all().find(|(known, _)| *known == code);
    let Some((_, [en, nl, fr, de])) = found else {
        return format!("{code} {detail}").trim().to_owned();
    };
    let template = match words {
        Words::En => en,
        Words::Nl => nl,
        Words::Fr => fr,
        Words::De => de,
    };
    template.replace("{}", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words_and_asks_for_its_detail_in_every_language() {
        for code in super::super::judge::fault_codes() {
            assert!(all().any(|(known, _)| *known == code), "{code}");
        }
        for (code, words) in all() {
            let details = words.map(|text| text.matches("{}").count());
            assert!(details.iter().all(|count| *count == details[0]), "{code}");
            assert!(words.iter().all(|text| !text.is_empty()), "{code}");
        }
        assert_eq!(
            message("duplicate_in_file", "7", Words::of_locale("nl-BE")),
            "Rij 7 van dit bestand heeft hetzelfde."
        );
        assert_eq!(Words::of_locale("pt-PT"), Words::En);
    }
}
