//! What can go wrong, as an RFC 9457 problem. Features answer small rejections of their own; they meet here in one
//! [`ApiError`] with one table of [`Code`]s. Causes of a 5xx are logged once, at the boundary, and never leave the server.

mod codes;
pub mod messages;
mod problem;

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

pub use codes::Code;
pub use problem::{FieldError, Problem};

use crate::db::Retry;
use crate::http::Language;

/// How long a client waits before it tries again, in seconds.
const RETRY_AFTER_S: u32 = 1;

/// A refused or failed request. Small to move: the details are boxed.
pub struct ApiError(Box<Details>);

#[derive(Clone)]
struct Details {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    /// Members of the problem beyond the standard ones: `available`, `credit_limit`, `till_message`.
    members: Map<String, Value>,
    retry_after_s: Option<u32>,
    allow: Option<String>,
    retry: Retry,
    /// For the log only.
    cause: Option<String>,
    request_id: Option<String>,
    language: Language,
    is_replayed: bool,
}

/// What an operation answers when it refuses.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// A refusal with its standard words.
    #[must_use]
    pub fn new(code: Code) -> Self {
        ApiError(Box::new(Details {
            code,
            detail: Cow::Borrowed(code.help()),
            errors: Vec::new(),
            members: Map::new(),
            retry_after_s: None,
            allow: None,
            retry: Retry::Never,
            cause: None,
            request_id: None,
            language: Language::En,
            is_replayed: false,
        }))
    }

    /// Says precisely what is wrong this time and what was expected.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Names a field, parameter or header that is wrong.
    #[must_use]
    pub fn error(mut self, error: FieldError) -> Self {
        self.0.errors.push(error);
        self
    }

    /// Adds a member to the problem, such as `available` of a decline.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Tells the client when to try again.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Lists the methods that a path knows.
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// Marks the answer as one that was given before, under the same key.
    #[must_use]
    pub fn replayed(mut self) -> Self {
        self.0.is_replayed = true;
        self
    }

    /// One wrong field of the body, by its JSON pointer.
    #[must_use]
    pub fn field(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        let error = FieldError::pointer(pointer, code, detail);
        ApiError::new(Code::ValidationFailed)
            .detail(error.sentence())
            .error(error)
    }

    /// The same refusal of a part of the body: its pointers begin at the whole, where the part stands at `prefix`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        for error in &mut self.0.errors {
            if let Some(pointer) = &mut error.pointer {
                pointer.insert_str(0, prefix);
            }
        }
        if let Some(first) = self.0.errors.first() {
            self.0.detail = first.sentence().into();
        }
        self
    }

    /// One wrong query parameter.
    #[must_use]
    pub fn parameter(name: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        let error = FieldError::parameter(name, code, detail);
        ApiError::new(Code::ValidationFailed)
            .detail(error.sentence())
            .error(error)
    }

    /// The database cannot be had now.
    #[must_use]
    pub fn database_away(cause: impl fmt::Display) -> Self {
        ApiError::new(Code::ServiceUnavailable)
            .retry_after_s(RETRY_AFTER_S)
            .cause(cause)
    }

    /// Someone else wrote the same at the same time: the transaction is tried again and finds it.
    #[must_use]
    pub fn raced(cause: impl fmt::Display) -> Self {
        let mut error = ApiError::database_away(cause);
        error.0.retry = Retry::Safe;
        error
    }

    /// The server has as much to do as it can take.
    #[must_use]
    pub fn busy(cause: &'static str) -> Self {
        ApiError::new(Code::ServiceUnavailable)
            .retry_after_s(RETRY_AFTER_S)
            .cause(cause)
    }

    /// The code for a value that the database knows already; any other failure stays what it is.
    #[must_use]
    pub fn taken(error: diesel::result::Error, code: Code) -> Self {
        use diesel::result::{DatabaseErrorKind, Error};
        match error {
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => ApiError::new(code),
            other => other.into(),
        }
    }

    /// The server is stopping; another one takes over.
    #[must_use]
    pub fn shutting_down() -> Self {
        ApiError::new(Code::ServiceUnavailable)
            .retry_after_s(RETRY_AFTER_S)
            .cause("shutting down")
    }

    /// A bug of ours; the cause goes to the log.
    #[must_use]
    pub fn internal(cause: impl fmt::Display) -> Self {
        ApiError::new(Code::Internal).cause(cause)
    }

    /// A bug of ours that panicked; what it said goes to the log.
    #[must_use]
    pub fn panicked(panic: &(dyn std::any::Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        ApiError::internal(text.unwrap_or("a panic without words"))
    }

    /// Which code it is.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Whether the transaction that failed with this may be tried again.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// The cause, for the log.
    #[must_use]
    pub fn cause_text(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The same refusal once more; the framework lends errors out and does not give them back.
    #[must_use]
    pub fn copy(&self) -> Self {
        ApiError(Box::new(self.0.as_ref().clone()))
    }

    /// Says whose request it was, and in which language to answer; the boundary calls this.
    #[must_use]
    pub fn with_request(mut self, request_id: &str, language: Language) -> Self {
        self.0.request_id = Some(request_id.to_owned());
        self.0.language = language;
        self
    }
}

/// What a database says when it can do nothing now, and may again when there is time or room: statements that took too long,
/// a full disk on PostgreSQL and on SQLite.
const CANNOT_NOW: [&str; 3] = [
    "canceling statement due to",
    "No space left on device",
    "database or disk is full",
];

/// A lost, busy or full database is 503; a missing row is for the store to name; anything else is a bug.
impl From<diesel::result::Error> for ApiError {
    fn from(error: diesel::result::Error) -> Self {
        let retry = Retry::of(&error);
        let message = error.to_string();
        let may_pass = CANNOT_NOW.iter().any(|words| message.contains(words));
        let mut converted = match retry {
            Retry::Safe | Retry::ConnectionLost => ApiError::database_away(&error),
            Retry::Never if may_pass => ApiError::database_away(&error),
            Retry::Never => ApiError::internal(&error),
        };
        converted.0.retry = retry;
        converted
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.0.cause.as_deref().unwrap_or("no cause kept"))
    }
}

impl std::error::Error for ApiError {}
