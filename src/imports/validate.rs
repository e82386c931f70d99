//! Judging every row of an import: the file is read once more, row by row, and what it says is staged.

use std::collections::HashMap;
use std::io::Write;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::amounts::{Evidence, Mark};
use super::fields::Field;
use super::judge::{self, CustomerDraft, RowFinding};
use super::mapping::{hex, missing, names_may_be_of_persons};
use super::model::{FindingRow, ImportKind, ImportRow, ImportStatus, Mapping, Severity};
use super::sheet::{Line, Request, SheetCell, SheetRow};
use super::staging::{self, Attempt, Batch, Outcome, StagedAccount, StagedCustomer};
use super::store::{self, Counts};
use super::{compare, history, native, template, unreadable};
use crate::customers::CustomerKind;
use crate::db::{DbConnection, dialect};
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::jobs::Lease;
use crate::jobs::store::{Renewal, renew, set_progress};
use crate::jobs::worker::Services;
use crate::ledger::TenantRules;

/// So many rows are written in one transaction: others who write need not wait for a whole file.
const ROWS_OF_CHUNK: usize = 1000;
/// After so many rows that are only looked at, the job gives a sign of life.
const ROWS_OF_LIFE: usize = 20_000;
/// How many accounts one file may order.
const ACCOUNTS_MAX: usize = 100_000;

/// Judges the rows of an import, in the job that was asked for it.
pub struct Validator<'a> {
    pub services: &'a Services,
    pub lease: &'a Lease,
    pub rules: TenantRules,
}

/// The rows of one attempt while they are judged.
struct Run<'a> {
    validator: &'a Validator<'a>,
    attempt: Attempt,
    kind: ImportKind,
    mapping: Mapping,
    terms: history::Terms,
    batch: Batch,
    rows: i64,
    /// How many rows there are, as far as the file says.
    rows_promised: i64,
    accounts_ordered: usize,
    /// Of an import of accounts: the names that have a staged customer.
    names: HashMap<String, Id>,
    /// How often equal rows came: the second one is another order.
    orders: HashMap<(String, i64), u32>,
    /// Of an import of sales: which rows there were.
    sales: history::Identities,
}

impl Validator<'_> {
    /// Judges the rows, and keeps what was found.
    ///
    /// # Errors
    /// 409 when the import was changed meanwhile, or another worker has the job; 422 when the file cannot be read any more.
    pub fn validate(&self) -> ApiResult<()> {
        let (tenant_id, id) = (self.lease.tenant_id, self.lease.subject_id);
        let (row, attempt) = self.begin()?;
        let mapping: Mapping = serde_json::from_str(&row.mapping).map_err(ApiError::internal)?;
        let content = self
            .services
            .db
            .read_blocking(|connection| store::get_content(connection, tenant_id, id))?;
        let file = spool(&content)?;
        drop(content);
        let mut run = Run {
            validator: self,
            attempt,
            kind: row.kind,
            terms: history::Terms {
                rules: self.rules.clone(),
                mark: None,
                now: self.services.clock.now(),
            },
            mapping,
            batch: Batch::default(),
            rows: 0,
            rows_promised: 0,
            accounts_ordered: 0,
            names: HashMap::new(),
            orders: HashMap::new(),
            sales: history::Identities::new(tenant_id),
        };
        let gaps = missing(row.kind, &run.mapping);
        for field in &gaps {
            run.find_in_file(Severity::Error, "missing_column", Some(*field), "");
        }
        if row.kind == ImportKind::Customers && names_may_be_of_persons(&run.mapping) {
            run.find_in_file(Severity::Warning, "names_of_companies", Some(Field::Name), "");
        }
        // What is missing in a customer says nothing about its other cells; an account is its few cells together.
        if gaps.is_empty() || row.kind == ImportKind::Customers {
            run.terms.mark = run.see_numbers(&row, &file)?;
            run.judge_rows(&row, &file)?;
        }
        run.finish()
    }

    fn begin(&self) -> ApiResult<(ImportRow, Attempt)> {
        let (tenant_id, id) = (self.lease.tenant_id, self.lease.subject_id);
        self.write(|connection| {
            let row = store::lock_import(connection, tenant_id, id)?.ok_or_else(|| ApiError::new(Code::NotFound))?;
            if row.status != ImportStatus::Validating || row.job_id != Some(self.lease.job_id) {
                return Err(ApiError::new(Code::ImportChanged));
            }
            let number = store::begin_attempt(connection, tenant_id, id)?;
            Ok((row, (tenant_id, id, number)))
        })
    }

    /// A transaction of this job: nothing is written once another worker has it.
    fn write<T>(&self, mut work: impl FnMut(&mut DbConnection) -> ApiResult<T>) -> ApiResult<T> {
        self.services.db.write_blocking(|connection| {
            if renew(connection, self.lease, self.services.clock.now())? == Renewal::Lost {
                return Err(ApiError::new(Code::ImportChanged));
            }
            work(connection)
        })
    }

    fn new_id(&self) -> Id {
        self.services.clock.new_id()
    }
}

/// The file on the disk, for the child to read.
///
/// # Errors
/// 500 when it cannot be written.
pub fn spool(content: &[u8]) -> ApiResult<NamedTempFile> {
    let mut file = NamedTempFile::new().map_err(ApiError::internal)?;
    file.write_all(content)
        .and_then(|()| file.flush())
        .map_err(ApiError::internal)?;
    Ok(file)
}

impl Run<'_> {
    /// The lines of the import's sheet, from the beginning.
    fn lines_of(
        &self,
        row: &ImportRow,
        file: &NamedTempFile,
    ) -> ApiResult<impl Iterator<Item = ApiResult<Line>> + use<>> {
        let lines = self.validator.services.sheets.read(Request {
            path: file.path(),
            sheet: Some(row.sheet.as_str()).filter(|sheet| !sheet.is_empty()),
            rows_max: None,
        })?;
        Ok(lines.map(|line| line.map_err(|fault| unreadable(&fault))))
    }

    /// What the columns of numbers tell of their decimals: those of one file are written by one program.
    fn see_numbers(&self, row: &ImportRow, file: &NamedTempFile) -> ApiResult<Option<Mark>> {
        let fields: &[Field] = match self.kind {
            ImportKind::Customers => &[],
            ImportKind::Accounts => &[Field::Limit],
            ImportKind::SalesHistory => &[Field::Quantity, Field::UnitPrice, Field::Amount],
        };
        let columns: Vec<usize> = fields
            .iter()
            .filter_map(|field| self.mapping.column_of(*field))
            .collect();
        let mut evidence = Evidence::default();
        if columns.is_empty() {
            return Ok(None);
        }
        let mut rows: usize = 0;
        for line in self.lines_of(row, file)? {
            let Some(sheet_row) = below_headings(row, line?) else {
                continue;
            };
            rows += 1;
            if rows.is_multiple_of(ROWS_OF_LIFE) {
                self.validator.write(|_| Ok(()))?;
            }
            for column in &columns {
                if let SheetCell::Text(text) = sheet_row.cell(*column) {
                    evidence.see(text);
                }
            }
        }
        Ok(evidence.mark())
    }

    fn judge_rows(&mut self, row: &ImportRow, file: &NamedTempFile) -> ApiResult<()> {
        for line in self.lines_of(row, file)? {
            let line = line?;
            if let Line::Sheet { rows, .. } = line {
                self.rows_promised = i64::from(rows) - row.header_row;
            }
            let Some(sheet_row) = below_headings(row, line) else {
                continue;
            };
            if template::is_example(self.kind, &self.mapping, &sheet_row) {
                self.keep(i64::from(sheet_row.row), vec![template::example_finding()]);
                continue;
            }
            self.rows += 1;
            match self.kind {
                ImportKind::Customers => self.judge_customer(&sheet_row),
                ImportKind::Accounts => self.judge_accounts(&sheet_row),
                ImportKind::SalesHistory => self.judge_sale(&sheet_row),
            }
            if self.batch.len() >= ROWS_OF_CHUNK {
                self.write()?;
            }
        }
        if self.rows == 0 {
            self.find_in_file(Severity::Error, "no_rows", None, "");
        }
        Ok(())
    }

    fn judge_customer(&mut self, row: &SheetRow) {
        let (draft, findings) = judge::judge_customer(&self.mapping, row);
        let id = self.validator.new_id();
        self.batch.customers.push(self.staged(i64::from(row.row), id, draft));
        self.keep(i64::from(row.row), findings);
    }

    fn judge_sale(&mut self, row: &SheetRow) {
        let row_no = i64::from(row.row);
        let (draft, findings) = history::judge_sale(&self.mapping, row, &self.terms);
        self.keep(row_no, findings);
        if let Some(draft) = draft {
            let sale = history::StagedSale::new(self.attempt, row_no, draft, &mut self.sales);
            self.batch.sales.push(sale);
        }
    }

    fn judge_accounts(&mut self, row: &SheetRow) {
        let (draft, findings) = judge::judge_accounts(&self.mapping, row, self.terms.mark, self.terms.rules.currency);
        let (row_no, has_errors) = (i64::from(row.row), judge::has_errors(&findings));
        self.keep(row_no, findings);
        let count = usize::try_from(draft.count).unwrap_or(0);
        self.accounts_ordered = self.accounts_ordered.saturating_add(count);
        if has_errors || self.accounts_ordered > ACCOUNTS_MAX {
            return;
        }
        let name_key = judge::name_key(&draft.name);
        if !self.names.contains_key(&name_key) {
            let id = self.validator.new_id();
            self.names.insert(name_key.clone(), id);
            let customer = CustomerDraft {
                company_name: draft.name.clone(),
                ..CustomerDraft::default()
            };
            self.batch.customers.push(self.staged(row_no, id, customer));
        }
        let order = self.orders.entry((name_key.clone(), draft.limit_minor)).or_default();
        *order += 1;
        let order = *order;
        let (tenant_id, import_id, attempt) = self.attempt;
        for ordinal in 1..=draft.count {
            self.batch.accounts.push(StagedAccount {
                tenant_id,
                import_id,
                attempt,
                row_no,
                ordinal,
                account_id: self.validator.new_id(),
                outcome: Outcome::Create,
                name: draft.name.clone(),
                name_key: name_key.clone(),
                limit_minor: draft.limit_minor,
                row_identity: identity(&name_key, draft.limit_minor, order, ordinal),
            });
        }
    }

    fn staged(&self, row_no: i64, id: Id, draft: CustomerDraft) -> StagedCustomer {
        let (tenant_id, import_id, attempt) = self.attempt;
        let name = draft.name();
        StagedCustomer {
            tenant_id,
            import_id,
            attempt,
            row_no,
            customer_id: id,
            audit_id: self.validator.new_id(),
            outcome: Outcome::Create,
            kind: draft.kind(),
            name_key: judge::name_key(&name),
            name,
            email_is_fictional: draft.is_email_fictional(),
            first_name: if draft.kind() == CustomerKind::Person {
                draft.first_name
            } else {
                String::new()
            },
            last_name: if draft.company_name.is_empty() {
                draft.last_name
            } else {
                String::new()
            },
            company_name: draft.company_name,
            customer_number: draft.customer_number,
            email: draft.email,
            phone: draft.phone,
            street: draft.street,
            postcode: draft.postcode,
            city: draft.city,
            country: draft.country,
            vat_number: draft.vat_number,
            iban: draft.iban,
            language: draft.language,
            enterprise_number: draft.enterprise_number,
            bic: draft.bic,
            contact_name: draft.contact_name,
            contact_language: draft.contact_language,
            recipient_emails: draft.recipient_emails,
        }
    }

    fn keep(&mut self, row_no: i64, findings: Vec<RowFinding>) {
        let (tenant_id, import_id, attempt) = self.attempt;
        for finding in findings {
            let row = FindingRow {
                tenant_id,
                import_id,
                attempt,
                row_no,
                column_no: finding
                    .column
                    .and_then(|column| i32::try_from(column).ok())
                    .unwrap_or(-1),
                code: finding.code.to_owned(),
                severity: finding.severity,
                field: finding.field.map(|field| field.to_string()).unwrap_or_default(),
                found: finding.found,
                detail: finding.detail,
            };
            let is_known = self
                .batch
                .findings
                .iter()
                .rev()
                .take_while(|other| other.row_no == row_no)
                .any(|other| (other.column_no, other.code.as_str()) == (row.column_no, row.code.as_str()));
            if !is_known {
                self.batch.findings.push(row);
            }
        }
    }

    /// Something that is wrong or doubtful with the file as a whole; fields are told apart by columns before the first.
    fn find_in_file(&mut self, severity: Severity, code: &'static str, field: Option<Field>, detail: &str) {
        let (tenant_id, import_id, attempt) = self.attempt;
        let column_no = field.and_then(|field| Field::ALL.iter().position(|known| *known == field));
        let column_no = column_no
            .and_then(|place| i32::try_from(place).ok())
            .map_or(-1, |place| -2 - place);
        self.batch.findings.push(FindingRow {
            tenant_id,
            import_id,
            attempt,
            row_no: 0,
            column_no,
            code: code.to_owned(),
            severity,
            field: field.map(|field| field.to_string()).unwrap_or_default(),
            found: String::new(),
            detail: detail.to_owned(),
        });
    }

    fn write(&mut self) -> ApiResult<()> {
        let batch = std::mem::take(&mut self.batch);
        let (lease, rows, total) = (self.validator.lease, self.rows, self.rows_promised.max(self.rows));
        self.validator.write(|connection| {
            native::insert_staged(connection, &batch)?;
            Ok(set_progress(connection, lease, rows, total)?)
        })
    }

    fn finish(mut self) -> ApiResult<()> {
        if self.accounts_ordered > ACCOUNTS_MAX {
            self.find_in_file(
                Severity::Error,
                "too_many_accounts",
                Some(Field::AccountCount),
                &ACCOUNTS_MAX.to_string(),
            );
        }
        self.write()?;
        let (attempt, rows, kind) = (self.attempt, self.rows, self.kind);
        let (comparisons, table) = match kind {
            ImportKind::Customers => (compare::of_customers(&self.mapping), "import_customers"),
            ImportKind::Accounts => (compare::of_accounts(&self.mapping), "import_accounts"),
            ImportKind::SalesHistory => (history::staging::comparisons(&self.mapping), "import_sales"),
        };
        self.validator.write(|connection| {
            dialect::take_all_time(connection)?;
            Ok(staging::forget_earlier(connection, attempt)?)
        })?;
        for comparison in comparisons {
            self.validator
                .write(|connection| Ok(comparison.run(connection, attempt)?))?;
        }
        let lease = self.validator.lease;
        self.validator.write(|connection| {
            dialect::take_all_time(connection)?;
            dialect::join_whole_tables(connection)?;
            let outcomes = staging::count_outcomes(connection, attempt, table)?;
            let count = |outcome: Outcome| {
                let found = outcomes.iter().find(|count| count.outcome == outcome.as_str());
                found.map_or(0, |count| count.number)
            };
            let counts = Counts {
                rows,
                errors: store::count_findings(connection, attempt, Severity::Error)?,
                warnings: store::count_findings(connection, attempt, Severity::Warning)?,
                created: count(Outcome::Create),
                updated: count(Outcome::Update),
                unchanged: count(Outcome::Unchanged),
                left_out: count(Outcome::LeftOut),
            };
            if !store::end_attempt(connection, attempt, counts)? {
                return Err(ApiError::new(Code::ImportChanged));
            }
            Ok(set_progress(connection, lease, rows, rows)?)
        })
    }
}

/// The row in a line, when it is one below the headings.
fn below_headings(import: &ImportRow, line: Line) -> Option<SheetRow> {
    match line {
        Line::Row(row) if i64::from(row.row) > import.header_row => Some(row),
        _ => None,
    }
}

/// Tells an account by what its row says, which one of equal rows it is, and which one of its accounts.
fn identity(name_key: &str, limit_minor: i64, order: u32, ordinal: i32) -> String {
    hex(&Sha256::digest(format!(
        "{name_key}\n{limit_minor}\n{order}\n{ordinal}"
    )))
}
