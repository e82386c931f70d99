//! Sales of the past, from a till's list of transactions.

use onaccount::auth::Role;
use onaccount::id::Id;
use onaccount::ledger::AccountStatus;
use serde_json::{Value, json};

use super::{commit, findings, path, validate, validated};
use crate::harness::{Actor, Venue};
use crate::invoice_runs::sound::assert_sound;

/// The headings of the export of Twelve, with a column that nobody needs.
const HEADINGS: &str = "Product Id;Datum;Betaaltype;Kassa;Product;Aantal;Prijs (per product);BTW Type;Aantal * prijs";
const BEER: &str = "12;01-10-2026 20:15;Externe borrel;Bar;Bier;2;2.5;21%;5.0";
const NUTS: &str = "40;01-10-2026 20:15;Externe borrel;Bar;Nootjes;1;1.2;9%;1.2";
const PIN: &str = "12;01-10-2026 20:16;Omzet PIN;Bar;Bier;1;2.5;21%;2.5";
/// Sold after midnight on the clock of the venue, which is the evening before in UTC.
const LATE: &str = "12;03-10-2026 00:30;externe  borrel;Bar;Bier;4;2.5;21%;10.0";

fn list(rows: &[&str]) -> Vec<u8> {
    format!("{HEADINGS}\n{}\n", rows.join("\n")).into_bytes()
}

/// A venue where the drinks of others go to an account without a limit, and cards go nowhere.
fn venue() -> (Venue, Id) {
    let venue = Venue::open();
    let account: Id = venue.open_account("0.00").id.parse().unwrap();
    let choices = json!({"payment_types": [{"name": "Externe borrel", "account_id": account},
        {"name": "Omzet PIN", "not_on_account": true}]});
    venue.superuser.put("/v1/payment-types", choices).expect(200);
    (venue, account)
}

/// What is to be made, what is there already, and what is left out.
fn counts(import: &Value) -> (i64, i64, i64) {
    let count = |name: &str| import[name].as_i64().unwrap();
    (
        count("created_count"),
        count("unchanged_count"),
        count("left_out_count"),
    )
}

/// Imports the rows and says what came of them.
fn imported(actor: &Actor, rows: &[&str]) -> (i64, i64, i64) {
    let import = validated(actor, "sales_history", &list(rows));
    assert_eq!(import["status"], "valid", "{:?}", findings(actor, &import));
    counts(&commit(actor, &import))
}

#[test]
fn rows_become_sales_of_their_day_without_asking_the_limit() {
    let (venue, account) = venue();
    let import = validated(&venue.superuser, "sales_history", &list(&[LATE, NUTS, PIN, BEER]));
    assert_eq!(import["unmapped"], json!(["Kassa"]));
    assert_eq!(counts(&import), (3, 0, 1));
    let import = commit(&venue.superuser, &import);
    assert_eq!(import["status"], "committed");
    assert_eq!(venue.state(account), (-1_620, 0, 3));
    let page = venue
        .superuser
        .get(&format!("/v1/accounts/{account}/mutations"))
        .expect(200);
    let line = |item: &Value| {
        format!(
            "{} {} {}",
            item["occurred_at"], item["business_date"], item["balance_change"]
        )
    };
    let mut lines: Vec<String> = page["items"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            r#""2026-10-01T18:15:00Z" "2026-10-01" "-1.20""#,
            r#""2026-10-01T18:15:00Z" "2026-10-01" "-5.00""#,
            r#""2026-10-02T22:30:00Z" "2026-10-03" "-10.00""#,
        ]
    );
    let results = venue.superuser.get(&format!("{}/results", path(&import))).expect(200);
    let row = |place: usize| &results["items"][place];
    assert_eq!(
        (&row(0)["outcome"], &row(0)["name"], &row(0)["account_number"]),
        (&json!("created"), &json!("Bier"), &json!("71900001"))
    );
    assert_eq!(
        (&row(2)["outcome"], &row(2)["mutation_id"]),
        (&json!("left_out"), &Value::Null)
    );
    let sale = venue
        .superuser
        .get(&format!("/v1/sales/{}", row(3)["mutation_id"].as_str().unwrap()))
        .expect(200);
    assert_eq!(
        (&sale["reference"], &sale["flags"], &sale["posted_by"]["name"]),
        (
            &json!("Externe borrel"),
            &json!(["over_limit"]),
            &json!("Suus Superuser")
        )
    );
    assert_eq!(
        sale["lines"],
        json!([{"line_no": 1, "product_code": "12", "name": "Bier", "category": "", "quantity": "2", "amount": "5.00",
            "vat_rate": "21.00", "unit_price": "2.50"}])
    );
    assert_sound(&venue.service, venue.tenant_id);
}

#[test]
fn what_was_posted_once_is_not_posted_again_whichever_file_it_stands_in() {
    let (venue, account) = venue();
    let actor = &venue.superuser;
    assert_eq!(imported(actor, &[BEER, NUTS, PIN]), (2, 0, 1));
    assert_eq!(imported(actor, &[BEER, NUTS, PIN]), (0, 2, 1), "the same file");
    assert_eq!(imported(actor, &[PIN, NUTS, BEER]), (0, 2, 1), "in another order");
    assert_eq!(imported(actor, &[BEER, NUTS, PIN, LATE]), (1, 2, 1), "a longer file");
    let other = NUTS.replace("01-10", "04-10");
    assert_eq!(imported(actor, &[LATE, &other]), (1, 1, 0), "a file that overlaps");
    assert_eq!(venue.state(account), (-1_740, 0, 4));
    assert_sound(&venue.service, venue.tenant_id);
}

#[test]
fn equal_rows_of_one_minute_are_as_many_sales() {
    let (venue, account) = venue();
    let actor = &venue.superuser;
    assert_eq!(imported(actor, &[BEER, BEER]), (2, 0, 0));
    assert_eq!(
        imported(actor, &[BEER, NUTS, BEER, BEER]),
        (2, 2, 0),
        "the third is another"
    );
    let spelled = BEER
        .replace("2.5;21%;5.0", "2,50;21,00 %;5,00")
        .replace("01-10-2026", "2026-10-01");
    assert_eq!(imported(actor, &[&spelled]), (0, 1, 0), "however it is spelled");
    assert_eq!(venue.state(account).0, -1_620);
}

#[test]
fn a_payment_type_that_is_not_mapped_holds_the_import_up_and_is_reported() {
    let (venue, account) = venue();
    let actor = &venue.superuser;
    let crawl = BEER.replace("Externe borrel", "Campus crawl");
    let import = validated(actor, "sales_history", &list(&[BEER, &crawl, PIN, &crawl]));
    assert_eq!(import["status"], "invalid");
    assert_eq!(findings(actor, &import), ["C3 unmapped_payment_type"]);
    actor
        .post_empty(&format!("{}/commit", path(&import)))
        .problem(409, "import_not_valid");
    let types = format!("{}/payment-types", path(&import));
    let report = actor.get(&types).expect(200);
    let account_id = account.to_string();
    assert_eq!(
        report["items"],
        json!([
            {"name": "Campus crawl", "use": "unmapped", "account_id": null, "account_number": null, "row_count": 2,
                "amount": "10.00", "first_row": 3},
            {"name": "Externe borrel", "use": "on_account", "account_id": account_id, "account_number": "71900001",
                "row_count": 1, "amount": "5.00", "first_row": 2},
            {"name": "Omzet PIN", "use": "not_on_account", "account_id": null, "account_number": null, "row_count": 1,
                "amount": "2.50", "first_row": 4}
        ])
    );
    let page = actor.get(&format!("{types}?limit=1")).expect(200);
    let next = page["next_cursor"].as_str().unwrap();
    let page = actor.get(&format!("{types}?limit=2&cursor={next}")).expect(200);
    assert_eq!(
        (&page["items"][1], &page["next_cursor"]),
        (&report["items"][2], &Value::Null)
    );
    let choice = json!({"payment_types": [{"name": "CAMPUS crawl", "account_number": "71900001"}]});
    actor.put("/v1/payment-types", choice).expect(200);
    let import = validate(actor, &import);
    assert_eq!((&import["status"], counts(&import)), (&json!("valid"), (3, 0, 1)));
}

#[test]
fn payment_types_are_mapped_marked_and_forgotten() {
    let (venue, account) = venue();
    let actor = &venue.superuser;
    let names = || -> Vec<String> {
        let page = actor.get("/v1/payment-types").expect(200);
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| format!("{} {}", item["name"].as_str().unwrap(), item["use"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(names(), ["Externe borrel on_account", "Omzet PIN not_on_account"]);
    let choices =
        json!({"payment_types": [{"name": "omzet pin", "account_number": "71900001"}, {"name": "EXTERNE BORREL"}]});
    let mapped = actor.put("/v1/payment-types", choices).expect(200);
    assert_eq!(mapped["payment_types"][0]["account_id"], json!(account));
    assert_eq!(names(), ["omzet pin on_account"]);
    let unknown =
        json!({"payment_types": [{"name": "A", "not_on_account": true}, {"name": "B", "account_number": "none"}]});
    let problem = actor.put("/v1/payment-types", unknown).problem(422, "unknown_account");
    assert_eq!(problem["errors"][0]["pointer"], "/payment_types/1/account_number");
    let both = json!({"payment_types": [{"name": "A", "not_on_account": true, "account_number": "71900001"}]});
    actor.put("/v1/payment-types", both).problem(422, "validation_failed");
    assert_eq!(names(), ["omzet pin on_account"], "what is refused changes nothing");
}

#[test]
fn every_wrong_cell_is_named() {
    let (venue, _) = venue();
    let actor = &venue.superuser;
    let rows = [
        "12;gisteren;Externe borrel;Bar;Bier;2;2.5;21%;5.0",
        "12;31-10-2026 20:15;Externe borrel;Bar;Bier;2;2.5;21%;5.0",
        "12;01-01-2020 20:15;Externe borrel;Bar;Bier;2;2.5;21%;5.0",
        "12;01-10-2026 20:15;;Bar;;veel;2.5;hoog en laag;5.005",
    ];
    let import = validated(actor, "sales_history", &list(&rows));
    assert_eq!(
        findings(actor, &import),
        [
            "B2 moment_form",
            "B3 moment_ahead",
            "B4 moment_too_old",
            "C5 missing_value",
            "E5 missing_value",
            "F5 amount_form",
            "H5 vat_rate_form",
            "I5 amount_decimals",
        ]
    );
    let settings = json!({"accept_sales_from": "2020-01-01"});
    let etag = venue.director.get("/v1/tenants/current").header("etag").to_owned();
    venue.director.patch("/v1/tenants/current", &etag, settings).expect(200);
    assert_eq!(imported(&venue.superuser, &[rows[2]]), (1, 0, 0), "a load of history");
}

#[test]
fn an_account_that_is_not_open_gets_nothing() {
    let (venue, account) = venue();
    for status in [AccountStatus::Inactive, AccountStatus::Closed] {
        venue.set_status(account, status);
        let import = validated(&venue.superuser, "sales_history", &list(&[NUTS, BEER]));
        assert_eq!(findings(&venue.superuser, &import), ["C2 account_not_open"]);
    }
    venue.set_status(account, AccountStatus::Blocked);
    assert_eq!(imported(&venue.superuser, &[NUTS, BEER]), (2, 0, 0));
}

#[test]
fn what_was_given_back_is_a_refund_of_that_day() {
    let (venue, account) = venue();
    let back = "12;01-10-2026 20:17;Externe borrel;Bar;Bier;-1;2.5;21%;-2.5";
    assert_eq!(imported(&venue.superuser, &[BEER, back]), (2, 0, 0));
    assert_eq!(imported(&venue.superuser, &[back]), (0, 1, 0));
    assert_eq!(venue.state(account), (-250, 0, 2));
    let page = venue
        .superuser
        .get(&format!("/v1/accounts/{account}/mutations"))
        .expect(200);
    let refund = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["kind"] == "refund")
        .unwrap()
        .clone();
    assert_eq!(
        (&refund["balance_change"], &refund["business_date"], &refund["reason"]),
        (&json!("2.50"), &json!("2026-10-01"), &json!("import of list.csv"))
    );
    assert_sound(&venue.service, venue.tenant_id);
}

#[test]
fn a_run_invoices_them_once() {
    let (venue, account) = venue();
    imported(&venue.superuser, &[BEER, NUTS, PIN]);
    let run = || {
        let body = json!({"from": "2026-10-01", "to": "2026-10-10", "reset_type": "balance_to_zero",
            "accounts": {"account_ids": [account]}});
        venue
            .superuser
            .with("Prefer", "wait=20")
            .post_new("/v1/invoice-runs", body)
            .expect(200)
    };
    assert_eq!(run()["total"], "6.20");
    assert_eq!(venue.state(account).0, 0);
    assert_eq!(imported(&venue.superuser, &[BEER, NUTS, LATE]), (1, 2, 0));
    assert_eq!(run()["total"], "10.00");
    assert_sound(&venue.service, venue.tenant_id);
}

#[test]
fn another_tenant_has_its_own_rows_and_payment_types() {
    let (venue, account) = venue();
    imported(&venue.superuser, &[BEER]);
    let (tenant_id, director, _) = venue.neighbour(720);
    let own = venue.service.account(tenant_id, "72000001");
    let import = validated(&director, "sales_history", &list(&[BEER]));
    assert_eq!(findings(&director, &import), ["C2 unmapped_payment_type"]);
    let foreign = json!({"payment_types": [{"name": "Externe borrel", "account_id": account}]});
    director
        .put("/v1/payment-types", foreign)
        .problem(422, "unknown_account");
    let choice = json!({"payment_types": [{"name": "Externe borrel", "account_id": own}]});
    director.put("/v1/payment-types", choice).expect(200);
    assert_eq!(imported(&director, &[BEER]), (1, 0, 0));
    assert_eq!(venue.state(account).0, -500);
}

#[test]
fn many_rows_are_posted_in_many_transactions_and_the_job_says_how_far_it_is() {
    let (venue, account) = venue();
    let rows: Vec<String> = (0..1_100)
        .map(|row| {
            format!(
                "12;01-10-2026 {:02}:{:02};Externe borrel;Bar;Bier;1;2.5;21%;2.5",
                row / 60 % 12,
                row % 60
            )
        })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let import = validated(&venue.superuser, "sales_history", &list(&rows));
    let import = commit(&venue.superuser, &import);
    assert_eq!(counts(&import), (1_100, 0, 0));
    let job = venue
        .director
        .get(&format!("/v1/jobs/{}", import["job_id"].as_str().unwrap()))
        .expect(200);
    assert_eq!(job["progress"], json!({"done": 1_100, "total": 1_100}));
    assert_eq!(venue.state(account), (-275_000, 0, 1_100));
    assert_eq!(imported(&venue.superuser, &rows), (0, 1_100, 0));
    assert_sound(&venue.service, venue.tenant_id);
}

#[test]
fn the_template_maps_itself() {
    let (venue, _) = venue();
    let choice = json!({"payment_types": [{"name": "Rekening", "account_number": "71900001"}]});
    venue.superuser.put("/v1/payment-types", choice).expect(200);
    venue.service.clock.set(crate::harness::at("2026-11-01T10:00:00Z"));
    // the token of before has expired
    let role: &[Role] = &[Role::Superuser];
    let superuser = venue.service.user("Suus", false, Some((venue.tenant_id, role))).1;
    for language in ["nl", "en", "fr", "de"] {
        let answer = superuser.get(&format!("/v1/import-templates/sales_history.xlsx?language={language}"));
        let import = validated(&superuser, "sales_history", &answer.bytes);
        assert_eq!(
            import["status"],
            "valid",
            "{language}: {:?}",
            findings(&superuser, &import)
        );
        assert_eq!(import["unmapped"], super::nothing(), "{language}");
    }
}
