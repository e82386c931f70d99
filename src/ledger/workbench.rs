//! A batch in memory: what was read under the locks, and what each posting makes of it, in order.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::batch::{BatchItem, Outcome};
use super::decide::{Scene, decide};
use super::model::{AccountState, Entry, EntryKind, Line};
use super::native::Writes;
use super::posting::{AccountRef, Action, Target};
use super::rejection::{Decline, NotPosted, Rejection};
use crate::clock::Timestamp;
use crate::id::Id;
use crate::request_keys::{KeyRow, KeyState, RequestKey};

/// The operation of a sale in the contract, which a claimed key belongs to.
const POST_SALE: &str = "post_sale";

pub struct Workbench {
    tenant_id: Id,
    now: Timestamp,
    accounts: HashMap<Id, AccountState>,
    numbers: HashMap<String, Id>,
    targets: HashMap<Id, Target>,
    /// What was answered under each key, before or in this batch.
    answers: HashMap<Id, (KeyRow, Outcome)>,
    /// Entries of this batch that later postings refer to.
    watched: HashSet<Id>,
    changed: BTreeSet<Id>,
    entries: Vec<Arc<Entry>>,
    keys: Vec<KeyRow>,
}

impl Workbench {
    pub fn new(
        tenant_id: Id,
        now: Timestamp,
        accounts: Vec<AccountState>,
        numbers: HashMap<String, Id>,
        targets: Vec<Target>,
        answers: HashMap<Id, (KeyRow, Outcome)>,
        watched: HashSet<Id>,
    ) -> Self {
        Self {
            tenant_id,
            now,
            accounts: accounts.into_iter().map(|account| (account.id, account)).collect(),
            numbers,
            targets: targets.into_iter().map(|target| (target.row.id, target)).collect(),
            answers,
            watched,
            changed: BTreeSet::new(),
            entries: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Decides one posting and takes note of it.
    pub fn decide(&mut self, item: &BatchItem) -> Outcome {
        if let Some(answer) = item.request.as_ref().and_then(|request| self.answered(request)) {
            return answer;
        }
        if let Some(sale_id) = item.voided_sale().filter(|id| !self.targets.contains_key(id)) {
            return self.void_early(item, sale_id).unwrap_or_else(Outcome::Refused);
        }
        match self.post(item) {
            Ok(entry) => {
                let entry = Arc::new(entry);
                let outcome = Outcome::Posted {
                    entry: Arc::clone(&entry),
                    is_replayed: false,
                };
                self.note(item, entry);
                outcome
            }
            Err(NotPosted::Declined(decline)) => {
                let outcome = Outcome::Declined {
                    decline,
                    is_replayed: false,
                };
                self.keep_decline(item, decline);
                outcome
            }
            Err(NotPosted::Refused(rejection)) => Outcome::Refused(rejection),
        }
    }

    /// All that was decided, to be written.
    pub fn into_writes(mut self) -> Writes {
        let accounts = self.changed.iter().filter_map(|id| self.accounts.remove(id)).collect();
        Writes {
            entries: self.entries,
            keys: self.keys,
            accounts,
        }
    }

    fn answered(&self, request: &RequestKey) -> Option<Outcome> {
        let (row, outcome) = self.answers.get(&request.key)?;
        let is_voided_sale = row.is_claimed_sale() && request.operation == POST_SALE;
        Some(if is_voided_sale || row.is_of(request) {
            outcome.clone().replayed()
        } else {
            Outcome::Refused(Rejection::KeyReused)
        })
    }

    /// A void whose sale is not recorded yet claims the sale's key, so that the sale is refused when it comes.
    fn void_early(&mut self, item: &BatchItem, sale_id: Id) -> Result<Outcome, Rejection> {
        let request = item.request.as_ref().ok_or(Rejection::NotFound)?;
        let account_id = self.account(&item.posting.action, None)?.id;
        if request.key == sale_id {
            return Err(Rejection::KeyReused);
        }
        if let Some((row, _)) = self.answers.get(&sale_id) {
            return Err(match row.state {
                KeyState::ClaimedByVoid => Rejection::AlreadyReversed,
                KeyState::Declined if row.result_kind == EntryKind::Sale.as_str() => Rejection::SaleDeclined,
                KeyState::Declined | KeyState::Posted => Rejection::NotFound,
            });
        }
        let own = KeyRow {
            state: KeyState::ClaimedByVoid,
            account_id: Some(account_id),
            refers_to: Some(sale_id),
            ..KeyRow::posted(self.tenant_id, request, "void", item.posting.author.id, self.now)
        };
        let of_sale = KeyRow {
            key: sale_id,
            refers_to: None,
            result_kind: EntryKind::Sale.as_str().to_owned(),
            ..own.clone()
        };
        let awaiting = Outcome::AwaitingSale {
            sale_id,
            account_id,
            is_replayed: false,
        };
        self.keep(own, awaiting.clone());
        self.keep(of_sale, Outcome::Refused(Rejection::ReversedBeforeArrival));
        Ok(awaiting)
    }

    fn keep(&mut self, key: KeyRow, outcome: Outcome) {
        self.answers.insert(key.key, (key.clone(), outcome));
        self.keys.push(key);
    }

    fn post(&mut self, item: &BatchItem) -> Result<Entry, NotPosted> {
        let target = item
            .posting
            .action
            .target_id()
            .map(|id| self.targets.get(&id).ok_or(Rejection::NotFound))
            .transpose()?;
        let account = self.account(&item.posting.action, target)?;
        let scene = Scene {
            tenant_id: self.tenant_id,
            rules: &item.rules,
            now: self.now,
        };
        decide(scene, account, &item.posting, target)
    }

    /// The account that the path or the target names is not found; the one that the body names is unknown.
    fn account(&self, action: &Action, target: Option<&Target>) -> Result<&AccountState, Rejection> {
        let missing = match action {
            Action::Sale(_) | Action::RefundWithoutSale { .. } | Action::Void { .. } => Rejection::UnknownAccount,
            _ => Rejection::NotFound,
        };
        let id = match action.account() {
            Some(AccountRef::Id(id)) => Some(id),
            Some(AccountRef::Number(number)) => self.numbers.get(&number).copied(),
            None => target.map(|target| target.row.account_id),
        };
        id.and_then(|id| self.accounts.get(&id)).ok_or(missing)
    }

    fn note(&mut self, item: &BatchItem, entry: Arc<Entry>) {
        let credits_change = self.credits_change(&entry);
        if let Some(account) = self.accounts.get_mut(&entry.row.account_id) {
            account.apply(&entry.row, credits_change);
        }
        self.changed.insert(entry.row.account_id);
        self.note_target(&entry);
        if self.watched.contains(&entry.row.id) {
            self.targets.insert(entry.row.id, Target::new(&entry));
        }
        if let Some(request) = &item.request {
            let kind = entry.row.kind.as_str();
            let key = KeyRow {
                account_id: Some(entry.row.account_id),
                occurred_at: Some(entry.row.occurred_at),
                ..KeyRow::posted(self.tenant_id, request, kind, entry.row.actor_id, self.now)
            };
            let outcome = Outcome::Posted {
                entry: Arc::clone(&entry),
                is_replayed: true,
            };
            self.keep(key, outcome);
        }
        self.entries.push(entry);
    }

    /// By how much the number of the account's standing credits changes.
    fn credits_change(&self, entry: &Entry) -> i32 {
        let reversed = entry.row.refers_to.and_then(|id| self.targets.get(&id));
        match entry.row.kind {
            EntryKind::Credit => 1,
            EntryKind::Reversal if reversed.is_some_and(Target::is_credit) => -1,
            _ => 0,
        }
    }

    /// What an entry does to the entry it refers to.
    fn note_target(&mut self, entry: &Entry) {
        let Some(target_id) = entry.row.refers_to else { return };
        match entry.row.kind {
            EntryKind::Refund => {
                if let Some(sale) = self.targets.get_mut(&target_id) {
                    sale.note_refund(&entry.lines.iter().map(Line::from).collect::<Vec<_>>());
                }
            }
            EntryKind::Reversal => self.note_reversal(target_id, entry.row.id),
            _ => {}
        }
    }

    fn note_reversal(&mut self, reversed_id: Id, reversal_id: Id) {
        let Some(reversed) = self.targets.get_mut(&reversed_id) else {
            return;
        };
        reversed.reversed_by = Some(reversal_id);
        if reversed.row.kind != EntryKind::Refund {
            return;
        }
        let lines: Vec<Line> = reversed.lines.iter().map(|sold| sold.line.clone()).collect();
        let sale_id = reversed.row.refers_to;
        if let Some(sale) = sale_id.and_then(|id| self.targets.get_mut(&id)) {
            sale.forget_refund(&lines);
        }
    }

    fn keep_decline(&mut self, item: &BatchItem, decline: Decline) {
        let Some(request) = &item.request else { return };
        let (kind, occurred_at) = match &item.posting.action {
            Action::Sale(sale) => (EntryKind::Sale, Some(sale.occurred_at)),
            Action::Refund(refund) => (EntryKind::Refund, refund.occurred_at),
            _ => (EntryKind::Refund, None),
        };
        let target = item.posting.action.target_id().and_then(|id| self.targets.get(&id));
        let account_id = self
            .account(&item.posting.action, target)
            .map(|account| account.id)
            .ok();
        let key = KeyRow {
            state: KeyState::Declined,
            account_id,
            decline_code: Some(decline.code.as_str().to_owned()),
            amount_minor: Some(decline.amount_minor),
            available_minor: Some(decline.available_minor),
            credit_limit_minor: Some(decline.credit_limit_minor),
            occurred_at,
            ..KeyRow::posted(self.tenant_id, request, kind.as_str(), item.posting.author.id, self.now)
        };
        let outcome = Outcome::Declined {
            decline,
            is_replayed: true,
        };
        self.keep(key, outcome);
    }
}
