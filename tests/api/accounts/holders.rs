//! Holders, and the name that an account has from its payer.

use serde_json::{Value, json};

use super::told;
use crate::harness::{Answer, Venue};

fn id(customer: &Value) -> &str {
    customer["id"].as_str().unwrap()
}

/// `[name, kind]` of each holder.
fn holders(account: &Value) -> Value {
    let items = account["holders"]
        .as_array()
        .or_else(|| account["items"].as_array())
        .unwrap();
    items
        .iter()
        .map(|holder| json!([holder["name"], holder["kind"]]))
        .collect()
}

#[test]
fn the_first_pays_and_the_named_one_takes_over() {
    let venue = Venue::open();
    let account = venue.new_account(json!({}));
    let (vera, club, ana) = (
        venue.customer("Vera de Vries"),
        venue.customer("Club"),
        venue.customer("Ana Bos"),
    );
    let put = |customer: &Value, body: Value| -> Answer {
        venue
            .clerk
            .put(&format!("{}/holders/{}", account.path, id(customer)), body)
    };
    put(&vera, json!({"kind": "viewer"})).problem(409, "last_billing_holder");
    let answer = put(&vera, json!({}));
    assert_eq!(answer.expect(200)["name"], "Vera de Vries");
    assert_eq!(answer.header("etag"), "\"2-0\"");
    let changed = put(&club, json!({})).expect(200);
    assert_eq!(
        holders(&changed),
        json!([["Vera de Vries", "billing"], ["Club", "viewer"]])
    );
    assert_eq!(
        put(&club, json!({})).expect(200),
        changed,
        "linking again changes nothing"
    );
    put(&vera, json!({"kind": "viewer"})).problem(409, "last_billing_holder");
    put(&ana, json!({"kind": "viewer"})).expect(200);
    let changed = put(&club, json!({"kind": "billing"})).expect(200);
    assert_eq!(changed["name"], "Club");
    let expected = json!([["Club", "billing"], ["Ana Bos", "viewer"], ["Vera de Vries", "viewer"]]);
    assert_eq!(holders(&changed), expected);
    let list = venue.backoffice.get(&format!("{}/holders", account.path)).expect(200);
    assert_eq!(holders(&list), expected);
    assert_eq!(list["items"], changed["holders"]);
    let history = venue
        .clerk
        .get(&format!("{}/history?limit=3", account.path))
        .expect(200);
    let field = |customer: &Value| format!("holders.{}", id(customer));
    assert_eq!(
        told(&history),
        [
            json!(["Klaas Clerk", "name", "Vera de Vries", "Club"]),
            json!(["Klaas Clerk", field(&vera), "billing", "viewer"]),
            json!(["Klaas Clerk", field(&club), "viewer", "billing"]),
        ]
    );
}

#[test]
fn the_payer_goes_last() {
    let venue = Venue::open();
    let account = venue.open_account("0.00");
    let club = venue.customer("Club");
    let path = |customer: &str| format!("{}/holders/{customer}", account.path);
    venue.clerk.put(&path(id(&club)), json!({})).expect(200);
    venue
        .clerk
        .delete(&path(&account.holder_id))
        .problem(409, "last_billing_holder");
    venue.clerk.delete(&path(id(&club))).expect(204);
    venue.clerk.delete(&path(id(&club))).problem(404, "not_found");
    let before = venue.clerk.get(&account.path).expect(200);
    assert_eq!(before["name"], "Vera de Vries");
    venue
        .clerk
        .with("If-Match", "\"1-0\"")
        .delete(&path(&account.holder_id))
        .problem(412, "precondition_failed");
    venue.clerk.delete(&path(&account.holder_id)).expect(204);
    let bare = venue.clerk.get(&account.path).expect(200);
    assert_eq!((&bare["name"], &bare["holders"]), (&Value::Null, &json!([])));
    assert!(bare["settings_version"].as_i64() > before["settings_version"].as_i64());
}

#[test]
fn a_rename_reaches_every_account_at_once() {
    let venue = Venue::open();
    let vera = venue.customer("Vera de Vries");
    let paid = [venue.open_account_of(&vera, "0"), venue.open_account_of(&vera, "0")];
    let seen = venue.open_account("0");
    venue
        .clerk
        .put(&format!("{}/holders/{}", seen.path, id(&vera)), json!({}))
        .expect(200);
    let before = venue.clerk.get(&seen.path);
    let path = format!("/v1/customers/{}", id(&vera));
    venue
        .clerk
        .patch(&path, "\"1\"", json!({"last_name": "Çelik"}))
        .expect(200);
    for account in &paid {
        let read = venue.clerk.get(&account.path).expect(200);
        assert_eq!(
            (&read["name"], &read["holders"][0]["name"]),
            (&json!("Vera Çelik"), &json!("Vera Çelik"))
        );
    }
    let changed = venue
        .clerk
        .with("If-None-Match", before.header("etag"))
        .get(&seen.path)
        .expect(200);
    assert_eq!(changed["name"], "Vera de Vries", "someone else of that name pays");
    assert_eq!(
        holders(&changed),
        json!([["Vera de Vries", "billing"], ["Vera Çelik", "viewer"]])
    );
    let found = venue.clerk.get("/v1/accounts?q=celik").expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
}

#[test]
fn an_account_has_at_most_fifty_holders() {
    let venue = Venue::open();
    let account = venue.new_account(json!({}));
    let put = |customer: &Value| {
        venue
            .clerk
            .put(&format!("{}/holders/{}", account.path, id(customer)), json!({}))
    };
    for number in 0..50 {
        put(&venue.customer(&format!("Holder {number}"))).expect(200);
    }
    put(&venue.customer("One more")).problem(409, "too_many_holders");
    let list = venue.clerk.get(&format!("{}/holders", account.path)).expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 50);
}

#[test]
fn two_who_take_over_at_once_leave_one_payer() {
    let venue = Venue::open();
    let account = venue.open_account("0");
    let customers: Vec<Value> = (0..8)
        .map(|number| venue.customer(&format!("Holder {number}")))
        .collect();
    std::thread::scope(|scope| {
        for customer in &customers {
            let path = format!("{}/holders/{}", account.path, id(customer));
            let clerk = venue.clerk.clone();
            scope.spawn(move || clerk.put(&path, json!({"kind": "billing"})).expect(200));
        }
    });
    let read = venue.clerk.get(&account.path).expect(200);
    let all = read["holders"].as_array().unwrap();
    assert_eq!(all.len(), 9);
    let payers: Vec<&Value> = all.iter().filter(|holder| holder["kind"] == "billing").collect();
    assert_eq!(payers.len(), 1);
    assert_eq!(payers[0]["name"], read["name"]);
}

#[test]
fn renames_and_links_at_once_leave_the_right_names() {
    let venue = Venue::open();
    let customer = venue.customer("Vera Nul");
    let path = format!("/v1/customers/{}", id(&customer));
    let accounts: Vec<_> = (0..6).map(|_| venue.new_account(json!({}))).collect();
    std::thread::scope(|scope| {
        for account in &accounts {
            let link = format!("{}/holders/{}", account.path, id(&customer));
            let clerk = venue.clerk.clone();
            scope.spawn(move || clerk.put(&link, json!({})).expect(200));
        }
        for number in 0..6 {
            let (clerk, path) = (venue.clerk.clone(), path.clone());
            scope.spawn(move || {
                clerk
                    .patch(&path, "*", json!({"last_name": format!("Nr{number}")}))
                    .expect(200)
            });
        }
    });
    let name = venue.clerk.get(&path).expect(200)["name"].clone();
    for account in &accounts {
        assert_eq!(venue.clerk.get(&account.path).expect(200)["name"], name);
    }
}

#[test]
fn holders_stay_within_their_tenant() {
    let venue = Venue::open();
    let (_, neighbour, _) = venue.neighbour(720);
    let account = venue.open_account("0");
    let foreign = neighbour
        .post("/v1/customers", json!({"kind": "company", "company_name": "Next door"}))
        .expect(201);
    let own = format!("{}/holders/{}", account.path, account.holder_id);
    let linking = format!("{}/holders/{}", account.path, id(&foreign));
    venue.clerk.put(&linking, json!({})).problem(404, "not_found");
    neighbour.put(&linking, json!({})).problem(404, "not_found");
    neighbour.put(&own, json!({})).problem(404, "not_found");
    neighbour.delete(&own).problem(404, "not_found");
    neighbour
        .get(&format!("{}/holders", account.path))
        .problem(404, "not_found");
    venue.backoffice.put(&own, json!({})).problem(403, "forbidden");
    venue.backoffice.delete(&own).problem(403, "forbidden");
    let problem = venue
        .clerk
        .put(&own, json!({"kind": "owner"}))
        .problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/kind");
    venue
        .clerk
        .put(&own, json!({"kind": null}))
        .problem(422, "validation_failed");
    assert_eq!(
        holders(&venue.clerk.get(&account.path).expect(200)),
        json!([["Vera de Vries", "billing"]])
    );
}
