//! Someone who asks the service things over HTTP.

use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderMap, Method};

use super::key;

/// Someone with a token (or without).
#[derive(Clone)]
pub struct Actor {
    agent: ureq::Agent,
    base: String,
    pub token: Option<String>,
    headers: Vec<(String, String)>,
}

/// What the service answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Actor {
    pub fn new(base: &str, token: Option<String>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_mins(1)))
            .build();
        Actor {
            agent: config.into(),
            base: base.to_owned(),
            token,
            headers: Vec::new(),
        }
    }

    /// The same one, sending this header too.
    pub fn with(&self, name: &str, value: impl Into<String>) -> Self {
        let mut actor = self.clone();
        actor.headers.push((name.to_owned(), value.into()));
        actor
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None)
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string().into_bytes()))
    }

    /// A POST that moves money, under a fresh key.
    pub fn post_new(&self, path: &str, body: Value) -> Answer {
        self.post_keyed(path, &key(), body)
    }

    /// A POST that moves money, under this key.
    pub fn post_keyed(&self, path: &str, key: &str, body: Value) -> Answer {
        self.with("Idempotency-Key", key).post(path, body)
    }

    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body.to_string().into_bytes()))
    }

    /// A PATCH of the version that `etag` names.
    pub fn patch(&self, path: &str, etag: &str, body: Value) -> Answer {
        self.with("If-Match", etag)
            .send(Method::PATCH, path, Some(body.to_string().into_bytes()))
    }

    /// A POST without a body.
    pub fn post_empty(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None)
    }

    /// Uploads a file to be imported.
    pub fn upload(&self, kind: &str, name: &str, content: &[u8]) -> Answer {
        self.upload_with(name, content, &[("kind", kind)])
    }

    /// Uploads a file to be imported, with these fields of the form.
    pub fn upload_with(&self, name: &str, content: &[u8], fields: &[(&str, &str)]) -> Answer {
        const BOUNDARY: &str = "----boundary-of-a-test";
        let mut body = Vec::new();
        for (field, value) in fields {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        self.with("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"))
            .send(Method::POST, "/v1/imports", Some(body))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None)
    }

    /// Any request; a body goes as JSON unless a header says otherwise.
    pub fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if body.is_some()
            && !self
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            request = request.header("Content-Type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let agent = self
            .agent
            .configure_request(request.body(body.unwrap_or_default()).unwrap());
        let mut response = self.agent.run(agent.allow_non_standard_methods(true).build()).unwrap();
        let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes,
        }
    }
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body, when the status is this one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.bytes.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// The problem, when it has this status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }
}
