//! Customers share their documents with an accountant.

use diesel::prelude::*;
use onaccount::db::schema::outbox;
use onaccount::mail::{MailKind, MailRow, Round};
use serde_json::{Value, json};

use crate::harness::{Actor, Answer, TestAccount, Venue, key};
use crate::invitations::{path_of, person};
use crate::mail::postman;
use crate::mail::smtp::SmtpServer;
use crate::own::{ids, invoice};

fn share(venue: &Venue, customer: &Value, body: Value) -> Answer {
    venue.clerk.put(&format!("{}/sharing", path_of(customer)), body)
}

/// Ann with an account, and Bob with one: only Ann's things are shared.
struct Members {
    ann: Value,
    account: TestAccount,
    others: TestAccount,
}

impl Members {
    fn of(venue: &Venue) -> Self {
        let ann = person(venue, "Ann", "ann@clubnoord.nl");
        let account = venue.open_account_of(&ann, "100.00");
        let others = venue.open_account_of(&person(venue, "Bob", "bob@clubnoord.nl"), "100.00");
        Members { ann, account, others }
    }
}

/// Somebody of the bookkeeping seat, and their address.
fn accountant(venue: &Venue) -> (Actor, String) {
    let email = venue.backoffice.get("/v1/me").expect(200)["email"]
        .as_str()
        .unwrap()
        .to_owned();
    (venue.backoffice.clone(), email)
}

fn mails(venue: &Venue) -> Vec<MailRow> {
    venue.service.write(|connection| {
        outbox::table
            .filter(outbox::kind.eq(MailKind::Invoice))
            .order(outbox::id)
            .select(MailRow::as_select())
            .load(connection)
    })
}

fn recipients(venue: &Venue) -> Vec<String> {
    mails(venue).into_iter().map(|mail| mail.recipient).collect()
}

#[test]
fn each_new_invoice_appears_in_the_accountants_inbox() {
    let venue = Venue::open();
    let Members { ann, account, others } = Members::of(&venue);
    let before = invoice(&venue, &account, "before");
    let (bookkeeper, email) = accountant(&venue);
    let body =
        json!({"shares_documents": true, "delivery": "accountant_inbox", "accountant_email": email.to_uppercase()});
    let shared = share(&venue, &ann, body).expect(200);
    assert_eq!(
        (&shared["shares_documents"], &shared["delivery"]),
        (&json!(true), &json!("accountant_inbox"))
    );
    assert_eq!(shared["shared_since"], "2026-10-15T10:00:00Z");
    assert!(
        ids(&bookkeeper, "/v1/shared-documents").is_empty(),
        "only what is made from now on"
    );
    let first = invoice(&venue, &account, "first");
    invoice(&venue, &others, "others");
    let second = invoice(&venue, &account, "second");
    assert_eq!(
        ids(&bookkeeper, "/v1/shared-documents"),
        [second.as_str(), first.as_str()]
    );
    let read = bookkeeper.get(&format!("/v1/shared-documents/{first}")).expect(200);
    assert_eq!(read, venue.director.get(&format!("/v1/invoices/{first}")).expect(200));
    bookkeeper
        .get(&format!("/v1/shared-documents/{before}"))
        .problem(404, "not_found");
    // a credit note is a document, too
    let path = format!("/v1/invoices/{second}/reversal");
    let note = venue
        .director
        .with("Idempotency-Key", key())
        .post_empty(&path)
        .expect(201);
    let note = note["id"].as_str().unwrap();
    assert_eq!(
        ids(&bookkeeper, "/v1/shared-documents"),
        [note, second.as_str(), first.as_str()]
    );
    // the inbox is this user's
    assert!(ids(&venue.director, "/v1/shared-documents").is_empty());
    venue
        .director
        .get(&format!("/v1/shared-documents/{first}"))
        .problem(404, "not_found");
    venue.clerk.get("/v1/shared-documents").problem(403, "forbidden");
    assert!(mails(&venue).is_empty());
}

#[test]
fn an_inbox_is_that_of_somebody_who_does_the_books_here() {
    let venue = Venue::open();
    let Members { ann, .. } = Members::of(&venue);
    let (_, neighbour, _) = venue.neighbour(720);
    let address = |actor: &Actor| actor.get("/v1/me").expect(200)["email"].clone();
    let strangers = [
        address(&venue.clerk),
        address(&venue.customer_user),
        address(&neighbour),
        json!("nobody@clubnoord.nl"),
    ];
    let mut answers = Vec::new();
    for email in strangers {
        let body = json!({"shares_documents": true, "delivery": "accountant_inbox", "accountant_email": email});
        let mut problem = share(&venue, &ann, body).problem(422, "unknown_accountant");
        problem.as_object_mut().unwrap().remove("request_id");
        answers.push(problem);
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    for (body, pointer) in [
        (
            json!({"shares_documents": true, "delivery": "email"}),
            "/accountant_email",
        ),
        (
            json!({"shares_documents": true, "accountant_email": "a@kantoor.nl"}),
            "/accountant_email",
        ),
        (
            json!({"shares_documents": false, "delivery": "email", "accountant_email": "a@kantoor.nl"}),
            "/delivery",
        ),
        (
            json!({"shares_documents": true, "delivery": "email", "accountant_email": "a@example.com"}),
            "/accountant_email",
        ),
    ] {
        let problem = share(&venue, &ann, body).problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let read = venue.backoffice.get(&format!("{}/sharing", path_of(&ann))).expect(200);
    assert_eq!(
        (&read["shares_documents"], &read["shared_since"]),
        (&json!(false), &json!(null))
    );
}

#[test]
fn an_invoice_is_mailed_to_the_accountant_and_to_the_recipients_of_copies() {
    let venue = Venue::open();
    let server = SmtpServer::start(&[]);
    let Members { ann, account, others } = Members::of(&venue);
    let copies =
        json!({"language": "nl", "recipient_emails": ["copy@clubnoord.nl", "test@example.com", "Books@kantoor.nl"]});
    venue.clerk.patch(&path_of(&ann), "*", copies).expect(200);
    invoice(&venue, &account, "before");
    assert!(mails(&venue).is_empty(), "nothing is shared yet");
    let body = json!({"shares_documents": true, "delivery": "email", "accountant_email": "books@kantoor.nl"});
    share(&venue, &ann, body).expect(200);
    let id = invoice(&venue, &account, "first");
    invoice(&venue, &others, "others");
    assert_eq!(recipients(&venue), ["books@kantoor.nl", "copy@clubnoord.nl"]);
    assert_eq!(
        postman(&venue.service, &server.url).deliver_due().unwrap(),
        Round::Worked
    );
    let number = venue.director.get(&format!("/v1/invoices/{id}")).expect(200)["number"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = server.received()[0].body();
    for part in [
        format!("Factuur: {number}\n"),
        "Totaal: EUR 6.00\n".into(),
        "Datum: 15-10-2026\n".into(),
        "Ann de Vries".into(),
    ] {
        assert!(body.contains(&part), "{part} is not in {body}");
    }
    // with no delivery only the copies go; switched off, nothing does
    share(&venue, &ann, json!({"shares_documents": true, "delivery": "none"})).expect(200);
    invoice(&venue, &account, "second");
    assert_eq!(recipients(&venue)[2..], ["copy@clubnoord.nl", "Books@kantoor.nl"]);
    share(&venue, &ann, json!({"shares_documents": false})).expect(200);
    invoice(&venue, &account, "third");
    assert_eq!(recipients(&venue).len(), 4);
    let history = venue.clerk.get(&format!("{}/history", path_of(&ann))).expect(200);
    let last = &history["items"][0];
    assert_eq!(
        (&last["field"], &last["new_value"]),
        (&json!("shares_documents"), &json!("false"))
    );
}

/// A preview and a run that fails share nothing: what is shared stands with its invoice.
#[test]
fn what_is_not_invoiced_is_not_shared() {
    let venue = Venue::open();
    let Members { ann, account, .. } = Members::of(&venue);
    let (bookkeeper, email) = accountant(&venue);
    let body = json!({"shares_documents": true, "delivery": "accountant_inbox", "accountant_email": email});
    share(&venue, &ann, body).expect(200);
    let run = json!({"from": "2026-10-01", "to": "2026-10-15", "reset_type": "none", "accounts": {"account_ids": [account.id]}});
    venue.director.post("/v1/invoice-runs/preview", run.clone()).expect(200);
    let director = venue.director.with("Prefer", "wait=10");
    director
        .post_new("/v1/invoice-runs", run)
        .problem(409, "nothing_to_invoice");
    assert!(ids(&bookkeeper, "/v1/shared-documents").is_empty());
}
