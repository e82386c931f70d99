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
    ("activate_account", Needs::Permission(P::AccountsWrite)),
    ("block_account", Needs::Permission(P::AccountsWrite)),
    ("cancel_job", Needs::Permission(P::InvoicingRun)),
    ("change_limit", Needs::Permission(P::LimitsChange)),
    ("close_account", Needs::Permission(P::AccountsWrite)),
    ("create_account", Needs::Permission(P::AccountsWrite)),
    ("create_customer", Needs::Permission(P::CustomersWrite)),
    ("create_invoice_run", Needs::Permission(P::InvoicingRun)),
    ("get_account", Needs::Permission(P::AccountsRead)),
    ("get_account_history", Needs::Permission(P::AccountsRead)),
    ("get_account_number_proposal", Needs::Permission(P::AccountsWrite)),
    ("get_agreement", Needs::SignIn),
    ("get_customer", Needs::Permission(P::CustomersRead)),
    ("get_customer_history", Needs::Permission(P::CustomersRead)),
    ("get_invoice", Needs::Permission(P::InvoicingRun)),
    ("get_invoice_run", Needs::Permission(P::InvoicingRun)),
    ("get_job", Needs::Permission(P::InvoicingRun)),
    ("get_mutation", Needs::Permission(P::MutationsRead)),
    ("get_sale", Needs::Permission(P::TillPost)),
    ("get_statement", Needs::Permission(P::StatementsRead)),
    ("get_till_totals", Needs::Permission(P::TillTotals)),
    ("link_account_holder", Needs::Permission(P::AccountsWrite)),
    ("list_account_holders", Needs::Permission(P::AccountsRead)),
    ("list_account_mutations", Needs::Permission(P::MutationsRead)),
    ("list_accounts", Needs::Permission(P::AccountsRead)),
    ("list_customers", Needs::Permission(P::CustomersRead)),
    ("list_invoice_lines", Needs::Permission(P::InvoicingRun)),
    ("list_invoice_run_accounts", Needs::Permission(P::InvoicingRun)),
    ("list_invoice_runs", Needs::Permission(P::InvoicingRun)),
    ("list_invoices", Needs::Permission(P::InvoicingRun)),
    ("list_jobs", Needs::Permission(P::InvoicingRun)),
    ("list_mutations", Needs::Permission(P::MutationsRead)),
    ("list_till_accounts", Needs::Permission(P::TillList)),
    ("post_credit", Needs::Permission(P::CreditsPost)),
    ("post_sale", Needs::Permission(P::TillPost)),
    ("preview_invoice_run", Needs::Permission(P::InvoicingRun)),
    ("refund_sale", Needs::Permission(P::TillPost)),
    ("refund_without_sale", Needs::Permission(P::RefundsWithoutSale)),
    ("reopen_account", Needs::Permission(P::AccountsWrite)),
    ("reverse_invoice", Needs::Permission(P::InvoicingRun)),
    ("reverse_invoice_run", Needs::Permission(P::InvoicingRun)),
    ("reverse_mutation", Needs::Permission(P::EntriesReverse)),
    ("unblock_account", Needs::Permission(P::AccountsWrite)),
    ("unlink_account_holder", Needs::Permission(P::AccountsWrite)),
    ("update_account", Needs::Permission(P::AccountsWrite)),
    ("update_customer", Needs::Permission(P::CustomersWrite)),
    ("void_sale", Needs::Permission(P::TillPost)),
];
