//! What stands in the outbox.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::customers::is_fictional;
use crate::db::schema::outbox;
use crate::id::Id;
use crate::text_enum;
use crate::users::UserLanguage;

text_enum! {
    /// What a mail is about.
    pub enum MailKind {
        /// A customer is invited to see their accounts.
        Invitation => "invitation",
        /// An invoice or credit note was made, for whoever it is shared with.
        Invoice => "invoice",
    }
}

text_enum! {
    /// How far a mail is.
    pub enum MailStatus {
        /// It waits for its next attempt.
        Queued => "queued",
        /// A server took it over.
        Sent => "sent",
        /// It was tried often enough, or cannot be sent at all.
        Failed => "failed",
        /// A server refused it for good.
        Bounced => "bounced",
    }
}

/// An address that mail may go to: never a fictional one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient(String);

impl Recipient {
    /// The address, unless its domain is reserved for tests and examples, or it is empty.
    #[must_use]
    pub fn try_new(email: &str) -> Option<Self> {
        (!email.is_empty() && !is_fictional(email)).then(|| Recipient(email.to_owned()))
    }
}

/// What a mail says, but for its language and its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Letter {
    /// A customer is invited to see their accounts; has a link.
    Invitation {
        /// Who invites.
        venue: String,
        /// Who is invited.
        name: String,
        /// The last day on which the link works.
        until: NaiveDate,
    },
    /// An invoice or credit note was made.
    Invoice {
        /// Whether it is a credit note.
        is_credit_note: bool,
        /// Whose invoice it is.
        venue: String,
        /// Who pays it.
        customer: String,
        /// Its number.
        number: String,
        /// Its date.
        day: NaiveDate,
        /// Its total with its currency: `EUR 12.50`.
        total: String,
    },
}

impl Letter {
    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> MailKind {
        match self {
            Letter::Invitation { .. } => MailKind::Invitation,
            Letter::Invoice { .. } => MailKind::Invoice,
        }
    }
}

/// A mail to be sent.
#[derive(Debug, Clone)]
pub struct NewMail {
    /// Its id; the Message-ID is made of it.
    pub id: Id,
    /// For whom it is sent.
    pub tenant_id: Id,
    /// To whom.
    pub recipient: Recipient,
    /// The language of its text.
    pub language: UserLanguage,
    /// What it says.
    pub letter: Letter,
    /// What its secret link is made of.
    pub link_nonce: Option<Vec<u8>>,
    /// When it was caused; it is due at once.
    pub created_at: Timestamp,
}

/// A mail as it is written into the outbox.
#[derive(Debug, Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
pub(super) struct NewMailRow {
    pub id: Id,
    pub tenant_id: Id,
    pub kind: MailKind,
    pub recipient: String,
    pub language: UserLanguage,
    pub parameters: String,
    pub link_nonce: Option<Vec<u8>>,
    pub next_attempt_at: Timestamp,
    pub created_at: Timestamp,
}

impl TryFrom<NewMail> for NewMailRow {
    type Error = serde_json::Error;

    fn try_from(mail: NewMail) -> Result<Self, Self::Error> {
        Ok(NewMailRow {
            id: mail.id,
            tenant_id: mail.tenant_id,
            kind: mail.letter.kind(),
            recipient: mail.recipient.0,
            language: mail.language,
            parameters: serde_json::to_string(&mail.letter)?,
            link_nonce: mail.link_nonce,
            next_attempt_at: mail.created_at,
            created_at: mail.created_at,
        })
    }
}

/// A mail in the outbox.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct MailRow {
    pub id: Id,
    pub tenant_id: Id,
    pub kind: MailKind,
    pub recipient: String,
    pub language: UserLanguage,
    /// A [`Letter`] (JSON).
    pub parameters: String,
    pub link_nonce: Option<Vec<u8>>,
    pub status: MailStatus,
    /// How often it was tried.
    pub attempts: i32,
    /// Raised by every claim.
    pub fencing_token: i64,
    pub next_attempt_at: Timestamp,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_writes_to_a_fictional_address() {
        for fictional in [
            "",
            "vera@example.com",
            "vera@club.test",
            "vera@mail.example.org",
            "v@host.localhost",
        ] {
            assert_eq!(Recipient::try_new(fictional), None, "{fictional}");
        }
        assert!(Recipient::try_new("vera@clubnoord.nl").is_some());
    }

    #[test]
    fn a_letter_comes_back_as_it_was_written() {
        let letter = Letter::Invitation {
            venue: "Sportclub Noord".into(),
            name: "Vera {link}".into(),
            until: NaiveDate::from_ymd_opt(2026, 11, 29).unwrap(),
        };
        let text = serde_json::to_string(&letter).unwrap();
        assert_eq!(serde_json::from_str::<Letter>(&text).unwrap(), letter);
        assert!(text.contains(letter.kind().as_str()), "{text}");
    }
}
