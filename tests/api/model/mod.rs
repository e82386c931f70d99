//! The money rules of one account, as simply as they can be said: the oracle that the service is compared with.
//!
//! It shares no code with the service. Amounts are minor units, days are counted from the first day of a test.

use std::collections::{BTreeMap, BTreeSet};

pub mod actions;

/// Why the model refuses something; the service answers with the same code.
pub type Refused = &'static str;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sale,
    Refund,
    LimitChange,
    Credit,
    InvoiceReset,
    Reversal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    None,
    BalanceToZero,
    LimitMinusInvoiced,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub seq: usize,
    pub kind: Kind,
    pub balance: i64,
    pub limit: i64,
    pub day: i32,
    /// Of a refund its sale, of a reversal what it reverses.
    pub refers_to: Option<usize>,
    pub is_reversed: bool,
}

impl Entry {
    pub fn is_standing(&self, kind: Kind) -> bool {
        self.kind == kind && !self.is_reversed
    }
}

#[derive(Debug, Clone)]
pub struct Invoice {
    pub no: usize,
    pub from: i32,
    pub total: i64,
    pub reset_seq: usize,
    pub is_standing: bool,
    pub limit_taken: i64,
    pub limit_returned: i64,
    /// How each covered entry was reset, by sequence number.
    pub covers: BTreeMap<usize, Reset>,
    /// What it gave back of the limit that earlier invoices took, by their number.
    pub returns: BTreeMap<usize, i64>,
}

#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub from: i32,
    pub to: i32,
    pub reset: Reset,
    pub includes_late: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Account {
    pub entries: Vec<Entry>,
    pub invoices: Vec<Invoice>,
}

impl Account {
    pub fn balance(&self) -> i64 {
        self.entries.iter().map(|e| e.balance).sum()
    }

    pub fn limit(&self) -> i64 {
        self.entries.iter().map(|e| e.limit).sum()
    }

    pub fn entry(&self, seq: usize) -> &Entry {
        &self.entries[seq - 1]
    }

    pub fn invoice(&self, no: usize) -> &Invoice {
        self.invoices
            .iter()
            .find(|i| i.no == no)
            .expect("an invoice of the account")
    }

    fn invoice_mut(&mut self, no: usize) -> &mut Invoice {
        self.invoices
            .iter_mut()
            .find(|i| i.no == no)
            .expect("an invoice of the account")
    }

    fn add(
        &mut self,
        kind: Kind,
        balance: i64,
        limit: i64,
        day: i32,
        refers_to: Option<usize>,
    ) -> Result<usize, Refused> {
        if self.limit() + limit < 0 {
            return Err("limit_would_be_negative");
        }
        let seq = self.entries.len() + 1;
        self.entries.push(Entry {
            seq,
            kind,
            balance,
            limit,
            day,
            refers_to,
            is_reversed: false,
        });
        Ok(seq)
    }

    pub fn standing_invoice_of(&self, seq: usize) -> Option<&Invoice> {
        self.invoices
            .iter()
            .find(|i| i.is_standing && i.covers.contains_key(&seq))
    }

    pub fn change_limit(&mut self, delta: i64, day: i32) -> Result<usize, Refused> {
        self.add(Kind::LimitChange, 0, delta, day, None)
    }

    pub fn sell(&mut self, amount: i64, day: i32, is_offline: bool) -> Result<usize, Refused> {
        if !is_offline && amount > self.balance() + self.limit() {
            return Err("limit_exceeded");
        }
        self.add(Kind::Sale, -amount, 0, day, None)
    }

    /// The numbers of all sales, reversed ones included.
    pub fn sales(&self) -> Vec<usize> {
        let sales = self.entries.iter().filter(|e| e.kind == Kind::Sale);
        sales.map(|e| e.seq).collect()
    }

    fn refunds_of(&self, sale: usize) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |e| e.refers_to == Some(sale) && e.is_standing(Kind::Refund))
    }

    pub fn refund(&mut self, sale: usize, amount: i64, day: i32) -> Result<usize, Refused> {
        let sold = self.entry(sale);
        if day < sold.day {
            return Err("before_its_sale");
        }
        if sold.is_reversed {
            return Err("already_reversed");
        }
        let refunded: i64 = self.refunds_of(sale).map(|e| e.balance).sum();
        if refunded + amount > -sold.balance {
            return Err("more_than_sold");
        }
        self.add(Kind::Refund, amount, 0, day, Some(sale))
    }

    pub fn refund_without_sale(&mut self, amount: i64, day: i32) -> Result<usize, Refused> {
        self.add(Kind::Refund, amount, 0, day, None)
    }

    pub fn credit(&mut self, amount: i64, day: i32) -> Result<usize, Refused> {
        self.add(Kind::Credit, amount, 0, day, None)
    }

    pub fn reverse_entry(&mut self, seq: usize, day: i32) -> Result<usize, Refused> {
        let entry = self.entry(seq).clone();
        if matches!(entry.kind, Kind::Reversal | Kind::InvoiceReset) {
            return Err("not_reversible");
        }
        if entry.is_reversed {
            return Err("already_reversed");
        }
        if self.standing_invoice_of(seq).is_some() {
            return Err("already_invoiced");
        }
        if self.refunds_of(seq).next().is_some() {
            return Err("has_refunds");
        }
        let reversal = self.add(Kind::Reversal, -entry.balance, -entry.limit, day, Some(seq))?;
        self.entries[seq - 1].is_reversed = true;
        Ok(reversal)
    }

    /// What a till does when goods and money have gone back: of an invoiced sale it refunds what is left.
    pub fn void(&mut self, sale: usize, day: i32) -> Result<usize, Refused> {
        if self.standing_invoice_of(sale).is_none() {
            return self.reverse_entry(sale, day);
        }
        let sold = -self.entry(sale).balance;
        let refunded: i64 = self.refunds_of(sale).map(|e| e.balance).sum();
        if refunded == sold && (sold > 0 || self.refunds_of(sale).next().is_some()) {
            return Err("nothing_to_refund");
        }
        self.refund(sale, sold - refunded, day)
    }

    /// The entries that a run would cover now.
    pub fn covered_by(&self, run: Run) -> Vec<usize> {
        let free: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|e| matches!(e.kind, Kind::Sale | Kind::Refund) && !e.is_reversed)
            .filter(|e| e.day <= run.to && (run.includes_late || e.day >= run.from))
            .filter(|e| self.standing_invoice_of(e.seq).is_none())
            .collect();
        let sales: BTreeSet<usize> = free.iter().filter(|e| e.kind == Kind::Sale).map(|e| e.seq).collect();
        free.iter()
            .filter(|e| match e.refers_to {
                Some(sale) => sales.contains(&sale) || self.standing_invoice_of(sale).is_some(),
                None => true,
            })
            .map(|e| e.seq)
            .collect()
    }

    /// Makes the invoice of a run and answers its number.
    pub fn run(&mut self, run: Run) -> Result<usize, Refused> {
        if self.entries.iter().any(|e| e.is_standing(Kind::Credit)) {
            return Err("credit_account");
        }
        let taken = self.covered_by(run);
        if taken.is_empty() {
            return Err("nothing_to_invoice");
        }
        let mut covers = BTreeMap::new();
        let (mut cleared, mut out_of_limit) = (0, 0);
        let mut refunded: BTreeMap<usize, i64> = BTreeMap::new();
        for &seq in &taken {
            let entry = self.entry(seq);
            let earlier = entry.refers_to.filter(|sale| !taken.contains(sale)).and_then(|sale| {
                self.standing_invoice_of(sale)
                    .map(|invoice| (invoice.no, invoice.covers[&sale]))
            });
            let reset = earlier.map_or(run.reset, |(_, reset)| reset);
            covers.insert(seq, reset);
            if reset == Reset::None {
                continue;
            }
            cleared -= entry.balance;
            if reset == Reset::LimitMinusInvoiced {
                match earlier {
                    Some((no, _)) => *refunded.entry(no).or_default() += entry.balance,
                    None => out_of_limit -= entry.balance,
                }
            }
        }
        let own = if out_of_limit >= 0 {
            -out_of_limit.min(self.limit())
        } else {
            -out_of_limit
        };
        let returns: BTreeMap<usize, i64> = refunded
            .into_iter()
            .map(|(no, amount)| {
                (
                    no,
                    amount.min(self.invoice(no).limit_taken - self.invoice(no).limit_returned),
                )
            })
            .collect();
        let given_back: i64 = returns.values().sum();
        let total = -taken.iter().map(|&seq| self.entry(seq).balance).sum::<i64>();
        let reset_seq = self.add(Kind::InvoiceReset, cleared, own + given_back, run.to, None)?;
        for (&no, &amount) in &returns {
            self.invoice_mut(no).limit_returned += amount;
        }
        let no = self.invoices.len() + 1;
        self.invoices.push(Invoice {
            no,
            from: run.from,
            total,
            reset_seq,
            is_standing: true,
            limit_taken: (-own).max(0),
            limit_returned: 0,
            covers,
            returns,
        });
        Ok(no)
    }

    /// Why an invoice cannot be taken back as things are now.
    pub fn obstacle(&self, no: usize) -> Option<Refused> {
        let invoice = self.invoice(no);
        if !invoice.is_standing {
            return Some("already_reversed");
        }
        let has_refunds_on_later_invoice = self
            .invoices
            .iter()
            .filter(|i| i.is_standing && i.no > no)
            .any(|later| {
                later.covers.keys().map(|&seq| self.entry(seq)).any(|e| {
                    e.kind == Kind::Refund && e.refers_to.is_some_and(|sale| invoice.covers.contains_key(&sale))
                })
            });
        if has_refunds_on_later_invoice {
            return Some("refunds_invoiced");
        }
        (self.limit() < self.entry(invoice.reset_seq).limit).then_some("limit_would_be_negative")
    }

    pub fn reverse_invoice(&mut self, no: usize, day: i32) -> Result<(), Refused> {
        if let Some(refused) = self.obstacle(no) {
            return Err(refused);
        }
        let invoice = self.invoice(no).clone();
        let reset = self.entry(invoice.reset_seq).clone();
        self.add(Kind::Reversal, -reset.balance, -reset.limit, day, Some(reset.seq))?;
        self.entries[reset.seq - 1].is_reversed = true;
        self.invoice_mut(no).is_standing = false;
        for (earlier, amount) in invoice.returns {
            self.invoice_mut(earlier).limit_returned -= amount;
        }
        Ok(())
    }

    /// Sales and refunds that are neither reversed nor on a standing invoice.
    pub fn uncovered(&self) -> Vec<&Entry> {
        let is_billable = |e: &&Entry| matches!(e.kind, Kind::Sale | Kind::Refund) && !e.is_reversed;
        let entries = self.entries.iter().filter(is_billable);
        entries.filter(|e| self.standing_invoice_of(e.seq).is_none()).collect()
    }

    /// What standing invoices of runs with `none` left on the account: below zero the customer owes it.
    pub fn left_standing_by_none(&self) -> i64 {
        let standing = self.invoices.iter().filter(|i| i.is_standing);
        let covered = standing
            .flat_map(|i| &i.covers)
            .filter(|&(_, &reset)| reset == Reset::None);
        covered.map(|(&seq, _)| self.entry(seq).balance).sum()
    }

    /// What holds after every action, whatever came before.
    pub fn assert_consistent(&self) {
        assert!(self.limit() >= 0, "the limit fell below zero");
        let mut seen = BTreeSet::new();
        for invoice in self.invoices.iter().filter(|i| i.is_standing) {
            for &seq in invoice.covers.keys() {
                assert!(seen.insert(seq), "entry {seq} stands on two invoices");
                assert!(
                    !self.entry(seq).is_reversed,
                    "entry {seq} is reversed and stands on an invoice"
                );
            }
        }
    }
}
