//! Customers are invited, and get in.

mod accept;
mod invite;
mod many;

use diesel::prelude::*;
use onaccount::db::schema::{invitations, outbox};
use onaccount::id::Id;
use onaccount::mail::MailRow;
use serde_json::{Value, json};

use crate::harness::{Actor, Answer, Venue};

pub const PASSWORD: &str = "correct horse battery";

/// A person with this e-mail address.
pub fn person(venue: &Venue, first_name: &str, email: &str) -> Value {
    let body = json!({"kind": "person", "first_name": first_name, "last_name": "de Vries", "email": email});
    venue.clerk.post("/v1/customers", body).expect(201)
}

pub fn path_of(customer: &Value) -> String {
    format!("/v1/customers/{}", customer["id"].as_str().unwrap())
}

pub fn invite(venue: &Venue, customer: &Value) -> Answer {
    venue.clerk.post_empty(&format!("{}/invitation", path_of(customer)))
}

/// How far the customer is, and nothing else.
pub fn access_of(venue: &Venue, customer: &Value) -> String {
    let customer = venue.clerk.get(&path_of(customer)).expect(200);
    customer["access"].as_str().unwrap().to_owned()
}

/// The mails with the customer's invitations, the first one first.
pub fn mails_of(venue: &Venue, customer: &Value) -> Vec<MailRow> {
    let id: Id = customer["id"].as_str().unwrap().parse().unwrap();
    venue.service.write(|connection| {
        invitations::table
            .inner_join(outbox::table.on(outbox::id.eq(invitations::mail_id)))
            .filter(invitations::customer_id.eq(id))
            .order(invitations::id)
            .select(MailRow::as_select())
            .load(connection)
    })
}

/// The secret part of the link in the customer's last mail, which has not gone yet.
pub fn token_of(venue: &Venue, customer: &Value) -> String {
    let mail = mails_of(venue, customer).pop().unwrap();
    venue.service.state.link_tokens.token(&mail.link_nonce.unwrap())
}

pub fn accept(venue: &Venue, token: &str, password: &str) -> Answer {
    let body = json!({"token": token, "password": password});
    venue.service.anybody().post("/v1/invitations/acceptances", body)
}

/// Invites a customer and accepts for them: who signs in as the customer from now on.
pub fn join(venue: &Venue, customer: &Value) -> Actor {
    invite(venue, customer).expect(201);
    let session = accept(venue, &token_of(venue, customer), PASSWORD).expect(201);
    venue.service.with_token(session["access_token"].as_str().unwrap())
}
