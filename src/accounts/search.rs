//! What a person's search finds: the same accounts in the back office's list, at the till and in a run.

use diesel::expression::BoxableExpression;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::db::MultiBackend;
use crate::db::schema::accounts;
use crate::text::{SearchText, containing, sort_key};

diesel::define_sql_function! {
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// A condition on accounts.
pub type AccountCondition = Box<dyn BoxableExpression<accounts::table, MultiBackend, SqlType = Bool>>;

/// Part of the name, without regard to case and accents, or of the number, without regard to ASCII case.
#[must_use]
pub fn is_found_by(q: &SearchText) -> AccountCondition {
    let number = containing(&q.as_str().to_ascii_lowercase());
    let by_number = lower(accounts::number).like(number).escape('\\');
    let key = sort_key(q.as_str());
    // Nothing but accents or blanks leaves an empty key, which every name contains.
    if key.is_empty() {
        return Box::new(by_number);
    }
    Box::new(by_number.or(accounts::name_key.like(containing(&key)).escape('\\')))
}
