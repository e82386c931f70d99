//! `/v1/api-keys` and `/v1/terminals`: keys of scripts and tills.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Actor, Venue, at};

fn key(venue: &Venue, permissions: Value) -> (String, Actor) {
    let body = json!({"name": "nightly export", "permissions": permissions});
    let made = venue.director.post("/v1/api-keys", body);
    let path = made.header("location").to_owned();
    let secret = made.expect(201)["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("oak_"));
    (path, venue.service.with_token(&secret))
}

fn terminal(venue: &Venue, name: &str) -> String {
    let made = venue.superuser.post("/v1/terminals", json!({"name": name}));
    made.expect(201);
    made.header("location").to_owned()
}

fn terminal_key(venue: &Venue, terminal: &str) -> (String, Actor) {
    let made = venue.superuser.post(&format!("{terminal}/keys"), json!({}));
    let path = made.header("location").to_owned();
    let secret = made.expect(201)["secret"].as_str().unwrap().to_owned();
    (path, venue.service.with_token(&secret))
}

#[test]
fn a_script_has_the_permissions_of_its_key_until_it_is_revoked() {
    let venue = Venue::open();
    let (path, script) = key(&venue, json!(["accounts.read", "exports.read"]));
    let me = script.get("/v1/me").expect(200);
    assert_eq!(
        (&me["kind"], &me["name"]),
        (&json!("api_key"), &json!("nightly export"))
    );
    assert_eq!(me["permissions"], json!(["accounts.read", "exports.read"]));
    script.get("/v1/accounts").expect(200);
    script.get("/v1/terminals").problem(403, "forbidden");
    script.get("/v1/users").problem(403, "forbidden");
    let listed = venue.director.get("/v1/api-keys").expect(200);
    assert_eq!(
        listed["items"].as_array().unwrap().len(),
        1,
        "the till's key is not a script's"
    );
    assert!(!listed.to_string().contains("oak_"));
    venue.superuser.delete(&path).problem(403, "forbidden");
    assert_eq!(venue.director.delete(&path).status, 204);
    script.get("/v1/accounts").problem(401, "unauthorized");
    venue.director.delete(&path).problem(409, "key_revoked");
    let listed = venue.director.get("/v1/api-keys").expect(200);
    assert_eq!(listed["items"][0]["revoked_at"], "2026-10-15T10:00:00Z");
}

#[test]
fn a_key_never_makes_rights() {
    let venue = Venue::open();
    for permission in [
        "portal.manage",
        "agreement.accept",
        "users.manage",
        "settings.manage",
        "terminals.manage",
        "nonsense",
    ] {
        let body = json!({"name": "evil", "permissions": ["exports.read", permission]});
        venue
            .director
            .post("/v1/api-keys", body)
            .problem(422, "validation_failed");
    }
    for body in [
        json!({"name": "none", "permissions": []}),
        json!({"name": "", "permissions": ["exports.read"]}),
    ] {
        venue
            .director
            .post("/v1/api-keys", body)
            .problem(422, "validation_failed");
    }
    let body = json!({"name": "x", "permissions": ["exports.read"]});
    venue
        .superuser
        .post("/v1/api-keys", body.clone())
        .problem(403, "forbidden");
    let (_, script) = key(&venue, json!(["exports.read"]));
    script.post("/v1/api-keys", body).problem(403, "forbidden");
}

#[test]
fn permissions_written_into_the_database_by_hand_do_not_make_rights_either() {
    use diesel::prelude::*;
    use onaccount::db::schema::api_keys;
    let venue = Venue::open();
    let (_, script) = key(&venue, json!(["exports.read"]));
    venue.service.write(|connection| {
        diesel::update(api_keys::table)
            .set(api_keys::permissions.eq("exports.read,users.manage,terminals.manage,portal.manage"))
            .execute(connection)
    });
    assert_eq!(script.get("/v1/me").expect(200)["permissions"], json!(["exports.read"]));
}

#[test]
fn a_till_works_with_its_keys_until_they_are_revoked_or_it_is_switched_off() {
    let venue = Venue::open();
    let path = terminal(&venue, "Terrace");
    let (old_path, old) = terminal_key(&venue, &path);
    let (_, new) = terminal_key(&venue, &path);
    let me = old.get("/v1/me").expect(200);
    assert_eq!((&me["kind"], &me["name"]), (&json!("terminal"), &json!("Terrace")));
    assert_eq!(me["permissions"], json!(["till.list", "till.post", "till.totals"]));
    assert_eq!(venue.superuser.delete(&old_path).status, 204);
    old.get("/v1/me").problem(401, "unauthorized");
    new.get("/v1/me").expect(200);
    venue.superuser.delete(&old_path).problem(409, "key_revoked");

    let read = venue.superuser.get(&path);
    assert_eq!(read.expect(200)["keys"].as_array().unwrap().len(), 2);
    let off = venue
        .superuser
        .patch(&path, read.header("etag"), json!({"is_active": false}));
    off.expect(200);
    new.get("/v1/me").problem(401, "unauthorized");
    venue
        .superuser
        .patch(&path, read.header("etag"), json!({"is_active": true}))
        .problem(412, "precondition_failed");
    let on = venue
        .superuser
        .patch(&path, off.header("etag"), json!({"is_active": true, "name": "Garden"}));
    assert_eq!(on.expect(200)["name"], "Garden");
    assert_eq!(new.get("/v1/me").expect(200)["name"], "Garden");
}

#[test]
fn a_terminal_has_a_name_of_its_own() {
    let venue = Venue::open();
    venue
        .superuser
        .post("/v1/terminals", json!({"name": "Bar"}))
        .problem(409, "terminal_name_taken");
    let path = terminal(&venue, "Terrace");
    venue
        .superuser
        .patch(&path, "*", json!({"name": "Bar"}))
        .problem(409, "terminal_name_taken");
    venue
        .superuser
        .send(ureq::http::Method::PATCH, &path, Some(b"{}".to_vec()))
        .problem(428, "precondition_required");
    for wrong in [json!({"name": ""}), json!({}), json!({"name": "x", "colour": 1})] {
        venue
            .superuser
            .post("/v1/terminals", wrong)
            .problem(422, "validation_failed");
    }
    let page = venue.superuser.get("/v1/terminals?limit=1").expect(200);
    assert_eq!(page["items"][0]["name"], "Bar");
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = venue
        .superuser
        .get(&format!("/v1/terminals?limit=1&cursor={cursor}"))
        .expect(200);
    assert_eq!(
        (&page["items"][0]["name"], &page["next_cursor"]),
        (&json!("Terrace"), &Value::Null)
    );
    venue.clerk.get("/v1/terminals").problem(403, "forbidden");
}

#[test]
fn keys_and_terminals_of_another_tenant_do_not_exist() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let (key_path, script) = key(&venue, json!(["exports.read"]));
    let terminal_path = terminal(&venue, "Terrace");
    let (terminal_key_path, till) = terminal_key(&venue, &terminal_path);
    neighbour.delete(&key_path).problem(404, "not_found");
    neighbour.get(&terminal_path).problem(404, "not_found");
    neighbour
        .patch(&terminal_path, "*", json!({"name": "X"}))
        .problem(404, "not_found");
    neighbour
        .post(&format!("{terminal_path}/keys"), json!({}))
        .problem(404, "not_found");
    neighbour.delete(&terminal_key_path).problem(404, "not_found");
    assert_eq!(neighbour.get("/v1/api-keys").expect(200)["items"], json!([]));
    assert_eq!(
        neighbour.get("/v1/terminals").expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // Nor does a key belong to another terminal, or a terminal's key to the scripts.
    let key_id = terminal_key_path.rsplit('/').next().unwrap();
    venue
        .superuser
        .delete(&format!("/v1/terminals/{}/keys/{key_id}", venue.till_id))
        .problem(404, "not_found");
    venue
        .director
        .delete(&format!("/v1/api-keys/{key_id}"))
        .problem(404, "not_found");
    script.get("/v1/me").expect(200);
    till.get("/v1/me").expect(200);
}

#[test]
fn the_last_use_of_a_key_is_noted_once_a_minute() {
    let venue = Venue::open();
    let (_, script) = key(&venue, json!(["exports.read"]));
    let noted = |expected: &Value| {
        let started = Instant::now();
        loop {
            let listed = venue.director.get("/v1/api-keys").expect(200);
            let found = listed["items"][0]["last_used_at"].clone();
            if &found == expected || started.elapsed() > Duration::from_secs(5) {
                return found;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    assert_eq!(noted(&Value::Null), Value::Null);
    let first = json!("2026-10-15T10:00:00Z");
    script.get("/v1/me").expect(200);
    assert_eq!(noted(&first), first);
    let use_at = |time: &str| {
        venue.service.clock.set(at(time));
        venue.service.state.actors.clear();
        script.get("/v1/me").expect(200);
    };
    use_at("2026-10-15T10:00:59Z");
    use_at("2026-10-15T10:01:30Z");
    let second = json!("2026-10-15T10:01:30Z");
    assert_eq!(noted(&second), second);
}
