//! What was acknowledged against what is stored.

use std::collections::HashSet;
use std::process::Command;

use diesel::prelude::*;
use onaccount::db::schema::{accounts, entries, request_keys};
use onaccount::id::Id;
use uuid::Uuid;

use crate::load::{Book, SALE_MINOR};
use crate::stage::Database;
use crate::venue::Venue;

/// What differs.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Acknowledged and not stored.
    pub lost: usize,
    /// Stored twice, or never acknowledged.
    pub doubled: usize,
}

impl Database {
    /// The ids of all entries of a kind, as often as they are stored.
    pub fn entries(&self, venue: &Venue, kind: &str) -> Vec<Id> {
        let of_kind = entries::tenant_id.eq(venue.tenant_id).and(entries::kind.eq(kind));
        self.db
            .read_blocking(|connection| Ok(entries::table.filter(of_kind).select(entries::id).load(connection)?))
            .unwrap()
    }

    /// What all accounts of a venue owe together, in cents.
    pub fn owed(&self, venue: &Venue) -> i64 {
        let balances: Vec<i64> = self
            .db
            .read_blocking(|connection| {
                let of_venue = accounts::table.filter(accounts::tenant_id.eq(venue.tenant_id));
                Ok(of_venue.select(accounts::balance_minor).load(connection)?)
            })
            .unwrap();
        -balances.iter().sum::<i64>()
    }

    /// Every balance, sum and link computed anew by the program's own command.
    pub fn verify(&self) {
        let verified = Command::new(env!("CARGO_BIN_EXE_onaccount"))
            .args(["verify", "--database-url", &self.url])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&verified.stdout);
        let first: Vec<&str> = said.lines().take(20).collect();
        assert!(verified.status.success(), "verify: {}", first.join("\n"));
    }
}

pub fn compare(database: &Database, venue: &Venue, book: &Book) -> Found {
    let declines: Vec<Id> = database
        .db
        .read_blocking(|connection| {
            let declined = request_keys::tenant_id
                .eq(venue.tenant_id)
                .and(request_keys::state.eq("declined"));
            Ok(request_keys::table
                .filter(declined)
                .select(request_keys::key)
                .load(connection)?)
        })
        .unwrap();
    let (sales, declines) = (
        difference(&book.posted, &database.entries(venue, "sale")),
        difference(&book.declined, &declines),
    );
    Found {
        lost: sales.lost + declines.lost,
        doubled: sales.doubled + declines.doubled,
    }
}

fn difference(acknowledged: &[Uuid], stored: &[Id]) -> Found {
    let wanted: HashSet<Id> = acknowledged.iter().copied().map(Id::from).collect();
    let found: HashSet<Id> = stored.iter().copied().collect();
    Found {
        lost: wanted.difference(&found).count(),
        doubled: stored.len() - found.len() + found.difference(&wanted).count(),
    }
}

/// Nothing is lost, nothing doubled, and the books are sound. Says so.
pub fn check(database: &Database, venue: &Venue, book: &Book) -> String {
    let found = compare(database, venue, book);
    assert_eq!(found, Found { lost: 0, doubled: 0 }, "{}", book.figures());
    assert_eq!(database.owed(venue), book.posted.len() as i64 * SALE_MINOR);
    database.verify();
    format!("{}; 0 lost, 0 double, verify is clean", book.figures())
}
