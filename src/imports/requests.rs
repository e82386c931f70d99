//! What changes an import's mapping, and the lists' queries, as they come over the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::fields::{Field, fields_of};
use super::mapping::column_index;
use super::model::{ImportKind, MappedColumn, Mapping, Severity, UpdateKey};
use crate::error::{ApiError, ApiResult};
use crate::http::{Cursor, PageLimit, Patch, not_null};
use crate::text::Name;

/// What a column fills.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"column": "A", "field": "name"}))]
pub struct ColumnChoice {
    /// Its letters.
    #[schema(pattern = "^[A-Z]{1,3}$", min_length = 1, max_length = 3)]
    pub column: String,
    /// What it fills; null, or left out, when it fills nothing.
    pub field: Option<Field>,
}

/// A mapping made by hand.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"columns": [{"column": "A", "field": "name"}, {"column": "C", "field": "country"}],
    "optional_fields": ["iban", "vat_number"], "update_by": "customer_number", "save_mapping": "Ledenlijst"}))]
pub struct NewMapping {
    /// What columns fill; those that are not named fill nothing.
    #[validate(length(max = 256, message = "expected at most 256 columns"))]
    #[schema(max_items = 256)]
    pub columns: Vec<ColumnChoice>,
    /// Fields that need neither a column nor a value in every row.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub optional_fields: Vec<Field>,
    /// By what a row finds the customer that it changes; null: every row makes a new one. Left out: the customer number, where a
    /// column fills it.
    #[serde(default)]
    #[schema(value_type = Option<UpdateKey>)]
    pub update_by: Patch<UpdateKey>,
    /// Keeps the mapping under this name for files with the same headings.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub save_mapping: Option<Name>,
}

impl NewMapping {
    /// The mapping of a file with these headings.
    ///
    /// # Errors
    /// 422 for a column without heading, a field of another kind of import, or one that two columns fill.
    pub fn mapping(&self, kind: ImportKind, headings: &[String]) -> ApiResult<Mapping> {
        let mut mapping = super::mapping::propose(kind, headings);
        for column in &mut mapping.columns {
            column.field = None;
        }
        for (place, choice) in self.columns.iter().enumerate() {
            let refuse = |name: &str, code: &'static str, detail: String| {
                ApiError::field(format!("/columns/{place}/{name}"), code, detail)
            };
            let index = column_index(&choice.column);
            if let Some(field) = choice.field {
                if !fields_of(kind).contains(&field) {
                    return Err(refuse(
                        "field",
                        "field_of_other_kind",
                        format!("an import of {kind} has no {field}"),
                    ));
                }
                if mapping.columns.iter().any(|column| column.field == Some(field)) {
                    return Err(refuse(
                        "field",
                        "field_filled_twice",
                        format!("another column fills {field}"),
                    ));
                }
            }
            let known = |column: &&mut MappedColumn| column_index(&column.column) == index;
            let column = mapping.columns.iter_mut().find(known);
            let missing = || {
                refuse(
                    "column",
                    "column_without_heading",
                    "no heading stands in this column".to_owned(),
                )
            };
            column.ok_or_else(missing)?.field = choice.field;
        }
        mapping.optional_fields.clone_from(&self.optional_fields);
        mapping.optional_fields.sort_unstable();
        mapping.optional_fields.dedup();
        let number = mapping.column_of(Field::CustomerNumber);
        mapping.update_by = self.update_by.apply(number.map(|_| UpdateKey::CustomerNumber));
        Ok(mapping)
    }
}

/// Another name for a saved mapping.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Ledenlijst 2027"}))]
pub struct SavedMappingPatch {
    pub name: Name,
}

/// Which imports.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Only imports of this kind.
    #[param(inline, nullable = false)]
    pub kind: Option<ImportKind>,
    /// How many items a page has; 50 when left out.
    #[param(inline, nullable = false)]
    pub limit: Option<PageLimit>,
    /// Where the page before ended.
    #[param(inline, nullable = false)]
    pub cursor: Option<Cursor>,
}

/// Which findings.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FindingQuery {
    /// Only errors, or only warnings.
    #[param(inline, nullable = false)]
    pub severity: Option<Severity>,
    /// How many items a page has; 50 when left out.
    #[param(inline, nullable = false)]
    pub limit: Option<PageLimit>,
    /// Where the page before ended.
    #[param(inline, nullable = false)]
    pub cursor: Option<Cursor>,
}
