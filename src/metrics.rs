//! What the service counts of itself, in Prometheus' text format. Each component counts what it does in a struct of its own;
//! [`Metrics`] holds them all and writes them out. Names and meanings are in docs/OPERATIONS.md.

use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, get, web};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::error::Code;
use crate::jobs::{JobKind, JobStatus};
use crate::ledger::{DeclineCode, EntryKind};

/// What Prometheus asks for (OpenMetrics 1.0).
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// From half a millisecond to what a client no longer waits for.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const BATCH_SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Everything that is counted. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Requests and their answers.
    pub http: HttpMetrics,
    /// The ledger's queue.
    pub postings: PostingMetrics,
    /// Long work.
    pub jobs: JobMetrics,
    /// Outgoing mail.
    pub mail: MailMetrics,
}

/// A route and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    /// The path's template, so that ids make no new series.
    route: String,
    /// `2xx`, `4xx`, ..
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// Requests and their answers.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
        }
    }
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

impl HttpMetrics {
    /// Counts an answer. `route`: the path's template; nothing when no route took the request.
    pub fn answered(&self, method: &str, route: Option<&str>, status: u16, took: Duration) {
        let route = route.unwrap_or("none").to_owned();
        let labels = Answered {
            method: method.to_owned(),
            route: route.clone(),
            status: match status {
                ..200 => "1xx",
                200..300 => "2xx",
                300..400 => "3xx",
                400..500 => "4xx",
                500.. => "5xx",
            },
        };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&Route { route }).observe(took.as_secs_f64());
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: ReasonCode,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ReasonCode(Code);

impl EncodeLabelValue for ReasonCode {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        self.0.as_str().encode(encoder)
    }
}

/// The ledger's queue.
#[derive(Debug, Clone)]
pub struct PostingMetrics {
    posted: Family<Kind, Counter>,
    declined: Family<Reason, Counter>,
    replayed: Counter,
    turned_away: Counter,
    /// How many postings wait now.
    pub waiting: Gauge,
    batch_sizes: Histogram,
    commit_seconds: Histogram,
}

impl Default for PostingMetrics {
    fn default() -> Self {
        // Known from the start, so that a rate is seen from the first event on.
        let posted: Family<Kind, Counter> = Family::default();
        let declined: Family<Reason, Counter> = Family::default();
        for kind in EntryKind::ALL {
            drop(posted.get_or_create(&Kind { kind: kind.as_str() }));
        }
        for decline in DeclineCode::ALL {
            let reason = ReasonCode(decline.code());
            drop(declined.get_or_create(&Reason { reason }));
        }
        Self {
            posted,
            declined,
            replayed: Counter::default(),
            turned_away: Counter::default(),
            waiting: Gauge::default(),
            batch_sizes: Histogram::new(BATCH_SIZES),
            commit_seconds: seconds(),
        }
    }
}

impl PostingMetrics {
    /// Counts an entry by its kind.
    pub fn posted(&self, kind: &'static str) {
        self.posted.get_or_create(&Kind { kind }).inc();
    }

    /// Counts a decline by its reason.
    pub fn declined(&self, code: Code) {
        let reason = ReasonCode(code);
        self.declined.get_or_create(&Reason { reason }).inc();
    }

    /// Counts an answer that was given before.
    pub fn replayed(&self) {
        self.replayed.inc();
    }

    /// Counts a posting for which there was no place.
    pub fn turned_away(&self) {
        self.turned_away.inc();
    }

    /// Notes a transaction: how many postings shared it, and how long it took until its commit was durable.
    pub fn committed(&self, count: usize, took: Duration) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.batch_sizes.observe(f64::from(count));
        self.commit_seconds.observe(took.as_secs_f64());
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    kind: &'static str,
    status: &'static str,
}

/// Long work of this process.
#[derive(Debug, Clone)]
pub struct JobMetrics {
    ended: Family<Ended, Counter>,
    /// How many jobs this process is working on.
    pub running: Gauge,
}

impl Default for JobMetrics {
    fn default() -> Self {
        let ended: Family<Ended, Counter> = Family::default();
        for kind in JobKind::ALL {
            for status in [JobStatus::Succeeded, JobStatus::Failed, JobStatus::Cancelled] {
                let (kind, status) = (kind.as_str(), status.as_str());
                drop(ended.get_or_create(&Ended { kind, status }));
            }
        }
        Self {
            ended,
            running: Gauge::default(),
        }
    }
}

impl JobMetrics {
    /// Counts a job that has ended.
    pub fn ended(&self, kind: &'static str, status: &'static str) {
        self.ended.get_or_create(&Ended { kind, status }).inc();
    }
}

/// Outgoing mail of this process.
#[derive(Debug, Clone, Default)]
pub struct MailMetrics {
    ended: Family<Ended, Counter>,
}

impl MailMetrics {
    /// Counts a mail that is tried no more: sent, failed or bounced.
    pub fn ended(&self, kind: &'static str, status: &'static str) {
        self.ended.get_or_create(&Ended { kind, status }).inc();
    }
}

/// How long threads waited for a connection, in seconds.
#[derive(Debug, Clone)]
pub struct PoolWaits(Histogram);

impl Default for PoolWaits {
    fn default() -> Self {
        Self(seconds())
    }
}

impl PoolWaits {
    /// Notes one wait.
    pub fn waited(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }
}

/// Gathers what is counted under the names by which it is asked.
fn registry(metrics: &Metrics, pool_waits: &PoolWaits) -> Registry {
    let mut registry = Registry::with_prefix("onaccount");
    let http = &metrics.http;
    registry.register("http_requests", "Answered requests", http.requests.clone());
    registry.register("http_request_seconds", "Time to answer", http.seconds.clone());
    let postings = &metrics.postings;
    registry.register(
        "postings",
        "Entries posted by requests, by kind",
        postings.posted.clone(),
    );
    registry.register(
        "declines",
        "Declined sales and refunds, by reason",
        postings.declined.clone(),
    );
    registry.register(
        "replays",
        "Answers given again under their key",
        postings.replayed.clone(),
    );
    registry.register(
        "postings_turned_away",
        "Postings that found the queue full",
        postings.turned_away.clone(),
    );
    registry.register("postings_waiting", "Postings in the queue", postings.waiting.clone());
    registry.register(
        "posting_batch_size",
        "Postings that shared a commit",
        postings.batch_sizes.clone(),
    );
    registry.register(
        "posting_commit_seconds",
        "A batch from its begin to its commit",
        postings.commit_seconds.clone(),
    );
    registry.register(
        "pool_wait_seconds",
        "Waits for a database connection",
        pool_waits.0.clone(),
    );
    registry.register("jobs", "Ended jobs, by kind and status", metrics.jobs.ended.clone());
    registry.register(
        "jobs_running",
        "Jobs that this process works on",
        metrics.jobs.running.clone(),
    );
    registry.register(
        "mails",
        "Mails that were sent, failed or bounced, by kind and status",
        metrics.mail.ended.clone(),
    );
    registry
}

/// Serves `/metrics` and nothing else on an address of its own, which the world need not reach.
///
/// # Errors
/// When the socket is lost.
pub fn serve(
    listener: std::net::TcpListener,
    metrics: &Metrics,
    pool_waits: &PoolWaits,
) -> std::io::Result<actix_web::dev::Server> {
    let registry = web::Data::new(registry(metrics, pool_waits));
    let server = HttpServer::new(move || App::new().app_data(registry.clone()).service(get_metrics));
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

#[get("/metrics")]
async fn get_metrics(registry: web::Data<Registry>) -> HttpResponse {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(_unwritable) => HttpResponse::InternalServerError().finish(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_written_under_its_name() {
        let (metrics, pool_waits) = (Metrics::default(), PoolWaits::default());
        let route = Some("/v1/sales/{sale_id}");
        metrics.http.answered("GET", route, 404, Duration::from_millis(3));
        metrics.postings.posted("sale");
        metrics.postings.declined(Code::LimitExceeded);
        metrics.postings.committed(64, Duration::from_millis(2));
        metrics.jobs.ended("invoice_run", "succeeded");
        metrics.mail.ended("invitation", "sent");
        pool_waits.waited(Duration::ZERO);
        let mut text = String::new();
        encode(&mut text, &registry(&metrics, &pool_waits)).unwrap();
        for line in [
            "onaccount_http_requests_total{method=\"GET\",route=\"/v1/sales/{sale_id}\",status=\"4xx\"} 1",
            "onaccount_postings_total{kind=\"sale\"} 1",
            "onaccount_declines_total{reason=\"limit_exceeded\"} 1",
            "onaccount_posting_batch_size_sum 64.0",
            "onaccount_posting_commit_seconds_count 1",
            "onaccount_jobs_total{kind=\"invoice_run\",status=\"succeeded\"} 1",
            "onaccount_mails_total{kind=\"invitation\",status=\"sent\"} 1",
            "onaccount_pool_wait_seconds_count 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_has_not_happened_yet_is_zero() {
        let mut text = String::new();
        encode(&mut text, &registry(&Metrics::default(), &PoolWaits::default())).unwrap();
        for line in [
            "onaccount_postings_total{kind=\"refund\"} 0",
            "onaccount_declines_total{reason=\"account_blocked\"} 0",
            "onaccount_jobs_total{kind=\"invoice_run\",status=\"failed\"} 0",
            "onaccount_replays_total 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
