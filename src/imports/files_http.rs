//! The files around an import: the marked table and the templates.

use actix_web::http::header::HeaderValue;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::messages::Words;
use super::model::ImportKind;
use super::{marked, read, store, template};
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::db::on_blocking_thread;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::table::XlsxFile;
use crate::http::{ValidQuery, headers, preferred_language};
use crate::id::Id;
use crate::text_enum;

/// Read an import's marked table
///
/// The table back: wrong cells red, doubtful ones yellow, with a comment on each that says what is wrong, in the language of
/// `Accept-Language` or else the tenant's. Put right what is marked, and
/// send the file again. An XLSX of up to 5 MB comes back as it is (`Onaccount-Workbook: original`): only formulas of the sheet have become
/// their values. Anything else, and an XLSX whose sheet has comments already, comes as a new workbook with the same values in the same
/// places (`Onaccount-Workbook: new`): formats, widths, merged cells, charts, macros and other sheets are lost.
#[utoipa::path(tag = "imports", params(
    ("id" = Id, Path, description = "The import"),
    ("Accept-Language" = Option<String>, Header, description = "The language of what is said: nl, en, fr or de. The tenant's when there is none of these",
        example = "nl-BE, fr;q=0.8"),
), responses(
    (status = 200, description = "The marked table", content(
        (XlsxFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")), headers(
        ("Onaccount-Workbook" = String, description = "`original`, or `new`: what may be lost"))),
))]
#[get("/imports/{id}/marked-workbook")]
pub async fn get_marked_workbook(
    actor: Allowed<can::ImportsRun>,
    id: web::Path<Id>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, id, state) = (actor.tenant()?.id, id.into_inner(), app.clone());
    let asked_words = preferred_language(request.headers(), Words::of_code);
    let marked = on_blocking_thread(move || {
        let (import, words) = state.db.read_blocking(|connection| {
            let import = store::find_import(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
            Ok((import, read::words(connection, tenant_id, asked_words)?))
        })?;
        marked::write(&state.db, &state.sheets, &import, words)
    })
    .await?;
    let workbook = if marked.is_original { "original" } else { "new" };
    let mut response = marked.download.respond()?;
    let value = HeaderValue::from_static(workbook);
    response.headers_mut().insert(headers::ONACCOUNT_WORKBOOK, value);
    Ok(response)
}

text_enum! {
    /// A language of templates.
    pub enum TemplateLanguage {
        /// English.
        En => "en",
        /// Dutch.
        Nl => "nl",
        /// French.
        Fr => "fr",
        /// German.
        De => "de",
    }
}

/// Which template.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// The language of its headings; the tenant's when left out.
    #[param(inline, nullable = false)]
    pub language: Option<TemplateLanguage>,
}

/// Read a template
///
/// An empty spreadsheet for an import: headings, an example row to be overwritten, notes, and drop-downs.
#[utoipa::path(tag = "imports", params(
    ("import_kind" = ImportKind, Path, description = "What the rows are"), TemplateQuery,
), responses(
    (status = 200, description = "The template", content(
        (XlsxFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
))]
#[get("/import-templates/{import_kind}.xlsx")]
pub async fn get_import_template(
    actor: Allowed<can::ImportsRun>,
    kind: web::Path<ImportKind>,
    query: ValidQuery<TemplateQuery>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, kind) = (actor.tenant()?.id, kind.into_inner());
    let words = match query.0.language {
        Some(TemplateLanguage::En) => Words::En,
        Some(TemplateLanguage::Nl) => Words::Nl,
        Some(TemplateLanguage::Fr) => Words::Fr,
        Some(TemplateLanguage::De) => Words::De,
        None => {
            let find = move |connection: &mut _| Ok(store::find_locale(connection, tenant_id)?);
            Words::of_locale(&app.db.read(find).await?)
        }
    };
    template::write(kind, words)?.respond()
}
