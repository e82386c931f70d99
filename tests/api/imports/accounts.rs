//! Accounts in a batch.

use serde_json::{Value, json};

use super::{commit, customers, findings, path, validated};
use crate::harness::Venue;
use crate::invoice_runs::sound::assert_sound;

fn accounts(venue: &Venue) -> Vec<Value> {
    let page = venue.superuser.get("/v1/accounts?limit=200&sort=number").expect(200);
    page["items"].as_array().unwrap().clone()
}

#[test]
fn each_row_opens_its_accounts_with_following_numbers() {
    let venue = Venue::open();
    venue.customer("Bestaand");
    let file =
        "Naam/bedrijfsnaam;Limiet;Aantal rekeningen\nBestaand;100;1\nNieuw;1.250,50;2\nNieuw;€ 75,-;1\nNul;0;1\n";
    let import = validated(&venue.superuser, "accounts", file.as_bytes());
    assert_eq!(
        (&import["status"], &import["created_count"]),
        (&json!("valid"), &json!(5))
    );
    commit(&venue.superuser, &import);
    let made = accounts(&venue);
    let line = |account: &Value| {
        let text = |field: &str| account[field].as_str().unwrap().to_owned();
        format!(
            "{} {} {} {}",
            text("number"),
            text("name"),
            text("credit_limit"),
            text("status")
        )
    };
    assert_eq!(
        made.iter().map(line).collect::<Vec<_>>(),
        [
            "71900001 Bestaand 100.00 active",
            "71900002 Nieuw 1250.50 active",
            "71900003 Nieuw 1250.50 active",
            "71900004 Nieuw 75.00 active",
            "71900005 Nul 0.00 active",
        ]
    );
    assert!(
        made.iter()
            .all(|account| account["on_account_allowed"] == true && account["holders"][0]["kind"] == "billing")
    );
    assert_eq!(
        customers(&venue).len(),
        3,
        "who was there is not made again, and a new one once"
    );
    let entries = venue
        .superuser
        .get(&format!("/v1/accounts/{}/mutations", made[1]["id"].as_str().unwrap()))
        .expect(200);
    assert_eq!(
        (&entries["items"][0]["kind"], &entries["items"][0]["reason"]),
        (&json!("limit_change"), &json!("import of list.csv"))
    );
    assert_sound(&venue.service, venue.tenant_id);
    let results = venue
        .superuser
        .get(&format!("{}/results?limit=2", path(&import)))
        .expect(200);
    assert_eq!(
        (&results["items"][1]["row"], &results["items"][1]["account_number"]),
        (&json!(3), &json!("71900002"))
    );
}

#[test]
fn the_same_rows_again_make_nothing() {
    let venue = Venue::open();
    let file = "Name,Limit,Number of accounts\nClub,100.00,2\nClub,100.00,1\n";
    commit(
        &venue.superuser,
        &validated(&venue.superuser, "accounts", file.as_bytes()),
    );
    let again = validated(&venue.superuser, "accounts", file.as_bytes());
    assert_eq!(
        (&again["created_count"], &again["unchanged_count"], &again["status"]),
        (&json!(0), &json!(3), &json!("valid"))
    );
    assert_eq!(
        findings(&venue.superuser, &again),
        ["A2 already_imported", "A3 already_imported"]
    );
    commit(&venue.superuser, &again);
    assert_eq!((accounts(&venue).len(), customers(&venue).len()), (3, 1));
    let results = venue.superuser.get(&format!("{}/results", path(&again))).expect(200);
    let named = |row: &Value| (row["outcome"].clone(), row["account_number"].clone());
    assert_eq!(
        results["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(named)
            .collect::<Vec<_>>(),
        ["71900001", "71900002", "71900003"].map(|number| (json!("unchanged"), json!(number)))
    );
    let longer = validated(&venue.superuser, "accounts", format!("{file}Other,5,1\n").as_bytes());
    assert_eq!(
        (&longer["created_count"], &longer["unchanged_count"]),
        (&json!(1), &json!(3))
    );
}

#[test]
fn amounts_are_told_apart_by_their_column() {
    let venue = Venue::open();
    let of = |limits: [&str; 2]| {
        let file = format!("Naam;Limiet;Aantal\nA;{};1\nB;{};1\n", limits[0], limits[1]);
        findings(
            &venue.superuser,
            &validated(&venue.superuser, "accounts", file.as_bytes()),
        )
    };
    assert_eq!(of(["1.250", "100"]), ["B2 ambiguous_amount"]);
    assert_eq!(of(["1.250", "75,50"]), Vec::<String>::new());
    assert_eq!(of(["1.250", "75.50"]), Vec::<String>::new());
    assert_eq!(of(["veel", "-1"]), ["B2 amount_form", "B3 amount_negative"]);
}

#[test]
fn a_name_that_two_customers_have_is_an_error() {
    let venue = Venue::open();
    venue.customer("Club");
    venue.customer("Club");
    let import = validated(&venue.superuser, "accounts", b"Naam;Limiet;Aantal\nCLUB;5;1\nX;5;0\n");
    assert_eq!(
        findings(&venue.superuser, &import),
        ["A2 ambiguous_customer", "C3 account_count"]
    );
}
