//! The things of one tenant: made over HTTP, found again in the tables.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use onaccount::db::DatabaseUrl;
use onaccount::db::schema::{
    accounts, api_keys, audit_entries, customers, entries, import_mappings, imports, invoice_runs, invoices, jobs,
    outbox, terminals, user_roles,
};
use onaccount::id::Id;
use serde_json::{Value, json};

use crate::harness::{Actor, NOON, Service, TestDatabase};

/// Something that can be named by an id, or by an account's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Account,
    AccountNumber,
    Customer,
    Sale,
    Mutation,
    Run,
    Invoice,
    Job,
    Terminal,
    ApiKey,
    User,
    Tenant,
    Import,
    ImportMapping,
}

/// What a parameter or field of this name holds; for a plain `id`, the path tells.
pub fn kind_of(name: &str, path: &str) -> Option<Kind> {
    let collection = path
        .split("/{")
        .next()
        .and_then(|path| path.rsplit('/').next())
        .unwrap_or_default();
    Some(match (name, collection) {
        ("account_number", _) => Kind::AccountNumber,
        ("account_id" | "account_ids", _) | ("id", "accounts") => Kind::Account,
        ("customer_id" | "customer_ids" | "holder_id" | "holder", _) | ("id", "customers") => Kind::Customer,
        ("sale_id", _) | ("id", "sales") => Kind::Sale,
        ("mutation_id", _) | ("id", "mutations") => Kind::Mutation,
        ("run_id" | "run" | "invoice_run_id", _) | ("id", "invoice-runs") => Kind::Run,
        ("invoice_id", _) | ("id", "invoices" | "documents" | "shared-documents") => Kind::Invoice,
        ("job_id", _) | ("id", "jobs") => Kind::Job,
        ("terminal_id", _) | ("id", "terminals") => Kind::Terminal,
        ("api_key_id" | "key_id", _) | ("id", "api-keys") => Kind::ApiKey,
        ("user_id", _) | ("id", "users") => Kind::User,
        // A kind is no id at all: what is none names nothing, like the id of an import.
        ("import_id" | "import_kind", _) | ("id", "imports") => Kind::Import,
        ("mapping_id", _) | ("id", "import-mappings") => Kind::ImportMapping,
        ("tenant_id", _) | ("id", "tenants") => Kind::Tenant,
        _ => return None,
    })
}

/// A tenant with some of everything in it.
pub struct Books {
    pub tenant_id: Id,
    pub director: Actor,
    /// Signs in as the customer of the first account.
    pub customer: Actor,
    pub till: Actor,
    pub ids: BTreeMap<Kind, Vec<String>>,
}

/// Stands in every text of the tenant whose things nobody else may see.
pub const MARKER: &str = "Geheim";

impl Books {
    /// Two customers with an account each; a sale, a refund of it and a run over them; a credit; a sale after the run.
    pub fn keep(service: &Service, tenant_id: Id, director: Actor, till: Actor) -> Self {
        let first = open_account(&director, "one");
        let second = open_account(&director, "two");
        let sale = till.post_new("/v1/sales", new_sale(&first)).expect(201);
        let refund = json!({"lines": [{"line_no": 1, "quantity": "1"}], "reason": MARKER});
        till.post_new(&format!("/v1/sales/{}/refunds", text(&sale["id"])), refund)
            .expect(201);
        let run = json!({"from": "2026-10-01", "to": "2026-10-15", "reset_type": "balance_to_zero",
            "accounts": {"account_ids": [first]}});
        director
            .with("Prefer", "wait=10")
            .post_new("/v1/invoice-runs", run)
            .expect(200);
        let credit = json!({"amount": "5.00", "reason": MARKER});
        director
            .post_new(&format!("/v1/accounts/{second}/credits"), credit)
            .expect(201);
        till.post_new("/v1/sales", new_sale(&first)).expect(201);
        import(&director);
        let customer = join(service, &director, tenant_id, &first);
        Books {
            ids: ids_of(service, tenant_id),
            tenant_id,
            director,
            customer,
            till,
        }
    }

    /// Any one of a kind.
    pub fn any(&self, kind: Kind) -> Option<&str> {
        self.ids.get(&kind)?.first().map(String::as_str)
    }

    /// Every id and number, once.
    pub fn all(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.ids.values().flatten().map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn open_account(director: &Actor, name: &str) -> String {
    let customer = json!({"kind": "company", "company_name": format!("{MARKER} {name}"), "city": MARKER});
    let customer = director.post("/v1/customers", customer).expect(201);
    let account = json!({"holder_id": customer["id"], "on_account_allowed": true, "shown_on_till": true});
    let account = director.post("/v1/accounts", account).expect(201);
    let id = text(&account["id"]);
    director
        .send("POST".parse().unwrap(), &format!("/v1/accounts/{id}/activate"), None)
        .expect(200);
    let raise = json!({"change": "100.00", "reason": MARKER});
    director
        .post_new(&format!("/v1/accounts/{id}/limit-changes"), raise)
        .expect(201);
    id
}

/// The one who pays for an account accepts an invitation.
fn join(service: &Service, director: &Actor, tenant_id: Id, account_id: &str) -> Actor {
    let account = director.get(&format!("/v1/accounts/{account_id}")).expect(200);
    let path = format!("/v1/customers/{}", text(&account["holders"][0]["customer_id"]));
    let address = json!({"email": format!("{tenant_id}@clubnoord.nl")});
    director.patch(&path, "*", address).expect(200);
    director.post_empty(&format!("{path}/invitation")).expect(201);
    let nonce: Option<Vec<u8>> = service.write(|connection| {
        outbox::table
            .filter(outbox::tenant_id.eq(tenant_id))
            .select(outbox::link_nonce)
            .first(connection)
    });
    let token = service.state.link_tokens.token(&nonce.unwrap());
    let acceptance = json!({"token": token, "password": "correct horse battery"});
    let session = service
        .anybody()
        .post("/v1/invitations/acceptances", acceptance)
        .expect(201);
    service.with_token(&text(&session["access_token"]))
}

/// An import of accounts, committed, with a saved mapping.
fn import(director: &Actor) {
    let file = format!("Naam;Limiet;Aantal rekeningen\n{MARKER} three;50,00;2\n");
    let import = director.upload("accounts", "accounts.csv", file.as_bytes()).expect(201);
    let path = format!("/v1/imports/{}", text(&import["id"]));
    let mapping = json!({"columns": [{"column": "A", "field": "name"}, {"column": "B", "field": "limit"},
        {"column": "C", "field": "account_count"}], "save_mapping": MARKER});
    director.put(&format!("{path}/mapping"), mapping).expect(200);
    let waiting = director.with("Prefer", "wait=30");
    waiting.post_empty(&format!("{path}/validate")).expect(200);
    waiting.post_empty(&format!("{path}/commit")).expect(200);
    let types = json!({"payment_types": [{"name": MARKER, "not_on_account": true}]});
    director.put("/v1/payment-types", types).expect(200);
    let file = format!("Datum;Betaaltype;Product;Aantal;BTW;Bedrag\n14-10-2026 12:00;{MARKER};{MARKER};1;21%;1,00\n");
    let sales = director
        .upload("sales_history", "sales.csv", file.as_bytes())
        .expect(201);
    let path = format!("/v1/imports/{}", text(&sales["id"]));
    let waiting = director.with("Prefer", "wait=30");
    waiting.post_empty(&format!("{path}/validate")).expect(200);
}

fn new_sale(account_id: &str) -> Value {
    json!({"account_id": account_id, "occurred_at": NOON, "amount": "6.00", "reference": MARKER, "lines": [
        {"product_code": "BEER", "name": MARKER, "quantity": "2", "amount": "6.00", "vat_rate": "21.00"}]})
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn ids_of(service: &Service, tenant: Id) -> BTreeMap<Kind, Vec<String>> {
    let texts = |ids: Vec<Id>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut found = BTreeMap::from([(Kind::Tenant, vec![tenant.to_string()])]);
    macro_rules! collect {
        ($($kind:ident: $table:ident . $column:ident),+ $(,)?) => {$(
            let ids = service.write(|connection| {
                $table::table.filter($table::tenant_id.eq(tenant)).select($table::$column).load::<Id>(connection)
            });
            found.insert(Kind::$kind, texts(ids));
        )+};
    }
    collect!(Account: accounts.id, Customer: customers.id, Mutation: entries.id, Run: invoice_runs.id,
        Invoice: invoices.id, Job: jobs.id, Terminal: terminals.id, Import: imports.id,
        ImportMapping: import_mappings.id, ApiKey: api_keys.id, User: user_roles.user_id);
    let sales = service.write(|connection| {
        entries::table
            .filter(entries::tenant_id.eq(tenant))
            .filter(entries::kind.eq("sale"))
            .select(entries::id)
            .load(connection)
    });
    found.insert(Kind::Sale, texts(sales));
    let numbers = service.write(|connection| {
        accounts::table
            .filter(accounts::tenant_id.eq(tenant))
            .select(accounts::number)
            .load::<String>(connection)
    });
    found.insert(Kind::AccountNumber, numbers);
    for (kind, ids) in &found {
        assert!(!ids.is_empty(), "the story makes no {kind:?}");
    }
    found
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Every row of the tenant, in text, table by table.
pub fn rows_of(database: &TestDatabase, tenant: Id) -> Vec<String> {
    const TABLES: [&str; 32] = [
        "accounts",
        "account_holders",
        "agreement_acceptances",
        "api_keys",
        "audit_entries",
        "customer_users",
        "customers",
        "document_sharing",
        "entries",
        "entry_lines",
        "import_accounts",
        "import_customers",
        "import_files",
        "import_findings",
        "import_mappings",
        "import_sales",
        "imports",
        "invitations",
        "invoice_limit_returns",
        "invoice_lines",
        "invoice_run_accounts",
        "invoice_runs",
        "invoice_stretches",
        "invoice_vat",
        "invoices",
        "jobs",
        "number_series",
        "outbox",
        "payment_types",
        "request_keys",
        "shared_documents",
        "terminals",
    ];
    let _ = audit_entries::tenant_id;
    let mut rows = Vec::new();
    for table in TABLES {
        let lines: Vec<Line> = match &database.url {
            DatabaseUrl::Postgres(url) => {
                let sql = format!("SELECT t::text AS line FROM {table} t WHERE tenant_id = '{tenant}' ORDER BY 1");
                sql_query(sql).load(&mut PgConnection::establish(url).unwrap()).unwrap()
            }
            DatabaseUrl::Sqlite(path) => {
                let connection = &mut SqliteConnection::establish(path.to_str().unwrap()).unwrap();
                let columns = format!(
                    "SELECT group_concat('quote(' || name || ')', ' || '','' || ') AS line FROM pragma_table_info('{table}')"
                );
                let columns: Line = sql_query(columns).get_result(connection).unwrap();
                let id = tenant.to_string().replace('-', "");
                let sql = format!(
                    "SELECT {} AS line FROM {table} WHERE tenant_id = X'{id}' ORDER BY 1",
                    columns.line
                );
                sql_query(sql).load(connection).unwrap()
            }
        };
        rows.extend(lines.into_iter().map(|row| format!("{table}: {}", row.line)));
    }
    rows
}
