//! Time and fresh ids, as values: production reads the machine's clock, a test sets its own.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{ContextV7, Uuid};

use crate::id::Id;

/// An instant in UTC, to the microsecond (what both databases keep). RFC 3339 with `Z` in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql_types::Timestamp)]
pub struct Timestamp(NaiveDateTime);

impl Timestamp {
    /// Cuts off what is finer than a microsecond.
    #[must_use]
    pub fn new(utc: DateTime<Utc>) -> Self {
        Timestamp(utc.naive_utc().trunc_subsecs(6))
    }

    /// The same instant without a zone, for calendar arithmetic in UTC.
    #[must_use]
    pub fn naive_utc(self) -> NaiveDateTime {
        self.0
    }

    /// The instant that lies `delta` later (earlier if negative); stays put at the end of the calendar.
    #[must_use]
    pub fn plus(self, delta: TimeDelta) -> Self {
        Timestamp(self.0.checked_add_signed(delta).unwrap_or(self.0))
    }

    /// Seconds since 1970-01-01, as in a JWT.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.and_utc().timestamp()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .and_utc()
            .to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
            .fmt(f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|at| Timestamp::new(at.with_timezone(&Utc)))
            .map_err(|_| {
                serde::de::Error::custom("expected an RFC 3339 time with its zone, such as 2026-10-25T01:30:00Z")
            })
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::json!("2026-10-25T01:30:00Z")])
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

impl<DB> ToSql<sql_types::Timestamp, DB> for Timestamp
where
    DB: Backend,
    NaiveDateTime: ToSql<sql_types::Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB> FromSql<sql_types::Timestamp, DB> for Timestamp
where
    DB: Backend,
    NaiveDateTime: FromSql<sql_types::Timestamp, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        NaiveDateTime::from_sql(value).map(Timestamp)
    }
}

/// Where the service gets the time and its ids. Cheap to clone; clones share their state.
#[derive(Clone)]
pub struct Clock {
    source: Source,
    /// Keeps ids made within one millisecond in the order in which they were made.
    ids: Arc<Mutex<ContextV7>>,
}

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Clock {
            source: Source::System,
            ids: Arc::default(),
        }
    }

    /// A clock that stands still at `at` until [`Clock::set`] moves it.
    #[must_use]
    pub fn manual(at: Timestamp) -> Self {
        Clock {
            source: Source::Manual(Arc::new(Mutex::new(at))),
            ids: Arc::default(),
        }
    }

    /// Moves a manual clock; the system's clock is not moved.
    pub fn set(&self, at: Timestamp) {
        if let Source::Manual(now) = &self.source {
            *now.lock().unwrap_or_else(PoisonError::into_inner) = at;
        }
    }

    /// The time now.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::System => Timestamp::new(Utc::now()),
            Source::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// A fresh UUIDv7 that sorts after every id this clock made before.
    #[must_use]
    pub fn new_id(&self) -> Id {
        let now = self.now().naive_utc().and_utc();
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        let context = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let at = uuid::Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos());
        Id::from(Uuid::new_v7(at))
    }
}
