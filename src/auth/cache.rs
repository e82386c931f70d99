//! Actors looked up a moment ago. What lowers a right clears the cache in its own process at once; other processes see it
//! when their entry ends, after 2 s.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Actor;

const LIFE: Duration = Duration::from_secs(2);
/// More than this many tokens within 2 s: start over rather than grow.
const ENTRIES_MAX: usize = 10_000;

type Entries = HashMap<Vec<u8>, (Instant, Arc<Actor>)>;

/// Keeps actors by the hash of what they presented.
#[derive(Default)]
pub struct ActorCache {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    entries: Entries,
    /// How often the cache was cleared.
    generation: u64,
}

/// Taken before an actor is looked up. A lookup that began before the cache was cleared may have seen what was so before,
/// and is not kept.
#[derive(Debug, Clone, Copy)]
pub struct Ticket {
    generation: u64,
}

impl ActorCache {
    /// The actor, when it was looked up within the last 2 s.
    #[must_use]
    pub fn find(&self, credential_hash: &[u8]) -> Option<Arc<Actor>> {
        let kept = self.kept();
        let (at, actor) = kept.entries.get(credential_hash)?;
        (at.elapsed() < LIFE).then(|| Arc::clone(actor))
    }

    /// To be taken before an actor is looked up in the database.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        Ticket {
            generation: self.kept().generation,
        }
    }

    /// Keeps an actor for 2 s, unless a right changed since the ticket was taken.
    pub fn keep(&self, ticket: Ticket, credential_hash: Vec<u8>, actor: Arc<Actor>) {
        let mut kept = self.kept();
        if kept.generation != ticket.generation {
            return;
        }
        if kept.entries.len() >= ENTRIES_MAX {
            kept.entries.clear();
        }
        kept.entries.insert(credential_hash, (Instant::now(), actor));
    }

    /// Forgets everyone: roles, keys, sessions, settings or the agreement changed. Call it after the commit.
    pub fn clear(&self) {
        let mut kept = self.kept();
        kept.entries.clear();
        kept.generation = kept.generation.wrapping_add(1);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{ActorKind, PermissionSet};
    use crate::id::Id;

    fn actor() -> Arc<Actor> {
        Arc::new(Actor {
            kind: ActorKind::User,
            id: Id::NIL,
            name: "Vera".to_owned(),
            permissions: PermissionSet::default(),
            roles: Vec::new(),
            is_portal_admin: false,
            session_id: None,
            viewed_customer: None,
            tenant: None,
        })
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = ActorCache::default();
        let ticket = cache.ticket();
        cache.clear();
        cache.keep(ticket, vec![1], actor());
        assert!(cache.find(&[1]).is_none());
        cache.keep(cache.ticket(), vec![1], actor());
        assert!(cache.find(&[1]).is_some());
        assert!(cache.find(&[2]).is_none());
    }
}
