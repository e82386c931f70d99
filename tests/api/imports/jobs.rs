//! Judging and committing go on after the request was answered.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use diesel::prelude::*;
use onaccount::db::schema::{import_customers, jobs};
use onaccount::imports::CommitWork;
use onaccount::jobs::{Services, Step, Work, Worker};
use serde_json::{Value, json};

use super::{DE_BAL, LE_BAR, csv, findings, path};
use crate::harness::{Actor, Service, Venue};

/// A venue whose jobs wait until the test works on them.
fn venue() -> Venue {
    let venue = Venue::in_service(Service::with_job_workers(0), 719);
    venue.accept_agreement();
    venue
}

fn services(venue: &Venue) -> Services {
    let state = &venue.service.state;
    Services {
        db: state.db.clone(),
        clock: venue.service.clock.clone(),
        metrics: onaccount::metrics::JobMetrics::default(),
        sheets: state.sheets.clone(),
        live: state.live_progress.clone(),
    }
}

fn worker(venue: &Venue) -> Worker {
    Worker::new(services(venue), Arc::new(AtomicBool::new(false)))
}

fn work(venue: &Venue) {
    worker(venue).run_until_idle().unwrap();
}

/// Asks for a step, and does not wait for it.
fn ask(actor: &Actor, import: &Value, step: &str) -> Value {
    let answer = actor
        .with("Prefer", "wait=0")
        .post_empty(&format!("{}/{step}", path(import)));
    let asked = answer.expect(202);
    let job = format!("{}/job", path(import));
    assert_eq!(
        (answer.header("location"), answer.header("retry-after")),
        (job.as_str(), "1")
    );
    asked
}

fn job(actor: &Actor, import: &Value) -> Value {
    actor.get(&format!("{}/job", path(import))).expect(200)
}

#[test]
fn a_script_that_may_only_import_sees_how_far_its_jobs_are() {
    let venue = venue();
    let key = json!({"name": "Importer", "permissions": ["imports.run"]});
    let made = venue.director.post("/v1/api-keys", key).expect(201);
    let script = venue.service.with_token(made["secret"].as_str().unwrap());
    let import = script
        .upload("customers", "list.csv", &csv(&[DE_BAL, LE_BAR]))
        .expect(201);
    script.get(&format!("{}/job", path(&import))).problem(404, "not_found");
    for (step, during, after, kind) in [
        ("validate", "validating", "valid", "import_validation"),
        ("commit", "committing", "committed", "import_commit"),
    ] {
        let asked = ask(&script, &import, step);
        assert_eq!(asked["status"], during);
        let waiting = job(&script, &import);
        assert_eq!((&waiting["status"], &waiting["kind"]), (&json!("queued"), &json!(kind)));
        assert_eq!(
            ask(&script, &import, step)["job_id"],
            asked["job_id"],
            "asking again asks for nothing more"
        );
        work(&venue);
        assert_eq!(script.get(&path(&import)).expect(200)["status"], after);
        let done = job(&script, &import);
        assert_eq!(
            (&done["status"], &done["progress"]),
            (&json!("succeeded"), &json!({"done": 2, "total": 2}))
        );
    }
    script.get("/v1/jobs").problem(403, "forbidden");
}

#[test]
fn of_a_mapping_that_changes_meanwhile_only_the_new_one_is_judged_by() {
    let venue = venue();
    let actor = &venue.superuser;
    let import = actor.upload("customers", "list.csv", &csv(&[DE_BAL])).expect(201);
    ask(actor, &import, "validate");
    let columns = json!({"columns": [{"column": "A", "field": "name"}]});
    let mapped = actor.put(&format!("{}/mapping", path(&import)), columns).expect(200);
    assert_eq!(mapped["status"], "uploaded");
    let second = ask(actor, &import, "validate");
    work(&venue);
    let judged = actor.get(&path(&import)).expect(200);
    assert_eq!(
        (&judged["status"], &judged["job_id"]),
        (&json!("invalid"), &second["job_id"])
    );
    assert!(findings(actor, &import).contains(&"\"iban\" missing_column".to_owned()));
    let jobs = venue.director.get("/v1/jobs").expect(200);
    let first = jobs["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|job| job["id"] != second["job_id"])
        .unwrap()
        .clone();
    assert_eq!(
        (&first["status"], &first["error"]["code"]),
        (&json!("failed"), &json!("import_changed"))
    );
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_says_so_in_the_job() {
    let venue = venue();
    let content = format!("Naam;Limiet;Aantal\n{}", "A;1;1\n".repeat(200_001));
    let import = venue
        .superuser
        .upload("accounts", "list.csv", content.as_bytes())
        .expect(201);
    ask(&venue.superuser, &import, "validate");
    work(&venue);
    let failed = job(&venue.superuser, &import);
    assert_eq!(
        (
            &failed["status"],
            &failed["error"]["code"],
            &failed["error"]["errors"][0]["code"]
        ),
        (&json!("failed"), &json!("unreadable_file"), &json!("too_large"))
    );
    assert_eq!(venue.superuser.get(&path(&import)).expect(200)["status"], "uploaded");
}

#[test]
fn a_validation_that_is_cancelled_before_it_begins_can_be_asked_for_again() {
    let venue = venue();
    let import = venue
        .superuser
        .upload("customers", "list.csv", &csv(&[DE_BAL]))
        .expect(201);
    let asked = ask(&venue.superuser, &import, "validate");
    let cancel = format!("/v1/jobs/{}/cancel", asked["job_id"].as_str().unwrap());
    venue.director.post_empty(&cancel).expect(200);
    assert_eq!(venue.superuser.get(&path(&import)).expect(200)["status"], "uploaded");
    ask(&venue.superuser, &import, "validate");
    work(&venue);
    assert_eq!(venue.superuser.get(&path(&import)).expect(200)["status"], "valid");
}

#[test]
fn sales_of_the_past_that_are_half_posted_are_posted_to_the_end() {
    let venue = venue();
    let account = venue.account("71900001", "0.00");
    let choice = json!({"payment_types": [{"name": "Borrel", "account_id": account}]});
    venue.superuser.put("/v1/payment-types", choice).expect(200);
    let row = |minute: usize| {
        format!(
            "01-10-2026 {:02}:{:02};Borrel;Bier;1;21%;2.50\n",
            minute / 60,
            minute % 60
        )
    };
    let rows: String = (0..600).map(row).collect();
    let content = format!("Datum;Betaaltype;Product;Aantal;BTW;Bedrag\n{rows}");
    let import = venue
        .superuser
        .upload("sales_history", "list.csv", content.as_bytes())
        .expect(201);
    ask(&venue.superuser, &import, "validate");
    work(&venue);
    ask(&venue.superuser, &import, "commit");
    let lease = worker(&venue).claim().unwrap().unwrap();
    CommitWork.step(&services(&venue), &lease).unwrap();
    assert_eq!(
        job(&venue.superuser, &import)["progress"],
        json!({"done": 250, "total": 600})
    );
    assert_eq!(venue.state(account), (-62_500, 0, 250));
    // That worker is gone: its lease runs out, and another one goes on.
    let later = venue.service.clock.now().plus(chrono::TimeDelta::minutes(1));
    venue.service.clock.set(later);
    work(&venue);
    assert_eq!(venue.superuser.get(&path(&import)).expect(200)["status"], "committed");
    assert_eq!(venue.state(account), (-150_000, 0, 600));
}

/// An import of 500 accounts for each of these names that waits for its commit.
fn commit_of_accounts(venue: &Venue, names: &[&str]) -> Value {
    let content = format!("Naam;Limiet;Aantal\n{};10;500\n", names.join(";10;500\n"));
    let actor = &venue.superuser;
    let import = actor.upload("accounts", "list.csv", content.as_bytes()).expect(201);
    ask(actor, &import, "validate");
    work(venue);
    ask(actor, &import, "commit")
}

#[test]
fn a_commit_tells_how_far_it_is_while_nothing_of_it_is_there_yet() {
    let venue = venue();
    let import = commit_of_accounts(&venue, &["De Bal"; 12]);
    let told = std::thread::scope(|scope| {
        let working = scope.spawn(|| work(&venue));
        let mut told = Vec::new();
        while !working.is_finished() {
            let job = job(&venue.superuser, &import);
            if job["status"] == "running" {
                told.push(job["progress"]["done"].as_i64().unwrap());
            }
        }
        told
    });
    assert!(told.is_sorted(), "{told:?}");
    assert!(told.iter().any(|done| (1..6_000).contains(done)), "{told:?}");
    let done = job(&venue.superuser, &import);
    assert_eq!(
        (&done["status"], &done["progress"]),
        (&json!("succeeded"), &json!({"done": 6_000, "total": 6_000}))
    );
}

#[test]
fn what_is_done_with_a_lost_lease_is_undone() {
    let venue = venue();
    let import = commit_of_accounts(&venue, &["De Bal", "Le Bar"]);
    let lease = worker(&venue).claim().unwrap().unwrap();
    venue.service.write(|connection| {
        diesel::update(jobs::table.find(lease.job_id))
            .set(jobs::fencing_token.eq(jobs::fencing_token + 1))
            .execute(connection)
    });
    let step = CommitWork.step(&services(&venue), &lease).unwrap();
    assert_eq!(step, Step::LeaseLost);
    let accounts = venue.superuser.get("/v1/accounts").expect(200);
    assert_eq!(accounts["items"], super::nothing());
    assert_eq!(venue.superuser.get(&path(&import)).expect(200)["status"], "committing");
    assert_eq!(job(&venue.superuser, &import)["progress"]["done"], 0);
    // whoever took it over has gone silent, too: another one does all of it
    venue
        .service
        .clock
        .set(venue.service.clock.now().plus(chrono::TimeDelta::minutes(1)));
    work(&venue);
    assert_eq!(venue.superuser.get(&path(&import)).expect(200)["created_count"], 1_000);
    assert_eq!(venue.superuser.get(&path(&import)).expect(200)["status"], "committed");
}

#[test]
fn a_commit_that_fails_has_done_nothing_and_says_so() {
    let venue = venue();
    let import = commit_of_accounts(&venue, &["De Bal", "Le Bar", "Zum Ball"]);
    venue.service.write(|connection| {
        diesel::delete(import_customers::table.filter(import_customers::name.eq("Zum Ball"))).execute(connection)
    });
    work(&venue);
    let failed = job(&venue.superuser, &import);
    assert_eq!(
        (&failed["status"], &failed["error"]["code"], &failed["progress"]),
        (
            &json!("failed"),
            &json!("import_outdated"),
            &json!({"done": 0, "total": 1_500})
        )
    );
    let accounts = venue.superuser.get("/v1/accounts").expect(200);
    assert_eq!(accounts["items"], super::nothing());
}
