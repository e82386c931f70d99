//! Random things that happen to accounts, for property tests. What an action names (an account, a sale, an invoice) is an
//! index that wraps around what exists by then, so that every action means something and shrinks well.

use proptest::prelude::*;

use super::{Reset, Run};

/// What happens to one account.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    Sell {
        amount: i64,
        days_ago: i32,
        is_offline: bool,
    },
    Refund {
        sale: usize,
        amount: i64,
    },
    Void {
        sale: usize,
    },
    RefundWithoutSale {
        amount: i64,
    },
    Credit {
        amount: i64,
    },
    ReverseEntry {
        entry: usize,
    },
    ChangeLimit {
        delta: i64,
    },
    Run {
        days_ago: i32,
        reset: Reset,
        includes_late: bool,
    },
    ReverseInvoice {
        invoice: usize,
    },
}

/// An action, and how many days pass before it.
pub type Step = (i32, Action);

/// What happens at a venue with several accounts.
#[derive(Debug, Clone, Copy)]
pub enum Event {
    To {
        account: usize,
        action: Action,
    },
    RunAll {
        days_ago: i32,
        reset: Reset,
        includes_late: bool,
    },
    /// Takes back what is left of a run, be it of one account or of all.
    ReverseRun {
        run: usize,
    },
    /// A till lost its connection: the void of a sale comes, and the sale itself may follow.
    VoidEarly {
        account: usize,
    },
    /// The sale of such a void comes after all.
    SellVoided {
        void: usize,
        amount: i64,
    },
    /// A void names an account that is not the sale's.
    VoidOfOther {
        account: usize,
        sale: usize,
    },
}

/// The run of `days_ago` relative to `today`: it takes the last thirty days.
pub fn run_on(today: i32, days_ago: i32, reset: Reset, includes_late: bool) -> Run {
    Run {
        from: (today - 30).max(1),
        to: today - days_ago,
        reset,
        includes_late,
    }
}

/// The limit an account starts with.
pub fn start_limit() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), Just(5_000), Just(10_000), Just(1_000_000_000)]
}

pub fn steps(max: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..=5_i32, action()), 1..=max)
}

/// Events, and how many days pass before each.
pub fn events(max: usize) -> impl Strategy<Value = Vec<(i32, Event)>> {
    prop::collection::vec((0..=5_i32, event()), 1..=max)
}

pub fn reset() -> impl Strategy<Value = Reset> {
    prop_oneof![
        Just(Reset::None),
        Just(Reset::BalanceToZero),
        Just(Reset::LimitMinusInvoiced)
    ]
}

fn run_ends() -> impl Strategy<Value = i32> {
    prop_oneof![2 => Just(0), 1 => Just(3)]
}

fn includes_late() -> impl Strategy<Value = bool> {
    prop_oneof![2 => Just(true), 1 => Just(false)]
}

fn action() -> impl Strategy<Value = Action> {
    let late = prop_oneof![3 => Just(0), 1 => Just(10)];
    prop_oneof![
        40 => (0..=4_000_i64, late, prop::bool::weighted(0.2))
            .prop_map(|(amount, days_ago, is_offline)| Action::Sell { amount, days_ago, is_offline }),
        13 => (any::<usize>(), 0..=2_000_i64).prop_map(|(sale, amount)| Action::Refund { sale, amount }),
        8 => any::<usize>().prop_map(|sale| Action::Void { sale }),
        1 => (0..=1_000_i64).prop_map(|amount| Action::RefundWithoutSale { amount }),
        1 => (1..=1_000_i64).prop_map(|amount| Action::Credit { amount }),
        10 => any::<usize>().prop_map(|entry| Action::ReverseEntry { entry }),
        7 => (-3_000..=5_000_i64).prop_filter("a change", |d| *d != 0).prop_map(|delta| Action::ChangeLimit { delta }),
        18 => (run_ends(), reset(), includes_late())
            .prop_map(|(days_ago, reset, includes_late)| Action::Run { days_ago, reset, includes_late }),
        10 => any::<usize>().prop_map(|invoice| Action::ReverseInvoice { invoice }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        80 => (any::<usize>(), action()).prop_map(|(account, action)| Event::To { account, action }),
        8 => (run_ends(), reset(), includes_late())
            .prop_map(|(days_ago, reset, includes_late)| Event::RunAll { days_ago, reset, includes_late }),
        8 => any::<usize>().prop_map(|run| Event::ReverseRun { run }),
        2 => any::<usize>().prop_map(|account| Event::VoidEarly { account }),
        2 => (any::<usize>(), 0..=4_000_i64).prop_map(|(void, amount)| Event::SellVoided { void, amount }),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(account, sale)| Event::VoidOfOther { account, sale }),
    ]
}
