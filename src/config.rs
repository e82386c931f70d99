//! The configuration: flags and `ONACCOUNT_*`, read once.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use clap::Args;
use lettre::message::Mailbox;
use url::Url;

use crate::auth::NewKey;
use crate::db::DatabaseUrl;
use crate::mail::MailUrl;
use crate::retention::Retention;

/// HS256 wants a secret as long as its output (RFC 7518, 3.2).
const SECRET_BYTES_MIN: usize = 32;

/// Which database; every command that touches data has it.
#[derive(Debug, Clone, Args)]
pub struct DatabaseOptions {
    /// Where the data is: `sqlite:<path>` or `postgres://user@host/database`
    #[arg(
        long,
        env = "ONACCOUNT_DATABASE_URL",
        default_value = "sqlite:onaccount.db",
        hide_env_values = true
    )]
    pub database_url: DatabaseUrl,
    /// Connections to PostgreSQL, at most
    #[arg(long, env = "ONACCOUNT_DATABASE_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub database_connections: u32,
}

/// How mail goes out.
#[derive(Debug, Clone, Args)]
pub struct MailOptions {
    /// Where mail goes: smtps://user:password@host, smtp://user:password@host:587?tls=required, file:<folder> (a file for each
    /// mail, for development) or none (another process sends it)
    #[arg(
        long,
        env = "ONACCOUNT_MAIL_URL",
        default_value = "file:onaccount-mail",
        hide_env_values = true
    )]
    pub mail_url: MailUrl,
    /// Whom mail is from, such as "Onaccount <post@example.com>"; required with SMTP
    #[arg(long, env = "ONACCOUNT_MAIL_FROM")]
    pub mail_from: Option<Mailbox>,
    /// Page of the frontend where an invited customer chooses a password; the link's secret is added after a #
    #[arg(
        long,
        env = "ONACCOUNT_INVITATION_URL",
        default_value = "http://127.0.0.1:8080/invitation"
    )]
    pub invitation_url: Url,
    /// Invitations that a tenant may send within 24 hours
    #[arg(long, env = "ONACCOUNT_INVITATIONS_PER_DAY", default_value_t = 2000)]
    pub invitations_per_day: u32,
}

impl MailOptions {
    /// Whom mail is from.
    ///
    /// # Errors
    /// When it goes to a server and nobody was named.
    pub fn sender(&self) -> Result<Mailbox, ConfigError> {
        match (&self.mail_from, &self.mail_url) {
            (Some(from), _) => Ok(from.clone()),
            (None, MailUrl::Smtp(_)) => Err(ConfigError::MailFromMissing),
            (None, _) => "onaccount <onaccount@localhost>"
                .parse()
                .map_err(|_| ConfigError::MailFromMissing),
        }
    }
}

/// How the server is served.
#[derive(Debug, Clone, Args)]
pub struct ServerOptions {
    #[command(flatten)]
    pub database: DatabaseOptions,
    #[command(flatten)]
    pub mail: MailOptions,
    /// Address and port to listen on
    #[arg(long, env = "ONACCOUNT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Signs access tokens: 32 characters or more. With SQLite it is made at first start and kept beside the database
    #[arg(long, env = "ONACCOUNT_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    /// Origins that browsers may call from, such as https://backoffice.example, separated by commas
    #[arg(long, env = "ONACCOUNT_CORS_ORIGINS", value_delimiter = ',', value_parser = parse_origin)]
    pub cors_origins: Vec<String>,
    /// Addresses of reverse proxies that are believed in X-Forwarded-For, separated by commas
    #[arg(long, env = "ONACCOUNT_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpAddr>,
    /// Worker threads; by default one for each core
    #[arg(long, env = "ONACCOUNT_WORKERS")]
    pub workers: Option<usize>,
    /// Threads for long work such as invoice runs; with 0, other processes have to do it
    #[arg(long, env = "ONACCOUNT_JOB_WORKERS", default_value_t = 2)]
    pub job_workers: usize,
    /// How long a stopping server may take to finish what it accepted, in seconds
    #[arg(long, env = "ONACCOUNT_SHUTDOWN_SECONDS", default_value_t = 30)]
    pub shutdown_seconds: u64,
    /// Address and port of Prometheus metrics at /metrics, apart from the API; by default none
    #[arg(long, env = "ONACCOUNT_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    #[command(flatten)]
    pub retention: Retention,
}

/// An origin as a browser sends it (RFC 6454): scheme, host, and a port that is not the scheme's own.
fn parse_origin(text: &str) -> Result<String, String> {
    let is_origin =
        |url: &url::Url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text;
    match url::Url::parse(text) {
        Ok(url) if is_origin(&url) => Ok(text.to_owned()),
        _ => Err(
            "expected an origin as browsers send it: scheme and host, and a port when it is not the scheme's \
                  own, such as https://backoffice.example"
                .to_owned(),
        ),
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No secret with PostgreSQL.
    #[error(
        "with PostgreSQL, set ONACCOUNT_SECRET to 32 characters or more (for example: openssl rand -hex 32); every process needs the same one"
    )]
    SecretMissing,
    /// Too short.
    #[error("ONACCOUNT_SECRET has {0} characters: 32 or more are needed")]
    SecretTooShort(usize),
    /// Mail goes to a server, from nobody.
    #[error("with an SMTP server, set ONACCOUNT_MAIL_FROM to the address that mail is from")]
    MailFromMissing,
    /// The key file beside the database.
    #[error("the key file {path}: {error}")]
    KeyFile {
        /// Where.
        path: String,
        /// What happened.
        error: std::io::Error,
    },
}

/// The portal's secret: the one given; or, with SQLite, the one in the key file beside the database, made at first start
/// and readable by its owner only.
///
/// # Errors
/// What to set, when it is missing or too short.
pub fn secret(given: Option<&str>, url: &DatabaseUrl) -> Result<Vec<u8>, ConfigError> {
    if let Some(secret) = given {
        return if secret.len() < SECRET_BYTES_MIN {
            Err(ConfigError::SecretTooShort(secret.len()))
        } else {
            Ok(secret.as_bytes().to_vec())
        };
    }
    let Some(database) = url.sqlite_path() else {
        return Err(ConfigError::SecretMissing);
    };
    let path = database.with_extension("key");
    read_or_make(&path).map_err(|error| ConfigError::KeyFile {
        path: path.display().to_string(),
        error,
    })
}

fn read_or_make(path: &Path) -> std::io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = NewKey::try_new("").map_err(std::io::Error::other)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(key.secret.as_bytes())?;
            file.sync_all()?;
            Ok(key.secret.into_bytes())
        }
        Ok(secret) if secret.len() < SECRET_BYTES_MIN => Err(std::io::Error::other("it is too short; was it cut off?")),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn sqlite_makes_a_key_file_that_only_its_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("venue.db"));
        let first = secret(None, &url).unwrap();
        assert_eq!(secret(None, &url).unwrap(), first);
        let mode = fs::metadata(folder.path().join("venue.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for origin in [
            "https://backoffice.example",
            "http://localhost:5173",
            "http://[::1]:8080",
        ] {
            assert_eq!(parse_origin(origin).as_deref(), Ok(origin));
        }
        let others = [
            "backoffice.example",
            "localhost:5173",
            "https://a.example/",
            "https://A.example",
            "*",
            "",
        ];
        for other in others {
            assert!(parse_origin(other).is_err(), "{other}");
        }
    }

    #[test]
    fn postgres_needs_a_secret_of_some_length() {
        let url = DatabaseUrl::Postgres("postgres://db/venue".into());
        assert!(matches!(secret(None, &url), Err(ConfigError::SecretMissing)));
        assert!(matches!(
            secret(Some("short"), &url),
            Err(ConfigError::SecretTooShort(5))
        ));
    }
}
