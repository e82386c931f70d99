//! `/metrics` of a server that works, beside what was asked of it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::onaccount;
use super::serving::Serving;
use crate::harness::{Actor, Service, TestAccount, Venue, key};

/// For a job to be seen and done; the machine may be busy.
const DONE_WITHIN: Duration = Duration::from_mins(1);

/// A server with metrics on a port of its own, on the database of the venue, whose own process works on no jobs.
struct Measured {
    serving: Serving,
    metrics: Actor,
}

impl Measured {
    fn start(venue: &Venue) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let url = venue.service.database.raw_url();
        let mut command = onaccount();
        command
            .args(["serve", "--database-url", &url, "--metrics-listen", &address])
            .env("ONACCOUNT_SECRET", "a secret for tests, of thirty-two characters");
        Measured {
            serving: Serving::run(&mut command),
            metrics: Actor::new(&format!("http://{address}"), None),
        }
    }

    /// The same till, at this server.
    fn till(&self, venue: &Venue) -> Actor {
        Actor::new(&format!("http://{}", self.serving.address), venue.till.token.clone())
    }

    /// What a series is now; none when there is no such series.
    fn series(&self, name: &str) -> Option<f64> {
        let answer = self.metrics.get("/metrics");
        assert_eq!(answer.status, 200);
        let text = answer.text();
        assert!(text.ends_with("# EOF\n"), "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map(|value| value.parse().unwrap())
    }

    #[track_caller]
    fn expect(&self, name: &str, value: f64) {
        assert_eq!(self.series(name), Some(value), "{name}");
    }
}

fn sale(account: &TestAccount, amount: &str) -> Value {
    let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    json!({"account_id": account.id, "occurred_at": now, "amount": amount, "lines": [
        {"product_code": "BEER-25", "name": "Beer 25 cl", "quantity": "1", "amount": amount, "vat_rate": "21.00"}]})
}

#[test]
fn what_a_server_was_asked_and_did_is_in_its_metrics() {
    let venue = Venue::in_service(Service::with_job_workers(0), 719);
    venue.accept_agreement();
    let account = venue.open_account("10.00");
    let measured = Measured::start(&venue);
    for metric in [
        "postings_total{kind=\"sale\"}",
        "replays_total",
        "posting_batch_size_count",
    ] {
        measured.expect(&format!("onaccount_{metric}"), 0.0);
    }

    let till = measured.till(&venue);
    let (again, body) = (key(), sale(&account, "2.00"));
    till.post_keyed("/v1/sales", &again, body.clone()).expect(201);
    till.post_new("/v1/sales", sale(&account, "3.00")).expect(201);
    till.post_keyed("/v1/sales", &again, body).expect(201);
    till.post_new("/v1/sales", sale(&account, "99.00"))
        .problem(409, "limit_exceeded");
    till.post_new("/v1/sales", json!({})).problem(422, "validation_failed");
    till.get(&format!("/v1/sales/{again}")).expect(200);

    let sales = "method=\"POST\",route=\"/v1/sales\"";
    measured.expect(&format!("onaccount_http_requests_total{{{sales},status=\"2xx\"}}"), 3.0);
    measured.expect(&format!("onaccount_http_requests_total{{{sales},status=\"4xx\"}}"), 2.0);
    measured.expect(
        "onaccount_http_requests_total{method=\"GET\",route=\"/v1/sales/{id}\",status=\"2xx\"}",
        1.0,
    );
    measured.expect("onaccount_http_request_seconds_count{route=\"/v1/sales\"}", 5.0);
    measured.expect("onaccount_postings_total{kind=\"sale\"}", 2.0);
    measured.expect("onaccount_postings_total{kind=\"refund\"}", 0.0);
    measured.expect("onaccount_declines_total{reason=\"limit_exceeded\"}", 1.0);
    measured.expect("onaccount_declines_total{reason=\"account_blocked\"}", 0.0);
    measured.expect("onaccount_replays_total", 1.0);
    measured.expect("onaccount_postings_turned_away_total", 0.0);
    measured.expect("onaccount_postings_waiting", 0.0);
    // one after the other, each was a batch of its own
    measured.expect("onaccount_posting_batch_size_count", 4.0);
    measured.expect("onaccount_posting_batch_size_sum", 4.0);
    measured.expect("onaccount_posting_batch_size_bucket{le=\"1.0\"}", 4.0);
    measured.expect("onaccount_posting_commit_seconds_count", 4.0);
    assert!(measured.series("onaccount_posting_commit_seconds_sum").unwrap() > 0.0);
    assert!(measured.series("onaccount_pool_wait_seconds_count").unwrap() >= 5.0);
}

#[test]
fn a_job_is_counted_by_the_process_that_did_it() {
    let venue = Venue::in_service(Service::with_job_workers(0), 719);
    venue.accept_agreement();
    venue.open_account("10.00");
    let measured = Measured::start(&venue);
    let succeeded = "onaccount_jobs_total{kind=\"invoice_run\",status=\"succeeded\"}";
    measured.expect(succeeded, 0.0);
    let run = json!({"from": "2026-10-01", "to": "2026-10-14", "reset_type": "none", "accounts": {"all": true}});
    venue.superuser.post_new("/v1/invoice-runs", run).expect(202);
    let began = Instant::now();
    while measured.series(succeeded) != Some(1.0) {
        assert!(began.elapsed() < DONE_WITHIN, "the job is not done");
        std::thread::sleep(Duration::from_millis(20));
    }
    measured.expect("onaccount_jobs_total{kind=\"invoice_run\",status=\"failed\"}", 0.0);
    measured.expect("onaccount_jobs_running", 0.0);
}
