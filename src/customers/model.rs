//! Customers: the row, and the rules of its names.

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::requests::{CustomerPatch, NewCustomer};
use super::texts::{AddressLine, CustomerNumber, Phone, Postcode, is_fictional};
use crate::audit::Changes;
use crate::clock::Timestamp;
use crate::db::schema::customers;
use crate::error::ApiError;
use crate::http::Patch;
use crate::id::Id;
use crate::identifiers::{Bic, Country, EnterpriseNumber, Iban, LanguageTag, VatNumber};
use crate::invitations::CustomerAccess;
use crate::own::CustomerLinks;
use crate::text::{Email, Name, empty_as_null, sort_key};
use crate::text_enum;

text_enum! {
    /// What kind of customer.
    pub enum CustomerKind {
        /// Someone with a first and a last name.
        Person => "person",
        /// A company, club or other body.
        Company => "company",
    }
}

/// Who buys on account and gets the invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset, ToSchema)]
#[diesel(table_name = customers, primary_key(tenant_id, id), treat_none_as_null = true)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000001", "kind": "person", "name": "Vera de Vries",
    "first_name": "Vera", "last_name": "de Vries", "company_name": null, "customer_number": "D-1042",
    "email": "vera@example.com", "email_is_fictional": true, "phone": null, "street": "Dorpsstraat 1", "postcode": "1234 AB",
    "city": "Ons Dorp", "country": "NL", "vat_number": null, "iban": "NL91ABNA0417164300", "language": "nl", "enterprise_number": null,
    "bic": "ABNANL2A", "contact_name": null, "contact_language": null, "recipient_emails": [],
    "access": "not_invited", "version": 1,
    "created_at": "2026-11-21T09:30:00Z", "updated_at": "2026-11-21T09:30:00Z"}))]
pub struct Customer {
    #[serde(skip)]
    pub tenant_id: Id,
    /// Its id.
    pub id: Id,
    /// A person or a company.
    pub kind: CustomerKind,
    /// First name of a person.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub first_name: String,
    /// Last name of a person.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub last_name: String,
    /// Name of a company.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub company_name: String,
    /// The name to show: the first and last name, or the company's.
    pub name: String,
    #[serde(skip)]
    pub name_key: String,
    /// The tenant's own number of this customer.
    #[schema(required)]
    pub customer_number: Option<String>,
    /// E-mail address; several customers may share one.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub email: String,
    /// Whether nothing is ever mailed to the address.
    pub email_is_fictional: bool,
    /// Telephone number.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub phone: String,
    /// Street and house number.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub street: String,
    /// Postcode.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub postcode: String,
    /// City.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub city: String,
    /// Country, ISO 3166-1.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub country: String,
    /// VAT number.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub vat_number: String,
    /// IBAN.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub iban: String,
    /// The language of the customer's documents (BCP 47).
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub language: String,
    /// Number in the country's register of companies.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub enterprise_number: String,
    /// BIC.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub bic: String,
    /// Name of the person to speak to.
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub contact_name: String,
    /// Language of the person to speak to (BCP 47).
    #[serde(serialize_with = "empty_as_null")]
    #[schema(value_type = Option<String>, required)]
    pub contact_language: String,
    /// Addresses that get copies of documents.
    #[serde(serialize_with = "addresses")]
    #[schema(value_type = Vec<String>)]
    pub recipient_emails: String,
    /// How far the customer's own access is.
    pub access: CustomerAccess,
    /// Rises with every change; the ETag.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// A customer, and where others see what the customer sees: the links are no column, so this is a struct of its own.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"id": "01938f5e-3c00-7000-8000-000000000001", "kind": "person", "name": "Vera de Vries",
    "first_name": "Vera", "last_name": "de Vries", "company_name": null, "customer_number": "D-1042",
    "email": "vera@example.com", "email_is_fictional": true, "phone": null, "street": "Dorpsstraat 1", "postcode": "1234 AB",
    "city": "Ons Dorp", "country": "NL", "vat_number": null, "iban": "NL91ABNA0417164300", "language": "nl", "enterprise_number": null,
    "bic": "ABNANL2A", "contact_name": null, "contact_language": null, "recipient_emails": [],
    "access": "not_invited", "version": 1, "created_at": "2026-11-21T09:30:00Z", "updated_at": "2026-11-21T09:30:00Z",
    "links": null}))]
pub struct CustomerWithLinks {
    #[serde(flatten)]
    pub customer: Customer,
    /// Once the customer's own access is active, and only then: where others see what the customer sees.
    #[schema(required)]
    pub links: Option<CustomerLinks>,
}

impl From<Customer> for CustomerWithLinks {
    fn from(customer: Customer) -> Self {
        CustomerWithLinks {
            links: CustomerLinks::of(customer.id, customer.access),
            customer,
        }
    }
}

/// Between two addresses in the database.
const BETWEEN_ADDRESSES: &str = ";";

/// Writes the addresses as a list.
fn addresses<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(text.split(BETWEEN_ADDRESSES).filter(|address| !address.is_empty()))
}

fn joined(addresses: Vec<Email>) -> String {
    let addresses: Vec<String> = addresses.into_iter().map(Email::into_string).collect();
    addresses.join(BETWEEN_ADDRESSES)
}

/// A wrong name field of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameRejection {
    pointer: &'static str,
    code: &'static str,
    expected: &'static str,
}

impl From<NameRejection> for ApiError {
    fn from(rejection: NameRejection) -> Self {
        ApiError::field(rejection.pointer, rejection.code, rejection.expected)
    }
}

impl Customer {
    /// The customer that `new` describes, in its first version.
    ///
    /// # Errors
    /// When its names are not those of its kind.
    pub fn try_new(tenant_id: Id, id: Id, now: Timestamp, new: NewCustomer) -> Result<Self, NameRejection> {
        let email = text(new.email.map(Email::into_string));
        let customer = Customer {
            tenant_id,
            id,
            kind: new.kind,
            first_name: text(new.first_name.map(Name::into_string)),
            last_name: text(new.last_name.map(Name::into_string)),
            company_name: text(new.company_name.map(Name::into_string)),
            name: String::new(),
            name_key: String::new(),
            customer_number: new.customer_number.map(CustomerNumber::into_string),
            email_is_fictional: new.email_is_fictional.unwrap_or_else(|| is_fictional(&email)),
            email,
            phone: text(new.phone.map(Phone::into_string)),
            street: text(new.street.map(AddressLine::into_string)),
            postcode: text(new.postcode.map(Postcode::into_string)),
            city: text(new.city.map(AddressLine::into_string)),
            country: text(new.country.map(Country::into_string)),
            vat_number: text(new.vat_number.map(VatNumber::into_string)),
            iban: text(new.iban.map(Iban::into_string)),
            language: text(new.language.map(LanguageTag::into_string)),
            enterprise_number: text(new.enterprise_number.map(EnterpriseNumber::into_string)),
            bic: text(new.bic.map(Bic::into_string)),
            contact_name: text(new.contact_name.map(Name::into_string)),
            contact_language: text(new.contact_language.map(LanguageTag::into_string)),
            recipient_emails: joined(new.recipient_emails.unwrap_or_default()),
            access: CustomerAccess::NotInvited,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        customer.check_names()?;
        Ok(customer.named())
    }

    /// The customer after a change; its version rises when anything changed.
    ///
    /// # Errors
    /// When its names would not be those of its kind.
    pub fn patched(&self, patch: CustomerPatch, now: Timestamp) -> Result<Self, NameRejection> {
        let old = self.clone();
        let keep = |new: Option<Name>, old: String| new.map_or(old, Name::into_string);
        let email = patched_text(patch.email.map(Email::into_string), old.email);
        let is_fictional_now = if email == self.email {
            self.email_is_fictional
        } else {
            is_fictional(&email)
        };
        // a link works only for the address that it was sent to
        let access = match self.access {
            CustomerAccess::Invited | CustomerAccess::Bounced if !email.eq_ignore_ascii_case(&self.email) => {
                CustomerAccess::NotInvited
            }
            access => access,
        };
        let customer = Customer {
            access,
            first_name: keep(patch.first_name, old.first_name),
            last_name: keep(patch.last_name, old.last_name),
            company_name: keep(patch.company_name, old.company_name),
            customer_number: patch
                .customer_number
                .map(CustomerNumber::into_string)
                .apply(old.customer_number),
            email,
            email_is_fictional: patch.email_is_fictional.unwrap_or(is_fictional_now),
            phone: patched_text(patch.phone.map(Phone::into_string), old.phone),
            street: patched_text(patch.street.map(AddressLine::into_string), old.street),
            postcode: patched_text(patch.postcode.map(Postcode::into_string), old.postcode),
            city: patched_text(patch.city.map(AddressLine::into_string), old.city),
            country: patched_text(patch.country.map(Country::into_string), old.country),
            vat_number: patched_text(patch.vat_number.map(VatNumber::into_string), old.vat_number),
            iban: patched_text(patch.iban.map(Iban::into_string), old.iban),
            language: patched_text(patch.language.map(LanguageTag::into_string), old.language),
            enterprise_number: patched_text(
                patch.enterprise_number.map(EnterpriseNumber::into_string),
                old.enterprise_number,
            ),
            bic: patched_text(patch.bic.map(Bic::into_string), old.bic),
            contact_name: patched_text(patch.contact_name.map(Name::into_string), old.contact_name),
            contact_language: patched_text(
                patch.contact_language.map(LanguageTag::into_string),
                old.contact_language,
            ),
            recipient_emails: patch.recipient_emails.map_or(old.recipient_emails, joined),
            ..self.clone()
        };
        customer.check_names()?;
        let mut customer = customer.named();
        if customer != *self {
            customer.version += 1;
            customer.updated_at = now;
        }
        Ok(customer)
    }

    fn named(mut self) -> Self {
        self.name = match self.kind {
            CustomerKind::Person => format!("{} {}", self.first_name, self.last_name),
            CustomerKind::Company => self.company_name.clone(),
        };
        self.name_key = sort_key(&self.name);
        self
    }

    fn check_names(&self) -> Result<(), NameRejection> {
        let is_person = self.kind == CustomerKind::Person;
        let fields = [
            ("/first_name", &self.first_name, is_person),
            ("/last_name", &self.last_name, is_person),
            ("/company_name", &self.company_name, !is_person),
        ];
        for (pointer, text, is_needed) in fields {
            if is_needed && text.is_empty() {
                return Err(NameRejection {
                    pointer,
                    code: "missing_field",
                    expected: if is_person {
                        "a person has a first_name and a last_name"
                    } else {
                        "a company has a company_name"
                    },
                });
            }
            if !is_needed && !text.is_empty() {
                return Err(NameRejection {
                    pointer,
                    code: "not_allowed",
                    expected: if is_person {
                        "a person has no company_name"
                    } else {
                        "a company has no first_name and last_name"
                    },
                });
            }
        }
        Ok(())
    }

    /// What is different in `new`, for the trail.
    #[must_use]
    pub fn changes(&self, new: &Customer) -> Changes {
        let fields = |customer: &Customer| {
            [
                ("first_name", filled(&customer.first_name)),
                ("last_name", filled(&customer.last_name)),
                ("company_name", filled(&customer.company_name)),
                ("customer_number", customer.customer_number.clone()),
                ("email", filled(&customer.email)),
                ("email_is_fictional", Some(customer.email_is_fictional.to_string())),
                ("phone", filled(&customer.phone)),
                ("street", filled(&customer.street)),
                ("postcode", filled(&customer.postcode)),
                ("city", filled(&customer.city)),
                ("country", filled(&customer.country)),
                ("vat_number", filled(&customer.vat_number)),
                ("iban", filled(&customer.iban)),
                ("language", filled(&customer.language)),
                ("enterprise_number", filled(&customer.enterprise_number)),
                ("bic", filled(&customer.bic)),
                ("contact_name", filled(&customer.contact_name)),
                ("contact_language", filled(&customer.contact_language)),
                ("recipient_emails", filled(&customer.recipient_emails)),
                ("access", Some(customer.access.to_string())),
            ]
        };
        let pairs = fields(self).into_iter().zip(fields(new));
        pairs.fold(Changes::new(), |changes, ((field, old), (_, new))| {
            changes.optional(field, old, new)
        })
    }
}

fn text(given: Option<String>) -> String {
    given.unwrap_or_default()
}

fn patched_text(patch: Patch<String>, old: String) -> String {
    patch.apply(Some(old)).unwrap_or_default()
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
