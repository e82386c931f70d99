//! Looks at every statement that the service runs in a test, as it is when all its pieces are put together.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

/// From now on a statement whose parameters do not stand in the order of their numbers (`$1`, `$2`, .. by where each first
/// stands) panics: SQLite numbers them by their places, and would bind the wrong values.
pub fn watch() {
    set_default_instrumentation(|| Some(Box::new(check_statement) as Box<dyn Instrumentation>)).unwrap();
}

fn check_statement(event: InstrumentationEvent<'_>) {
    if let InstrumentationEvent::StartQuery { query, .. } = event {
        let mut text = BeforeValues(String::new());
        // stops with an error where the values begin
        let _ = write!(text, "{query}");
        assert!(
            parameters_rise(&text.0),
            "the parameters of this statement are not in order: {}",
            text.0
        );
    }
}

/// Takes the text of a query, and refuses the values that diesel writes after it.
struct BeforeValues(String);

impl Write for BeforeValues {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.starts_with(" -- binds") {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// Whether the parameters are `$1`, `$2`, .. in the order in which each first stands, without gaps.
fn parameters_rise(text: &str) -> bool {
    let mut seen = BTreeSet::new();
    text.split('$').skip(1).all(|piece| {
        let digits = piece.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let Ok(number) = digits.parse::<usize>() else {
            return true;
        };
        !seen.insert(number) || number == seen.len()
    })
}

#[test]
fn parameters_out_of_order_are_found() {
    for text in ["SELECT 1", "a = $1 AND b = $2 AND c = $1", "DO $$ BEGIN END $$"] {
        assert!(parameters_rise(text), "{text}");
    }
    for text in ["a = $2 AND b = $1", "a = $1 AND b = $3", "a = $2"] {
        assert!(!parameters_rise(text), "{text}");
    }
}

#[test]
fn a_running_statement_is_looked_at() {
    use diesel::prelude::*;
    use diesel::sql_types::Integer;
    watch();
    let wrong = || {
        let mut connection = SqliteConnection::establish(":memory:").unwrap();
        diesel::sql_query("SELECT 1 WHERE $2 > $1")
            .bind::<Integer, _>(1)
            .bind::<Integer, _>(2)
            .execute(&mut connection)
    };
    assert!(std::panic::catch_unwind(wrong).is_err());
}
