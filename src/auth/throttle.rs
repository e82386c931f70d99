//! Guessing passwords takes ever longer: failures are counted per account and address together and per address, and after a
//! few of them the next attempt has to wait, twice as long each time. There is no lock-out: a refused attempt is not
//! counted, the right password after the wait works, and who guesses makes nobody wait elsewhere. Only an account that very
//! many have failed at, from wherever, waits as a whole, and never for long: that slows down a guess that is spread over
//! many addresses.
//!
//! An attempt is counted as failed before the password is checked and forgiven when it was right; so a hundred guesses
//! sent at once get no further than a hundred sent one by one. An account that does not exist is counted like any other.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::http::header::HeaderMap;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer, Timestamp as SqlTimestamp};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::db::DbConnection;
use crate::db::schema::sign_in_failures;
use crate::error::{ApiError, ApiResult, Code};

/// How failures of one kind are answered.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Failures that cost no wait.
    free: i32,
    /// The longest wait, in seconds.
    wait_max_s: i64,
}

/// Of an account from one address: people mistype.
const OF_PAIR: Patience = Patience {
    free: 4,
    wait_max_s: 300,
};
/// Of an address: a whole venue may share one.
const OF_ADDRESS: Patience = Patience {
    free: 20,
    wait_max_s: 300,
};
/// Of an account from anywhere: one address needs more than three days for as many.
const OF_ACCOUNT: Patience = Patience {
    free: 1000,
    wait_max_s: 30,
};
/// Failures are forgotten when none came for this long.
const MEMORY: TimeDelta = TimeDelta::hours(24);
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Knows how to count without keeping e-mails or addresses: only their keyed hashes are kept.
pub struct Throttle {
    key: [u8; 32],
    trusted_proxies: Vec<IpAddr>,
}

/// What an attempt is counted under.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The account, tried from this address.
    pair: Vec<u8>,
    account: Vec<u8>,
    address: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = SqlTimestamp)]
    blocked_until: Timestamp,
}

impl Throttle {
    /// From the portal's secret. `trusted_proxies` may say in `X-Forwarded-For` for whom they ask; nobody else is believed.
    #[must_use]
    pub fn new(secret: &[u8], trusted_proxies: Vec<IpAddr>) -> Self {
        let key = Sha256::new()
            .chain_update(b"onaccount sign-in failures\n")
            .chain_update(secret)
            .finalize();
        Throttle {
            key: key.into(),
            trusted_proxies,
        }
    }

    /// An attempt on an account, by its e-mail, from an address; without one, by the user themselves.
    #[must_use]
    pub fn attempt(&self, email_key: &str, address: Option<IpAddr>) -> Attempt {
        let network = address.map(network);
        let from = network.as_deref().unwrap_or_default();
        Attempt {
            pair: self.hash("pair", &format!("{email_key}\n{from}")),
            account: self.hash("account", email_key),
            address: network.as_ref().map(|network| self.hash("address", network)),
        }
    }

    /// Where a request comes from: the peer; behind trusted proxies, the last address that none of them has.
    #[must_use]
    pub fn address_of(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer?.to_canonical();
        if !self.trusted_proxies.contains(&peer) {
            return Some(peer);
        }
        let lines: Vec<&str> = headers
            .get_all(X_FORWARDED_FOR)
            .filter_map(|value| value.to_str().ok())
            .collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        let mut addresses = hops
            .map_while(|hop| hop.trim().parse::<IpAddr>().ok())
            .map(|ip| ip.to_canonical());
        addresses
            .find(|address| !self.trusted_proxies.contains(address))
            .or(Some(peer))
    }

    fn hash(&self, kind: &str, subject: &str) -> Vec<u8> {
        let keyed = Sha256::new().chain_update(self.key).chain_update(kind);
        keyed.chain_update(b"\n").chain_update(subject).finalize().to_vec()
    }
}

/// One who has an IPv6 network has all its addresses.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

/// How long the attempt after this many failures waits, in seconds.
fn wait_s(failures: i32, patience: Patience) -> i64 {
    let beyond = failures.saturating_sub(patience.free);
    match u32::try_from(beyond) {
        Err(_) | Ok(0) => 0,
        Ok(beyond) => 1_i64
            .checked_shl(beyond - 1)
            .filter(|_| beyond < 32)
            .unwrap_or(patience.wait_max_s)
            .min(patience.wait_max_s),
    }
}

impl Attempt {
    /// Counts the attempt as failed, before it is known. Its transaction must commit before the password is checked.
    ///
    /// # Errors
    /// 429 `too_many_requests` with the seconds to wait; then nothing is counted.
    pub fn begin(&self, connection: &mut DbConnection, now: Timestamp) -> ApiResult<()> {
        count(connection, &self.pair, OF_PAIR, now)?;
        if let Some(address) = &self.address {
            count(connection, address, OF_ADDRESS, now)?;
        }
        count(connection, &self.account, OF_ACCOUNT, now)
    }

    /// The password was right: the account starts anew, the address is as it was before. Forgets what is long ago.
    ///
    /// # Errors
    /// What the database said.
    pub fn forgive(&self, connection: &mut DbConnection, now: Timestamp) -> QueryResult<()> {
        let is_old = sign_in_failures::last_failed_at.lt(now.plus(-MEMORY));
        diesel::delete(sign_in_failures::table.filter(is_old)).execute(connection)?;
        diesel::delete(sign_in_failures::table.find(&self.pair)).execute(connection)?;
        if let Some(address) = &self.address {
            let row = sign_in_failures::table.find(address);
            diesel::delete(row.filter(sign_in_failures::failures.le(1))).execute(connection)?;
            diesel::update(row)
                .set((
                    sign_in_failures::failures.eq(sign_in_failures::failures - 1),
                    sign_in_failures::blocked_until.eq(now),
                ))
                .execute(connection)?;
        }
        diesel::delete(sign_in_failures::table.find(&self.account)).execute(connection)?;
        Ok(())
    }
}

/// Attempts on the same subject go one after another: the row is locked by the counting itself, and what it answers is
/// what the attempt before has left.
fn count(connection: &mut DbConnection, subject_hash: &[u8], patience: Patience, now: Timestamp) -> ApiResult<()> {
    let counted: Counted = diesel::sql_query(
        "INSERT INTO sign_in_failures (subject_hash, failures, last_failed_at, blocked_until) VALUES ($1, 1, $2, $3)
         ON CONFLICT (subject_hash) DO UPDATE SET last_failed_at = excluded.last_failed_at,
             failures = CASE WHEN sign_in_failures.last_failed_at < $4 THEN 1 ELSE sign_in_failures.failures + 1 END
         RETURNING failures, blocked_until",
    )
    .bind::<Binary, _>(subject_hash)
    .bind::<SqlTimestamp, _>(now)
    .bind::<SqlTimestamp, _>(now)
    .bind::<SqlTimestamp, _>(now.plus(-MEMORY))
    .get_result(connection)?;
    if counted.blocked_until > now {
        let wait = counted.blocked_until.naive_utc() - now.naive_utc();
        let seconds = u32::try_from(wait.num_seconds()).unwrap_or(0).saturating_add(1);
        return Err(ApiError::new(Code::TooManyRequests)
            .detail(format!("too many failed attempts: wait {seconds} seconds"))
            .retry_after_s(seconds));
    }
    let wait = TimeDelta::seconds(wait_s(counted.failures, patience));
    diesel::update(sign_in_failures::table.find(subject_hash))
        .set(sign_in_failures::blocked_until.eq(now.plus(wait)))
        .execute(connection)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits: Vec<i64> = (1..=14).map(|failures| wait_s(failures, OF_PAIR)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(wait_s(i32::MAX, OF_PAIR), 300);
        assert_eq!((wait_s(1000, OF_ACCOUNT), wait_s(1001, OF_ACCOUNT)), (0, 1));
        assert_eq!(wait_s(i32::MAX, OF_ACCOUNT), 30);
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let throttle = Throttle::new(b"secret", vec![ip("10.0.0.1"), ip("10.0.0.2")]);
        let asked = |peer: &str, forwarded: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                HeaderName::from_static(X_FORWARDED_FOR),
                HeaderValue::from_static(forwarded),
            );
            throttle.address_of(Some(ip(peer)), &headers).unwrap().to_string()
        };
        assert_eq!(asked("203.0.113.9", "198.51.100.1"), "203.0.113.9");
        assert_eq!(asked("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(asked("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2"), "198.51.100.1");
        assert_eq!(asked("::ffff:10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(asked("10.0.0.1", "nonsense"), "10.0.0.1");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let throttle = Throttle::new(b"secret", Vec::new());
        let attempt = |address: &str| throttle.attempt("a@b.nl", Some(address.parse().unwrap())).address;
        assert_eq!(attempt("2001:db8::1"), attempt("2001:db8::2"));
        assert_ne!(attempt("2001:db8::1"), attempt("2001:db8:0:1::1"));
        assert_ne!(attempt("192.0.2.1"), attempt("192.0.2.2"));
    }
}
