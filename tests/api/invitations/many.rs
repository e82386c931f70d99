//! Inviting many customers at once.

use serde_json::{Value, json};

use super::{access_of, invite, join, mails_of, person};
use crate::harness::Venue;

fn ids(customers: &[&Value]) -> Value {
    customers.iter().map(|customer| customer["id"].clone()).collect()
}

#[test]
fn a_selection_is_invited_without_those_who_cannot_be() {
    let venue = Venue::open();
    let fresh: Vec<Value> = (0..3)
        .map(|n| person(&venue, &format!("Member{n}"), &format!("member{n}@clubnoord.nl")))
        .collect();
    let invited = person(&venue, "Ida", "ida@clubnoord.nl");
    invite(&venue, &invited).expect(201);
    let active = person(&venue, "Ann", "ann@clubnoord.nl");
    join(&venue, &active);
    let fictional = person(&venue, "Eva", "eva@example.com");
    let selection = ids(&[
        &fresh[0], &fresh[1], &fresh[2], &invited, &active, &fictional, &fresh[0],
    ]);
    let body = json!({"customer_ids": selection});
    let counted = venue.clerk.post("/v1/invitations", body.clone()).expect(200);
    let expected = json!({"invited": 3, "already_invited": 1, "already_active": 1, "unreachable": 1});
    assert_eq!(counted, expected);
    assert_eq!(mails_of(&venue, &invited).len(), 1);
    let counted = venue.clerk.post("/v1/invitations", body).expect(200);
    assert_eq!(
        (&counted["invited"], &counted["already_invited"]),
        (&json!(0), &json!(4))
    );
    let again = json!({"customer_ids": ids(&[&invited, &active]), "again": true});
    let counted = venue.clerk.post("/v1/invitations", again).expect(200);
    assert_eq!(
        (&counted["invited"], &counted["already_active"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(mails_of(&venue, &invited).len(), 2);
    for customer in &fresh {
        assert_eq!(access_of(&venue, customer), "invited");
    }
    // what goes beyond the limit of ten goes not at all: six have gone
    let more: Vec<Value> = (0..5)
        .map(|n| person(&venue, &format!("More{n}"), &format!("more{n}@clubnoord.nl")))
        .collect();
    let body = json!({"customer_ids": ids(&more.iter().collect::<Vec<_>>())});
    venue
        .clerk
        .post("/v1/invitations", body)
        .problem(429, "too_many_requests");
    assert!(more.iter().all(|customer| mails_of(&venue, customer).is_empty()));
}

#[test]
fn the_customers_of_an_import_are_invited() {
    let venue = Venue::open();
    let file = "Voornaam;Achternaam;E-mail\nVera;de Vries;vera@clubnoord.nl\nBob;Bakker;bob@clubnoord.nl\nEva;Egger;eva@example.com\n";
    let import = venue
        .director
        .upload("customers", "members.csv", file.as_bytes())
        .expect(201);
    let (id, director) = (import["id"].clone(), venue.director.with("Prefer", "wait=10"));
    let path = format!("/v1/imports/{}", id.as_str().unwrap());
    let columns = [("A", "first_name"), ("B", "last_name"), ("C", "contact_email")]
        .map(|(column, field)| json!({"column": column, "field": field}));
    let mapping = json!({"columns": columns, "optional_fields": import["missing"]});
    director.put(&format!("{path}/mapping"), mapping).expect(200);
    let body = json!({"import_id": id});
    director
        .post("/v1/invitations", body.clone())
        .problem(409, "import_not_committed");
    director.post_empty(&format!("{path}/validate")).expect(200);
    director.post_empty(&format!("{path}/commit")).expect(200);
    let counted = director.post("/v1/invitations", body.clone()).expect(200);
    let expected = json!({"invited": 2, "already_invited": 0, "already_active": 0, "unreachable": 1});
    assert_eq!(counted, expected);
    let invited = venue.clerk.get("/v1/customers?access=invited").expect(200);
    let names: Vec<&str> = invited["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Bob Bakker", "Vera de Vries"]);
    assert_eq!(director.post("/v1/invitations", body).expect(200)["already_invited"], 2);
}

#[test]
fn a_selection_is_named_in_one_way() {
    let venue = Venue::open();
    let zoe = person(&venue, "Zoë", "zoe@clubnoord.nl");
    let id = &zoe["id"];
    for body in [json!({}), json!({"customer_ids": [id], "import_id": id})] {
        let problem = venue
            .clerk
            .post("/v1/invitations", body)
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], "one_choice", "{problem}");
    }
    let nobody = venue.tenant_id.to_string();
    let some_unknown = json!({"customer_ids": [id, nobody]});
    venue
        .clerk
        .post("/v1/invitations", some_unknown)
        .problem(422, "unknown_customer");
    venue
        .clerk
        .post("/v1/invitations", json!({"import_id": nobody}))
        .problem(422, "unknown_import");
    venue
        .clerk
        .post("/v1/invitations", json!({"customer_ids": []}))
        .problem(422, "validation_failed");
    assert_eq!(access_of(&venue, &zoe), "not_invited");
    venue
        .backoffice
        .post("/v1/invitations", json!({"customer_ids": [id]}))
        .problem(403, "forbidden");
}
