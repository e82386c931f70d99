//! The requests that this process is working on, by key, so that a parallel duplicate waits for the first instead of
//! pushing beside it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;

/// How long a duplicate waits before its client is asked to come back.
const WAIT_MAX: Duration = Duration::from_secs(2);

type Key = (Id, Id);

/// The keys that are being worked on. Cheap to clone; clones share their state.
#[derive(Clone, Default)]
pub struct InFlight {
    keys: Arc<Mutex<HashMap<Key, watch::Receiver<()>>>>,
}

/// Holds a key until it is dropped. It belongs with the work: who asked may be gone before the work is done.
pub struct InFlightGuard {
    key: Key,
    in_flight: InFlight,
    /// Dropping it wakes those who wait.
    _done: watch::Sender<()>,
}

impl InFlight {
    /// Takes the key, after whoever holds it now is done.
    ///
    /// # Errors
    /// 409 `in_progress` when that takes too long.
    pub async fn enter(&self, tenant_id: Id, key: Id) -> ApiResult<InFlightGuard> {
        let key = (tenant_id, key);
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let mut first = match self.try_enter(key) {
                Ok(guard) => return Ok(guard),
                Err(first) => first,
            };
            // `changed` ends with an error when the holder is dropped, which is what is waited for
            if timeout_at(deadline, first.changed()).await.is_err() {
                return Err(ApiError::new(Code::InProgress).retry_after_s(1));
            }
        }
    }

    /// Whether someone holds the key now.
    #[must_use]
    pub fn holds(&self, tenant_id: Id, key: Id) -> bool {
        self.lock().contains_key(&(tenant_id, key))
    }

    fn try_enter(&self, key: Key) -> Result<InFlightGuard, watch::Receiver<()>> {
        let mut keys = self.lock();
        if let Some(first) = keys.get(&key) {
            return Err(first.clone());
        }
        let (done, waiting) = watch::channel(());
        keys.insert(key, waiting);
        Ok(InFlightGuard {
            key,
            in_flight: self.clone(),
            _done: done,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<()>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.in_flight.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_duplicate_waits_for_the_first() {
        let in_flight = InFlight::default();
        let first = in_flight.enter(Id::NIL, Id::NIL).await.unwrap();
        let waiting = actix_web::rt::spawn({
            let in_flight = in_flight.clone();
            async move { in_flight.enter(Id::NIL, Id::NIL).await.map(drop) }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished());
        drop(first);
        assert!(waiting.await.unwrap().is_ok());
        assert!(in_flight.lock().is_empty());
    }

    #[actix_web::test]
    async fn a_duplicate_is_sent_away_after_2_seconds() {
        let in_flight = InFlight::default();
        let _first = in_flight.enter(Id::NIL, Id::NIL).await.unwrap();
        let began = Instant::now();
        let error = in_flight.enter(Id::NIL, Id::NIL).await.map(drop).unwrap_err();
        assert_eq!(error.code(), Code::InProgress);
        assert!(began.elapsed() >= WAIT_MAX);
    }
}
