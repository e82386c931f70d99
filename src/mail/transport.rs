//! Where mail goes: to an SMTP server, or into a folder.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use lettre::transport::smtp::{Error as SmtpError, PoolConfig};
use lettre::{Message, SmtpTransport, Transport};

use crate::id::Id;

/// A server that takes longer to answer is as good as away.
const ANSWER_WAIT_MAX: Duration = Duration::from_secs(20);
/// What is kept of a server's words, in characters.
const WORDS_MAX: usize = 500;

/// Where mail goes, as it is configured.
#[derive(Clone, PartialEq, Eq)]
pub enum MailUrl {
    /// To this server: `smtp://..` or `smtps://..`.
    Smtp(String),
    /// A file for each mail, in this folder.
    Folder(PathBuf),
    /// Nowhere: it waits until another process sends it.
    None,
}

impl FromStr for MailUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(MailUrl::None);
        }
        if let Some(folder) = text.strip_prefix("file:").filter(|folder| !folder.is_empty()) {
            return Ok(MailUrl::Folder(folder.into()));
        }
        // the cause is not told: it may hold the password
        match SmtpTransport::from_url(text) {
            Ok(_) => Ok(MailUrl::Smtp(text.to_owned())),
            Err(_) => Err(
                "expected smtps://user:password@host, smtp://user:password@host:587?tls=required, file:<folder> or none"
                    .to_owned(),
            ),
        }
    }
}

/// Without credentials.
impl fmt::Display for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MailUrl::Smtp(url) => {
                let host = url.rsplit('@').next().unwrap_or_default();
                let host = host.split_once("://").map_or(host, |(_, host)| host);
                write!(f, "SMTP server {host}")
            }
            MailUrl::Folder(folder) => write!(f, "folder {}", folder.display()),
            MailUrl::None => f.write_str("none"),
        }
    }
}

impl fmt::Debug for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a mail did not go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// The server cannot be reached, hung up, or does not let us in: other mails would fare no better now.
    Away(String),
    /// It was refused for now (4xx).
    NotNow(String),
    /// It was refused for good (5xx), in the server's words.
    Refused(String),
}

/// What mails go through.
pub enum MailTransport {
    /// An SMTP server; one connection is kept open while there is something to send.
    Smtp(Box<SmtpTransport>),
    /// A folder, made when it is needed.
    Folder(PathBuf),
}

impl MailTransport {
    /// What the configuration says; nothing when this process sends no mail.
    ///
    /// # Errors
    /// When the machine's certificates cannot be read.
    pub fn try_new(url: &MailUrl) -> Result<Option<Self>, SmtpError> {
        Ok(match url {
            MailUrl::None => None,
            MailUrl::Folder(folder) => Some(MailTransport::Folder(folder.clone())),
            MailUrl::Smtp(url) => {
                let pool = PoolConfig::new().max_size(1).idle_timeout(Duration::from_secs(10));
                let smtp = SmtpTransport::from_url(url)?
                    .timeout(Some(ANSWER_WAIT_MAX))
                    .pool_config(pool)
                    .build();
                Some(MailTransport::Smtp(Box::new(smtp)))
            }
        })
    }

    /// Hands a mail over. In a folder, its id is the file's name.
    ///
    /// # Errors
    /// Why it did not go.
    pub fn send(&self, id: Id, message: &Message) -> Result<(), SendError> {
        match self {
            MailTransport::Smtp(smtp) => smtp.send(message).map(drop).map_err(|error| judge(&error)),
            MailTransport::Folder(folder) => {
                let written = fs::create_dir_all(folder).and_then(|()| {
                    let path = folder.join(format!("{id}.eml"));
                    // links in mails are secret
                    let mut file = OpenOptions::new()
                        .write(true)
                        .create(true)
                        .truncate(true)
                        .mode(0o600)
                        .open(path)?;
                    file.write_all(&message.formatted())
                });
                written.map_err(|error| SendError::Away(format!("{}: {error}", folder.display())))
            }
        }
    }
}

/// What to make of a failure. That the server does not know us (530, 534, 535, 538) is the operator's matter, not the
/// recipient's: the mail waits.
fn judge(error: &SmtpError) -> SendError {
    let words: String = error.to_string().chars().take(WORDS_MAX).collect();
    match error.status().map(u16::from) {
        Some(421 | 530 | 534 | 535 | 538) | None => SendError::Away(words),
        Some(500..) => SendError::Refused(words),
        Some(_) => SendError::NotNow(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_mail_goes_and_hides_its_password() {
        let url: MailUrl = "smtps://vera:s3cret@mail.club.test:465".parse().unwrap();
        assert_eq!(
            format!("{url} {url:?}"),
            "SMTP server mail.club.test:465 SMTP server mail.club.test:465"
        );
        assert_eq!("none".parse(), Ok(MailUrl::None));
        assert_eq!("file:/tmp/mail".parse(), Ok(MailUrl::Folder("/tmp/mail".into())));
        for wrong in [
            "",
            "file:",
            "http://mail.club.test",
            "mail.club.test",
            "smtp:/\\vera:s3cret@",
        ] {
            let error = wrong.parse::<MailUrl>().unwrap_err();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
