//! Waiting: workers for jobs, requests for the end of a short one.

use std::future::{Ready, ready};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::model::JobRow;
use super::store;
use crate::db::Db;
use crate::error::{ApiError, ApiResult, Code};
use crate::http::headers;
use crate::id::Id;

/// The longest that a request waits for a job, in seconds.
const WAIT_S_MAX: u64 = 30;
const LOOK_AGAIN_FIRST: Duration = Duration::from_millis(10);
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(250);

/// Wakes the workers of this process when there is a new job, or when they shall stop. Cheap to clone.
#[derive(Clone, Default)]
pub struct Bell {
    state: Arc<(Mutex<u64>, Condvar)>,
}

/// How often the bell had rung when someone began to listen: what rings between looking for work and waiting is heard.
pub struct Heard {
    bell: Bell,
    count: u64,
}

impl Bell {
    /// Wakes every listener.
    pub fn ring(&self) {
        let (count, rung) = &*self.state;
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.wrapping_add(1);
        rung.notify_all();
    }

    /// Begins to listen.
    #[must_use]
    pub fn listen(&self) -> Heard {
        let count = *self.state.0.lock().unwrap_or_else(PoisonError::into_inner);
        Heard {
            bell: self.clone(),
            count,
        }
    }
}

impl Heard {
    /// Returns when the bell has rung since, or after `timeout`.
    pub fn wait(&self, timeout: Duration) {
        let (count, rung) = &*self.bell.state;
        let guard = count.lock().unwrap_or_else(PoisonError::into_inner);
        drop(rung.wait_timeout_while(guard, timeout, |count| *count == self.count));
    }
}

/// `Prefer: wait=10` (RFC 7240): how long the client would rather wait for the result than look for it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreferWait(pub Option<Duration>);

impl FromRequest for PreferWait {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let values = request
            .headers()
            .get_all(headers::PREFER)
            .filter_map(|value| value.to_str().ok());
        ready(Ok(PreferWait(
            values.flat_map(|value| value.split(',')).find_map(wait_of),
        )))
    }
}

/// A preference that is not understood is no preference.
fn wait_of(preference: &str) -> Option<Duration> {
    let (name, value) = preference.split_once('=')?;
    let seconds: u64 = value.trim().parse().ok()?;
    name.trim()
        .eq_ignore_ascii_case("wait")
        .then(|| Duration::from_secs(seconds.min(WAIT_S_MAX)))
}

/// Waits until the job has ended, but no longer than `longest`, and answers how it is then.
///
/// # Errors
/// 404 when there is no such job; 503 when the database is away.
pub async fn wait_until_final(db: &Db, tenant_id: Id, job_id: Id, longest: Duration) -> ApiResult<JobRow> {
    let deadline = tokio::time::Instant::now() + longest;
    let mut look_again = LOOK_AGAIN_FIRST;
    loop {
        let found = db
            .read(move |connection| store::find_job(connection, tenant_id, job_id).map_err(ApiError::from))
            .await?;
        let job = found.ok_or_else(|| ApiError::new(Code::NotFound))?;
        if job.status.is_final() || tokio::time::Instant::now() >= deadline {
            return Ok(job);
        }
        tokio::time::sleep(look_again).await;
        look_again = look_again.saturating_mul(2).min(LOOK_AGAIN_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_to_wait_is_found_among_others() {
        assert_eq!(wait_of("wait=10"), Some(Duration::from_secs(10)));
        assert_eq!(wait_of(" Wait = 1"), Some(Duration::from_secs(1)));
        assert_eq!(wait_of("wait=86400"), Some(Duration::from_secs(WAIT_S_MAX)));
        for other in ["respond-async", "wait", "wait=soon", "return=minimal"] {
            assert_eq!(wait_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_bell_that_rang_before_the_wait_is_heard() {
        let bell = Bell::default();
        let heard = bell.listen();
        bell.ring();
        let started = std::time::Instant::now();
        heard.wait(Duration::from_mins(1));
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}
