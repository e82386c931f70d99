//! The same random requests, put to a service on SQLite and to one on the database of this run: the same statuses, headers
//! and bodies. The clock stands where the script puts it, keys are the script's own, and ids that the server makes are
//! named by the order in which they appear.
//!
//! `ONACCOUNT_TEST_SCRIPT_REQUESTS` is the length of the script, `ONACCOUNT_TEST_SEED` its seed.

mod script;
mod side;

use script::{Random, Script};
use side::Side;

use crate::harness::TestDatabase;

const REQUESTS: u64 = 300;
const SEED: u64 = 719;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[test]
fn both_databases_give_the_same_answers() {
    let seed = setting("ONACCOUNT_TEST_SEED", SEED);
    let mut sides = [Side::open(TestDatabase::sqlite()), Side::open(TestDatabase::new())];
    let mut script = Script::new(Random::new(seed));
    let mut statuses = std::collections::BTreeMap::new();
    for number in 0..setting("ONACCOUNT_TEST_SCRIPT_REQUESTS", REQUESTS) {
        let request = script.next(&sides[0]);
        let [sqlite, other] = sides.each_mut().map(|side| side.ask(number, &request));
        assert_eq!(sqlite, other, "request {number} of seed {seed}: {request:?}");
        assert!(
            sqlite.status < 500,
            "request {number} of seed {seed}: {request:?}: {sqlite:?}"
        );
        *statuses.entry(sqlite.status).or_insert(0) += 1;
    }
    // a script that is only refused shows nothing
    assert!(statuses[&200] > 0 && statuses[&201] > statuses[&422], "{statuses:?}");
    println!("answers by status: {statuses:?}");
}
