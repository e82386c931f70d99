//! Group commit: what requests post waits in a bounded queue; a writer takes all that waits, posts it in one transaction,
//! and each caller gets its own answer after the commit. No delay is added: a batch is what came in while the one before it
//! was written.
//!
//! Every writer has a lane of its own. Postings to one account wait in one lane, so that writers seldom meet at a row;
//! where they do (an account named once by its id and once by its number, another process), the database's locks decide.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use tokio::sync::oneshot;
use tokio::time::timeout_at;

use super::batch::{BatchItem, Outcome, post_batch, post_batch_at_first};
use super::posting::AccountRef;
use crate::clock::Clock;
use crate::db::{ANSWER_WAIT_MAX, Db};
use crate::error::{ApiError, ApiResult, Code};
use crate::metrics::PostingMetrics;
use crate::request_keys::InFlightGuard;

/// How many postings may wait in a lane; more are turned away, for they would only wait longer.
const WAITING_MAX: usize = 4_096;
/// How many postings one transaction takes: enough to share a commit, few enough that nobody waits long for the others.
const BATCH_MAX: usize = 256;

/// What became of one posting, or why nobody can say.
pub type Answer = ApiResult<Outcome>;

/// The postings that wait for their turn, and the threads that post them.
pub struct PostingQueue {
    lanes: Vec<Lane>,
    writers: Mutex<Vec<JoinHandle<()>>>,
}

/// How postings of one request go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Each in the lane of its account.
    ByAccount,
    /// All in one lane, which keeps their order also when an account is named once by its id and once by its number, or when
    /// two have the same id: the first one has it.
    Together,
}

impl Way {
    /// The way that keeps what order decides: that of each account's postings, and of those with the same id.
    #[must_use]
    pub fn of<'a>(items: impl IntoIterator<Item = &'a BatchItem>) -> Self {
        let (mut by_id, mut by_number, mut has_twins) = (false, false, false);
        let mut ids = HashSet::new();
        for item in items {
            has_twins |= !ids.insert(item.posting.id);
            match item.posting.action.account() {
                Some(AccountRef::Number(_)) => by_number = true,
                Some(AccountRef::Id(_)) | None => by_id = true,
            }
        }
        if has_twins || (by_id && by_number) {
            Self::Together
        } else {
            Self::ByAccount
        }
    }
}

struct Lane {
    messages: Sender<Message>,
    waiting: Arc<AtomicUsize>,
    metrics: PostingMetrics,
}

enum Message {
    Post(Ticket),
    Stop,
}

/// Postings of one request.
struct Ticket {
    items: Vec<BatchItem>,
    /// Held until they are posted: who asked may be gone before.
    guard: Option<InFlightGuard>,
    reply: oneshot::Sender<Vec<Answer>>,
}

impl PostingQueue {
    /// Starts a writer for each connection that may post at once.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub fn start(db: &Db, clock: &Clock, metrics: &PostingMetrics) -> std::io::Result<Self> {
        let mut lanes = Vec::new();
        let mut writers = Vec::new();
        for number in 1..=db.posting_connections() {
            let (sender, messages) = channel();
            let waiting = Arc::new(AtomicUsize::new(0));
            let writer = Writer {
                messages,
                waiting: Arc::clone(&waiting),
                db: db.clone(),
                clock: clock.clone(),
                metrics: metrics.clone(),
            };
            let thread = Builder::new().name(format!("ledger-{number}"));
            writers.push(thread.spawn(move || writer.run())?);
            lanes.push(Lane {
                messages: sender,
                waiting,
                metrics: metrics.clone(),
            });
        }
        Ok(Self {
            lanes,
            writers: Mutex::new(writers),
        })
    }

    /// Posts one item, and answers after the commit. The guard is held as long as the posting is under way.
    ///
    /// # Errors
    /// 503 when the queue is full, the database is away or slow, or the server is stopping; then only asking again under the
    /// same key tells what became of it.
    pub async fn post(&self, item: BatchItem, guard: InFlightGuard) -> Answer {
        let index = self.lane_index(lane_number(&item))?;
        let answers = self.lane(index)?.accept(vec![item], Some(guard))?;
        let mut answers = in_time(answers, Instant::now() + ANSWER_WAIT_MAX).await?;
        answers
            .pop()
            .unwrap_or_else(|| Err(ApiError::internal("a posting has no answer")))
    }

    /// Posts items; those of one account in their order. One that fails does not touch its neighbours.
    ///
    /// # Errors
    /// As [`PostingQueue::post`]; then it is not known of any of them.
    pub async fn post_in_order(&self, items: Vec<BatchItem>, way: Way) -> ApiResult<Vec<Answer>> {
        let mut of_lanes: BTreeMap<usize, (Vec<usize>, Vec<BatchItem>)> = BTreeMap::new();
        for (place, item) in items.into_iter().enumerate() {
            let index = match way {
                Way::ByAccount => self.lane_index(lane_number(&item))?,
                Way::Together => self.lane_index(hash_of(&item.tenant_id))?,
            };
            let (places, own) = of_lanes.entry(index).or_default();
            places.push(place);
            own.push(item);
        }
        let mut accepted = Vec::new();
        for (index, (places, own)) in of_lanes {
            accepted.push((places, self.lane(index)?.accept(own, None)?));
        }
        let deadline = Instant::now() + ANSWER_WAIT_MAX;
        let mut answered = BTreeMap::new();
        for (places, answers) in accepted {
            let answers = in_time(answers, deadline).await?;
            if answers.len() != places.len() {
                return Err(ApiError::internal("a posting has no answer"));
            }
            answered.extend(places.into_iter().zip(answers));
        }
        Ok(answered.into_values().collect())
    }

    fn lane(&self, index: usize) -> ApiResult<&Lane> {
        self.lanes.get(index).ok_or_else(ApiError::shutting_down)
    }

    fn lane_index(&self, number: u64) -> ApiResult<usize> {
        let count = u64::try_from(self.lanes.len().max(1)).map_err(ApiError::internal)?;
        usize::try_from(number % count).map_err(ApiError::internal)
    }

    /// Posts what was accepted, and stops. What comes later gets 503.
    pub fn drain(&self) {
        for lane in &self.lanes {
            // a writer that is gone has nothing left to do
            let _gone = lane.messages.send(Message::Stop);
        }
        let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        for writer in writers.drain(..) {
            if writer.join().is_err() {
                tracing::error!("a writer of the ledger panicked");
            }
        }
    }
}

/// The answers, when they come before the deadline; what is posted later is answered under its key.
async fn in_time(answers: oneshot::Receiver<Vec<Answer>>, deadline: Instant) -> ApiResult<Vec<Answer>> {
    match timeout_at(deadline.into(), answers).await {
        Ok(answers) => answers.map_err(|_stopped| ApiError::shutting_down()),
        Err(_elapsed) => Err(ApiError::busy("a posting takes too long; it may still be done")),
    }
}

impl Lane {
    /// Puts postings in the queue; the answers come after the commit.
    fn accept(&self, items: Vec<BatchItem>, guard: Option<InFlightGuard>) -> ApiResult<oneshot::Receiver<Vec<Answer>>> {
        self.admit(items.len())?;
        let (reply, answers) = oneshot::channel();
        let ticket = Ticket { items, guard, reply };
        self.messages
            .send(Message::Post(ticket))
            .map_err(|_stopped| ApiError::shutting_down())?;
        Ok(answers)
    }

    /// Takes places in the queue, when it has so many.
    fn admit(&self, count: usize) -> ApiResult<()> {
        let taken = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                Some(waiting + count).filter(|all| *all <= WAITING_MAX)
            });
        if taken.is_err() {
            self.metrics.turned_away();
            return Err(ApiError::busy("too many postings wait"));
        }
        self.metrics.waiting.inc_by(gauge(count));
        Ok(())
    }
}

/// Postings to one account go one way.
fn lane_number(item: &BatchItem) -> u64 {
    let action = &item.posting.action;
    match action.account() {
        Some(account) => hash_of(&(item.tenant_id, account)),
        None => hash_of(&(item.tenant_id, action.target_id())),
    }
}

/// A count as a gauge takes it.
fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

struct Writer {
    messages: Receiver<Message>,
    waiting: Arc<AtomicUsize>,
    db: Db,
    clock: Clock,
    metrics: PostingMetrics,
}

impl Writer {
    /// Posts until it is told to stop, or until nobody is left who could ask.
    fn run(self) {
        while let Ok(Message::Post(first)) = self.messages.recv() {
            let (tickets, is_last) = self.take(first);
            self.serve(tickets);
            if is_last {
                break;
            }
        }
    }

    /// All that waits, up to the size of a batch; and whether that was the last.
    fn take(&self, first: Ticket) -> (Vec<Ticket>, bool) {
        let mut count = first.items.len();
        let mut tickets = vec![first];
        let mut is_last = false;
        while count < BATCH_MAX {
            match self.messages.try_recv() {
                Ok(Message::Post(ticket)) => {
                    count += ticket.items.len();
                    tickets.push(ticket);
                }
                Ok(Message::Stop) => {
                    is_last = true;
                    break;
                }
                Err(_empty) => break,
            }
        }
        self.waiting.fetch_sub(count, Ordering::Relaxed);
        self.metrics.waiting.dec_by(gauge(count));
        (tickets, is_last)
    }

    /// Posts what the tickets ask, and tells each what became of it.
    fn serve(&self, tickets: Vec<Ticket>) {
        let mut items = Vec::new();
        let mut callers = Vec::new();
        for ticket in tickets {
            callers.push((ticket.items.len(), ticket.reply, ticket.guard));
            items.extend(ticket.items);
        }
        let mut answers = self.post(&items).into_iter();
        for (count, reply, guard) in callers {
            // the guard first: who is told may ask again under the same key at once
            drop(guard);
            // a client that has gone reads its answer under its key when it comes back
            let _gone = reply.send(answers.by_ref().take(count).collect());
        }
    }

    /// Posts all in one transaction; when one of them spoils it for the others, each in its own.
    fn post(&self, items: &[BatchItem]) -> Vec<Answer> {
        match self.try_post(items) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) if items.len() > 1 && error.code() != Code::ServiceUnavailable => {
                tracing::warn!(%error, cause = error.cause_text(), count = items.len(), "a batch failed; posting one by one");
                self.post_one_by_one(items)
            }
            Err(error) => items.iter().map(|_| Err(error.copy())).collect(),
        }
    }

    /// Once it is not known what became of one, none after it is posted: the order holds when they are sent again.
    fn post_one_by_one(&self, items: &[BatchItem]) -> Vec<Answer> {
        let mut away: Option<ApiError> = None;
        let answer = |item| {
            if let Some(error) = &away {
                return Err(error.copy());
            }
            let answer = self.post_alone(item);
            if let Err(error) = &answer
                && error.code() == Code::ServiceUnavailable
            {
                away = Some(error.copy());
            }
            answer
        };
        items.iter().map(answer).collect()
    }

    fn post_alone(&self, item: &BatchItem) -> Answer {
        let outcome = self.try_post(std::slice::from_ref(item))?.pop();
        outcome.ok_or_else(|| ApiError::internal("a batch of one has no outcome"))
    }

    fn try_post(&self, items: &[BatchItem]) -> ApiResult<Vec<Outcome>> {
        let post = || {
            let mut is_first = true;
            self.db.post_blocking(|connection| {
                if std::mem::take(&mut is_first) {
                    post_batch_at_first(connection, &self.clock, items)
                } else {
                    post_batch(connection, &self.clock, items)
                }
            })
        };
        let began = Instant::now();
        let outcomes = std::panic::catch_unwind(AssertUnwindSafe(post))
            .unwrap_or_else(|_panic| Err(ApiError::internal("posting panicked; its message is in the log above")))?;
        self.metrics.committed(items.len(), began.elapsed());
        for outcome in &outcomes {
            self.count(outcome);
        }
        Ok(outcomes)
    }

    fn count(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Posted { is_replayed: true, .. }
            | Outcome::Declined { is_replayed: true, .. }
            | Outcome::AwaitingSale { is_replayed: true, .. } => self.metrics.replayed(),
            Outcome::Posted { entry, .. } => self.metrics.posted(entry.row.kind.as_str()),
            Outcome::Declined { decline, .. } => self.metrics.declined(decline.code.code()),
            Outcome::AwaitingSale { .. } | Outcome::Refused(_) => {}
        }
    }
}
