//! The application: its state, and the one list of routes that the server, the tests and the contract share.

use std::net::IpAddr;
use std::sync::Arc;

use actix_cors::Cors;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpRequest, HttpResponse, get, web};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi};

use crate::auth::{ActorCache, LinkTokens, Passwords, Throttle, Tokens, authenticate};
use crate::clock::Clock;
use crate::db::{Db, DbConnection};
use crate::error::{ApiError, ApiResult};
use crate::http::boundary::boundary;
use crate::http::{Contract, Cursors, check_method, method_not_allowed, openapi, path_config, problem_pages};
use crate::imports::sheet;
use crate::jobs::{Bell, LiveProgress};
use crate::ledger::PostingQueue;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::request_keys::InFlight;
use crate::{
    accounts, agreement, api_keys, customers, imports, invitations, invoice_runs, invoices, jobs, me, mutations,
};
use crate::{own, sales, sessions, sharing, statements, tenants, terminals, till, users};

/// Files and previews that are made at once; each holds a connection meanwhile.
const FILES_AT_ONCE_MAX: usize = 2;
/// More than this many waiting for their turn are turned away.
const FILES_WAITING_MAX: usize = 50;

/// What handlers share. Nothing in it is needed by another process that serves the same database.
pub struct AppState {
    /// The database.
    pub db: Db,
    /// The time, and fresh ids.
    pub clock: Clock,
    /// Access tokens.
    pub tokens: Tokens,
    /// The secrets of links in mails.
    pub link_tokens: LinkTokens,
    /// Password hashing, in its turn.
    pub passwords: Passwords,
    /// Slows down who guesses passwords.
    pub throttle: Throttle,
    /// Seals the cursors of lists.
    pub cursors: Cursors,
    /// Actors looked up a moment ago.
    pub actors: ActorCache,
    /// The requests under a key that this process is working on.
    pub in_flight: InFlight,
    /// What is counted.
    pub metrics: Metrics,
    /// What is on its way into the ledger.
    pub postings: PostingQueue,
    /// Where files and previews are made.
    files: Places,
    /// The contract, indexed.
    pub contract: Contract,
    /// Wakes the workers of jobs.
    pub job_bell: Bell,
    /// How far jobs of this process are whose transactions show nothing yet.
    pub live_progress: LiveProgress,
    /// Reads uploaded spreadsheets.
    pub sheets: sheet::Reader,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<String>,
    /// Invitations that a tenant may send within 24 hours.
    pub invitations_per_day: u32,
}

impl AppState {
    /// The state of one process; the writers of its ledger run from now on.
    ///
    /// # Errors
    /// Only when the machine has no randomness or no more threads.
    pub fn try_new(
        db: Db,
        clock: Clock,
        secret: &[u8],
        cors_origins: Vec<String>,
        trusted_proxies: Vec<IpAddr>,
        invitations_per_day: u32,
    ) -> ApiResult<Arc<Self>> {
        let metrics = Metrics::default();
        let postings = PostingQueue::start(&db, &clock, &metrics.postings).map_err(ApiError::internal)?;
        Ok(Arc::new(AppState {
            db,
            clock,
            tokens: Tokens::new(secret),
            link_tokens: LinkTokens::new(secret),
            passwords: Passwords::try_new()?,
            throttle: Throttle::new(secret, trusted_proxies),
            cursors: Cursors::new(secret),
            actors: ActorCache::default(),
            in_flight: InFlight::default(),
            metrics,
            postings,
            files: Places::new(FILES_AT_ONCE_MAX, FILES_WAITING_MAX, "too many files and previews wait"),
            contract: Contract::new(&contract()),
            job_bell: Bell::default(),
            live_progress: LiveProgress::default(),
            sheets: sheet::Reader::default(),
            cors_origins,
            invitations_per_day,
        }))
    }
}

impl AppState {
    /// [`Db::read`] for what reads much: files, statements, previews. A few at a time, so that the tills find connections.
    ///
    /// # Errors
    /// As [`Db::read`]; 503 when too many wait.
    pub async fn read_much<T, F>(&self, work: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut DbConnection) -> ApiResult<T> + Send + 'static,
    {
        let db = self.db.clone();
        self.files.in_turn(move || db.read_blocking(work)).await
    }
}

/// Every route of the API, in the order of the documentation.
fn routes(api: &mut ServiceConfig) {
    access_routes(api);
    api.service(agreement::http::get_agreement)
        .service(agreement::http::accept_agreement)
        .service(statements::http::get_statement)
        .service(invoice_runs::http::create_invoice_run)
        .service(invoice_runs::http::preview_invoice_run)
        .service(invoice_runs::http::list_invoice_runs)
        .service(invoice_runs::http::get_invoice_run)
        .service(invoice_runs::http::list_invoice_run_accounts)
        .service(invoice_runs::http::reverse_invoice_run)
        .service(invoices::http::list_invoices)
        .service(invoices::http::get_invoice)
        .service(invoices::http::list_invoice_lines)
        .service(invoices::http::reverse_invoice)
        .service(jobs::http::list_jobs)
        .service(jobs::http::get_job)
        .service(jobs::http::cancel_job);
    customer_routes(api);
    account_routes(api);
    import_routes(api);
    ledger_routes(api);
}

fn import_routes(api: &mut ServiceConfig) {
    api.service(imports::http::create_import)
        .service(imports::http::list_imports)
        .service(imports::http::get_import)
        .service(imports::http::set_import_mapping)
        .service(imports::http::validate_import)
        .service(imports::http::get_import_job)
        .service(imports::http::list_import_findings)
        .service(imports::http::commit_import)
        .service(imports::http::list_import_results)
        .service(imports::files_http::get_marked_workbook)
        .service(imports::files_http::get_import_template)
        .service(imports::mappings_http::list_import_mappings)
        .service(imports::mappings_http::update_import_mapping)
        .service(imports::mappings_http::delete_import_mapping)
        .service(imports::history::payment_types_http::list_import_payment_types)
        .service(imports::history::payment_types_http::list_payment_types)
        .service(imports::history::payment_types_http::map_payment_types);
}

fn customer_routes(api: &mut ServiceConfig) {
    api.service(customers::http::list_customers)
        .service(customers::http::create_customer)
        .service(customers::http::get_customer)
        .service(customers::http::update_customer)
        .service(customers::http::get_customer_history)
        .service(invitations::http::invite_customer)
        .service(invitations::http::get_invitation)
        .service(invitations::http::withdraw_invitation)
        .service(invitations::http::invite_customers)
        .service(invitations::http::accept_invitation)
        .service(own::viewing::open_customer_session)
        .service(own::viewing::list_customer_documents)
        .service(own::http::list_own_accounts)
        .service(own::http::get_own_statement)
        .service(own::http::list_own_documents)
        .service(own::http::get_own_document)
        .service(sharing::http::get_sharing)
        .service(sharing::http::set_sharing)
        .service(sharing::own_http::list_own_sharing)
        .service(sharing::own_http::set_own_sharing)
        .service(sharing::documents_http::list_shared_documents)
        .service(sharing::documents_http::get_shared_document);
}

fn account_routes(api: &mut ServiceConfig) {
    api.service(accounts::http::list_accounts)
        .service(accounts::http::create_account)
        // Before the account's own path, which would take it for an id.
        .service(accounts::http::get_account_number_proposal)
        .service(accounts::http::get_account)
        .service(accounts::http::update_account)
        .service(accounts::http::get_account_history)
        .service(accounts::status_http::activate_account)
        .service(accounts::status_http::block_account)
        .service(accounts::status_http::unblock_account)
        .service(accounts::status_http::close_account)
        .service(accounts::status_http::reopen_account)
        .service(accounts::holders_http::list_account_holders)
        .service(accounts::holders_http::link_account_holder)
        .service(accounts::holders_http::unlink_account_holder);
}

fn ledger_routes(api: &mut ServiceConfig) {
    api.service(mutations::http::change_limit)
        .service(mutations::http::post_credit)
        .service(mutations::http::list_account_mutations)
        .service(sales::http::post_sale)
        .service(sales::batch::post_sales)
        .service(sales::http::get_sale)
        .service(sales::http::refund_sale)
        .service(sales::http::void_sale)
        .service(sales::http::refund_without_sale)
        .service(till::http::list_till_accounts)
        .service(till::http::get_till_totals)
        .service(mutations::http::list_mutations)
        .service(mutations::http::get_mutation)
        .service(mutations::http::reverse_mutation);
}

/// Who gets in, and what the portal manages.
fn access_routes(api: &mut ServiceConfig) {
    api.service(sessions::http::sign_in)
        .service(sessions::http::refresh_session)
        .service(sessions::http::list_sessions)
        .service(sessions::http::sign_out)
        .service(sessions::http::choose_tenant)
        .service(sessions::http::revoke_session)
        .service(me::http::get_me)
        .service(me::http::update_me)
        .service(me::http::change_my_password)
        .service(tenants::http::list_tenants)
        .service(tenants::http::create_tenant)
        .service(tenants::http::get_current_tenant)
        .service(tenants::http::update_current_tenant)
        .service(tenants::http::get_tenant)
        .service(tenants::http::update_tenant)
        .service(users::http::list_users)
        .service(users::http::create_user)
        .service(users::http::grant_roles)
        .service(users::http::get_user)
        .service(users::http::update_user)
        .service(users::http::set_user_roles)
        .service(api_keys::http::list_api_keys)
        .service(api_keys::http::create_api_key)
        .service(api_keys::http::revoke_api_key)
        .service(terminals::http::list_terminals)
        .service(terminals::http::create_terminal)
        .service(terminals::http::get_terminal)
        .service(terminals::http::update_terminal)
        .service(terminals::http::create_terminal_key)
        .service(terminals::http::revoke_terminal_key);
}

/// The contract, generated from the routes.
#[must_use]
pub fn contract() -> OpenApi {
    let api = App::new().into_utoipa_app().openapi(openapi::base());
    let (_, document) = api.service(scope::scope("/v1").configure(routes)).split_for_parts();
    openapi::complete(document)
}

/// The application as it is served.
pub fn application(
    state: Arc<AppState>,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<BoxBody>, Error = Error, InitError = ()>,
> {
    let cors = cors(&state.cors_origins);
    let api = App::new()
        .into_utoipa_app()
        .service(scope::scope("/v1").configure(routes));
    let docs = SwaggerUi::new("/docs/{_:.*}").url("/openapi.json", contract()).config(
        SwaggerConfig::default()
            .display_request_duration(true)
            .persist_authorization(true),
    );
    api.into_app()
        .app_data(web::Data::from(state))
        .app_data(path_config())
        .service(web::redirect("/docs", "/docs/"))
        .service(docs)
        .service(problem_pages::list_problem_pages)
        .service(problem_pages::get_problem_page)
        .service(live)
        .service(ready)
        .default_service(web::to(no_route))
        .wrap(from_fn(authenticate))
        .wrap(from_fn(check_method))
        .wrap(cors)
        .wrap(from_fn(boundary))
}

/// What no route took: a path that knows other methods, or none at all.
async fn no_route(request: HttpRequest, app: web::Data<AppState>) -> ApiResult<HttpResponse> {
    Err(method_not_allowed(&app.contract, request.path()))
}

/// The process lives.
#[get("/livez")]
async fn live() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok")
}

/// The database answers: requests can be served. The schema was brought up to date before the port was taken.
#[get("/readyz")]
async fn ready(app: web::Data<AppState>) -> ApiResult<HttpResponse> {
    app.db.ping().await?;
    Ok(HttpResponse::Ok().content_type("text/plain").body("ok"))
}

fn cors(origins: &[String]) -> Cors {
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allow_any_header()
        .expose_headers([
            "Content-Disposition",
            "ETag",
            "Link",
            "Location",
            "Retry-After",
            "Idempotent-Replayed",
            "X-Request-Id",
        ])
        .max_age(3600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
