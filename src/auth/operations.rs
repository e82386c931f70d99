//! The permission table: every operation of the contract and what it needs. A test walks the contract and fails on an
//! operation that is not here, and tries every operation with every role.

use super::Permission as P;

/// What an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: no token.
    Nothing,
    /// A token or key of anybody.
    SignIn,
    /// This permission.
    Permission(P),
}

/// By operation id.
pub const OPERATIONS: &[(&str, Needs)] = &[
    ("accept_agreement", Needs::Permission(P::AgreementAccept)),
    ("cancel_job", Needs::Permission(P::InvoicingRun)),
    ("create_invoice_run", Needs::Permission(P::InvoicingRun)),
    ("get_agreement", Needs::SignIn),
    ("get_statement", Needs::Permission(P::StatementsRead)),
    ("get_invoice", Needs::Permission(P::InvoicingRun)),
    ("get_invoice_run", Needs::Permission(P::InvoicingRun)),
    ("get_job", Needs::Permission(P::InvoicingRun)),
    ("list_invoice_lines", Needs::Permission(P::InvoicingRun)),
    ("list_invoice_run_accounts", Needs::Permission(P::InvoicingRun)),
    ("list_invoice_runs", Needs::Permission(P::InvoicingRun)),
    ("list_invoices", Needs::Permission(P::InvoicingRun)),
    ("list_jobs", Needs::Permission(P::InvoicingRun)),
    ("preview_invoice_run", Needs::Permission(P::InvoicingRun)),
    ("reverse_invoice", Needs::Permission(P::InvoicingRun)),
    ("reverse_invoice_run", Needs::Permission(P::InvoicingRun)),
];
