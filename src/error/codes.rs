//! The one table of error codes: it drives the enum, the status, the contract and the `/problems/<code>` pages.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($($variant:ident, $code:literal, $status:ident, $title:literal, $help:literal;)+) => {
        /// A stable code that names what went wrong. Codes never change and never take a new meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $variant),+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// The code as it stands in a problem and in its page's path.
            #[must_use]
            pub const fn as_str(self) -> &'static str { match self { $(Code::$variant => $code),+ } }

            /// The status that goes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode { match self { $(Code::$variant => StatusCode::$status),+ } }

            /// What it is, in a few words (English).
            #[must_use]
            pub const fn title(self) -> &'static str { match self { $(Code::$variant => $title),+ } }

            /// Why it happens and what to do about it (English).
            #[must_use]
            pub const fn help(self) -> &'static str { match self { $(Code::$variant => $help),+ } }
        }
    };
}

codes! {
    // The request did not reach an operation, or not in a form that can be read.
    NotFound, "not_found", NOT_FOUND, "There is no such thing", "Nothing in this tenant has this path or id. Check the id and the tenant that the token is for.";
    MethodNotAllowed, "method_not_allowed", METHOD_NOT_ALLOWED, "The path does not know this method", "The Allow header lists the methods of this path.";
    Unauthorized, "unauthorized", UNAUTHORIZED, "Sign in first", "Send `Authorization: Bearer` with an access token or a key. An access token lives 15 minutes: get a new one with the refresh token.";
    SignInFailed, "sign_in_failed", UNAUTHORIZED, "E-mail or password is wrong", "Nothing says which of the two is wrong. After several failures, wait as long as Retry-After says.";
    Forbidden, "forbidden", FORBIDDEN, "A permission is missing", "The detail names the permission. A director of the tenant grants roles.";
    TenantNotChosen, "tenant_not_chosen", FORBIDDEN, "Choose a tenant first", "A user of several tenants chooses one with `POST /v1/sessions/current/tenant`; a portal administrator names one in the header `Onaccount-Tenant`.";
    GdprAgreementRequired, "gdpr_agreement_required", FORBIDDEN, "The data processing agreement is not accepted", "A director reads `GET /v1/agreement` and accepts it with `POST /v1/agreement/acceptances`.";
    NotAcceptable, "not_acceptable", NOT_ACCEPTABLE, "None of the accepted formats can be had", "The contract lists the media types of each answer; send one of them, or */*, in Accept.";
    RequestTimeout, "request_timeout", REQUEST_TIMEOUT, "The request came too slowly", "The body must come at some speed. Nothing was done; send the request again, with the same Idempotency-Key.";
    PayloadTooLarge, "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large", "The detail says how large a body may be. Send fewer items at a time.";
    UnsupportedMediaType, "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body has the wrong content type", "Send `Content-Type: application/json`.";
    HeaderTooLarge, "header_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "A header is too large", "Send shorter headers.";
    MalformedJson, "malformed_json", BAD_REQUEST, "The body is not JSON", "The detail says at which line and column reading stopped.";
    BadRequest, "bad_request", BAD_REQUEST, "The request cannot be read", "The errors name the header, the path or the query that cannot be read.";
    BadHeader, "bad_header", BAD_REQUEST, "A header has the wrong form", "The errors name the header and what was expected.";
    BadCursor, "bad_cursor", BAD_REQUEST, "The cursor does not belong here", "Use next_cursor as it was given, with the same filters and sort; or start again without a cursor.";
    UnknownQueryParameter, "unknown_query_parameter", BAD_REQUEST, "The query has an unknown parameter", "The errors name it. The contract lists the parameters of each operation.";
    IdempotencyKeyMissing, "idempotency_key_missing", BAD_REQUEST, "The Idempotency-Key is missing", "Make a UUID, store it, and send it as `Idempotency-Key`; send the same one when you try again.";
    PreconditionRequired, "precondition_required", PRECONDITION_REQUIRED, "If-Match is missing", "Read the resource, and send its ETag as `If-Match`, so that nobody's change is overwritten unseen.";
    PreconditionFailed, "precondition_failed", PRECONDITION_FAILED, "Someone else changed it meanwhile", "Read the resource again, look at the change, and send the new ETag as `If-Match`.";
    ValidationFailed, "validation_failed", UNPROCESSABLE_ENTITY, "A field is wrong", "The errors name each field and what was expected. Nothing was changed.";
    IdempotencyKeyReused, "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request", "A key belongs to one request for ever. Make a new key for a new request.";

    // An id in the body is unknown, or another tenant's.
    UnknownAccount, "unknown_account", UNPROCESSABLE_ENTITY, "There is no such account", "No account of this tenant has this id or number. Nothing was recorded.";
    UnknownCustomer, "unknown_customer", UNPROCESSABLE_ENTITY, "There is no such customer", "No customer of this tenant has this id.";
    UnknownUser, "unknown_user", UNPROCESSABLE_ENTITY, "There is no such user", "No user has this id or e-mail.";
    UnknownTenant, "unknown_tenant", UNPROCESSABLE_ENTITY, "There is no such tenant", "No tenant has this id, or you have no role in it.";
    UnknownTerminal, "unknown_terminal", UNPROCESSABLE_ENTITY, "There is no such terminal", "No terminal of this tenant has this id.";

    // Access.
    EmailTaken, "email_taken", CONFLICT, "A user with this e-mail exists", "Grant a role to the existing user instead.";
    TenantNumberTaken, "tenant_number_taken", CONFLICT, "The tenant number is taken", "Choose another number.";
    TerminalNameTaken, "terminal_name_taken", CONFLICT, "A terminal with this name exists", "Choose another name.";
    CurrencyFixed, "currency_fixed", CONFLICT, "The currency is fixed", "The currency cannot change after the first mutation.";
    LastDirector, "last_director", CONFLICT, "A tenant keeps a director", "Give someone else the role of director first.";
    SelfBookingNotEnabled, "self_booking_not_enabled", CONFLICT, "Self-booking is not enabled", "The role backoffice can be granted once self-booking is enabled for the tenant.";
    GrantedByInvitation, "granted_by_invitation", CONFLICT, "The role customer is granted by invitation", "Invite the customer: `POST /v1/customers/{id}/invitation`. Who accepts gets the role.";
    AlreadyAccepted, "already_accepted", CONFLICT, "This version is accepted already", "Nothing is left to do.";
    AgreementVersionOutdated, "agreement_version_outdated", CONFLICT, "A newer version of the agreement stands", "Read `GET /v1/agreement` and accept the version that stands there.";
    KeyRevoked, "key_revoked", CONFLICT, "The key is revoked already", "Make a new key.";

    // Customers and accounts.
    UnknownAccountant, "unknown_accountant", UNPROCESSABLE_ENTITY, "Nobody with this address does the books here", "An inbox is that of a user who may read exports in this tenant. Grant them the role first, or deliver by e-mail.";
    UnknownInvitation, "unknown_invitation", UNPROCESSABLE_ENTITY, "The link does not work", "It was used, withdrawn or replaced by a later one, has expired, or never was. Ask for a new invitation.";
    CustomerUnreachable, "customer_unreachable", CONFLICT, "Nothing can be mailed to the customer", "The customer has no e-mail address, or a fictional one. Change it first.";
    CustomerNotActive, "customer_not_active", CONFLICT, "The customer does not sign in yet", "There is nothing to look at until the customer has accepted an invitation.";
    CustomerActive, "customer_active", CONFLICT, "The customer signs in already", "Nothing is left to do. To begin anew, withdraw the access with `DELETE /v1/customers/{id}/invitation` first.";
    CustomerNumberTaken, "customer_number_taken", CONFLICT, "The customer number is taken", "Another customer of this tenant has this internal number.";
    AccountNumberTaken, "account_number_taken", CONFLICT, "The account number is taken", "Leave the number out to get the next free one.";
    InvalidStatusChange, "invalid_status_change", CONFLICT, "The account's status does not allow this", "The detail names the status. inactive -> active <-> blocked; active or blocked -> closed; closed -> active.";
    BalanceNotZero, "balance_not_zero", CONFLICT, "The account has a balance", "An account is closed with balance 0. Invoice it with reset type balance_to_zero, or refund what is open.";
    UninvoicedSales, "uninvoiced_sales", CONFLICT, "The account has sales that are not invoiced", "Run the invoices of this account first.";
    TooManyHolders, "too_many_holders", CONFLICT, "The account has too many holders", "An account has at most 50 holders. Unlink one first.";
    LastBillingHolder, "last_billing_holder", CONFLICT, "Someone must pay", "While the account has other holders, one of them is billing: name the new one first.";

    // The till: stable decline codes.
    LimitExceeded, "limit_exceeded", CONFLICT, "The account has too little spending room", "Raise the limit, invoice the account, or take another tender.";
    AccountInactive, "account_inactive", CONFLICT, "The account is not active yet", "Activate the account first.";
    AccountBlocked, "account_blocked", CONFLICT, "The account is blocked", "Unblock the account, or take another tender.";
    AccountClosed, "account_closed", CONFLICT, "The account is closed", "Reopen the account, or take another tender.";
    OnAccountNotAllowed, "on_account_not_allowed", CONFLICT, "The account may not buy on account", "Set on_account_allowed on the account, or take another tender.";
    OccurredAtAhead, "occurred_at_ahead", CONFLICT, "The till's clock is ahead", "occurred_at is more than 5 minutes ahead of the service's clock. Set the till's clock.";
    OccurredAtTooOld, "occurred_at_too_old", CONFLICT, "The sale is too long ago", "The tenant's accept_sales_days or accept_sales_from say how old a sale may be.";
    OfflineNotAccepted, "offline_not_accepted", CONFLICT, "Offline sales are not accepted", "The tenant's settings refuse offline sales, or this amount.";

    ReversedBeforeArrival, "reversed_before_arrival", CONFLICT, "The sale was voided before it arrived", "Nothing is left to do: the void came first, and the sale is not posted. A sale that is meant has a key of its own.";

    // Refunds, reversals, limits.
    SaleDeclined, "sale_declined", CONFLICT, "The sale was declined", "Nothing was posted and never will be under this key, so there is nothing to void.";
    LimitWouldBeNegative, "limit_would_be_negative", CONFLICT, "The limit would fall below 0", "A limit is never below 0. Lower it by less, or reverse a later decrease first.";
    MoreThanSold, "more_than_sold", UNPROCESSABLE_ENTITY, "More than was sold", "The refunds of a line never exceed what was sold; the detail says how much is left.";
    RefundNegative, "refund_negative", UNPROCESSABLE_ENTITY, "The refund is below 0", "The lines of one refund add up to 0 or more. Refund a discount together with what it was given on.";
    RefundBeforeSale, "refund_before_sale", CONFLICT, "The refund is before its sale", "A refund's occurred_at is not before its sale's.";
    NothingToRefund, "nothing_to_refund", CONFLICT, "Nothing is left to refund", "Every line of the sale is refunded already.";
    AlreadyReversed, "already_reversed", CONFLICT, "It is reversed already", "A mutation or invoice is reversed once.";
    NotReversible, "not_reversible", CONFLICT, "This kind of mutation is not reversed", "A reversal is not reversed; an invoice's reset is undone by reversing the invoice.";
    AlreadyInvoiced, "already_invoiced", CONFLICT, "It stands on an invoice", "Refund the sale, or reverse the invoice first; the detail names it.";
    HasRefunds, "has_refunds", CONFLICT, "The sale has refunds", "Reverse its refunds first.";
    NotASale, "not_a_sale", CONFLICT, "This is not a sale", "Only a sale is refunded or voided.";
    AmountOverflow, "amount_overflow", UNPROCESSABLE_ENTITY, "The amount is too large", "The account's balance or limit would leave the range that can be kept exactly.";
    InProgress, "in_progress", CONFLICT, "The same request is being worked on", "Send it again after Retry-After, with the same Idempotency-Key.";

    // Invoicing.
    NoAccountsSelected, "no_accounts_selected", UNPROCESSABLE_ENTITY, "The run has no accounts", "Name accounts, or a filter that fits at least one.";
    NothingToInvoice, "nothing_to_invoice", CONFLICT, "There is nothing to invoice", "No unreversed sale of the account up to the last day waits for an invoice.";
    CreditAccount, "credit_account", CONFLICT, "This is a credit account", "A credit account is not invoiced. Reverse the credits that the detail names (`POST /v1/mutations/{id}/reversal`) and run again.";
    NoBillingHolder, "no_billing_holder", CONFLICT, "Nobody pays for the account", "Link a customer to the account as billing holder.";
    InvoiceDateInFuture, "invoice_date_in_future", UNPROCESSABLE_ENTITY, "The invoice date is in the future", "The invoice date is today or earlier, in the tenant's time zone.";
    InvoiceDateBeforeLast, "invoice_date_before_last", CONFLICT, "The invoice date is before the last invoice", "Numbers and dates of a series rise together: use the date of the last invoice or later.";
    RefundsInvoiced, "refunds_invoiced", CONFLICT, "Refunds of its sales are on a later invoice", "Reverse the invoice that the detail names first.";
    RunNotReversible, "run_not_reversible", CONFLICT, "The run cannot be reversed", "The errors name the accounts and what stands in the way; the detail says what became of the others: nothing was changed, unless something came in the way after the job had begun.";
    RunNotCompleted, "run_not_completed", CONFLICT, "The run is not completed", "Wait for its job to end.";
    JobFinished, "job_finished", CONFLICT, "The job has ended", "A job that has ended is not cancelled.";
    JobNotCancellable, "job_not_cancellable", CONFLICT, "This job is not cancelled", "A reversal of a run goes on to its end once it has begun.";

    // Imports.
    UnknownImport, "unknown_import", UNPROCESSABLE_ENTITY, "There is no such import", "No import of this tenant has this id.";
    ImportNotCommitted, "import_not_committed", CONFLICT, "The import is not committed", "Commit it first: until then its customers do not exist.";
    UnreadableFile, "unreadable_file", UNPROCESSABLE_ENTITY, "The file cannot be read", "The errors say why: it is no spreadsheet, it is damaged, it has a password, or it holds more than is read.";
    ImportNotValid, "import_not_valid", CONFLICT, "The import has errors or is not validated", "Validate it, put right what the findings name, and commit it when there is no error.";
    ImportCommitted, "import_committed", CONFLICT, "The import is committed", "Nothing more is changed in it. Send the file again for another import.";
    ImportChanged, "import_changed", CONFLICT, "The import was changed meanwhile", "Another request validated it or changed its mapping at the same time. Read it and go on from there.";
    ImportOutdated, "import_outdated", CONFLICT, "Customers have changed since the validation", "Somebody made a customer with a number of this import meanwhile. Validate it again.";

    // The service.
    TooManyRequests, "too_many_requests", TOO_MANY_REQUESTS, "Too many attempts", "Wait as long as Retry-After says.";
    ServiceUnavailable, "service_unavailable", SERVICE_UNAVAILABLE, "The service is busy or its database is away", "Nothing is lost. Send the same request again after Retry-After, with the same Idempotency-Key.";
    Internal, "internal", INTERNAL_SERVER_ERROR, "The service made a mistake", "This is a bug. Tell the operator the request_id.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_snake_case_and_unique() {
        let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        assert!(
            codes
                .iter()
                .all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        );
    }
}
