//! `/v1/users`: users of a tenant and their roles.

use serde_json::{Value, json};

use crate::harness::{Actor, Answer, Venue};

fn make(director: &Actor, email: &str, roles: Value) -> Answer {
    let body = json!({"email": email, "name": "Vera de Vries", "password": "correct horse battery", "roles": roles});
    director.post("/v1/users", body)
}

fn path_of(user: &Value) -> String {
    format!("/v1/users/{}", user["id"].as_str().unwrap())
}

fn set_roles(actor: &Actor, path: &str, roles: Value) -> Answer {
    let etag = actor.get(path).header("etag").to_owned();
    actor
        .with("If-Match", etag)
        .put(&format!("{path}/roles"), json!({"roles": roles}))
}

/// The path of the venue's director, as the director sees it.
fn director_path(venue: &Venue) -> String {
    path_of(&venue.director.get("/v1/me").expect(200))
}

#[test]
fn a_director_makes_a_user_and_finds_them() {
    let venue = Venue::open();
    let answer = make(&venue.director, "Vera@Example.com", json!(["clerk", "clerk"]));
    let user = answer.expect(201);
    assert_eq!(answer.header("location"), path_of(&user));
    assert_eq!((&user["roles"], &user["language"]), (&json!(["clerk"]), &json!("en")));
    assert!(!answer.text().contains("password"));
    let read = venue.director.get(&path_of(&user));
    assert_eq!(read.expect(200), user);
    assert_eq!(read.header("etag"), answer.header("etag"));
    for q in ["vries", "VERA%40exa", "de+v"] {
        let page = venue.director.get(&format!("/v1/users?q={q}")).expect(200);
        assert_eq!(page["items"], json!([user]), "{q}");
    }
    assert_eq!(venue.director.get("/v1/users?q=%25").expect(200)["items"], json!([]));
    let page = venue.director.get("/v1/users?limit=3").expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = venue
        .director
        .get(&format!("/v1/users?limit=3&cursor={cursor}"))
        .expect(200);
    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|user| user["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = [names(&page), names(&next)].concat();
    let expected = [
        "Bea Backoffice",
        "Carla Customer",
        "Dirk Director",
        "Klaas Clerk",
        "Suus Superuser",
        "Vera de Vries",
    ];
    assert_eq!(all, expected);
    venue
        .director
        .get(&format!("/v1/users?q=v&cursor={cursor}"))
        .problem(400, "bad_cursor");
}

#[test]
fn a_user_needs_a_free_address_a_password_and_a_role_that_can_be_granted() {
    let venue = Venue::open();
    make(&venue.director, "vera@example.com", json!(["clerk"])).expect(201);
    let known = make(&venue.director, "VERA@example.com", json!(["clerk"])).problem(409, "email_taken");
    assert!(known["detail"].as_str().unwrap().contains("/roles"), "{known}");
    let (_, neighbour, _) = venue.neighbour(720);
    let elsewhere = make(&neighbour, "vera@example.com", json!(["clerk"])).problem(409, "email_taken");
    assert!(
        elsewhere["detail"].as_str().unwrap().contains("portal administrator"),
        "{elsewhere}"
    );
    make(&venue.director, "b@example.com", json!(["backoffice"])).problem(409, "self_booking_not_enabled");
    make(&venue.director, "b@example.com", json!(["customer"])).problem(409, "granted_by_invitation");
    make(&venue.director, "b@example.com", json!([])).problem(422, "validation_failed");
    make(&venue.director, "b@example.com", json!(["king"])).problem(422, "validation_failed");
    make(&venue.director, "b", json!(["clerk"])).problem(422, "validation_failed");
    let body = json!({"email": "b@example.com", "name": "B", "password": "short", "roles": ["clerk"]});
    let problem = venue.director.post("/v1/users", body).problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/password");
    let body = json!({"email": "b@example.com", "name": "B", "password": "correct horse battery", "roles": ["clerk"], "is_portal_admin": true});
    venue.director.post("/v1/users", body).problem(422, "validation_failed");
    make(&venue.superuser, "b@example.com", json!(["clerk"])).problem(403, "forbidden");
}

#[test]
fn a_director_changes_only_who_belongs_to_this_tenant_alone() {
    let venue = Venue::open();
    let answer = make(&venue.director, "vera@example.com", json!(["clerk"]));
    let (user, etag) = (answer.expect(201), answer.header("etag").to_owned());
    let path = path_of(&user);
    let changed = venue
        .director
        .patch(&path, &etag, json!({"name": "Vera Bakker", "language": "nl"}));
    assert_eq!(changed.expect(200)["name"], "Vera Bakker");
    assert_ne!(changed.header("etag"), etag);
    venue
        .director
        .patch(&path, &etag, json!({"name": "V"}))
        .problem(412, "precondition_failed");
    venue
        .director
        .send(ureq::http::Method::PATCH, &path, Some(b"{}".to_vec()))
        .problem(428, "precondition_required");
    let (neighbour_id, neighbour, _) = venue.neighbour(720);
    let elsewhere = venue.portal_admin.with("Onaccount-Tenant", neighbour_id.to_string());
    let grant = json!({"email": "vera@example.com", "roles": ["clerk"]});
    elsewhere.post("/v1/users/grants", grant).expect(200);
    for director in [&venue.director, &neighbour] {
        director
            .patch(&path, "*", json!({"name": "Hacked"}))
            .problem(403, "forbidden");
    }
    // Nor a portal administrator who has a role here.
    let (admin_id, admin) = venue.service.user(
        "Ada Admin",
        true,
        Some((venue.tenant_id, &[onaccount::auth::Role::Clerk])),
    );
    let path = format!("/v1/users/{admin_id}");
    venue
        .director
        .patch(&path, "*", json!({"name": "Hacked"}))
        .problem(403, "forbidden");
    assert_eq!(admin.get("/v1/me").expect(200)["name"], "Ada Admin");
}

#[test]
fn lowered_roles_count_at_once() {
    let venue = Venue::open();
    let (id, clerk) = venue.service.user(
        "Cor",
        false,
        Some((venue.tenant_id, &[onaccount::auth::Role::Superuser])),
    );
    clerk.get("/v1/terminals").expect(200);
    let path = format!("/v1/users/{id}");
    set_roles(&venue.director, &path, json!(["clerk"])).expect(200);
    clerk.get("/v1/terminals").problem(403, "forbidden");
    set_roles(&venue.director, &path, json!(["superuser"])).expect(200);
    clerk.get("/v1/terminals").expect(200);
    set_roles(&venue.director, &path, json!([])).expect(200);
    clerk.get("/v1/terminals").problem(403, "tenant_not_chosen");
    clerk.get("/v1/agreement").problem(403, "tenant_not_chosen");
    venue.director.get(&path).problem(404, "not_found");
}

#[test]
fn roles_name_the_version_they_replace_and_only_some_can_be_granted() {
    let venue = Venue::open();
    let user = make(&venue.director, "vera@example.com", json!(["clerk"])).expect(201);
    let path = path_of(&user);
    let put = |etag: &str, roles: Value| {
        venue
            .director
            .with("If-Match", etag)
            .put(&format!("{path}/roles"), json!({"roles": roles}))
    };
    let etag = venue.director.get(&path).header("etag").to_owned();
    put(&etag, json!(["superuser"])).expect(200);
    put(&etag, json!(["director"])).problem(412, "precondition_failed");
    venue
        .director
        .put(&format!("{path}/roles"), json!({"roles": []}))
        .problem(428, "precondition_required");
    put("*", json!(["backoffice"])).problem(409, "self_booking_not_enabled");
    put("*", json!(["customer"])).problem(409, "granted_by_invitation");
    put("*", json!("clerk")).problem(422, "validation_failed");
    assert_eq!(venue.director.get(&path).expect(200)["roles"], json!(["superuser"]));
}

#[test]
fn a_tenant_keeps_a_director() {
    let venue = Venue::open();
    let path = director_path(&venue);
    set_roles(&venue.director, &path, json!(["clerk"])).problem(409, "last_director");
    set_roles(&venue.director, &path, json!([])).problem(409, "last_director");
    make(&venue.director, "vera@example.com", json!(["director"])).expect(201);
    set_roles(&venue.director, &path, json!(["clerk"])).expect(200);
    venue.director.get("/v1/users").problem(403, "forbidden");
}

#[test]
fn two_directors_who_demote_each_other_at_once_leave_one() {
    let venue = Venue::open();
    let (other_id, other) = venue.service.user(
        "Otto",
        false,
        Some((venue.tenant_id, &[onaccount::auth::Role::Director])),
    );
    let demotions = [
        (&venue.director, format!("/v1/users/{other_id}/roles")),
        (&other, format!("{}/roles", director_path(&venue))),
    ];
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let demoting: Vec<_> = demotions
            .iter()
            .map(|(actor, path)| {
                scope.spawn(move || {
                    actor
                        .with("If-Match", "*")
                        .put(path, json!({"roles": ["clerk"]}))
                        .status
                })
            })
            .collect();
        demoting.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(statuses.contains(&200), "{statuses:?}");
    assert!(statuses.contains(&409) || statuses.contains(&403), "{statuses:?}");
    let directors = [&venue.director, &other]
        .iter()
        .filter(|actor| actor.get("/v1/users").status == 200)
        .count();
    assert_eq!(directors, 1);
}

#[test]
fn users_of_another_tenant_do_not_exist() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let foreign = path_of(&neighbour.get("/v1/me").expect(200));
    venue.director.get(&foreign).problem(404, "not_found");
    venue
        .director
        .patch(&foreign, "*", json!({"name": "X"}))
        .problem(404, "not_found");
    venue
        .director
        .with("If-Match", "*")
        .put(&format!("{foreign}/roles"), json!({"roles": ["clerk"]}))
        .problem(404, "not_found");
    let page = venue.director.get("/v1/users?q=neighbour").expect(200);
    assert_eq!(page["items"], json!([]));
    venue.director.get("/v1/users/719").problem(404, "not_found");
}

#[test]
fn only_a_portal_administrator_brings_a_user_into_another_tenant() {
    let venue = Venue::open();
    make(&venue.director, "vera@example.com", json!(["clerk"])).expect(201);
    let (neighbour_id, neighbour, _) = venue.neighbour(720);
    let path = "/v1/users/grants";
    let grant = json!({"email": "vera@example.com", "roles": ["clerk"]});
    neighbour.post(path, grant.clone()).problem(403, "forbidden");
    venue
        .portal_admin
        .post(path, grant.clone())
        .problem(403, "tenant_not_chosen");
    let inside = venue.portal_admin.with("Onaccount-Tenant", neighbour_id.to_string());
    let user = inside.post(path, grant).expect(200);
    assert_eq!(neighbour.get(&path_of(&user)).expect(200)["roles"], json!(["clerk"]));
    let grant = json!({"email": "vera@example.com", "roles": ["superuser"]});
    assert_eq!(
        inside.post(path, grant).expect(200)["roles"],
        json!(["superuser", "clerk"])
    );
    let unknown = json!({"email": "nobody@example.com", "roles": ["clerk"]});
    inside.post(path, unknown).problem(422, "unknown_user");
    let later = json!({"email": "vera@example.com", "roles": ["backoffice"]});
    inside.post(path, later).problem(409, "self_booking_not_enabled");
}
