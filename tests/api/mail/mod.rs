//! Outgoing mail, against a real SMTP conversation.

mod delivery;
mod refusals;
pub mod smtp;

use std::sync::Arc;

use chrono::NaiveDate;
use diesel::prelude::*;
use onaccount::auth::LinkTokens;
use onaccount::db::schema::outbox;
use onaccount::id::Id;
use onaccount::mail::{self, Letter, MailRow, MailTransport, MailUrl, NewMail, Postman, Recipient};
use onaccount::users::UserLanguage;

use crate::harness::Service;

/// Sends the service's mail to this URL when it is told to.
pub fn postman(service: &Service, url: &str) -> Postman {
    let url: MailUrl = url.parse().unwrap();
    Postman {
        db: service.state.db.clone(),
        clock: service.clock.clone(),
        transport: MailTransport::try_new(&url).unwrap().unwrap(),
        from: "Portal <post@portal.test>".parse().unwrap(),
        invitation_url: "https://portal.test/invitation".parse().unwrap(),
        link_tokens: service.state.link_tokens.clone(),
        metrics: service.state.metrics.mail.clone(),
        is_stopping: Arc::default(),
    }
}

/// Puts an invitation for this address into the outbox.
pub fn enqueue(service: &Service, tenant_id: Id, recipient: &str) -> Id {
    let new = NewMail {
        id: service.clock.new_id(),
        tenant_id,
        recipient: Recipient::try_new(recipient).unwrap(),
        language: UserLanguage::Nl,
        letter: Letter::Invitation {
            venue: "Café 't Gat".into(),
            name: "Zoë de Vries".into(),
            until: NaiveDate::from_ymd_opt(2026, 10, 22).unwrap(),
        },
        link_nonce: Some(LinkTokens::nonce().unwrap()),
        created_at: service.clock.now(),
    };
    let id = new.id;
    let enqueued = service
        .state
        .db
        .write_blocking(|connection| mail::enqueue(connection, vec![new.clone()]));
    enqueued.unwrap();
    id
}

/// A mail as it stands in the outbox.
pub fn row(service: &Service, id: Id) -> MailRow {
    service.write(|connection| outbox::table.find(id).select(MailRow::as_select()).first(connection))
}
