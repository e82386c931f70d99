//! What goes by itself, and what never does.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::prelude::*;
use onaccount::auth::Role;
use onaccount::clock::Timestamp;
use onaccount::db::schema::{import_files, import_findings, imports, invitations, jobs, outbox, request_keys, tenants};
use onaccount::id::Id;
use onaccount::jobs::{Services, Worker};
use onaccount::mail::Round;
use onaccount::metrics::JobMetrics;
use onaccount::retention::{Retention, Sweeper, store};
use serde_json::{Value, json};

use crate::cli::serving::Serving;
use crate::harness::money::{sale, with};
use crate::harness::{Actor, Service, Venue, at, key};
use crate::imports::{DE_BAL, LE_BAR, csv, path};
use crate::invitations::{invite, mails_of, path_of, person};
use crate::invoice_runs::books::{Books, of_account};
use crate::mail::smtp::SmtpServer;
use crate::mail::{enqueue, postman};

/// So many days after the beginning of a test.
fn on_day(service: &Service, day: i64) {
    service.clock.set(at(crate::harness::NOON).plus(TimeDelta::days(day)));
}

/// A venue whose server does no chores by itself, and no jobs.
fn venue() -> Venue {
    let venue = Venue::in_service(Service::with_job_workers(0), 719);
    venue.accept_agreement();
    venue
}

fn services(service: &Service) -> Services {
    Services {
        db: service.state.db.clone(),
        clock: service.clock.clone(),
        metrics: JobMetrics::default(),
        sheets: service.state.sheets.clone(),
        live: service.state.live_progress.clone(),
    }
}

/// A sweep of some process; answers how many rows went.
fn sweep(service: &Service) -> usize {
    sweep_with(service, Retention::default())
}

fn sweep_with(service: &Service, retention: Retention) -> usize {
    Sweeper::new(retention).sweep(&services(service)).unwrap()
}

/// Works on the jobs that wait.
fn work(service: &Service) {
    let worker = Worker::new(services(service), Arc::new(AtomicBool::new(false)));
    worker.run_until_idle().unwrap();
}

/// Asks for a step of an import, has it done, and answers the import as it is then.
fn step(venue: &Venue, actor: &Actor, import: &Value, step: &str) -> Value {
    let patient = actor.with("Prefer", "wait=0");
    patient.post_empty(&format!("{}/{step}", path(import))).expect(202);
    work(&venue.service);
    actor.get(&path(import)).expect(200)
}

/// An import of customers whose rows are judged.
fn validated(venue: &Venue, actor: &Actor, rows: &[&str]) -> Value {
    let import = actor.upload("customers", "list.csv", &csv(rows)).expect(201);
    step(venue, actor, &import, "validate")
}

fn commit(venue: &Venue, actor: &Actor, import: &Value) -> Value {
    let import = step(venue, actor, import, "commit");
    assert_eq!(import["status"], "committed");
    import
}

/// Someone with a token of today.
fn superuser(venue: &Venue) -> Actor {
    let role: &[Role] = &[Role::Superuser];
    venue
        .service
        .user("Suus Superuser", false, Some((venue.tenant_id, role)))
        .1
}

#[test]
fn a_decline_stays_until_its_sale_could_no_longer_come_and_then_it_cannot() {
    let venue = venue();
    let account_id = venue.account("71900001", "1.00");
    let (declined, posted, voided) = (key(), key(), key());
    let body = sale(account_id, "2.00");
    venue
        .till
        .post_keyed("/v1/sales", &declined, body.clone())
        .problem(409, "limit_exceeded");
    let small = sale(account_id, "0.50");
    venue.till.post_keyed("/v1/sales", &posted, small.clone()).expect(201);
    let void = format!("/v1/sales/{voided}/void");
    venue
        .till
        .post_new(&void, json!({"account_id": account_id}))
        .expect(202);
    venue.change_limit(account_id, "100.00").expect(201);

    // sales are accepted for 35 days, and declines kept for 30 more
    on_day(&venue.service, 65);
    assert_eq!(sweep(&venue.service), 0);
    let again = venue.till.post_keyed("/v1/sales", &declined, body.clone());
    assert_eq!(again.header("idempotent-replayed"), "true");
    again.problem(409, "limit_exceeded");
    venue
        .till
        .post_keyed("/v1/sales", &voided, small.clone())
        .problem(409, "reversed_before_arrival");

    on_day(&venue.service, 67);
    assert_eq!(
        sweep(&venue.service),
        3,
        "the decline, the void, and its claim on the sale"
    );
    venue
        .till
        .get(&format!("/v1/sales/{declined}"))
        .problem(404, "not_found");
    venue
        .till
        .post_keyed("/v1/sales", &declined, body)
        .problem(409, "occurred_at_too_old");
    let late = with(small.clone(), json!({"offline": true}));
    venue
        .till
        .post_keyed("/v1/sales", &voided, late)
        .problem(409, "occurred_at_too_old");
    let replayed = venue.till.post_keyed("/v1/sales", &posted, small);
    assert_eq!(
        (
            replayed.expect(201)["id"].clone(),
            replayed.header("idempotent-replayed")
        ),
        (json!(posted), "true")
    );
    assert_eq!(venue.state(account_id), (-50, 10_100, 3));
}

#[test]
fn a_decline_of_a_day_that_is_still_accepted_is_never_too_old() {
    let venue = venue();
    let account_id = venue.account("71900001", "1.00");
    let tenant_id = venue.tenant_id;
    venue.service.write(|connection| {
        let from: chrono::NaiveDate = "2026-10-01".parse().unwrap();
        diesel::update(tenants::table.find(tenant_id))
            .set(tenants::accept_sales_from.eq(Some(from)))
            .execute(connection)
    });
    venue.service.state.actors.clear();
    let declined = key();
    let body = sale(account_id, "2.00");
    venue
        .till
        .post_keyed("/v1/sales", &declined, body.clone())
        .problem(409, "limit_exceeded");
    on_day(&venue.service, 400);
    assert_eq!(sweep(&venue.service), 0);
    let more = json!({"change": "100.00", "reason": "budget"});
    superuser(&venue)
        .post_new(&format!("/v1/accounts/{account_id}/limit-changes"), more)
        .expect(201);
    venue
        .till
        .post_keyed("/v1/sales", &declined, body)
        .problem(409, "limit_exceeded");
}

/// Declines that were recorded, and of sales that happened, at these moments.
fn plant_declines(
    service: &Service,
    tenant_id: Id,
    count: usize,
    (recorded_at, occurred_at): (Timestamp, Option<Timestamp>),
) {
    service.write(|connection| {
        for _ in 0..count {
            diesel::insert_into(request_keys::table)
                .values((
                    request_keys::tenant_id.eq(tenant_id),
                    request_keys::key.eq(service.clock.new_id()),
                    request_keys::operation.eq("post_sale"),
                    request_keys::hash_version.eq(1),
                    request_keys::request_hash.eq(vec![0_u8; 32]),
                    request_keys::state.eq("declined"),
                    request_keys::result_kind.eq("sale"),
                    request_keys::decline_code.eq("limit_exceeded"),
                    request_keys::actor_id.eq(Id::NIL),
                    request_keys::occurred_at.eq(occurred_at),
                    request_keys::recorded_at.eq(recorded_at),
                ))
                .execute(connection)?;
        }
        Ok(())
    });
}

fn count_keys(service: &Service) -> i64 {
    service.write(|connection| request_keys::table.count().get_result(connection))
}

#[test]
fn many_go_in_steps_and_a_sale_said_to_be_of_the_future_waits_for_its_day() {
    let venue = venue();
    let (neighbour_id, ..) = venue.neighbour(720);
    let now = venue.service.clock.now();
    let plant = |tenant_id, count, occurred_at| plant_declines(&venue.service, tenant_id, count, (now, occurred_at));
    plant(venue.tenant_id, 1_200, Some(now));
    plant(venue.tenant_id, 1, Some(now.plus(TimeDelta::days(60))));
    plant(venue.tenant_id, 1, None);
    plant(neighbour_id, 3, Some(now));
    on_day(&venue.service, 100);
    assert_eq!(sweep(&venue.service), 1_203);
    assert_eq!(count_keys(&venue.service), 2, "nor does what would never be too old");
}

#[test]
fn uploaded_files_go_and_what_they_made_stays() {
    let venue = venue();
    let committed = validated(&venue, &venue.superuser, &[DE_BAL]);
    let committed = commit(&venue, &venue.superuser, &committed);
    let abandoned = validated(&venue, &venue.superuser, &[&LE_BAR.replace("FRANCE", "Kongo")]);
    assert_eq!(abandoned["status"], "invalid");
    on_day(&venue.service, 80);
    let young = validated(&venue, &superuser(&venue), &[LE_BAR]);
    assert_eq!(sweep(&venue.service), 0);

    on_day(&venue.service, 91);
    assert!(sweep(&venue.service) > 0);
    let superuser = superuser(&venue);
    superuser.get(&path(&abandoned)).problem(404, "not_found");
    superuser.get(&path(&young)).expect(200);
    let now = superuser.get(&path(&committed)).expect(200);
    assert_eq!((&now["status"], &now["job_id"]), (&json!("committed"), &json!(null)));
    for gone in [
        format!("{}/job", path(&committed)),
        format!("/v1/jobs/{}", committed["job_id"].as_str().unwrap()),
    ] {
        superuser.get(&gone).problem(404, "not_found");
    }
    let results = superuser.get(&format!("{}/results", path(&committed))).expect(200);
    assert_eq!(results["items"][0]["outcome"], "created");
    let problem = superuser
        .get(&format!("{}/marked-workbook", path(&committed)))
        .problem(404, "not_found");
    assert!(
        problem["detail"].as_str().unwrap().contains("kept for a time"),
        "{problem}"
    );
    let again = superuser
        .post_empty(&format!("{}/commit", path(&committed)))
        .expect(200);
    assert_eq!(again["status"], "committed", "asking again changes nothing");
    let abandoned_id: Id = abandoned["id"].as_str().unwrap().parse().unwrap();
    let left = venue.service.write(|connection| {
        let of_abandoned = import_findings::table.filter(import_findings::import_id.eq(abandoned_id));
        let counted: (i64, i64, i64, i64) = (
            imports::table.count().get_result(connection)?,
            import_files::table.count().get_result(connection)?,
            of_abandoned.count().get_result(connection)?,
            jobs::table.count().get_result(connection)?,
        );
        Ok(counted)
    });
    assert_eq!(
        left,
        (2, 1, 0, 1),
        "imports, files, findings of the abandoned one, jobs"
    );
    commit(&venue, &superuser, &young);
}

#[test]
fn an_import_that_is_being_committed_is_left_alone() {
    let venue = venue();
    let import = validated(&venue, &venue.superuser, &[DE_BAL, LE_BAR]);
    let waiting = venue.superuser.with("Prefer", "wait=0");
    waiting.post_empty(&format!("{}/commit", path(&import))).expect(202);
    on_day(&venue.service, 1_000);
    assert_eq!(sweep(&venue.service), 1, "the job that judged it");
    let import = superuser(&venue).get(&path(&import)).expect(200);
    assert_eq!(import["status"], "committing");
    work(&venue.service);
    let import = superuser(&venue).get(&path(&import)).expect(200);
    assert_eq!(import["status"], "committed");
}

#[test]
fn an_import_that_is_half_deleted_is_not_committed() {
    let venue = venue();
    let import = validated(&venue, &venue.superuser, &[DE_BAL, LE_BAR]);
    assert_eq!(import["status"], "valid");
    let (tenant_id, before) = (venue.tenant_id, venue.service.clock.now().plus(TimeDelta::days(1)));
    let gone = venue
        .service
        .write(|connection| store::delete_of_abandoned_import(connection, tenant_id, before));
    assert_eq!(gone, 2, "both customers that its rows describe");
    venue
        .superuser
        .post_empty(&format!("{}/commit", path(&import)))
        .problem(409, "import_not_valid");
    let again = step(&venue, &venue.superuser, &import, "validate");
    assert_eq!(
        (&again["status"], &again["created_count"]),
        (&json!("valid"), &json!(2))
    );
    assert_eq!(commit(&venue, &venue.superuser, &again)["created_count"], 2);
}

#[test]
fn the_jobs_of_a_run_and_of_its_reversal_stay_with_their_keys() {
    let books = Books::in_service(Service::with_job_workers(0));
    let account = books.account(10_000);
    books.sell(account, 1, 500);
    let run = books
        .signed_in()
        .post_new("/v1/invoice-runs", of_account(account, 1, 1, "none"))
        .expect(202);
    work(&books.venue.service);
    let (reversal, path) = (
        key(),
        format!("/v1/invoice-runs/{}/reversal", run["id"].as_str().unwrap()),
    );
    let reverse = || {
        books
            .signed_in()
            .with("Idempotency-Key", reversal.as_str())
            .send(ureq::http::Method::POST, &path, None)
    };
    reverse().expect(202);
    work(&books.venue.service);
    let first = reverse().expect(200);
    on_day(&books.venue.service, 4_000);
    assert_eq!(sweep(&books.venue.service), 0);
    let again = reverse();
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200), first);
    books.assert_sound();
}

/// How many mails and invitations there are.
fn count_mails(service: &Service) -> (i64, i64) {
    service.write(|connection| {
        let mails = outbox::table.count().get_result(connection)?;
        Ok((mails, invitations::table.count().get_result(connection)?))
    })
}

#[test]
fn mails_go_with_their_invitations_but_not_while_they_wait_or_their_links_work() {
    let venue = venue();
    let server = SmtpServer::start(&[]);
    let postman = postman(&venue.service, &server.url);
    let one_day = Retention {
        keep_mails_days: 1,
        ..Retention::default()
    };
    let zoe = person(&venue, "Zoë", "zoe@clubnoord.nl");
    invite(&venue, &zoe).expect(201);
    enqueue(&venue.service, venue.tenant_id, "vera@clubnoord.nl");
    assert_eq!(postman.deliver_due().unwrap(), Round::Worked);
    enqueue(&venue.service, venue.tenant_id, "waits@clubnoord.nl");
    assert_eq!(count_mails(&venue.service), (3, 1));
    on_day(&venue.service, 13);
    assert_eq!(
        sweep(&venue.service),
        0,
        "mails are kept for 90 days, if nobody says otherwise"
    );
    venue.service.advance(TimeDelta::hours(2));
    assert_eq!(
        sweep_with(&venue.service, one_day),
        1,
        "one was sent and has no link that works"
    );
    assert_eq!(mails_of(&venue, &zoe).len(), 1);

    on_day(&venue.service, 15);
    assert_eq!(sweep_with(&venue.service, one_day), 1);
    assert_eq!(count_mails(&venue.service), (1, 0), "what waits stays");
    let clerk = superuser(&venue);
    let state = clerk.get(&format!("{}/invitation", path_of(&zoe))).expect(200);
    assert_eq!(
        (&state["access"], &state["invited_at"]),
        (&json!("invited"), &json!(null))
    );
    let again = clerk.post_empty(&format!("{}/invitation", path_of(&zoe)));
    assert_eq!(again.expect(201)["mail_status"], "queued", "and can be invited again");
}

#[test]
fn one_process_at_a_time_does_the_chore_and_again_after_an_hour() {
    let venue = venue();
    let account_id = venue.account("71900001", "1.00");
    let decline = || {
        venue
            .till
            .post_new("/v1/sales", sale(account_id, "2.00"))
            .problem(409, "limit_exceeded");
        on_day(&venue.service, 100);
    };
    decline();
    assert_eq!(sweep(&venue.service), 1);
    on_day(&venue.service, 0);
    decline();
    assert_eq!(sweep(&venue.service), 0, "somebody did it just now");
    let clock = &venue.service.clock;
    clock.set(clock.now().plus(TimeDelta::minutes(61)));
    assert_eq!(sweep(&venue.service), 1);
}

#[test]
fn a_server_does_the_chore_by_itself() {
    let venue = venue();
    let long_ago = at("2020-01-01T10:00:00Z");
    plant_declines(&venue.service, venue.tenant_id, 250, (long_ago, Some(long_ago)));
    let serving = Serving::start(&venue.service.database);
    let began = Instant::now();
    while count_keys(&venue.service) > 0 {
        assert!(began.elapsed() < Duration::from_secs(50), "nothing goes");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(serving);
}
