//! An import as it stands in the database, and as it is answered.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::Field;
use super::sheet::FileFormat;
use crate::clock::Timestamp;
use crate::db::schema::{import_findings, import_mappings, imports};
use crate::id::Id;
use crate::text_enum;

text_enum! {
    /// What an import makes.
    pub enum ImportKind {
        /// Customers: made, or changed when they are known.
        Customers => "customers",
        /// Accounts, and their customers where there are none yet.
        Accounts => "accounts",
        /// Sales of the past, from a till's list of transactions.
        SalesHistory => "sales_history",
    }
}

text_enum! {
    /// How far an import is.
    pub enum ImportStatus {
        /// The file is here and has a mapping; its rows are not judged yet, or not since the mapping changed.
        Uploaded => "uploaded",
        /// Its job is judging the rows.
        Validating => "validating",
        /// Every row is right: it can be committed.
        Valid => "valid",
        /// Some rows are wrong; the findings name them.
        Invalid => "invalid",
        /// Its job is making what the rows ask for.
        Committing => "committing",
        /// All is made.
        Committed => "committed",
    }
}

text_enum! {
    /// How much a finding matters.
    pub enum Severity {
        /// Nothing is imported before it is put right.
        Error => "error",
        /// Worth a look; it does not hold the import up.
        Warning => "warning",
    }
}

text_enum! {
    /// By what a row finds the customer that it changes.
    pub enum UpdateKey {
        /// The tenant's own number.
        CustomerNumber => "customer_number",
        /// The VAT number.
        VatNumber => "vat_number",
        /// The number in the country's register of companies.
        EnterpriseNumber => "enterprise_number",
        /// The e-mail address of the contact person.
        ContactEmail => "contact_email",
    }
}

/// Which column fills which field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"column": "A", "heading": "Naam van de klant", "field": "name"}))]
pub struct MappedColumn {
    /// Its letters.
    pub column: String,
    /// What stands at its top.
    pub heading: String,
    /// What it fills; null when it is left out.
    #[schema(required)]
    pub field: Option<Field>,
}

/// Which columns fill which fields, and what may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mapping {
    /// Every column that has a heading.
    pub columns: Vec<MappedColumn>,
    /// Fields that need neither a column nor a value in every row, because somebody said so.
    pub optional_fields: Vec<Field>,
    /// By what a row finds the customer that it changes; null when every row makes a new one.
    #[schema(required)]
    pub update_by: Option<UpdateKey>,
}

impl Mapping {
    /// The column (from 0) that fills a field.
    #[must_use]
    pub fn column_of(&self, field: Field) -> Option<usize> {
        let column = self.columns.iter().find(|column| column.field == Some(field))?;
        super::mapping::column_index(&column.column)
    }
}

/// An import in the database.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = imports, treat_none_as_default_value = false)]
pub struct ImportRow {
    pub tenant_id: Id,
    pub id: Id,
    pub kind: ImportKind,
    pub status: ImportStatus,
    pub file_name: String,
    pub file_hash: String,
    pub file_bytes: i64,
    pub file_format: FileFormat,
    pub sheet: String,
    pub header_row: i64,
    pub header_signature: String,
    pub headings: String,
    pub mapping: String,
    pub preview: String,
    pub attempt: i64,
    pub row_count: i64,
    pub error_count: i64,
    pub warning_count: i64,
    pub created_count: i64,
    pub updated_count: i64,
    pub unchanged_count: i64,
    pub job_id: Option<Id>,
    pub actor_name: String,
    pub created_at: Timestamp,
    pub committed_at: Option<Timestamp>,
    pub left_out_count: i64,
}

impl ImportRow {
    /// Whether nothing of it changes any more.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        matches!(self.status, ImportStatus::Committing | ImportStatus::Committed)
    }

    /// Whether its rows are judged, and right.
    #[must_use]
    pub fn is_judged_right(&self) -> bool {
        self.is_committed() || self.status == ImportStatus::Valid
    }
}

/// A row of the preview, as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"row": 2, "cells": ["Brouwerij De Halve Maan", "Dorpsstraat 1"]}))]
pub struct PreviewRow {
    /// Its number in the sheet.
    pub row: u32,
    /// What its cells show, from column A on.
    pub cells: Vec<String>,
}

/// A spreadsheet on its way to customers, accounts or sales.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Import {
    pub id: Id,
    pub kind: ImportKind,
    pub status: ImportStatus,
    /// How its maker called the file.
    #[schema(example = "klanten.xlsx")]
    pub file_name: String,
    pub file_format: FileFormat,
    /// The sheet that is read; empty for a text file.
    #[schema(example = "Klanten")]
    pub sheet: String,
    /// In which row the headings stand.
    #[schema(minimum = 1, example = 1)]
    pub header_row: i64,
    pub mapping: Mapping,
    /// The headings of columns that fill nothing.
    #[schema(example = json!(["Opmerkingen"]))]
    pub unmapped: Vec<String>,
    /// The fields that are needed and that no column fills.
    #[schema(example = json!(["iban"]))]
    pub missing: Vec<Field>,
    /// The first rows below the headings.
    pub preview: Vec<PreviewRow>,
    /// An earlier import of the same kind from the very same file.
    #[schema(required)]
    pub same_file_as: Option<Id>,
    /// Rows with anything in them, as far as they were judged.
    #[schema(minimum = 0, example = 250)]
    pub row_count: i64,
    #[schema(minimum = 0, example = 2)]
    pub error_count: i64,
    #[schema(minimum = 0, example = 1)]
    pub warning_count: i64,
    /// Customers, accounts or sales that are made, or will be when nothing changes before the commit. Rows with an error count
    /// nowhere.
    #[schema(minimum = 0, example = 240)]
    pub created_count: i64,
    /// Customers that are changed.
    #[schema(minimum = 0, example = 8)]
    pub updated_count: i64,
    /// Accounts or sales that were made by an earlier import of the same rows.
    #[schema(minimum = 0, example = 0)]
    pub unchanged_count: i64,
    /// Rows of payment types that are not on account.
    #[schema(minimum = 0, example = 0)]
    pub left_out_count: i64,
    /// The job that judges or commits it, or has: `GET /v1/imports/{id}/job`.
    #[schema(required)]
    pub job_id: Option<Id>,
    /// Who sent the file.
    #[schema(example = "Vera de Vries")]
    pub created_by: String,
    pub created_at: Timestamp,
    #[schema(required)]
    pub committed_at: Option<Timestamp>,
}

/// Something wrong or doubtful, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_findings)]
pub struct FindingRow {
    pub tenant_id: Id,
    pub import_id: Id,
    pub attempt: i64,
    /// 0: the file as a whole.
    pub row_no: i64,
    /// From 0; -1: the row as a whole.
    pub column_no: i32,
    pub code: String,
    pub severity: Severity,
    /// Empty: no field in particular.
    pub field: String,
    pub found: String,
    /// What the words of the code need: choices, another row, a name.
    pub detail: String,
}

/// Something wrong or doubtful in a row.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"severity": "error", "sheet": "Klanten", "row": 7, "column": "E", "cell": "E7", "field": "country",
    "found": "Kongo", "code": "ambiguous_country", "message": "Several countries are called so. Write one of: CD, CG."}))]
pub struct Finding {
    pub severity: Severity,
    /// The name of the sheet.
    pub sheet: String,
    /// The number of the row; null for the file as a whole.
    #[schema(required)]
    pub row: Option<i64>,
    /// The letters of the column; null for the row as a whole.
    #[schema(required)]
    pub column: Option<String>,
    /// The cell's address.
    #[schema(required)]
    pub cell: Option<String>,
    /// The field that the column fills.
    #[schema(required)]
    pub field: Option<String>,
    /// What stands in the cell.
    pub found: String,
    /// A stable code.
    pub code: String,
    /// What is wrong and what to do, in the language that was asked for.
    pub message: String,
}

/// A mapping that somebody saved.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_mappings)]
pub struct SavedMappingRow {
    pub tenant_id: Id,
    pub id: Id,
    pub kind: ImportKind,
    pub name: String,
    pub header_signature: String,
    pub headings: String,
    pub mapping: String,
    pub created_at: Timestamp,
}

/// A mapping that is applied by itself to files with the same headings.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SavedMapping {
    pub id: Id,
    pub kind: ImportKind,
    #[schema(example = "Ledenlijst")]
    pub name: String,
    pub mapping: Mapping,
    pub created_at: Timestamp,
}

/// What became of a row.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({"row": 2, "outcome": "created", "name": "Brouwerij De Halve Maan",
    "customer_id": "01938f5e-3c00-7000-8000-000000000001", "account_id": null, "account_number": null, "mutation_id": null}))]
pub struct ImportResult {
    /// The number of the row in the sheet.
    pub row: i64,
    /// `created`, `updated`, `unchanged`: made by an earlier import; or `left_out`: not on account.
    #[schema(example = "created")]
    pub outcome: String,
    /// Of the customer, or of the product that was sold.
    pub name: String,
    /// The customer; null but of an import of customers.
    #[schema(required)]
    pub customer_id: Option<Id>,
    /// The account; of an import of customers, and of a row that is left out, null.
    #[schema(required)]
    pub account_id: Option<Id>,
    #[schema(required)]
    pub account_number: Option<String>,
    /// The sale or refund; null but of an import of sales.
    #[schema(required)]
    pub mutation_id: Option<Id>,
}
