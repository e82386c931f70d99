//! What tells a row from all others, when it has no number: what it says, and which one of equal rows it is.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::SaleDraft;
use crate::id::Id;

/// Counts equal rows while a file is read. Equal rows are of one moment, for the moment is part of what they say; so a longer file,
/// or one that overlaps, counts them alike.
#[derive(Debug)]
pub struct Identities {
    tenant_id: Id,
    seen: HashMap<[u8; 32], u32>,
}

/// The sale's id, and the whole hash of which it is the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub sale_id: Id,
    pub hash: Vec<u8>,
}

impl Identities {
    /// Of the rows of one file of a tenant.
    #[must_use]
    pub fn new(tenant_id: Id) -> Self {
        Identities {
            tenant_id,
            seen: HashMap::new(),
        }
    }

    /// The identity of the next row. What the row costs apiece is left out: it follows from the rest. The account is too: who maps a
    /// payment type anew does not post its sales again.
    pub fn next(&mut self, draft: &SaleDraft) -> Identity {
        let mut content = Sha256::new_with_prefix("onaccount sales history 1\n");
        content.update(self.tenant_id.uuid().as_bytes());
        let numbers = [draft.quantity_milli, draft.amount_minor, i64::from(draft.vat_rate)];
        let texts = [&draft.payment_type, &draft.product_code, &draft.product_name];
        content.update(draft.local.format("%Y-%m-%dT%H:%M:%S").to_string());
        for number in numbers {
            content.update(number.to_be_bytes());
        }
        for text in texts {
            // No text has this byte in it, so that none runs into the next.
            content.update([0xFF]);
            content.update(text);
        }
        let content: [u8; 32] = content.finalize().into();
        let ordinal = self.seen.entry(content).or_default();
        *ordinal += 1;
        let hash = Sha256::new()
            .chain_update(content)
            .chain_update(ordinal.to_be_bytes())
            .finalize();
        let mut bytes = [0; 16];
        for (byte, of_hash) in bytes.iter_mut().zip(&hash) {
            *byte = *of_hash;
        }
        Identity {
            sale_id: uuid::Builder::from_custom_bytes(bytes).into_uuid().into(),
            hash: hash.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(at: &str, product: &str) -> SaleDraft {
        SaleDraft {
            local: at.parse().unwrap(),
            occurred_at: crate::imports::history::moment::instant(at.parse().unwrap(), chrono_tz::UTC),
            payment_type: "Borrel".to_owned(),
            product_code: "1".to_owned(),
            product_name: product.to_owned(),
            quantity_milli: 1_000,
            amount_minor: 250,
            vat_rate: 2_100,
            unit_price: None,
        }
    }

    fn of(tenant: u128, drafts: &[&SaleDraft]) -> Vec<Identity> {
        let mut identities = Identities::new(uuid::Uuid::from_u128(tenant).into());
        drafts.iter().map(|draft| identities.next(draft)).collect()
    }

    #[test]
    fn equal_rows_are_told_apart_and_the_same_in_every_file() {
        let (beer, wine) = (
            draft("2026-10-01T20:15:00", "Bier"),
            draft("2026-10-01T20:15:00", "Wijn"),
        );
        let later = draft("2026-10-01T20:16:00", "Bier");
        let short = of(1, &[&beer, &beer]);
        let long = of(1, &[&later, &beer, &wine, &beer, &beer]);
        assert_ne!(short[0], short[1]);
        assert_eq!([&long[1], &long[3]], [&short[0], &short[1]]);
        let mut ids: Vec<Id> = long.iter().map(|identity| identity.sale_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), long.len());
        assert_ne!(of(2, &[&beer]), of(1, &[&beer]), "another tenant's rows are others");
        assert_eq!(short[0].sale_id.uuid().get_version_num(), 8);
        let dearer = SaleDraft {
            unit_price: Some(1),
            ..beer.clone()
        };
        assert_eq!(of(1, &[&dearer]), of(1, &[&beer]));
    }
}
