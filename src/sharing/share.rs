//! Sharing what a run, or a reversal, has just written.

use super::model::Delivery;
use super::store::{self, Mailing};
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult};
use crate::id::Id;
use crate::invoices::model::InvoiceKind;
use crate::invoices::store::get_issuer;
use crate::mail::{self, Letter, NewMail, Recipient};
use crate::money::{Currency, Money};
use crate::users::UserLanguage;

/// Shares those of the invoices whose payers share theirs. Call it in the transaction that writes them; nothing is sent before it
/// is committed, and nobody waits for what is sent.
///
/// # Errors
/// When the database fails.
pub fn share(connection: &mut DbConnection, clock: &Clock, tenant_id: Id, invoice_ids: &[Id]) -> ApiResult<()> {
    store::put_into_inboxes(connection, tenant_id, invoice_ids, clock.now())?;
    let mailings = store::list_mailings(connection, tenant_id, invoice_ids)?;
    if mailings.is_empty() {
        return Ok(());
    }
    let (issuer, _) = get_issuer(connection, tenant_id)?;
    let unknown = || ApiError::internal("the tenant has an unknown currency");
    let currency = Currency::try_from_code(&issuer.currency).ok_or_else(unknown)?;
    let mails = mailings
        .iter()
        .flat_map(|mailing| mails_of(mailing, &issuer.name, currency, tenant_id, clock));
    mail::enqueue(connection, mails.collect())
}

/// The accountant's mail and the copies, one for each address.
fn mails_of(mailing: &Mailing, venue: &str, currency: Currency, tenant_id: Id, clock: &Clock) -> Vec<NewMail> {
    let accountant = Some(mailing.accountant_email.as_str()).filter(|_| mailing.delivery == Delivery::Email);
    let mut addresses: Vec<&str> = accountant.into_iter().collect();
    for copy in mailing.recipient_emails.split(';') {
        if !addresses.iter().any(|address| address.eq_ignore_ascii_case(copy)) {
            addresses.push(copy);
        }
    }
    let total = Money::new(mailing.total_minor, currency);
    let letter = Letter::Invoice {
        is_credit_note: mailing.kind == InvoiceKind::CreditNote,
        venue: venue.to_owned(),
        customer: mailing.payer_name.clone(),
        number: mailing.number.clone(),
        day: mailing.invoice_date,
        total: format!("{} {total}", currency.code()),
    };
    let recipients = addresses.into_iter().filter_map(Recipient::try_new);
    let mails = recipients.map(|recipient| NewMail {
        id: clock.new_id(),
        tenant_id,
        recipient,
        language: UserLanguage::of_tag(&mailing.language).unwrap_or(UserLanguage::En),
        letter: letter.clone(),
        link_nonce: None,
        created_at: clock.now(),
    });
    mails.collect()
}
