//! What the findings of sales say, in the four languages of their readers. `{}` is the finding's detail.

use crate::imports::messages::Message;

pub const MESSAGES: &[Message] = &[
    (
        "moment_form",
        [
            "Write day, month, year and time, such as 31-12-2025 23:15.",
            "Schrijf dag, maand, jaar en tijd, zoals 31-12-2025 23:15.",
            "Écrivez jour, mois, année et heure, comme 31-12-2025 23:15.",
            "Schreiben Sie Tag, Monat, Jahr und Uhrzeit, wie 31-12-2025 23:15.",
        ],
    ),
    (
        "moment_ahead",
        [
            "This has not happened yet.",
            "Dit is nog niet gebeurd.",
            "Ceci ne s'est pas encore passé.",
            "Das ist noch nicht geschehen.",
        ],
    ),
    (
        "moment_too_old",
        [
            "Sales are taken from {} on. To load older ones, set accept_sales_from of the tenant to an earlier day.",
            "Verkopen worden aangenomen vanaf {}. Zet voor oudere accept_sales_from van de zaak op een eerdere dag.",
            "Les ventes sont acceptées à partir du {}. Pour de plus anciennes, avancez accept_sales_from de l'établissement.",
            "Verkäufe werden ab {} angenommen. Für ältere setzen Sie accept_sales_from des Hauses auf einen früheren Tag.",
        ],
    ),
    (
        "vat_rate_form",
        [
            "Write the VAT rate as a percentage, such as 21%.",
            "Schrijf het btw-tarief als percentage, zoals 21%.",
            "Écrivez le taux de TVA en pour cent, comme 21%.",
            "Schreiben Sie den MwSt-Satz in Prozent, wie 21%.",
        ],
    ),
    (
        "unmapped_payment_type",
        [
            "Nobody has said to which account this payment type goes, or that it is not on account ({} rows).",
            "Niemand heeft gezegd naar welke rekening dit betaaltype gaat, of dat het niet op rekening is ({} rijen).",
            "Personne n'a dit à quel compte va ce type de paiement, ou qu'il n'est pas à crédit ({} lignes).",
            "Niemand hat gesagt, auf welches Konto diese Zahlungsart geht, oder dass sie nicht auf Rechnung ist ({} Zeilen).",
        ],
    ),
    (
        "account_not_open",
        [
            "Account {} of this payment type is not active yet, or is closed: activate or reopen it, or map another.",
            "Rekening {} van dit betaaltype is nog niet actief, of is gesloten: activeer of heropen haar, of kies een andere.",
            "Le compte {} de ce type de paiement n'est pas encore actif, ou est fermé : activez-le, rouvrez-le, ou choisissez-en un autre.",
            "Konto {} dieser Zahlungsart ist noch nicht aktiv oder geschlossen: aktivieren oder öffnen Sie es, oder wählen Sie ein anderes.",
        ],
    ),
];
