//! Sends what is due, one bounded batch after another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use chrono::TimeDelta;
use diesel::QueryResult;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{Address, Message};
use url::Url;

use super::model::{Letter, MailKind, MailRow, MailStatus};
use super::transport::{MailTransport, SendError};
use super::{store, texts};
use crate::auth::LinkTokens;
use crate::clock::{Clock, Timestamp};
use crate::customers::is_fictional;
use crate::db::{Db, DbConnection};
use crate::error::{ApiError, ApiResult};
use crate::invitations;
use crate::metrics::MailMetrics;

/// Minutes until the next attempt, after the first one, the second one, ..; after the last of them a mail has failed.
const WAITS_MIN: [i64; 8] = [1, 5, 15, 60, 240, 480, 960, 1440];
/// A batch that took longer than this ends: the rest is given back long before the lease runs out.
const BATCH_TIME_MAX: Duration = Duration::from_mins(5);

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Nothing was due.
    Idle,
    /// Mails were tried; there may be more.
    Worked,
    /// The server is away: better wait.
    Away,
}

/// Sends mails and notes what came of them.
pub struct Postman {
    /// Where the outbox is.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// What mails go through.
    pub transport: MailTransport,
    /// Whom they are from.
    pub from: Mailbox,
    /// The page that an invitation's link leads to; the secret is added as its fragment, which no server ever sees.
    pub invitation_url: Url,
    /// Makes the secrets of links.
    pub link_tokens: LinkTokens,
    /// What is counted.
    pub metrics: MailMetrics,
    /// Set by whoever wants it to stop after the mail it is at.
    pub is_stopping: Arc<AtomicBool>,
}

impl Postman {
    /// Claims some mails that are due and tries each of them once. No transaction is open while a server is spoken to.
    ///
    /// # Errors
    /// When the database fails; what was claimed is tried again when the lease runs out.
    pub fn deliver_due(&self) -> ApiResult<Round> {
        let now = self.clock.now();
        let is_due = self
            .db
            .read_blocking(|connection| Ok(store::has_due(connection, now)?))?;
        if !is_due {
            return Ok(Round::Idle);
        }
        let mails = self
            .db
            .write_blocking(|connection| Ok(store::claim(connection, now)?))?;
        let started = Instant::now();
        let mut is_away = false;
        for mail in &mails {
            if is_away || self.is_stopping.load(Ordering::SeqCst) || started.elapsed() > BATCH_TIME_MAX {
                self.db
                    .write_blocking(|connection| Ok(store::release(connection, mail, now)?))?;
                continue;
            }
            is_away = self.deliver(mail)?;
        }
        Ok(if is_away { Round::Away } else { Round::Worked })
    }

    /// Tries one mail and notes what came of it; answers whether the server is away.
    fn deliver(&self, mail: &MailRow) -> ApiResult<bool> {
        let outcome = match self.compose(mail) {
            Ok(message) => self.transport.send(mail.id, &message),
            Err(why) => return self.end(mail, MailStatus::Failed, Some(&why)).map(|()| false),
        };
        match outcome {
            Ok(()) => self.end(mail, MailStatus::Sent, None).map(|()| false),
            Err(SendError::Refused(words)) => self.end(mail, MailStatus::Bounced, Some(&words)).map(|()| false),
            Err(SendError::NotNow(words)) => self.postpone(mail, &words).map(|()| false),
            Err(SendError::Away(words)) => self.postpone(mail, &words).map(|()| true),
        }
    }

    /// The mail as it goes out: the same each time.
    fn compose(&self, mail: &MailRow) -> Result<Message, String> {
        // the outbox takes no such address; this wall is for rows that were written by hand
        if is_fictional(&mail.recipient) {
            return Err("the address is fictional".to_owned());
        }
        let letter: Letter = serde_json::from_str(&mail.parameters).map_err(|error| error.to_string())?;
        let link = mail.link_nonce.as_ref().map_or(String::new(), |nonce| {
            let mut link = self.invitation_url.clone();
            link.set_fragment(Some(&self.link_tokens.token(nonce)));
            link.to_string()
        });
        let text = texts::write(&letter, mail.language, &link);
        let to = mail.recipient.parse::<Address>().map_err(|error| error.to_string())?;
        let domain = self.from.email.domain();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .message_id(Some(format!("<{}@{domain}>", mail.id)))
            .date(SystemTime::from(mail.created_at.naive_utc().and_utc()))
            .subject(text.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.body)
            .map_err(|error| error.to_string())
    }

    fn postpone(&self, mail: &MailRow, words: &str) -> ApiResult<()> {
        let Some(until) = next_attempt(mail.attempts, self.clock.now()) else {
            return self.end(mail, MailStatus::Failed, Some(words));
        };
        // the words may hold an address: they are kept with the mail, and in no log
        tracing::warn!(mail_id = %mail.id, kind = %mail.kind, %until, "a mail did not go; it is tried again");
        self.db
            .write_blocking(|connection| store::postpone(connection, mail, until, words).map_err(ApiError::from))?;
        Ok(())
    }

    fn end(&self, mail: &MailRow, status: MailStatus, error: Option<&str>) -> ApiResult<()> {
        let now = self.clock.now();
        let is_ours = self.db.write_blocking(|connection| {
            let is_ours = store::end(connection, mail, status, error, now)?;
            if is_ours {
                tell_its_cause(connection, mail, status, now)?;
            }
            Ok(is_ours)
        })?;
        if is_ours {
            self.metrics.ended(mail.kind.as_str(), status.as_str());
            tracing::info!(mail_id = %mail.id, kind = %mail.kind, %status, "a mail has ended");
        }
        Ok(())
    }
}

/// Tells what the mail was about how it ended, in the transaction that ends it.
fn tell_its_cause(
    connection: &mut DbConnection,
    mail: &MailRow,
    status: MailStatus,
    now: Timestamp,
) -> QueryResult<()> {
    match mail.kind {
        MailKind::Invitation => invitations::mail_ended(connection, mail.tenant_id, mail.id, status, now),
        MailKind::Invoice => Ok(()),
    }
}

/// When a mail that was tried `attempts` times before is tried again; nothing when that was often enough.
fn next_attempt(attempts: i32, now: Timestamp) -> Option<Timestamp> {
    let tried = usize::try_from(attempts).ok()?;
    let wait = WAITS_MIN.get(tried)?;
    Some(now.plus(TimeDelta::minutes(*wait)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_for_two_days() {
        let now = Timestamp::new("2026-10-15T10:00:00Z".parse().unwrap());
        let mut at = now;
        let mut attempts = 0;
        while let Some(next) = next_attempt(attempts, at) {
            assert!(next > at);
            (at, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, 8);
        assert!((TimeDelta::days(2)..TimeDelta::days(3)).contains(&(at.naive_utc() - now.naive_utc())));
    }
}
