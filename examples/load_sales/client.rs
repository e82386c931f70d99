//! The service over HTTP.

use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};
use ureq::http::{Method, Request};

use super::Result;

/// How often a request is sent again while the service is busy.
const ATTEMPTS_MAX: u32 = 20;

/// Someone with a token.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: String,
}

/// What the service answered.
pub struct Answer {
    pub status: u16,
    pub etag: String,
    pub body: Value,
}

impl Client {
    pub fn new(base: &str, token: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(2)))
            .build();
        Client {
            agent: config.into(),
            base: base.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
        }
    }

    /// Someone else with another token, at the same service.
    pub fn with_token(&self, token: &str) -> Self {
        Client {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// Reads, when the answer is 200.
    pub fn get(&self, path: &str) -> Result<Value> {
        Ok(self.read(path)?.body)
    }

    /// Reads with headers, when the answer is 200.
    pub fn read(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, &[], None)?.expect(&[200], path)
    }

    /// Sends a body, under a key when it moves money.
    pub fn post(&self, path: &str, key: Option<&str>, body: Option<&Value>) -> Result<Answer> {
        let headers: Vec<(&str, &str)> = key.into_iter().map(|key| ("Idempotency-Key", key)).collect();
        self.send(Method::POST, path, &headers, body)
    }

    /// Changes what still has this ETag.
    pub fn patch(&self, path: &str, etag: &str, body: &Value) -> Result<Answer> {
        self.send(Method::PATCH, path, &[("If-Match", etag)], Some(body))?
            .expect(&[200], path)
    }

    /// Every item of a list, page by page.
    pub fn list(&self, path: &str) -> Result<Vec<Value>> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let mut page = self.get(&format!("{path}{separator}limit=200{cursor}"))?;
            if let Some(Value::Array(found)) = page.get_mut("items").map(Value::take) {
                items.extend(found);
            }
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    /// Sends a request; again, with the same key, while the service is busy.
    fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Result<Answer> {
        let mut attempt = 1;
        loop {
            let mut request = Request::builder()
                .method(method.clone())
                .uri(format!("{}{path}", self.base))
                .header("Authorization", format!("Bearer {}", self.token));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let mut response = match body {
                Some(body) => {
                    let request = request.header("Content-Type", "application/json");
                    self.agent.run(request.body(body.to_string())?)?
                }
                None => self.agent.run(request.body(())?)?,
            };
            let status = response.status().as_u16();
            if matches!(status, 429 | 503) && attempt < ATTEMPTS_MAX {
                attempt += 1;
                std::thread::sleep(Duration::from_secs(1));
                continue;
            }
            let etag = response.headers().get("etag").and_then(|etag| etag.to_str().ok());
            let etag = etag.unwrap_or_default().to_owned();
            let text = response.body_mut().with_config().limit(1 << 30).read_to_string()?;
            let body = if text.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&text)?
            };
            return Ok(Answer { status, etag, body });
        }
    }
}

impl Answer {
    /// The answer, when it has one of these statuses.
    pub fn expect(self, statuses: &[u16], what: &str) -> Result<Self> {
        if statuses.contains(&self.status) {
            Ok(self)
        } else {
            Err(format!("{what}: {} {}", self.status, self.body).into())
        }
    }

    /// The code of a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// A text member of a body.
pub fn text<'a>(value: &'a Value, member: &str) -> Result<&'a str> {
    let found = value[member].as_str();
    found.ok_or_else(|| format!("no {member} in {value}").into())
}

/// A key that is the same each time for the same thing: a UUID made from its name.
pub fn key_of(name: &str) -> String {
    let digest = Sha256::digest(format!("load_sales\n{name}").as_bytes());
    let mut bytes = [0_u8; 16];
    for (byte, digest) in bytes.iter_mut().zip(digest.iter()) {
        *byte = *digest;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
