//! What makes and changes a customer, and the list's query, as they come over the wire.

use serde::Deserialize;
use utoipa::openapi::schema::{AllOfBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::CustomerKind;
use super::texts::{AddressLine, CustomerNumber, Phone, Postcode};
use crate::http::{Cursor, Direction, PageLimit, Patch, not_null};
use crate::identifiers::{Bic, Country, EnterpriseNumber, Iban, LanguageTag, VatNumber};
use crate::invitations::CustomerAccess;
use crate::text::{Email, Name, SearchText};
use crate::text_enum;

text_enum! {
    /// What a list of customers is sorted by; `-` turns it round.
    pub enum CustomerSort {
        /// By name.
        Name => "name",
        /// By name, from the end.
        NameDescending => "-name",
        /// The oldest first.
        CreatedAt => "created_at",
        /// The newest first.
        CreatedAtDescending => "-created_at",
    }
}

impl CustomerSort {
    /// Which way the list runs.
    #[must_use]
    pub fn direction(self) -> Direction {
        match self {
            CustomerSort::Name | CustomerSort::CreatedAt => Direction::Ascending,
            CustomerSort::NameDescending | CustomerSort::CreatedAtDescending => Direction::Descending,
        }
    }
}

/// Which customers, in which order.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CustomerQuery {
    /// Part of the name, without regard to case and accents, or of the customer number.
    #[param(inline, nullable = false)]
    pub q: Option<SearchText>,
    /// Persons or companies only.
    #[param(inline, nullable = false)]
    pub kind: Option<CustomerKind>,
    /// Those whose own access is so far only.
    #[param(inline, nullable = false)]
    pub access: Option<CustomerAccess>,
    /// The order; by name when left out.
    #[param(inline, nullable = false)]
    pub sort: Option<CustomerSort>,
    /// How many items a page has; 50 when left out.
    #[param(inline, nullable = false)]
    pub limit: Option<PageLimit>,
    /// Where the page before ended.
    #[param(inline, nullable = false)]
    pub cursor: Option<Cursor>,
}

/// A customer to be made. A person has `first_name` and `last_name`, a company has `company_name`.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// A person or a company.
    pub kind: CustomerKind,
    /// First name: of a person only, and required there.
    pub first_name: Option<Name>,
    /// Last name: of a person only, and required there.
    pub last_name: Option<Name>,
    /// Name of the company: of a company only, and required there.
    pub company_name: Option<Name>,
    /// The tenant's own number of this customer; unique in the tenant.
    pub customer_number: Option<CustomerNumber>,
    /// E-mail address; several customers may share one.
    pub email: Option<Email>,
    /// Whether nothing is ever mailed to the address. Left out: true for domains that are reserved for tests and examples
    /// (RFC 2606, RFC 6761), such as example.com and .test.
    pub email_is_fictional: Option<bool>,
    /// Telephone number.
    pub phone: Option<Phone>,
    /// Street and house number.
    pub street: Option<AddressLine>,
    /// Postcode.
    pub postcode: Option<Postcode>,
    /// City.
    pub city: Option<AddressLine>,
    /// Country, ISO 3166-1.
    pub country: Option<Country>,
    /// VAT number.
    pub vat_number: Option<VatNumber>,
    /// IBAN without blanks; its check digits must be right.
    pub iban: Option<Iban>,
    /// The language of the customer's documents.
    pub language: Option<LanguageTag>,
    /// Number in the country's register of companies, without separators.
    pub enterprise_number: Option<EnterpriseNumber>,
    /// BIC.
    pub bic: Option<Bic>,
    /// Name of the person to speak to.
    pub contact_name: Option<Name>,
    /// Language of the person to speak to.
    pub contact_language: Option<LanguageTag>,
    /// Addresses that get copies of documents.
    #[validate(length(max = 20, message = "expected at most 20 addresses"))]
    #[schema(max_items = 20)]
    pub recipient_emails: Option<Vec<Email>>,
}

/// Changes of a customer. Fields that are left out stay as they are; null clears a field. The kind stays.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"last_name": "de Vries-Jansen", "phone": null}))]
pub struct CustomerPatch {
    /// First name of a person.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub first_name: Option<Name>,
    /// Last name of a person.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub last_name: Option<Name>,
    /// Name of a company.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub company_name: Option<Name>,
    /// The tenant's own number of this customer; unique in the tenant.
    #[serde(default)]
    #[schema(value_type = Option<CustomerNumber>)]
    pub customer_number: Patch<CustomerNumber>,
    /// E-mail address.
    #[serde(default)]
    #[schema(value_type = Option<Email>)]
    pub email: Patch<Email>,
    /// Whether nothing is ever mailed to the address. Left out while the address changes: as for a new customer.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub email_is_fictional: Option<bool>,
    /// Telephone number.
    #[serde(default)]
    #[schema(value_type = Option<Phone>)]
    pub phone: Patch<Phone>,
    /// Street and house number.
    #[serde(default)]
    #[schema(value_type = Option<AddressLine>)]
    pub street: Patch<AddressLine>,
    /// Postcode.
    #[serde(default)]
    #[schema(value_type = Option<Postcode>)]
    pub postcode: Patch<Postcode>,
    /// City.
    #[serde(default)]
    #[schema(value_type = Option<AddressLine>)]
    pub city: Patch<AddressLine>,
    /// Country, ISO 3166-1.
    #[serde(default)]
    #[schema(value_type = Option<Country>)]
    pub country: Patch<Country>,
    /// VAT number.
    #[serde(default)]
    #[schema(value_type = Option<VatNumber>)]
    pub vat_number: Patch<VatNumber>,
    /// IBAN without blanks; its check digits must be right.
    #[serde(default)]
    #[schema(value_type = Option<Iban>)]
    pub iban: Patch<Iban>,
    /// The language of the customer's documents.
    #[serde(default)]
    #[schema(value_type = Option<LanguageTag>)]
    pub language: Patch<LanguageTag>,
    /// Number in the country's register of companies, without separators.
    #[serde(default)]
    #[schema(value_type = Option<EnterpriseNumber>)]
    pub enterprise_number: Patch<EnterpriseNumber>,
    /// BIC.
    #[serde(default)]
    #[schema(value_type = Option<Bic>)]
    pub bic: Patch<Bic>,
    /// Name of the person to speak to.
    #[serde(default)]
    #[schema(value_type = Option<Name>)]
    pub contact_name: Patch<Name>,
    /// Language of the person to speak to.
    #[serde(default)]
    #[schema(value_type = Option<LanguageTag>)]
    pub contact_language: Patch<LanguageTag>,
    /// Addresses that get copies of documents, in the place of those before.
    #[serde(default, deserialize_with = "not_null")]
    #[validate(length(max = 20, message = "expected at most 20 addresses"))]
    #[schema(nullable = false, max_items = 20)]
    pub recipient_emails: Option<Vec<Email>>,
}

/// How the contract spells [`NewCustomer`]: a struct of its own, because which names go with which kind is a choice that
/// the derived schema cannot express.
pub struct NewCustomerDocument;

impl utoipa::PartialSchema for NewCustomerDocument {
    fn schema() -> utoipa::openapi::RefOr<Schema> {
        let kind = |kind: CustomerKind, names: [&str; 2], others: [&str; 2]| {
            let only = ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some([kind.as_str()]));
            let null = || ObjectBuilder::new().schema_type(Type::Null);
            let text = || ObjectBuilder::new().schema_type(Type::String);
            let object = ObjectBuilder::new()
                .title(Some(kind.as_str()))
                .property("kind", only)
                .required("kind");
            let object = names
                .into_iter()
                .filter(|name| !name.is_empty())
                .fold(object, |object, name| object.property(name, text()).required(name));
            others
                .into_iter()
                .filter(|name| !name.is_empty())
                .fold(object, |object, name| object.property(name, null()))
        };
        AllOfBuilder::new()
            .item(<NewCustomer as utoipa::PartialSchema>::schema())
            .item(
                OneOfBuilder::new()
                    .item(kind(CustomerKind::Person, ["first_name", "last_name"], ["company_name", ""]))
                    .item(kind(CustomerKind::Company, ["company_name", ""], ["first_name", "last_name"])),
            )
            .examples([
                serde_json::json!({"kind": "person", "first_name": "Vera", "last_name": "de Vries", "email": "vera@example.com"}),
                serde_json::json!({"kind": "company", "company_name": "Brouwerij De Halve Maan", "customer_number": "D-1042",
                    "street": "Dorpsstraat 1", "postcode": "1234 AB", "city": "Ons Dorp", "country": "NL",
                    "iban": "NL91ABNA0417164300", "language": "nl"}),
            ])
            .into()
    }
}

impl ToSchema for NewCustomerDocument {
    fn name() -> std::borrow::Cow<'static, str> {
        "NewCustomer".into()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<Schema>)>) {
        <NewCustomer as ToSchema>::schemas(schemas);
    }
}
