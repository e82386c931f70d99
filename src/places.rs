//! Work that is slow or large: a few at a time, a bounded line behind them, so that what is quick does not wait for it.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::error::{ApiError, ApiResult};

/// Places for one kind of work. Clones share them.
#[derive(Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Why another one is turned away, for the log.
    refusal: &'static str,
}

impl Places {
    /// Places for `at_once_max` works, and for `waiting_max` that wait for their turn.
    #[must_use]
    pub fn new(at_once_max: usize, waiting_max: usize, refusal: &'static str) -> Self {
        Self {
            free: Arc::new(Semaphore::new(at_once_max)),
            waiting: Arc::new(Semaphore::new(waiting_max)),
            refusal,
        }
    }

    /// Does the work in its turn, on a thread that may wait.
    ///
    /// # Errors
    /// What `work` answers; 503 when too many wait or the server is stopping.
    pub async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> ApiResult<T> + Send + 'static,
    ) -> ApiResult<T> {
        let waiting = self
            .waiting
            .try_acquire()
            .map_err(|_full| ApiError::busy(self.refusal))?;
        let place = Arc::clone(&self.free).acquire_owned().await;
        let place = place.map_err(|_closed| ApiError::shutting_down())?;
        drop(waiting);
        // The place goes along: a client who hangs up does not stop the work, so it must not free the place either.
        crate::db::on_blocking_thread(move || {
            let _place = place;
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::error::Code;

    #[actix_web::test]
    async fn the_third_waits_for_a_place_and_the_fourth_is_turned_away() {
        let places = Places::new(2, 1, "too many");
        let (started, starts) = channel();
        let mut ends = Vec::new();
        let mut works = Vec::new();
        for number in 1..=3 {
            let (end, ended) = channel::<()>();
            let (places, started) = (places.clone(), started.clone());
            works.push(actix_web::rt::spawn(async move {
                let work = move || {
                    started.send(number).unwrap();
                    ended.recv().unwrap();
                    Ok(number)
                };
                places.in_turn(work).await.unwrap()
            }));
            ends.push(end);
            tokio::task::yield_now().await;
        }
        let refused = places.in_turn(|| Ok(4)).await.unwrap_err();
        assert_eq!(refused.code(), Code::ServiceUnavailable);
        let mut first: Vec<i32> = starts.iter().take(2).collect();
        first.sort_unstable();
        assert_eq!(first, [1, 2]);
        assert!(starts.try_recv().is_err(), "the third has no place yet");
        for end in &ends {
            end.send(()).unwrap();
        }
        for (work, number) in works.into_iter().zip(1..) {
            assert_eq!(work.await.unwrap(), number);
        }
        assert_eq!(starts.recv().unwrap(), 3);
        assert_eq!(places.in_turn(|| Ok(5)).await.unwrap(), 5);
    }
}
