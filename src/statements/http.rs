//! `/v1/accounts/{id}/statement`.

use actix_web::{HttpResponse, get, web};

use super::export;
use super::model::{Scope, Statement, StatementQuery};
use crate::app::AppState;
use crate::auth::{Allowed, can};
use crate::error::ApiResult;
use crate::http::table::{CsvFile, CsvOptions, XlsxFile};
use crate::http::{TableFormat, TableQuery, period_of};
use crate::id::Id;

/// Read a statement
///
/// What happened on an account between two business dates, both included: the balance before and after, what changed it,
/// and the unreversed sales, refunds and charges per day, per product, per VAT rate, and per day and product. The same
/// numbers as JSON, CSV (all tables in one file, told apart by `section`) or XLSX (a worksheet for each).
#[utoipa::path(
    tag = "statements",
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
#[get("/accounts/{id}/statement")]
pub async fn get_statement(
    actor: Allowed<can::StatementsRead>,
    account_id: web::Path<Id>,
    query: TableQuery<StatementQuery>,
    format: TableFormat,
    app: web::Data<AppState>,
) -> ApiResult<HttpResponse> {
    let TableQuery(query, options) = query;
    let tenant = actor.tenant()?;
    let scope = Scope {
        tenant_id: tenant.id,
        account_id: account_id.into_inner(),
        currency: tenant.currency,
        period: period_of(query.from.date(), query.to.date())?,
        invoiced: query.invoiced,
    };
    let download = app
        .read_much(move |connection| export::write(connection, &scope, format, options))
        .await?;
    download.respond()
}
