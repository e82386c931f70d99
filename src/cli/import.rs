//! `onaccount import`: a spreadsheet into a running service, over its API.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use ureq::http::{Method, Request};

use super::{CliError, counted};
use crate::imports::model::{ImportKind, UpdateKey};
use crate::users::UserLanguage;

/// So many findings are shown; the rest is counted.
const FINDINGS_SHOWN: usize = 50;
/// How often to look how far a job is.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
const BOUNDARY: &str = "----onaccount-import-boundary";

/// What to import, and into which service.
#[derive(Debug, clap::Args)]
pub struct ImportOptions {
    /// The spreadsheet: XLSX, XLSB, XLS, ODS, or text with separators
    file: PathBuf,
    /// What its rows are: customers, accounts or sales_history
    #[arg(long)]
    kind: ImportKind,
    /// Where the service is
    #[arg(long, env = "ONACCOUNT_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The token of a user or the key of a script that may import
    #[arg(long, env = "ONACCOUNT_TOKEN", hide_env_values = true)]
    token: String,
    /// Fields that need neither a column nor a value in every row, with commas between
    #[arg(long, value_delimiter = ',')]
    optional: Vec<String>,
    /// Of sales: to which account a payment type goes, such as "Externe borrel=71900001"; once for each. It is kept
    #[arg(long = "account", value_name = "PAYMENT TYPE=ACCOUNT NUMBER")]
    accounts: Vec<String>,
    /// Of sales: a payment type that is not on account, such as "Omzet PIN"; once for each. It is kept
    #[arg(long = "not-on-account", value_name = "PAYMENT TYPE")]
    not_on_account: Vec<String>,
    /// By what a row finds the customer that it changes: customer_number, vat_number, enterprise_number or contact_email
    #[arg(long)]
    update_by: Option<UpdateKey>,
    /// The language of findings: nl, en, fr or de; by default that of LANG, or else the venue's
    #[arg(long)]
    language: Option<UserLanguage>,
    /// What LANG says, such as nl_BE.UTF-8
    #[arg(long, env = "LANG", hide = true)]
    locale: Option<String>,
    /// Judge the rows and stop
    #[arg(long)]
    dry_run: bool,
    /// Where to write the table with its wrong cells marked, when there are any
    #[arg(long)]
    marked: Option<PathBuf>,
}

impl ImportOptions {
    /// The language that was named, or that of the locale, when there are words in it.
    fn language(&self) -> Option<UserLanguage> {
        let of_locale = || {
            let (language, _) = self.locale.as_deref()?.split_once('_')?;
            UserLanguage::of_tag(language)
        };
        self.language.or_else(of_locale)
    }
}

/// Uploads, validates, and commits when there is no error.
pub fn import(options: &ImportOptions) -> Result<(), CliError> {
    let service = Service::new(options);
    map_payment_types(&service, options)?;
    let content = std::fs::read(&options.file).map_err(|error| format!("{}: {error}", options.file.display()))?;
    let import = service.upload(options.kind, &options.file, &content)?;
    let path = format!("/v1/imports/{}", text(&import, "id"));
    if !options.optional.is_empty() || options.update_by.is_some() {
        map(&service, &path, &import, options)?;
    }
    let import = follow(&service, &path, "validate")?;
    show_unmapped(&import);
    show_findings(&service, &path)?;
    if options.kind == ImportKind::SalesHistory {
        show_payment_types(&service, &path)?;
    }
    let errors = number(&import, "error_count");
    println!("{}", summary(&import));
    if errors > 0 {
        if let Some(marked) = &options.marked {
            let bytes = service.bytes(&format!("{path}/marked-workbook"))?;
            std::fs::write(marked, bytes).map_err(|error| format!("--marked {}: {error}", marked.display()))?;
            println!("the marked table is in {}", marked.display());
        }
        suggest_optional(&import, &options.optional);
        return Err("nothing was imported: put right what is named, and import the file again".into());
    }
    if options.dry_run {
        return Ok(());
    }
    follow(&service, &path, "commit")?;
    println!("done; what became of each row: {path}/results");
    Ok(())
}

/// Says where payment types go, before the rows are judged by it.
fn map_payment_types(service: &Service, options: &ImportOptions) -> Result<(), CliError> {
    let mut choices = Vec::new();
    for choice in &options.accounts {
        let (name, account) = choice
            .rsplit_once('=')
            .ok_or_else(|| format!("--account {choice:?}: expected a payment type, = and the number of an account"))?;
        choices.push(serde_json::json!({"name": name.trim(), "account_number": account.trim()}));
    }
    for name in &options.not_on_account {
        choices.push(serde_json::json!({"name": name.trim(), "not_on_account": true}));
    }
    if choices.is_empty() {
        return Ok(());
    }
    let body = serde_json::json!({"payment_types": choices});
    service.ask(Method::PUT, "/v1/payment-types", Some(body)).map(drop)
}

fn show_payment_types(service: &Service, path: &str) -> Result<(), CliError> {
    let page = service.ask(Method::GET, &format!("{path}/payment-types?limit=200"), None)?;
    for item in page.get("items").and_then(Value::as_array).into_iter().flatten() {
        let goes = match text(item, "use").as_str() {
            "on_account" => format!("account {}", text(item, "account_number")),
            "not_on_account" => "not on account".to_owned(),
            _ => "UNMAPPED: say --account or --not-on-account".to_owned(),
        };
        println!(
            "{:24} {:6} rows {:>12}  {goes}",
            text(item, "name"),
            number(item, "row_count"),
            text(item, "amount")
        );
    }
    Ok(())
}

/// Keeps what the columns fill, and says which fields may be missing and by what customers are found.
fn map(service: &Service, path: &str, import: &Value, options: &ImportOptions) -> Result<(), CliError> {
    let columns: Vec<Value> = import
        .pointer("/mapping/columns")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|column| serde_json::json!({"column": column.get("column"), "field": column.get("field")}))
        .collect();
    let found = import.pointer("/mapping/update_by").cloned();
    let update_by = options.update_by.map(|key| Value::from(key.as_str())).or(found);
    let body = serde_json::json!({"columns": columns, "optional_fields": options.optional, "update_by": update_by});
    service
        .ask(Method::PUT, &format!("{path}/mapping"), Some(body))
        .map(drop)
}

/// What was found, and, where nothing stands in the way, what is going to happen.
fn summary(import: &Value) -> String {
    let errors = number(import, "error_count");
    let found = format!(
        "{}, {}, {}",
        counted(number(import, "row_count"), "row", "rows"),
        counted(errors, "error", "errors"),
        counted(number(import, "warning_count"), "warning", "warnings")
    );
    if errors > 0 {
        return found;
    }
    format!(
        "{found}; {} to be made, {} to be changed, {} made before, {} left out",
        number(import, "created_count"),
        number(import, "updated_count"),
        number(import, "unchanged_count"),
        number(import, "left_out_count")
    )
}

/// Names the columns that are left out: a heading that was not understood may be the one that is missing.
fn show_unmapped(import: &Value) {
    let unmapped = import.get("unmapped").and_then(Value::as_array).into_iter().flatten();
    let unmapped: Vec<&str> = unmapped.filter_map(Value::as_str).collect();
    if !unmapped.is_empty() {
        println!("nothing is read from: {}", unmapped.join(", "));
    }
}

/// Which flag does without the columns that are missing, ready to be pasted.
fn suggest_optional(import: &Value, optional: &[String]) {
    let missing = import.get("missing").and_then(Value::as_array).into_iter().flatten();
    let missing: Vec<&str> = missing.filter_map(Value::as_str).collect();
    if !missing.is_empty() {
        let fields: Vec<&str> = optional.iter().map(String::as_str).chain(missing).collect();
        println!("to do without the missing columns: --optional {}", fields.join(","));
        println!(
            "to read them from columns with another heading: rename those in the file, or map them over HTTP (docs/API.md)"
        );
    }
}

fn show_findings(service: &Service, path: &str) -> Result<(), CliError> {
    let page = service.ask(Method::GET, &format!("{path}/findings?limit={FINDINGS_SHOWN}"), None)?;
    let items = page.get("items").and_then(Value::as_array);
    for item in items.into_iter().flatten() {
        let place = match item.get("cell").and_then(Value::as_str) {
            Some(cell) => cell.to_owned(),
            None => text(item, "field"),
        };
        println!(
            "{:7} {place:6} {:?} {}",
            text(item, "severity"),
            text(item, "found"),
            text(item, "message")
        );
    }
    if page.get("next_cursor").is_some_and(|cursor| !cursor.is_null()) {
        println!("..      more: {path}/findings");
    }
    Ok(())
}

/// Asks for a step, and shows how far its job is until it has ended.
fn follow(service: &Service, path: &str, step: &str) -> Result<Value, CliError> {
    let mut import = service.ask(Method::POST, &format!("{path}/{step}"), None)?;
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{msg:9} {bar:40} {pos}/{len} {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(step.to_owned());
    while matches!(text(&import, "status").as_str(), "validating" | "committing") {
        let job = service.ask(Method::GET, &format!("{path}/job"), None)?;
        let of_job = |name: &str| job.pointer(name).and_then(Value::as_u64).unwrap_or(0);
        bar.set_length(of_job("/progress/total").max(1));
        bar.set_position(of_job("/progress/done"));
        std::thread::sleep(LOOK_AGAIN);
        import = service.ask(Method::GET, path, None)?;
    }
    bar.finish();
    if text(&import, "status") == "uploaded" {
        let job = service.ask(Method::GET, &format!("{path}/job"), None)?;
        let detail = job.pointer("/error/detail").and_then(Value::as_str);
        return Err(detail.unwrap_or("the service stopped and did not say why").into());
    }
    Ok(import)
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(value: &Value, name: &str) -> i64 {
    value.get(name).and_then(Value::as_i64).unwrap_or(0)
}

/// The service, asked with a token.
struct Service {
    agent: ureq::Agent,
    url: String,
    token: String,
    language: Option<UserLanguage>,
}

impl Service {
    fn new(options: &ImportOptions) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Service {
            agent: config.into(),
            url: options.url.trim_end_matches('/').to_owned(),
            token: options.token.clone(),
            language: options.language(),
        }
    }

    fn upload(&self, kind: ImportKind, file: &Path, content: &[u8]) -> Result<Value, CliError> {
        let name = file
            .file_name()
            .map(|name| name.to_string_lossy().replace(['"', '\r', '\n'], "_"));
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\n{kind}\r\n--{BOUNDARY}\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            name.unwrap_or_default()
        );
        let body = [head.as_bytes(), content, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let bytes = self.send(Method::POST, "/v1/imports", &kind, body)?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, CliError> {
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let bytes = self.send(method, path, "application/json", body)?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, CliError> {
        self.send(Method::GET, path, "application/json", Vec::new())
    }

    /// The body of a 2xx answer; of another one its detail, as an error.
    fn send(&self, method: Method, path: &str, content_type: &str, body: Vec<u8>) -> Result<Vec<u8>, CliError> {
        let mut request = Request::builder();
        if let Some(language) = self.language {
            request = request.header("Accept-Language", language.as_str());
        }
        let request = request
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", content_type)
            // A job is waited for a little; other requests take no notice.
            .header("Prefer", "wait=2")
            .body(body)?;
        let request = self
            .agent
            .configure_request(request)
            .allow_non_standard_methods(true)
            .build();
        let called = self.agent.run(request);
        let mut response = called.map_err(|error| format!("{}{path}: {error}", self.url))?;
        let status = response.status();
        let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec()?;
        if status.is_success() {
            return Ok(bytes);
        }
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let detail = problem.get("detail").and_then(Value::as_str);
        Err(format!("{status}: {}", detail.unwrap_or("the service said nothing more")).into())
    }
}
