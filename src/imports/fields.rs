//! The fields that a column of a spreadsheet can fill, and the headings by which they are known.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::model::ImportKind;
use crate::text::sort_key;
use crate::text_enum;

text_enum! {
    /// What a column of a spreadsheet fills.
    pub enum Field {
        /// The customer's name: of a company, unless first and last name stand in columns of their own.
        Name => "name",
        /// First name of a person.
        FirstName => "first_name",
        /// Last name of a person.
        LastName => "last_name",
        /// Street and house number.
        Address => "address",
        /// Postcode.
        Postcode => "postcode",
        /// City.
        City => "city",
        /// Country, by ISO code or by name in any language.
        Country => "country",
        /// Number in the country's register of companies.
        EnterpriseNumber => "enterprise_number",
        /// VAT number.
        VatNumber => "vat_number",
        /// IBAN.
        Iban => "iban",
        /// BIC.
        Bic => "bic",
        /// Language of the customer's documents, by ISO code or name.
        Language => "language",
        /// Name of the person to speak to.
        ContactName => "contact_name",
        /// Language of the person to speak to.
        ContactLanguage => "contact_language",
        /// E-mail address of the person to speak to.
        ContactEmail => "contact_email",
        /// E-mail addresses that get copies, with semicolons or commas between.
        RecipientEmails => "recipient_emails",
        /// The tenant's own number of the customer.
        CustomerNumber => "customer_number",
        /// Telephone number.
        Phone => "phone",
        /// Spending budget of each account.
        Limit => "limit",
        /// How many accounts to make.
        AccountCount => "account_count",
        /// When something was sold, by the till's clock, in the venue's zone.
        SoldAt => "sold_at",
        /// How it was paid, in the till's words.
        PaymentType => "payment_type",
        /// The product's code in the till.
        ProductCode => "product_code",
        /// What the product was called.
        ProductName => "product_name",
        /// How many; below zero when it was given back.
        Quantity => "quantity",
        /// Price of one.
        UnitPrice => "unit_price",
        /// VAT rate.
        VatRate => "vat_rate",
        /// What was charged, VAT included; below zero when it was given back.
        Amount => "amount",
    }
}

use Field as F;

/// The fourteen fields of a customer, and those that a venue may have besides.
const CUSTOMERS: &[Field] = &[
    F::Name,
    F::Address,
    F::Postcode,
    F::City,
    F::Country,
    F::EnterpriseNumber,
    F::VatNumber,
    F::Iban,
    F::Bic,
    F::Language,
    F::ContactName,
    F::ContactLanguage,
    F::ContactEmail,
    F::RecipientEmails,
    F::CustomerNumber,
    F::Phone,
    F::FirstName,
    F::LastName,
];
const CUSTOMERS_OPTIONAL: &[Field] = &[
    F::Bic,
    F::RecipientEmails,
    F::CustomerNumber,
    F::Phone,
    F::FirstName,
    F::LastName,
];
const ACCOUNTS: &[Field] = &[F::Name, F::Limit, F::AccountCount];
const SALES: &[Field] = &[
    F::SoldAt,
    F::PaymentType,
    F::ProductCode,
    F::ProductName,
    F::Quantity,
    F::UnitPrice,
    F::VatRate,
    F::Amount,
];

/// The fields that an import of this kind knows, in the order of the template.
#[must_use]
pub fn fields_of(kind: ImportKind) -> &'static [Field] {
    match kind {
        ImportKind::Customers => CUSTOMERS,
        ImportKind::Accounts => ACCOUNTS,
        ImportKind::SalesHistory => SALES,
    }
}

/// Whether the kind has the field and its column may be missing or empty without anybody saying so.
#[must_use]
pub fn is_optional(kind: ImportKind, field: Field) -> bool {
    match kind {
        ImportKind::Customers => CUSTOMERS_OPTIONAL.contains(&field),
        ImportKind::Accounts => false,
        // Without a code of its own a product is known by its name.
        ImportKind::SalesHistory => matches!(field, F::ProductCode | F::UnitPrice),
    }
}

/// Headings in Dutch, English, French and German. A heading that stands for several things (`number`, `e-mail` of whom?) is not
/// here: unsure means unmapped.
const HEADINGS: &[(Field, &str)] = &[
    (
        F::Name,
        "naam|naam van de klant|klantnaam|naam klant|bedrijfsnaam|naam bedrijf|naam/bedrijfsnaam|naam of bedrijfsnaam|bedrijf|\
        klant|firmanaam|firma|relatienaam|organisatie|naam organisatie|vereniging|handelsnaam|\
        name|client name|customer name|name of the client|name of the customer|company name|company|client|customer|name/company name|\
        name or company name|organisation|organization|organisation name|business name|\
        nom|nom du client|nom client|nom de l'entreprise|entreprise|société|nom de la société|raison sociale|dénomination|nom/entreprise|\
        nom ou entreprise|nom/nom de l'entreprise|\
        kundenname|name des kunden|firmenname|kunde|unternehmen|unternehmensname|name/firma|name oder firma|name/firmenname",
    ),
    (F::FirstName, "voornaam|first name|given name|firstname|prénom|vorname"),
    (
        F::LastName,
        "achternaam|familienaam|last name|surname|family name|lastname|nom de famille|nachname|familienname",
    ),
    (
        F::Address,
        "adres|straat|straat en huisnummer|straat en nummer|straat + huisnummer|straat + nr|straat en nr|straatnaam en huisnummer|adresregel 1|\
        address|street|street address|street and number|address line 1|address 1|\
        adresse|rue|rue et numéro|adresse 1|straße|strasse|straße und hausnummer|straße und nr|straße/nr|anschrift",
    ),
    (
        F::Postcode,
        "postcode|pc|post code|postal code|zip|zip code|zipcode|code postal|cp|plz|postleitzahl",
    ),
    (
        F::City,
        "stad|plaats|woonplaats|gemeente|vestigingsplaats|plaatsnaam|city|town|place|ville|localité|commune|stadt|ort|wohnort",
    ),
    (
        F::Country,
        "land|landcode|country|country code|pays|code pays|ländercode|landeskennzeichen",
    ),
    (
        F::EnterpriseNumber,
        "bedrijfsnummer|bedrijfsnr|ondernemingsnummer|ondernemingsnr|kvk|kvk-nummer|kvk nr|kvknr|kamer van koophandel|kbo|kbo-nummer|\
        inschrijvingsnummer|enterprise number|company number|company registration number|registration number|business number|\
        chamber of commerce|coc number|numéro d'entreprise|n° d'entreprise|no d'entreprise|n° entreprise|numéro entreprise|siren|siret|\
        numéro siren|bce|unternehmensnummer|handelsregisternummer|firmennummer|betriebsnummer|hrb",
    ),
    (
        F::VatNumber,
        "btw|btw-nummer|btw nr|btwnr|btw-id|btw identificatienummer|btw-identificatienummer|vat|vat number|vat no|vat nr|vat id|\
        tva|numéro de tva|n° tva|no tva|n° de tva|numéro tva|tva intracommunautaire|mwst|mwst-nummer|ust-id|ustid|ust-idnr|ustidnr|\
        umsatzsteuer-id|umsatzsteuer-identifikationsnummer|umsatzsteuernummer|mwst-nr|ust-id-nr",
    ),
    (
        F::Iban,
        "iban|iban-nummer|iban nr|rekeningnummer (iban)|bankrekening|bankrekeningnummer|iban number|bank account|bank account (iban)|\
        numéro iban|compte bancaire|compte iban|bankkonto|iban nummer|kontonummer (iban)|bankverbindung",
    ),
    (
        F::Bic,
        "bic|swift|bic/swift|swift/bic|bic code|bic-code|swift code|code bic|swift-code|bic (optioneel)",
    ),
    (
        F::Language,
        "taal|taalcode|voertaal|taal van de klant|language|client language|customer language|language code|\
        langue|langue du client|code langue|sprache|sprache des kunden|kundensprache",
    ),
    (
        F::ContactName,
        "naam van de contactpersoon|naam contactpersoon|contactpersoon|contact|naam contact|t.a.v.|\
        contact person name|contact name|contact person|name of the contact person|name of contact|attention|\
        nom de la personne de contact|nom du contact|personne de contact|nom contact|à l'attention de|\
        name der kontaktperson|kontaktperson|ansprechpartner|name des ansprechpartners|kontakt|ansprechpartnerin",
    ),
    (
        F::ContactLanguage,
        "contacttaal|taal contactpersoon|taal van de contactpersoon|taal contact|contact language|contact person language|\
        language of the contact person|langue du contact|langue de contact|langue de la personne de contact|langue contact|\
        kontaktsprache|sprache der kontaktperson|sprache des ansprechpartners|sprache kontaktperson",
    ),
    (
        F::ContactEmail,
        "e-mailadres contactpersoon|e-mail contactpersoon|e-mailadres van de contactpersoon|e-mail van de contactpersoon|\
        e-mailadres|e-mail|email|mail|mailadres|e-mail contact|contact e-mail|contact email|contact person e-mail|\
        contact person email address|contact person e-mail address|e-mail address|email address|e-mail of the contact person|\
        e-mail du contact|e-mail de contact|e-mail de la personne de contact|adresse e-mail de la personne de contact|adresse e-mail|\
        courriel|adresse e-mail du contact|adresse mail|e-mail personne de contact|courriel du contact|\
        e-mail der kontaktperson|e-mail-adresse|e-mail-adresse der kontaktperson|e-mail kontaktperson|kontakt-e-mail|e-mail des ansprechpartners|\
        e-mail ansprechpartner",
    ),
    (
        F::RecipientEmails,
        "e-mails van geadresseerden|e-mail geadresseerden|e-mails geadresseerden|e-mailadressen geadresseerden|\
        e-mails ontvangers|e-mailadressen ontvangers|e-mail factuur|factuur e-mail|e-mailadres facturen|e-mailadres facturatie|e-mail facturatie|\
        e-mails van ontvangers|e-mails van de geadresseerden|recipients e-mails|recipient e-mails|recipients' e-mails|recipients emails|\
        e-mails of recipients|recipient emails|invoice e-mail|invoice emails|billing e-mail|billing email|\
        e-mails des destinataires|e-mail des destinataires|e-mails destinataires|adresses e-mail des destinataires|e-mail de facturation|\
        courriels des destinataires|e-mails der empfänger|e-mail der empfänger|empfänger-e-mails|e-mail-adressen der empfänger|rechnungs-e-mail|\
        empfänger e-mails|e-mails empfänger",
    ),
    (
        F::CustomerNumber,
        "klantnummer|klantnr|klant nr|debiteurnummer|debiteurnr|debiteur|relatienummer|lidnummer|intern klantnummer|klantcode|\
        customer number|customer no|customer id|client number|client id|debtor number|internal customer number|member number|customer code|\
        numéro client|n° client|no client|numéro de client|code client|numéro de débiteur|numéro interne|\
        kundennummer|kundennr|kunden-nr|debitorennummer|interne kundennummer|mitgliedsnummer",
    ),
    (
        F::Phone,
        "telefoon|telefoonnummer|tel|telnr|gsm|mobiel|mobiel nummer|phone|phone number|telephone|mobile|mobile number|\
        téléphone|numéro de téléphone|portable|telefon|telefonnummer|handy|mobil",
    ),
    (
        F::Limit,
        "limiet|limiet per rekening|bestedingsbudget|budget|kredietlimiet|bestedingslimiet|bestedingsruimte|\
        limit|credit limit|limit per account|spending budget|spending limit|\
        limite|limite de crédit|budget de dépenses|plafond|limite par compte|\
        kreditlimit|ausgabenbudget|ausgabelimit|limit pro konto|limit je konto",
    ),
    (
        F::AccountCount,
        "aantal rekeningen|aantal accounts|aantal|rekeningen|number of accounts|accounts|no of accounts|count|quantity of accounts|\
        nombre de comptes|comptes|nb de comptes|anzahl konten|anzahl der konten|konten|anzahl",
    ),
    (
        F::SoldAt,
        "datum|datum en tijd|datum/tijd|datum tijd|tijdstip|transactiedatum|verkoopdatum|\
        date|date and time|date/time|datetime|timestamp|transaction date|sale date|\
        date et heure|date de vente|date de la vente|date de transaction|datum und uhrzeit|datum/uhrzeit|verkaufsdatum",
    ),
    (
        F::PaymentType,
        "betaaltype|betaalwijze|betaalmethode|betaalmiddel|payment type|payment method|tender|\
        type de paiement|mode de paiement|moyen de paiement|zahlungsart|zahlart|zahlungsmittel",
    ),
    (
        F::ProductCode,
        "product id|productcode|product code|artikelnummer|artikelnr|artikelcode|artikel id|plu|product number|item code|\
        item number|sku|code produit|code article|numéro d'article|référence article|produktcode|produktnummer",
    ),
    (
        F::ProductName,
        "product|productnaam|artikel|artikelnaam|productomschrijving|artikelomschrijving|product name|item|item name|article|\
        produit|nom du produit|nom de l'article|produkt|produktname|artikelbezeichnung|produktbezeichnung",
    ),
    (F::Quantity, "aantal|hoeveelheid|quantity|qty|quantité|qté|anzahl|menge"),
    (
        F::UnitPrice,
        "prijs|prijs per product|prijs per stuk|stukprijs|eenheidsprijs|price|unit price|price per product|\
        prix|prix unitaire|preis|einzelpreis|stückpreis",
    ),
    (
        F::VatRate,
        "btw type|btw|btw-tarief|btw-percentage|btw %|vat|vat rate|vat type|vat %|vat percentage|\
        tva|taux de tva|taux tva|type de tva|mwst|mwst-satz|ust|ust-satz|steuersatz|mehrwertsteuersatz",
    ),
    (
        F::Amount,
        "aantal * prijs|aantal x prijs|bedrag|totaal|totaalbedrag|totaalprijs|regelbedrag|amount|total|total amount|line total|\
        quantity * price|line amount|montant|montant total|total ligne|quantité * prix|\
        betrag|gesamt|gesamtbetrag|gesamtpreis|menge * preis|anzahl * preis",
    ),
];

static BY_HEADING: LazyLock<HashMap<String, Vec<Field>>> = LazyLock::new(|| {
    let mut known: HashMap<String, Vec<Field>> = HashMap::new();
    for (field, headings) in HEADINGS {
        let own = std::iter::once(field.as_str());
        for heading in headings.split('|').chain(own) {
            let fields = known.entry(heading_key(heading)).or_default();
            if !fields.contains(field) {
                fields.push(*field);
            }
        }
    }
    known
});

/// The form in which headings are compared: letters and digits only, without case and accents; what stands in brackets at
/// the end (`(optional)`) does not count unless it is all there is.
#[must_use]
pub fn heading_key(heading: &str) -> String {
    let letters = |text: &str| -> String {
        sort_key(text)
            .chars()
            .filter(|character| character.is_alphanumeric())
            .collect()
    };
    let bare = heading.split_once('(').map_or(heading, |(before, _)| before);
    let key = letters(bare);
    if key.is_empty() { letters(heading) } else { key }
}

/// The field that a heading surely means in an import of this kind.
#[must_use]
pub fn field_of(kind: ImportKind, heading: &str) -> Option<Field> {
    let known = BY_HEADING.get(&heading_key(heading))?;
    let mut fitting = known.iter().filter(|field| fields_of(kind).contains(field));
    let field = fitting.next().copied();
    field.filter(|_| fitting.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_means_one_field_at_most() {
        for (key, fields) in BY_HEADING.iter() {
            for kind in ImportKind::ALL {
                let own = fields.iter().filter(|field| fields_of(*kind).contains(field)).count();
                assert!(own <= 1, "{key} stands for {fields:?}");
            }
        }
    }

    #[test]
    fn headings_are_known_in_four_languages_however_they_are_written() {
        let customers = |heading| field_of(ImportKind::Customers, heading);
        for (heading, field) in [
            ("Naam van de klant", F::Name),
            ("  NAAM  van de\nklant *", F::Name),
            ("Client name", F::Name),
            ("Nom du client", F::Name),
            ("Kundenname", F::Name),
            ("Straße", F::Address),
            ("STRASSE", F::Address),
            ("BTW-nummer (verplicht)", F::VatNumber),
            ("Numero d’entreprise", F::EnterpriseNumber),
            ("E-mails des destinataires", F::RecipientEmails),
            ("contact_email", F::ContactEmail),
            ("PLZ", F::Postcode),
        ] {
            assert_eq!(customers(heading), Some(field), "{heading}");
        }
        for heading in ["", "*", "Nummer", "Opmerkingen", "Limiet"] {
            assert_eq!(customers(heading), None, "{heading}");
        }
        assert_eq!(field_of(ImportKind::Accounts, "Limiet"), Some(F::Limit));
        assert_eq!(field_of(ImportKind::Accounts, "Naam/bedrijfsnaam"), Some(F::Name));
        let sales = |heading| field_of(ImportKind::SalesHistory, heading);
        assert_eq!(sales("Aantal * prijs"), Some(F::Amount));
        assert_eq!(sales("Prijs (per product)"), Some(F::UnitPrice));
        assert_eq!(sales("Kassa"), None);
    }
}
