//! What the contract says about files.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A CSV in the contract.
pub struct CsvFile;

impl PartialSchema for CsvFile {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "RFC 4180, UTF-8. Its columns are named as the fields are in JSON.",
            ))
            .into()
    }
}

impl ToSchema for CsvFile {}

/// A workbook in the contract.
pub struct XlsxFile;

impl PartialSchema for XlsxFile {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("A workbook with typed cells, totals and widths."))
            .into()
    }
}

impl ToSchema for XlsxFile {}
