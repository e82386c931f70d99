//! The back office looks at what a customer sees.

use chrono::TimeDelta;
use serde_json::json;

use super::{Member, ids};
use crate::harness::{Actor, Venue};
use crate::invitations::{path_of, person};

fn look(venue: &Venue, who: &Actor, member: &Member) -> Actor {
    let session = who
        .post_empty(&format!("{}/sessions", path_of(&member.customer)))
        .expect(201);
    assert_eq!(session["customer_id"], member.customer["id"]);
    assert!(session.get("refresh_token").is_none());
    venue.service.with_token(session["access_token"].as_str().unwrap())
}

#[test]
fn the_links_are_there_once_the_customer_signs_in_and_only_then() {
    let venue = Venue::open();
    let fresh = person(&venue, "Eva", "eva@clubnoord.nl");
    assert_eq!(fresh["links"], json!(null));
    venue
        .clerk
        .post_empty(&format!("{}/sessions", path_of(&fresh)))
        .problem(409, "customer_not_active");
    venue
        .clerk
        .post_empty(&format!("{}/invitation", path_of(&fresh)))
        .expect(201);
    assert_eq!(venue.clerk.get(&path_of(&fresh)).expect(200)["links"], json!(null));
    let ann = Member::join(&venue, "ann");
    let path = path_of(&ann.customer);
    let links = json!({"open_account": format!("{path}/sessions"), "documents": format!("{path}/documents")});
    let read = venue.backoffice.get(&path);
    assert_eq!(read.expect(200)["links"], links);
    let listed = venue.backoffice.get("/v1/customers?access=active").expect(200);
    assert_eq!(listed["items"][0]["links"], links);
    assert_eq!(
        ids(&venue.backoffice, links["documents"].as_str().unwrap()),
        [ann.invoice_id.as_str()]
    );
    venue.clerk.delete(&format!("{path}/invitation")).expect(204);
    assert_eq!(venue.clerk.get(&path).expect(200)["links"], json!(null));
    assert_eq!(
        venue.clerk.with("If-None-Match", read.header("etag")).get(&path).status,
        200
    );
}

#[test]
fn whoever_looks_sees_what_the_customer_sees_and_can_do_nothing() {
    let venue = Venue::open();
    let (ann, bob) = (Member::join(&venue, "ann"), Member::join(&venue, "bob"));
    let acting = venue.portal_admin.with("Onaccount-Tenant", venue.tenant_id.to_string());
    for who in [&venue.backoffice, &venue.director, &acting] {
        let viewer = look(&venue, who, &ann);
        for path in [
            "/v1/me/accounts".to_owned(),
            "/v1/me/documents".to_owned(),
            ann.statement_path(),
        ] {
            assert_eq!(
                viewer.get(&path).expect(200),
                ann.actor.get(&path).expect(200),
                "{path}"
            );
        }
        viewer.get(&bob.statement_path()).problem(404, "not_found");
        viewer.get("/v1/customers").problem(403, "forbidden");
        viewer.get("/v1/me/sharing").expect(200);
        let id = ann.customer["id"].as_str().unwrap();
        let off = json!({"shares_documents": false});
        viewer
            .put(&format!("/v1/me/sharing/{id}"), off)
            .problem(403, "forbidden");
        viewer.get("/v1/tenants").problem(403, "forbidden");
        viewer
            .post_empty(&format!("{}/sessions", path_of(&bob.customer)))
            .problem(403, "forbidden");
        let tenant = json!({"tenant_id": venue.tenant_id.to_string()});
        viewer
            .post("/v1/sessions/current/tenant", tenant)
            .problem(403, "forbidden");
        viewer
            .send("PATCH".parse().unwrap(), "/v1/me", Some(br#"{"name":"X"}"#.to_vec()))
            .problem(403, "forbidden");
        viewer.get("/v1/sessions").problem(403, "forbidden");
    }
    venue
        .till
        .post_empty(&format!("{}/sessions", path_of(&ann.customer)))
        .problem(403, "forbidden");
    let history = venue
        .clerk
        .get(&format!("{}/history", path_of(&ann.customer)))
        .expect(200);
    let opened: Vec<&str> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["field"] == "opened_by")
        .map(|entry| entry["actor_name"].as_str().unwrap())
        .collect();
    assert_eq!(opened, ["Petra Portal", "Dirk Director", "Bea Backoffice"]);
}

#[test]
fn looking_ends_after_a_quarter_of_an_hour_and_with_the_right_to_look() {
    let venue = Venue::open();
    let ann = Member::join(&venue, "ann");
    let viewer = look(&venue, &venue.clerk, &ann);
    let clerk = venue.clerk.get("/v1/me").expect(200);
    let roles = format!("/v1/users/{}/roles", clerk["id"].as_str().unwrap());
    viewer.get("/v1/me/accounts").expect(200);
    venue
        .director
        .with("If-Match", "*")
        .put(&roles, json!({"roles": []}))
        .expect(200);
    viewer.get("/v1/me/accounts").problem(401, "unauthorized");
    let viewer = look(&venue, &venue.backoffice, &ann);
    viewer.get("/v1/me/accounts").expect(200);
    venue.service.advance(TimeDelta::minutes(16));
    venue.service.state.actors.clear();
    viewer.get("/v1/me/accounts").problem(401, "unauthorized");
}
