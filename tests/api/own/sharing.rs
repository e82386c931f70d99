//! Customers share their own documents.

use serde_json::{Value, json};

use super::{Member, ids, invoice};
use crate::harness::{Answer, Venue};
use crate::invitations::path_of;

fn id_of(member: &Member) -> &str {
    member.customer["id"].as_str().unwrap()
}

fn share(who: &Member, whose: &Member, body: Value) -> Answer {
    who.actor.put(&format!("/v1/me/sharing/{}", id_of(whose)), body)
}

fn shared_by(member: &Member) -> Value {
    let page = member.actor.get("/v1/me/sharing").expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    page["items"][0].clone()
}

#[test]
fn a_customer_switches_sharing_on_and_off() {
    let venue = Venue::open();
    let ann = Member::join(&venue, "ann");
    let nothing = json!({"customer_name": "ann de Vries", "customer_id": ann.customer["id"], "shares_documents": false,
        "delivery": "none", "accountant_email": null, "shared_since": null});
    assert_eq!(shared_by(&ann), nothing);
    let books = venue.backoffice.get("/v1/me").expect(200)["email"].clone();
    let body = json!({"shares_documents": true, "delivery": "accountant_inbox", "accountant_email": books});
    let on = share(&ann, &ann, body).expect(200);
    assert_eq!(
        (&on["shares_documents"], &on["accountant_email"]),
        (&json!(true), &books)
    );
    assert_eq!(shared_by(&ann)["shared_since"], "2026-10-15T10:00:00Z");
    let of_venue = format!("{}/sharing", path_of(&ann.customer));
    assert_eq!(venue.clerk.get(&of_venue).expect(200), on, "the venue sees it, too");
    let shared = invoice(&venue, &ann.account, "shared");
    assert_eq!(ids(&venue.backoffice, "/v1/shared-documents"), [shared.as_str()]);
    share(&ann, &ann, json!({"shares_documents": false})).expect(200);
    assert_eq!(shared_by(&ann), nothing);
    invoice(&venue, &ann.account, "not shared");
    assert_eq!(
        ids(&venue.backoffice, "/v1/shared-documents"),
        [shared.as_str()],
        "what was shared stays so, and nothing more comes"
    );
    let history = venue
        .clerk
        .get(&format!("{}/history", path_of(&ann.customer)))
        .expect(200);
    let changes = history["items"].as_array().unwrap().iter();
    let changes: Vec<_> = changes
        .filter(|change| change["field"] == "shares_documents")
        .map(|change| {
            (
                change["new_value"].as_str().unwrap(),
                change["actor_name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(changes, [("false", "ann de Vries"), ("true", "ann de Vries")]);
}

#[test]
fn nobody_shares_what_is_not_their_own() {
    let venue = Venue::open();
    let (ann, bob) = (Member::join(&venue, "ann"), Member::join(&venue, "bob"));
    let on = json!({"shares_documents": true});
    share(&ann, &bob, on.clone()).problem(404, "not_found");
    assert_eq!(shared_by(&bob)["shares_documents"], false);
    let path = format!("/v1/me/sharing/{}", id_of(&ann));
    for other in [&venue.director, &venue.clerk, &venue.backoffice] {
        other.put(&path, on.clone()).problem(403, "forbidden");
        other.get("/v1/me/sharing").problem(403, "forbidden");
    }
    let unknown =
        json!({"shares_documents": true, "delivery": "accountant_inbox", "accountant_email": "bob@clubnoord.nl"});
    share(&ann, &ann, unknown).problem(422, "unknown_accountant");
    let addressless = json!({"shares_documents": true, "delivery": "email"});
    share(&ann, &ann, addressless).problem(422, "validation_failed");
    assert_eq!(shared_by(&ann)["shares_documents"], false);
}
