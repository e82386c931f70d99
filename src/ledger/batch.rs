//! The one door of the ledger: a batch of postings, of any tenants, in the caller's transaction. One posting is a batch of one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::model::{AccountState, Entry, EntryRow};
use super::native;
use super::posting::{AccountRef, Action, Posting, TenantRules};
use super::rejection::{Decline, DeclineCode, Rejection};
use super::store;
use super::workbench::Workbench;
use crate::clock::Clock;
use crate::db::DbConnection;
use crate::error::{ApiError, ApiResult, Code};
use crate::id::Id;
use crate::request_keys::{KeyRow, KeyState, RequestKey};

/// One posting of a batch.
#[derive(Debug, Clone)]
pub struct BatchItem {
    pub tenant_id: Id,
    pub rules: Arc<TenantRules>,
    /// Under which key it was asked; its key is the posting's id. `None`: the service itself posts.
    pub request: Option<RequestKey>,
    pub posting: Posting,
}

impl BatchItem {
    /// A sale, whose every outcome but a refusal of its body is written under its key.
    fn is_sale(&self) -> bool {
        matches!(self.posting.action, Action::Sale(_))
    }

    /// The sale that it takes back, when it is a void.
    #[must_use]
    pub fn voided_sale(&self) -> Option<Id> {
        match self.posting.action {
            Action::Void { sale_id, .. } => Some(sale_id),
            _ => None,
        }
    }
}

/// What became of a posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the ledger.
    Posted { entry: Arc<Entry>, is_replayed: bool },
    /// It was declined, and its key keeps that.
    Declined { decline: Decline, is_replayed: bool },
    /// A void came before its sale, which will not be posted when it comes.
    AwaitingSale {
        sale_id: Id,
        account_id: Id,
        is_replayed: bool,
    },
    /// Nothing happened.
    Refused(Rejection),
}

impl Outcome {
    /// The same, as it is answered to whoever asks again.
    #[must_use]
    pub fn replayed(self) -> Self {
        match self {
            Self::Posted { entry, .. } => Self::Posted {
                entry,
                is_replayed: true,
            },
            Self::Declined { decline, .. } => Self::Declined {
                decline,
                is_replayed: true,
            },
            Self::AwaitingSale {
                sale_id, account_id, ..
            } => Self::AwaitingSale {
                sale_id,
                account_id,
                is_replayed: true,
            },
            Self::Refused(rejection) => Self::Refused(rejection),
        }
    }
}

/// Posts a batch in the order given, within the caller's transaction: all that is decided is written, or nothing. Later
/// items see the effects of earlier ones. Accounts are locked in the order of tenant and id, each until the transaction ends.
///
/// The outcomes are in the order of the items.
///
/// # Errors
/// Those of the database; among them one that asks for another try, when a key was written by someone else meanwhile.
pub fn post_batch(connection: &mut DbConnection, clock: &Clock, items: &[BatchItem]) -> ApiResult<Vec<Outcome>> {
    post(connection, clock, items, KeyReading::AfterLock)
}

/// [`post_batch`], a round trip shorter where all are sales. Another try, which it asks for when another process has a key of
/// the batch, is [`post_batch`]'s.
///
/// # Errors
/// As [`post_batch`].
pub(super) fn post_batch_at_first(
    connection: &mut DbConnection,
    clock: &Clock,
    items: &[BatchItem],
) -> ApiResult<Vec<Outcome>> {
    post(connection, clock, items, KeyReading::WithLock)
}

/// When it is read which keys are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyReading {
    /// By the statement that locks the accounts, see [`native::lock_with_keys`].
    WithLock,
    /// When nobody else can be writing them.
    AfterLock,
}

fn post(
    connection: &mut DbConnection,
    clock: &Clock,
    items: &[BatchItem],
    reading: KeyReading,
) -> ApiResult<Vec<Outcome>> {
    let mut by_tenant: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        by_tenant.entry(item.tenant_id).or_default().push(place);
    }
    let mut outcomes = BTreeMap::new();
    for (tenant_id, places) in by_tenant {
        let own: Vec<&BatchItem> = places.iter().filter_map(|place| items.get(*place)).collect();
        let own_outcomes = post_of_tenant(connection, clock, tenant_id, &own, reading)?;
        outcomes.extend(places.into_iter().zip(own_outcomes));
    }
    Ok(outcomes.into_values().collect())
}

fn post_of_tenant(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant_id: Id,
    items: &[&BatchItem],
    reading: KeyReading,
) -> ApiResult<Vec<Outcome>> {
    let reading = match reading {
        // what a refund or a change of the limit is refused for may be its own earlier posting
        KeyReading::WithLock if items.iter().all(|item| item.is_sale()) => KeyReading::WithLock,
        _ => KeyReading::AfterLock,
    };
    let mut bench = prepare(connection, clock, tenant_id, items, reading)?;
    let outcomes = items.iter().map(|item| bench.decide(item)).collect();
    let writes = bench.into_writes();
    native::write(connection, tenant_id, &writes).map_err(|error| refuse_write(error, reading))?;
    Ok(outcomes)
}

/// Locks and reads all that the batch may need. What never changes (which account an entry is of) is read before the
/// lock, all else after it. A void names its account, so a sale that came meanwhile is found under the lock.
fn prepare(
    connection: &mut DbConnection,
    clock: &Clock,
    tenant_id: Id,
    items: &[&BatchItem],
    reading: KeyReading,
) -> ApiResult<Workbench> {
    let made_here: HashSet<Id> = items.iter().map(|item| item.posting.id).collect();
    let referred: HashSet<Id> = items
        .iter()
        .filter_map(|item| item.posting.action.target_id())
        .collect();
    let referred_ids: Vec<Id> = referred.iter().copied().collect();
    let mut rows = store::list_entry_rows(connection, tenant_id, &referred_ids)?;
    let numbers = numbers_of(connection, tenant_id, items)?;
    let (ids, keys) = (account_ids(items, &rows, &numbers), keys_of(items));
    let (accounts, known_keys) = if reading == KeyReading::WithLock && !ids.is_empty() {
        store::lock_with_keys(connection, tenant_id, &ids, &keys)?
    } else {
        (store::lock_accounts(connection, tenant_id, &ids)?, keys)
    };
    check_currency(connection, tenant_id, items, &accounts)?;
    let missing = missing_sales(items, &rows);
    rows.extend(store::list_entry_rows(connection, tenant_id, &missing)?);
    let answers = list_answers(connection, tenant_id, &known_keys)?;
    let targets = store::list_targets(connection, tenant_id, rows)?;
    let watched = referred.intersection(&made_here).copied().collect();
    Ok(Workbench::new(
        tenant_id,
        clock.now(),
        accounts,
        numbers,
        targets,
        answers,
        watched,
    ))
}

/// The first entry of an account may be the tenant's first: until then the currency may change, and a request that was read
/// before the change means other amounts.
fn check_currency(
    connection: &mut DbConnection,
    tenant_id: Id,
    items: &[&BatchItem],
    accounts: &[AccountState],
) -> ApiResult<()> {
    if accounts.iter().all(|account| account.last_seq > 0) {
        return Ok(());
    }
    let currency = store::hold_currency(connection, tenant_id)?;
    if items.iter().all(|item| item.rules.currency.code() == currency) {
        Ok(())
    } else {
        Err(ApiError::busy("the tenant's currency was changed a moment ago"))
    }
}

fn numbers_of(connection: &mut DbConnection, tenant_id: Id, items: &[&BatchItem]) -> ApiResult<HashMap<String, Id>> {
    let named = items.iter().filter_map(|item| match item.posting.action.account() {
        Some(AccountRef::Number(number)) => Some(number),
        _ => None,
    });
    let numbers: Vec<String> = named.collect::<BTreeSet<_>>().into_iter().collect();
    Ok(store::list_ids_of_numbers(connection, tenant_id, &numbers)?
        .into_iter()
        .collect())
}

/// The voided sales that are not among these entries.
fn missing_sales(items: &[&BatchItem], known: &[EntryRow]) -> Vec<Id> {
    let voided: BTreeSet<Id> = items.iter().filter_map(|item| item.voided_sale()).collect();
    voided
        .into_iter()
        .filter(|sale_id| known.iter().all(|row| row.id != *sale_id))
        .collect()
}

/// Every account of the batch once, in id order.
fn account_ids(items: &[&BatchItem], targets: &[EntryRow], numbers: &HashMap<String, Id>) -> Vec<Id> {
    let named = items.iter().filter_map(|item| match item.posting.action.account()? {
        AccountRef::Id(id) => Some(id),
        AccountRef::Number(number) => numbers.get(&number).copied(),
    });
    let ids: BTreeSet<Id> = named.chain(targets.iter().map(|row| row.account_id)).collect();
    ids.into_iter().collect()
}

/// The keys of the batch, and those of the sales that it voids.
fn keys_of(items: &[&BatchItem]) -> Vec<Id> {
    let own = items.iter().filter_map(|item| Some(item.request.as_ref()?.key));
    let keys: BTreeSet<Id> = own.chain(items.iter().filter_map(|item| item.voided_sale())).collect();
    keys.into_iter().collect()
}

/// What was answered before under these keys.
fn list_answers(
    connection: &mut DbConnection,
    tenant_id: Id,
    keys: &[Id],
) -> ApiResult<HashMap<Id, (KeyRow, Outcome)>> {
    let known = store::list_keys(connection, tenant_id, keys)?;
    let posted: Vec<Id> = known
        .iter()
        .filter(|row| row.state == KeyState::Posted)
        .map(|row| row.key)
        .collect();
    let entries = store::list_entries(connection, tenant_id, &posted)?;
    let mut entries: HashMap<Id, Entry> = entries.into_iter().map(|entry| (entry.row.id, entry)).collect();
    let answers = known.into_iter().map(|row| {
        let outcome = match row.state {
            KeyState::Declined => decline_of(&row).map(|decline| Outcome::Declined {
                decline,
                is_replayed: true,
            }),
            KeyState::Posted => entries.remove(&row.key).map(|entry| Outcome::Posted {
                entry: Arc::new(entry),
                is_replayed: true,
            }),
            KeyState::ClaimedByVoid => claim_of(&row),
        };
        // a key that made something else than an entry, which no posting can ask for
        (
            row.key,
            (row, outcome.unwrap_or(Outcome::Refused(Rejection::KeyReused))),
        )
    });
    Ok(answers.collect())
}

/// What an early void's own key keeps, or the key of its sale.
fn claim_of(row: &KeyRow) -> Option<Outcome> {
    Some(match row.refers_to {
        Some(sale_id) => Outcome::AwaitingSale {
            sale_id,
            account_id: row.account_id?,
            is_replayed: true,
        },
        None => Outcome::Refused(Rejection::ReversedBeforeArrival),
    })
}

/// The decline that a key keeps.
#[must_use]
pub fn decline_of(row: &KeyRow) -> Option<Decline> {
    let code: DeclineCode = row.decline_code.as_deref()?.parse().ok()?;
    Some(Decline {
        code,
        amount_minor: row.amount_minor?,
        available_minor: row.available_minor?,
        credit_limit_minor: row.credit_limit_minor?,
    })
}

/// A key that is being written by someone else asks for another try, and so does anything that is there already when keys
/// were read with the lock: the statement that writes finds an entry of the same id before or after its key. Otherwise an id
/// of an entry which no request made (an invoice's reset) was never a key.
fn refuse_write(error: DieselError, reading: KeyReading) -> ApiError {
    match &error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) if reading == KeyReading::WithLock => {
            ApiError::raced(&error)
        }
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information) => {
            let message = information.message();
            if message.contains("request_keys") {
                ApiError::raced(&error)
            } else if message.contains("entries_by_id") || message.contains("entries.id") {
                ApiError::new(Code::IdempotencyKeyReused).cause(&error)
            } else {
                error.into()
            }
        }
        _ => error.into(),
    }
}
