//! `/v1/me/accounts` and `/v1/me/documents`.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, get, web};

use super::model::OwnAccount;
use super::store;
use crate::app::AppState;
use crate::auth::{Actor, Allowed, TenantContext, can};
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::table::{CsvFile, CsvOptions, XlsxFile};
use crate::http::{Page, PageQuery, PageRequest, TableFormat, TableQuery, ValidQuery, period_of};
use crate::id::Id;
use crate::invoices::model::{Invoice, InvoiceRow, InvoiceSummary};
use crate::invoices::read::find_whole;
use crate::statements::{Scope, Statement, StatementQuery, write_statement};

/// List one's own accounts
///
/// The accounts that a customer is linked to, by number, with what can be spent and what is owed.
#[utoipa::path(tag = "own", params(PageQuery), responses(
    (status = 200, description = "A page of accounts", body = Page<OwnAccount>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/me/accounts")]
pub async fn list_own_accounts(
    actor: Allowed<can::OwnRead>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency) = (actor.tenant()?.id, actor.tenant()?.currency);
    let who = Arc::clone(actor.actor());
    let page = app.cursors.page::<String>(
        tenant_id,
        "own-accounts",
        &who.id,
        query.0.limit,
        query.0.cursor.as_ref(),
    )?;
    let (after, rows_max) = (page.after.clone(), page.rows_max());
    let rows = app
        .db
        .read(move |connection| {
            let customers = store::customers_of(connection, &who)?;
            let rows = store::list_accounts(connection, tenant_id, &customers, after.clone(), rows_max)?;
            Ok(rows)
        })
        .await?;
    let page = page.page(rows, |row| row.number.clone())?;
    Ok(page.map(|row| OwnAccount::new(row, currency)).respond(&request))
}

/// Read a statement of one's own account
///
/// What happened on the account between two business dates, as in `GET /v1/accounts/{id}/statement`.
#[utoipa::path(
    tag = "own",
    params(("id" = Id, Path, description = "The account"), StatementQuery, CsvOptions),
    responses(
        (status = 200, description = "The statement", content(
            (Statement = "application/json"),
            (CsvFile = "text/csv", example = "section,figure,value,amount\r\nsummary,sales_total,,7.60\r\n"),
            (XlsxFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = 422, description = "`validation_failed`: the period is turned round or longer than 1830 days; `amount_overflow`"),
    )
)]
#[get("/me/accounts/{id}/statement")]
pub async fn get_own_statement(
    actor: Allowed<can::OwnRead>,
    account_id: web::Path<Id>,
    query: TableQuery<StatementQuery>,
    format: TableFormat,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let TableQuery(query, options) = query;
    let (tenant, who) = (actor.tenant()?, Arc::clone(actor.actor()));
    let scope = Scope {
        tenant_id: tenant.id,
        account_id: account_id.into_inner(),
        currency: tenant.currency,
        period: period_of(query.from.date(), query.to.date())?,
        invoiced: query.invoiced,
    };
    let download = app
        .read_much(move |connection| {
            let customers = store::customers_of(connection, &who)?;
            if !store::holds(connection, scope.tenant_id, &customers, scope.account_id)? {
                return Err(ApiError::new(Code::NotFound));
            }
            write_statement(connection, &scope, format, options)
        })
        .await?;
    download.respond()
}

/// List one's own documents
///
/// The invoices and credit notes that a customer pays, the newest number first.
#[utoipa::path(tag = "own", params(PageQuery), responses(
    (status = 200, description = "A page of invoices", body = Page<InvoiceSummary>, headers(
        ("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/me/documents")]
pub async fn list_own_documents(
    actor: Allowed<can::OwnRead>,
    query: ValidQuery<PageQuery>,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant, who) = (actor.tenant()?.clone(), Arc::clone(actor.actor()));
    let asker = who.id;
    let customers = move |connection: &mut DbConnection| store::customers_of(connection, &who);
    list_documents(&app, &tenant, asker, customers, query.0, &request).await
}

/// A page of what some customers pay.
pub(super) async fn list_documents(
    app: &AppState,
    tenant: &TenantContext,
    asker: Id,
    mut customers: impl FnMut(&mut DbConnection) -> ApiResult<Vec<Id>> + Send + 'static,
    query: PageQuery,
    request: &HttpRequest,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency) = (tenant.id, tenant.currency);
    let page: PageRequest<(i32, i64)> =
        app.cursors
            .page(tenant_id, "own-documents", &asker, query.limit, query.cursor.as_ref())?;
    let (after, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| {
            let customers = customers(connection)?;
            Ok(store::list_documents(
                connection, tenant_id, &customers, after, rows_max,
            )?)
        })
        .await?;
    let page = page.page(rows, |row: &InvoiceRow| (row.series_year, row.series_value))?;
    Ok(page.map(|row| InvoiceSummary::new(&row, currency)).respond(request))
}

/// Read one's own document
///
/// An invoice or credit note with its lines, its totals, and the VAT of each rate.
#[utoipa::path(tag = "own", params(("id" = Id, Path, description = "The invoice")), responses(
    (status = 200, description = "The invoice", body = Invoice),
))]
#[get("/me/documents/{id}")]
pub async fn get_own_document(
    actor: Allowed<can::OwnRead>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (who, id) = (Arc::clone(actor.actor()), id.into_inner());
    let document = app
        .db
        .read(move |connection| own_document(connection, &who, id))
        .await?;
    Ok(HttpResponse::Ok().json(document))
}

fn own_document(connection: &mut DbConnection, actor: &Actor, id: Id) -> ApiResult<Invoice> {
    let tenant = actor.tenant()?;
    let customers = store::customers_of(connection, actor)?;
    let found = find_whole(connection, tenant.id, tenant.currency, id)?;
    let own = found.filter(|invoice| customers.contains(&invoice.summary.payer_id));
    own.ok_or_else(|| ApiError::new(Code::NotFound))
}
