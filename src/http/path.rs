//! Path parameters: what is not an id can name nothing, so it is a 404.

use actix_web::web::PathConfig;

use crate::error::{ApiError, Code};

/// Answers a path parameter of the wrong form as an unknown thing.
#[must_use]
pub fn path_config() -> PathConfig {
    PathConfig::default().error_handler(|error, _| {
        ApiError::new(Code::NotFound)
            .detail(format!("the path names nothing: {error}"))
            .into()
    })
}
