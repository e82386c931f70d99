//! Judging one row: its cells become a customer or an order for accounts, and everything wrong is found at once.

use super::amounts::{self, AmountFault, Mark};
use super::fields::{Field, is_optional};
use super::model::{ImportKind, Mapping, Severity};
use super::sheet::{SheetCell, SheetRow};
use crate::customers::{CustomerKind, is_fictional};
use crate::identifiers::{
    Bic, Fault, FaultCode, Judged, judge_country, judge_enterprise_number, judge_iban, judge_language, judge_postcode,
    judge_vat_number, may_lose_zeros,
};
use crate::money::Currency;
use crate::text::{Email, Name, sort_key};

/// How many accounts one row may ask for.
const ACCOUNTS_PER_ROW_MAX: i32 = 1000;
/// How much of a cell a finding repeats, in characters.
const FOUND_CHARS_MAX: usize = 200;

/// Something wrong or doubtful in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFinding {
    pub field: Option<Field>,
    pub column: Option<usize>,
    pub severity: Severity,
    pub code: &'static str,
    pub found: String,
    pub detail: String,
}

/// A customer as a row describes it; a text that is empty says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerDraft {
    pub first_name: String,
    pub last_name: String,
    pub company_name: String,
    pub customer_number: Option<String>,
    pub email: String,
    pub phone: String,
    pub street: String,
    pub postcode: String,
    pub city: String,
    pub country: String,
    pub vat_number: String,
    pub iban: String,
    pub bic: String,
    pub language: String,
    pub enterprise_number: String,
    pub contact_name: String,
    pub contact_language: String,
    pub recipient_emails: String,
}

impl CustomerDraft {
    /// A person has a first and a last name, everybody else is a company.
    #[must_use]
    pub fn kind(&self) -> CustomerKind {
        if self.company_name.is_empty() {
            CustomerKind::Person
        } else {
            CustomerKind::Company
        }
    }

    /// The name to show.
    #[must_use]
    pub fn name(&self) -> String {
        match self.kind() {
            CustomerKind::Company => self.company_name.clone(),
            CustomerKind::Person => format!("{} {}", self.first_name, self.last_name),
        }
    }

    /// Whether nothing is ever mailed to the address.
    #[must_use]
    pub fn is_email_fictional(&self) -> bool {
        is_fictional(&self.email)
    }
}

/// Accounts as a row orders them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsDraft {
    pub name: String,
    pub limit_minor: i64,
    pub count: i32,
}

/// A row while it is judged.
pub(super) struct Judge<'a> {
    kind: ImportKind,
    mapping: &'a Mapping,
    row: &'a SheetRow,
    pub(super) findings: Vec<RowFinding>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(kind: ImportKind, mapping: &'a Mapping, row: &'a SheetRow) -> Self {
        Judge {
            kind,
            mapping,
            row,
            findings: Vec::new(),
        }
    }

    pub(super) fn find(&mut self, severity: Severity, field: Field, code: &'static str, detail: String) {
        let column = self.mapping.column_of(field);
        let found = column.map(|column| self.row.cell(column).shown()).unwrap_or_default();
        self.findings.push(RowFinding {
            field: Some(field),
            column,
            severity,
            code,
            found: found.chars().take(FOUND_CHARS_MAX).collect(),
            detail,
        });
    }

    pub(super) fn error(&mut self, field: Field, code: &'static str) {
        self.find(Severity::Error, field, code, String::new());
    }

    fn fault(&mut self, field: Field, severity: Severity, fault: Fault) {
        self.find(severity, field, fault.code.as_str(), fault.choices.join(", "));
    }

    pub(super) fn has_errors(&self) -> bool {
        has_errors(&self.findings)
    }

    pub(super) fn cell(&self, field: Field) -> Option<&'a SheetCell> {
        self.mapping.column_of(field).map(|column| self.row.cell(column))
    }

    pub(super) fn is_number(&self, field: Field) -> bool {
        matches!(self.cell(field), Some(SheetCell::Number(_)))
    }

    /// What the cell shows; an error when it holds one of a formula, or when it is empty and may not be.
    pub(super) fn text(&mut self, field: Field) -> Option<String> {
        let cell = self.cell(field)?;
        if let SheetCell::Error(_) = cell {
            self.error(field, "cell_error");
            return None;
        }
        let text = cell.shown();
        if text.is_empty() {
            let is_needed = !is_optional(self.kind, field) && !self.mapping.optional_fields.contains(&field);
            if is_needed {
                self.error(field, "missing_value");
            }
            return None;
        }
        Some(text)
    }

    /// A text of at most so many characters.
    pub(super) fn line(&mut self, field: Field, chars_max: usize) -> String {
        let Some(text) = self.text(field) else {
            return String::new();
        };
        if text.chars().nth(chars_max).is_some() {
            self.find(Severity::Error, field, "too_long", chars_max.to_string());
            return String::new();
        }
        text
    }

    /// A number that a spreadsheet keeps has fifteen digits; an identifier that had more has lost them.
    pub(super) fn identifier(&mut self, field: Field) -> Option<String> {
        let text = self.text(field)?;
        let has_lost_digits = self.is_number(field) && (text.len() > 15 || text.contains('.'));
        if has_lost_digits {
            self.error(field, "number_lost_digits");
            return None;
        }
        Some(text)
    }

    fn judged(&mut self, field: Field, judged: Result<Judged, Fault>) -> String {
        match judged {
            Ok(judged) => {
                if judged.is_restored {
                    self.find(Severity::Warning, field, "zeros_restored", judged.value.clone());
                }
                judged.value
            }
            Err(fault) => {
                self.fault(field, Severity::Error, fault);
                String::new()
            }
        }
    }

    fn plain(&mut self, field: Field, judge: impl Fn(&str) -> Result<String, Fault>) -> String {
        let Some(text) = self.identifier(field) else {
            return String::new();
        };
        self.judged(
            field,
            judge(&text).map(|value| Judged {
                value,
                is_restored: false,
            }),
        )
    }

    fn email(&mut self, field: Field) -> String {
        let Some(text) = self.text(field) else {
            return String::new();
        };
        let address = bare_address(&text);
        if let Ok(email) = Email::try_new(address) {
            return email.into_string();
        }
        self.error(field, "email_form");
        String::new()
    }

    /// Several addresses, with semicolons, commas or blanks between.
    fn emails(&mut self, field: Field) -> String {
        let Some(text) = self.text(field) else {
            return String::new();
        };
        let parts = text.split(|character: char| matches!(character, ';' | ',' | '|') || character.is_whitespace());
        let mut addresses: Vec<String> = Vec::new();
        for part in parts.map(bare_address).filter(|part| !part.is_empty()) {
            match Email::try_new(part) {
                Ok(email) if !addresses.contains(&email.as_str().to_owned()) => addresses.push(email.into_string()),
                Ok(_) => {}
                Err(_) => {
                    self.find(Severity::Error, field, "email_form", part.to_owned());
                    return String::new();
                }
            }
        }
        addresses.join(";")
    }

    fn name_of(&mut self, field: Field) -> String {
        let text = self.line(field, 100);
        if text.is_empty() || Name::try_new(text.clone()).is_ok() {
            text
        } else {
            self.error(field, "name_form");
            String::new()
        }
    }
}

/// An address without `mailto:` and the angle brackets of `Vera <vera@example.com>`.
fn bare_address(text: &str) -> &str {
    let text = text.trim().trim_end_matches(['.', ',', ';']);
    let inner = text
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(text, |(inner, _)| inner);
    inner.strip_prefix("mailto:").unwrap_or(inner).trim()
}

/// The customer in a row, and what is wrong with it. With an error among the findings the draft is not to be used.
#[must_use]
pub fn judge_customer(mapping: &Mapping, row: &SheetRow) -> (CustomerDraft, Vec<RowFinding>) {
    let mut judge = Judge::new(ImportKind::Customers, mapping, row);
    let country = country(&mut judge);
    let known = Some(country.as_str()).filter(|country| !country.is_empty());
    let (vat_number, vat_country) = vat_number(&mut judge, known);
    let mut draft = CustomerDraft {
        enterprise_number: enterprise_number(&mut judge, known, vat_country.as_deref()),
        vat_number,
        postcode: postcode(&mut judge, known),
        country,
        customer_number: customer_number(&mut judge),
        email: judge.email(Field::ContactEmail),
        phone: judge.line(Field::Phone, 30),
        street: judge.line(Field::Address, 100),
        city: judge.line(Field::City, 100),
        iban: judge.plain(Field::Iban, judge_iban),
        bic: judge.plain(Field::Bic, Bic::judge),
        language: judge.plain(Field::Language, judge_language),
        contact_name: judge.line(Field::ContactName, 100),
        contact_language: judge.plain(Field::ContactLanguage, judge_language),
        recipient_emails: judge.emails(Field::RecipientEmails),
        ..CustomerDraft::default()
    };
    names(&mut judge, &mut draft);
    if !draft.phone.is_empty() && crate::customers::Phone::try_new(draft.phone.clone()).is_err() {
        judge.error(Field::Phone, "phone_form");
    }
    (draft, judge.findings)
}

fn country(judge: &mut Judge<'_>) -> String {
    judge.plain(Field::Country, |text| judge_country(text).map(str::to_owned))
}

/// The VAT number, and the country that it is of.
fn vat_number(judge: &mut Judge<'_>, country: Option<&str>) -> (String, Option<String>) {
    let Some(text) = judge.identifier(Field::VatNumber) else {
        return (String::new(), None);
    };
    let value = judge.judged(Field::VatNumber, judge_vat_number(&text, country));
    let of = match value.get(..2) {
        Some("EL") => Some("GR".to_owned()),
        Some("XI") => Some("GB".to_owned()),
        other => other.map(str::to_owned),
    };
    let is_abroad = of
        .as_deref()
        .is_some_and(|of| of != "EU" && country.is_some_and(|country| country != of));
    if is_abroad {
        judge.find(
            Severity::Warning,
            Field::VatNumber,
            "vat_of_other_country",
            of.clone().unwrap_or_default(),
        );
    }
    (value, of)
}

/// Right by the rule of the customer's country, or of the country of its VAT number: a branch has the number of its home.
fn enterprise_number(judge: &mut Judge<'_>, country: Option<&str>, vat_country: Option<&str>) -> String {
    let Some(text) = judge.identifier(Field::EnterpriseNumber) else {
        return String::new();
    };
    let is_number = judge.is_number(Field::EnterpriseNumber);
    let home = vat_country.or(country);
    let judged =
        judge_enterprise_number(&text, home, is_number).or_else(|_| judge_enterprise_number(&text, country, is_number));
    judge.judged(Field::EnterpriseNumber, judged)
}

/// A text that is no postcode of the country is doubtful; a number that is none has lost something.
fn postcode(judge: &mut Judge<'_>, country: Option<&str>) -> String {
    let text = judge.line(Field::Postcode, 20);
    if text.is_empty() {
        return text;
    }
    match judge_postcode(&text, country) {
        Err(fault) if !judge.is_number(Field::Postcode) || !may_lose_zeros(country) => {
            judge.fault(Field::Postcode, Severity::Warning, fault);
            text
        }
        judged => judge.judged(Field::Postcode, judged),
    }
}

fn customer_number(judge: &mut Judge<'_>) -> Option<String> {
    let text = judge.identifier(Field::CustomerNumber)?;
    if let Ok(number) = crate::customers::CustomerNumber::try_new(text) {
        return Some(number.into_string());
    }
    judge.error(Field::CustomerNumber, "customer_number_form");
    None
}

/// First and last name when both are there, and else the name, as a company's.
fn names(judge: &mut Judge<'_>, draft: &mut CustomerDraft) {
    let (first, last) = (judge.name_of(Field::FirstName), judge.name_of(Field::LastName));
    let has_name = judge.cell(Field::Name).is_some_and(|cell| !cell.is_blank());
    if !has_name && !first.is_empty() && !last.is_empty() {
        (draft.first_name, draft.last_name) = (first, last);
        return;
    }
    draft.company_name = judge.name_of(Field::Name);
    let is_told = judge.findings.iter().any(|finding| finding.field == Some(Field::Name));
    // Without a column the file as a whole is told, unless somebody has excused it.
    let is_told = is_told || super::mapping::missing(ImportKind::Customers, judge.mapping).contains(&Field::Name);
    if draft.company_name.is_empty() && !is_told {
        judge.error(Field::Name, "missing_value");
    }
}

/// The accounts that a row orders, and what is wrong with it. `mark` is what the column of limits tells of its decimals.
#[must_use]
pub fn judge_accounts(
    mapping: &Mapping,
    row: &SheetRow,
    mark: Option<Mark>,
    currency: Currency,
) -> (AccountsDraft, Vec<RowFinding>) {
    let mut judge = Judge::new(ImportKind::Accounts, mapping, row);
    let name = judge.name_of(Field::Name);
    if name.is_empty() && judge.findings.is_empty() {
        judge.error(Field::Name, "missing_value");
    }
    let limit_minor = match judge.text(Field::Limit) {
        None => 0,
        Some(text) => match amounts::parse(&text, judge.is_number(Field::Limit), mark, currency) {
            Ok(minor) => minor,
            Err(fault) => {
                judge.error(Field::Limit, amount_code(fault));
                0
            }
        },
    };
    let count = match judge.text(Field::AccountCount) {
        None => 1,
        Some(text) => match text.parse::<i32>() {
            Ok(count) if (1..=ACCOUNTS_PER_ROW_MAX).contains(&count) => count,
            _ => {
                judge.find(
                    Severity::Error,
                    Field::AccountCount,
                    "account_count",
                    ACCOUNTS_PER_ROW_MAX.to_string(),
                );
                1
            }
        },
    };
    let draft = AccountsDraft {
        name,
        limit_minor,
        count,
    };
    (draft, judge.findings)
}

pub(super) fn amount_code(fault: AmountFault) -> &'static str {
    match fault {
        AmountFault::Form => "amount_form",
        AmountFault::Ambiguous => "ambiguous_amount",
        AmountFault::Decimals => "amount_decimals",
        AmountFault::Negative => "amount_negative",
        AmountFault::TooLarge => "amount_too_large",
    }
}

/// Whether any finding is an error.
#[must_use]
pub fn has_errors(findings: &[RowFinding]) -> bool {
    findings.iter().any(|finding| finding.severity == Severity::Error)
}

/// The key by which customers of one name are one.
#[must_use]
pub fn name_key(name: &str) -> String {
    sort_key(name)
}

/// The code of a fault that the identifiers know, for the table of messages.
pub fn fault_codes() -> impl Iterator<Item = &'static str> {
    FaultCode::ALL.iter().map(|code| code.as_str())
}
