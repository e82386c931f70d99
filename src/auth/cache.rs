//! Actors looked up a moment ago. What lowers a right clears the cache in its own process at once; other processes see it
//! when their entry ends, after 2 s.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Actor;

const LIFE: Duration = Duration::from_secs(2);
/// More than this many tokens within 2 s: start over rather than grow.
const ENTRIES_MAX: usize = 10_000;

type Entries = HashMap<Vec<u8>, (Instant, Arc<Actor>)>;

/// Keeps actors by the hash of what they presented.
#[derive(Default)]
pub struct ActorCache {
    entries: Mutex<Entries>,
}

impl ActorCache {
    /// The actor, when it was looked up within the last 2 s.
    #[must_use]
    pub fn find(&self, credential_hash: &[u8]) -> Option<Arc<Actor>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .get(credential_hash)
            .filter(|(at, _)| at.elapsed() < LIFE)
            .map(|(_, actor)| Arc::clone(actor))
    }

    /// Keeps an actor for 2 s.
    pub fn keep(&self, credential_hash: Vec<u8>, actor: Arc<Actor>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(credential_hash, (Instant::now(), actor));
    }

    /// Forgets everyone: roles, keys, sessions, settings or the agreement changed.
    pub fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
