//! Which database: told by the URL's scheme.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where the data is. PostgreSQL by `postgres://` or `postgresql://`, SQLite by `sqlite:` and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A server, by its connection URL.
    Postgres(String),
    /// A file on this machine.
    Sqlite(PathBuf),
}

/// The URL names neither database.
#[derive(Debug, thiserror::Error)]
#[error("expected sqlite:<path> or postgres://user@host/database")]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// The file of an SQLite database.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            DatabaseUrl::Sqlite(path) => Some(path),
            DatabaseUrl::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(DatabaseUrl::Postgres(text.to_owned()));
        }
        match text
            .strip_prefix("sqlite:")
            .map(|rest| rest.strip_prefix("//").unwrap_or(rest))
        {
            Some(path) if !path.is_empty() => Ok(DatabaseUrl::Sqlite(PathBuf::from(path))),
            _ => Err(DatabaseUrlError),
        }
    }
}

/// Without the password: fit for a log.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseUrl::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            DatabaseUrl::Postgres(url) => match ::url::Url::parse(url) {
                Ok(url) => write!(f, "postgres://{}{}", url.host_str().unwrap_or("local"), url.path()),
                Err(_) => f.write_str("postgres://?"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_chooses() {
        assert_eq!(
            "sqlite:a/b.db".parse::<DatabaseUrl>().unwrap(),
            DatabaseUrl::Sqlite("a/b.db".into())
        );
        assert_eq!(
            "sqlite:///b.db".parse::<DatabaseUrl>().unwrap(),
            DatabaseUrl::Sqlite("/b.db".into())
        );
        assert!("mysql://x".parse::<DatabaseUrl>().is_err());
        assert!("sqlite:".parse::<DatabaseUrl>().is_err());
    }

    #[test]
    fn a_logged_url_has_no_password() {
        let url: DatabaseUrl = "postgres://u:secret@db.example/venue".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://db.example/venue");
    }
}
