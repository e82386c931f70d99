//! `/v1/invoices`.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::model::{Invoice, InvoiceKind, InvoiceLine, InvoiceStatus, InvoiceSummary};
use super::reversal::{Order, reverse_invoices};
use super::{export, read, store};
use crate::app::AppState;
use crate::auth::{Actor, Allowed, TenantContext, can};
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::table::{CsvFile, CsvOptions, XlsxFile};
use crate::http::{Cursor, IdempotencyKey, Page, PageLimit, PageRequest, TableFormat, TableQuery, headers};
use crate::id::Id;
use crate::invoice_runs::dates;
use crate::ledger::{Author, TenantRules};
use crate::period::BusinessDate;
use crate::request_keys::{self, KeyRow, RequestKey};
use crate::text::LINE_PATTERN;
use crate::text_type;

text_type!(
    /// The number of an invoice: its series' prefix, year and value.
    InvoiceNumber, pattern: LINE_PATTERN, length: 1..=40, example: "2026-00017",
    expected: "expected 1 to 40 characters on one line, without blanks at either end"
);

/// Which invoices to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InvoiceFilter {
    /// Only of this account.
    account_id: Option<Id>,
    /// Only those that this customer pays.
    payer_id: Option<Id>,
    /// Only of this run, what takes its invoices back included.
    run_id: Option<Id>,
    kind: Option<InvoiceKind>,
    status: Option<InvoiceStatus>,
    /// The invoice with this number.
    #[param(inline)]
    number: Option<InvoiceNumber>,
    /// Only with this invoice date or a later one.
    from: Option<BusinessDate>,
    /// Only with this invoice date or an earlier one.
    to: Option<BusinessDate>,
    /// Of JSON: how many invoices a page has. A file holds all of them.
    limit: Option<PageLimit>,
    /// Of JSON: where the last page ended.
    cursor: Option<Cursor>,
}

/// List invoices
///
/// Invoices and credit notes, the newest number first: pages of JSON, or all of them as CSV or XLSX. Totals add up over all of them; or over those that stand
/// (`status=standing`) without what takes back another one, which has a `reverses_id`: it stands, but what it undoes does not.
#[utoipa::path(tag = "invoicing", params(InvoiceFilter, CsvOptions), responses(
    (status = 200, description = "A page of invoices, or a file with all of them", content(
        (Page<InvoiceSummary> = "application/json"),
        (CsvFile = "text/csv", example = "number,invoice_date,kind,status,payer_name,account_number,from,to,total\r\n\
            2026-00017,2026-11-01,invoice,standing,Hockeyclub De Linde,71900001,2026-10-01,2026-10-31,121.00\r\n"),
        (XlsxFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ), headers(("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/invoices")]
pub async fn list_invoices(
    actor: Allowed<can::InvoicingRun>,
    query: TableQuery<InvoiceFilter>,
    format: TableFormat,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency) = (actor.tenant()?.id, actor.tenant()?.currency);
    let TableQuery(asked, options) = query;
    let filter = store::Filter {
        account_id: asked.account_id,
        payer_id: asked.payer_id,
        run_id: asked.run_id,
        kind: asked.kind,
        status: asked.status,
        number: asked.number.map(InvoiceNumber::into_string),
        from: asked.from.map(BusinessDate::date),
        to: asked.to.map(BusinessDate::date),
    };
    if format != TableFormat::Json {
        let form = (format, options);
        let file = move |connection: &mut _| export::write_invoices(connection, tenant_id, &filter, currency, form);
        return app.read_much(file).await?.respond();
    }
    let page: PageRequest<(i32, i64)> =
        app.cursors
            .page(tenant_id, "invoices", &filter, asked.limit, asked.cursor.as_ref())?;
    let (after, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| Ok(store::list_invoices(connection, tenant_id, &filter, after, rows_max)?))
        .await?;
    let page = page.page(rows, |row| (row.series_year, row.series_value))?;
    Ok(page.map(|row| InvoiceSummary::new(&row, currency)).respond(&request))
}

/// Get an invoice
///
/// With its lines, totals per category, VAT per rate, who pays and who issues it as they were then, and what it covers.
#[utoipa::path(tag = "invoicing", params(("id" = Id, Path, description = "The invoice")), responses(
    (status = 200, description = "The invoice", body = Invoice),
))]
#[get("/invoices/{id}")]
pub async fn get_invoice(
    actor: Allowed<can::InvoicingRun>,
    id: web::Path<Id>,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency) = (actor.tenant()?.id, actor.tenant()?.currency);
    let id = id.into_inner();
    let invoice = app
        .db
        .read(move |connection| get_whole(connection, tenant_id, currency, id))
        .await?;
    Ok(HttpResponse::Ok().json(invoice))
}

fn get_whole(
    connection: &mut DbConnection,
    tenant_id: Id,
    currency: crate::money::Currency,
    id: Id,
) -> ApiResult<Invoice> {
    read::find_whole(connection, tenant_id, currency, id)?.ok_or_else(|| ApiError::new(Code::NotFound))
}

/// Which lines to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LinePage {
    /// Of JSON: how many lines a page has. A file holds all of them.
    limit: Option<PageLimit>,
    /// Of JSON: where the last page ended.
    cursor: Option<Cursor>,
}

/// List the lines of an invoice
///
/// The same lines as in the invoice itself: pages of JSON, or all of them as CSV or XLSX.
#[utoipa::path(tag = "invoicing", params(("id" = Id, Path, description = "The invoice"), LinePage, CsvOptions), responses(
    (status = 200, description = "A page of lines, or a file with all of them", content(
        (Page<InvoiceLine> = "application/json"),
        (CsvFile = "text/csv", example = "line_no,business_date,product_code,product_name,category,quantity,amount,vat_rate\r\n\
            1,2026-10-03,beer-05,Beer 0.5 l,drinks,2,9.00,21.00\r\n"),
        (XlsxFile = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ), headers(("Link" = String, description = "`rel=\"next\"`: the next page, when there is one"))),
))]
#[get("/invoices/{id}/lines")]
pub async fn list_invoice_lines(
    actor: Allowed<can::InvoicingRun>,
    id: web::Path<Id>,
    query: TableQuery<LinePage>,
    format: TableFormat,
    request: HttpRequest,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let (tenant_id, currency) = (actor.tenant()?.id, actor.tenant()?.currency);
    let (id, TableQuery(asked, options)) = (id.into_inner(), query);
    if format != TableFormat::Json {
        let form = (format, options);
        let file = move |connection: &mut _| export::write_lines(connection, tenant_id, id, currency, form);
        return app.read_much(file).await?.respond();
    }
    let page: PageRequest<i32> =
        app.cursors
            .page(tenant_id, "invoice_lines", &id, asked.limit, asked.cursor.as_ref())?;
    let (after, rows_max) = (page.after, page.rows_max());
    let rows = app
        .db
        .read(move |connection| {
            store::find_invoice(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
            Ok(store::list_lines(connection, tenant_id, id, after, rows_max)?)
        })
        .await?;
    let page = page.page(rows, |line| line.line_no)?;
    let items = page
        .items
        .into_iter()
        .map(|line| read::line_of(line, currency))
        .collect::<ApiResult<_>>()?;
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
    }
    .respond(&request))
}

/// Reverse an invoice
///
/// Takes an invoice or a credit note back: posts the opposite of its reset, makes a credit note of an invoice and an invoice of a
/// credit note, with its own number and today's date (that of the year's last invoice, should that be later), and frees its mutations
/// for a next run. The key is the id of what is made.
#[utoipa::path(tag = "invoicing",
    params(
        ("id" = Id, Path, description = "The invoice or credit note"),
        ("Idempotency-Key" = Id, Header, description = "The id of what takes it back"),
    ),
    responses(
        (status = 201, description = "The credit note that takes the invoice back, or the invoice that takes the credit note back", body = Invoice,
            headers(("Location" = String, description = "The path of what takes it back"))),
        (status = 409, description = "`already_reversed`, `refunds_invoiced`, `limit_would_be_negative`, `not_reversible`, \
            `run_not_completed`, `in_progress`"),
        (status = 422, description = "`idempotency_key_reused`"),
    ))]
#[post("/invoices/{id}/reversal")]
pub async fn reverse_invoice(
    actor: Allowed<can::InvoicingRun>,
    id: web::Path<Id>,
    key: IdempotencyKey,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let tenant = actor.tenant()?.clone();
    let id = id.into_inner();
    let request = RequestKey::try_new(key, "reverse_invoice", &id, &())?;
    let guard = app.in_flight.enter(tenant.id, request.key).await?;
    let (who, clock) = (actor.actor().clone(), app.clock.clone());
    let (note, is_replayed) = app
        .db
        .write(move |connection| {
            let _held = &guard;
            let is_replayed = request_keys::find(connection, tenant.id, &request)?.is_some();
            if !is_replayed {
                reverse_one(connection, &clock, &tenant, &who, &request, id)?;
            }
            Ok((
                get_whole(connection, tenant.id, tenant.currency, request.key)?,
                is_replayed,
            ))
        })
        .await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/v1/invoices/{}", note.summary.id)));
    if is_replayed {
        response.insert_header((headers::IDEMPOTENT_REPLAYED, "true"));
    }
    Ok(response.json(note))
}

fn reverse_one(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant: &TenantContext,
    actor: &Actor,
    request: &RequestKey,
    id: Id,
) -> ApiResult<()> {
    let now = clock.now();
    let key = KeyRow::posted(tenant.id, request, "invoice", actor.id, now);
    request_keys::insert(connection, &key)?;
    store::find_invoice(connection, tenant.id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
    if store::find_invoice(connection, tenant.id, request.key)?.is_some() {
        let detail = "an invoice has this id, which no request made: make a new key";
        return Err(ApiError::new(Code::IdempotencyKeyReused).detail(detail));
    }
    let order = Order {
        tenant_id: tenant.id,
        rules: Arc::new(TenantRules::from(tenant)),
        author: Author::from(actor),
        asked_on: tenant.today(now),
        number_prefix: store::get_issuer(connection, tenant.id)?.1,
    };
    dates::check_at_once(connection, tenant, order.asked_on)?;
    let blocked = reverse_invoices(connection, clock, &order, &[(id, request.key)])?;
    match blocked.into_iter().next() {
        Some(blocked) => Err(blocked.obstacle.into_error()),
        None => Ok(()),
    }
}
