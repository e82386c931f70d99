//! Tells each step: what was asked, what came back, and what was expected.

use serde_json::Value;
use ureq::http::{HeaderMap, Method, Request};

/// Speaks to the service as whoever's token it has.
pub struct Narrator {
    agent: ureq::Agent,
    base: String,
    step: u32,
    wrong: u32,
}

/// One request of the story.
pub struct Ask<'a> {
    /// What happens, in words.
    pub title: &'a str,
    /// Whose token or key is sent.
    pub token: &'a str,
    /// The method.
    pub method: Method,
    /// The path, with its query.
    pub path: String,
    /// A JSON body.
    pub body: Option<Value>,
    /// Headers beyond the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// The status that the story expects.
    pub status: u16,
}

impl<'a> Ask<'a> {
    /// The same request, told in other words.
    pub fn again(&self, title: &'a str) -> Self {
        Ask {
            title,
            token: self.token,
            method: self.method.clone(),
            path: self.path.clone(),
            body: self.body.clone(),
            headers: self.headers.clone(),
            status: self.status,
        }
    }
}

/// What came back.
pub struct Told {
    /// The body, as JSON when it is JSON.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The headers.
    pub headers: HeaderMap,
}

impl Narrator {
    /// Speaks to the service at `base`.
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Narrator {
            agent: config.into(),
            base: base.to_owned(),
            step: 0,
            wrong: 0,
        }
    }

    /// How many things were not as expected.
    pub fn wrong(&self) -> u32 {
        self.wrong
    }

    /// How many steps were told.
    pub fn steps(&self) -> u32 {
        self.step
    }

    /// A new chapter.
    pub fn chapter(&self, title: &str) {
        println!("\n== {title}");
    }

    /// Sends the request and tells what came back; a status other than the expected one is told and counted.
    ///
    /// # Errors
    /// When the service does not answer at all.
    pub fn ask(&mut self, ask: Ask<'_>) -> Result<Told, ureq::Error> {
        self.step = self.step.saturating_add(1);
        println!("\n{:>2}. {}", self.step, ask.title);
        let mut request = Request::builder()
            .method(&ask.method)
            .uri(format!("{}{}", self.base, ask.path));
        if !ask.token.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", ask.token));
        }
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let body = ask.body.as_ref().map(Value::to_string);
        if let Some(body) = &body {
            request = request.header("Content-Type", "application/json");
            println!("    {} {}  {}", ask.method, ask.path, shorten(&redact(body)));
        } else {
            println!("    {} {}", ask.method, ask.path);
        }
        let mut response = self.agent.run(request.body(body.unwrap_or_default())?)?;
        let bytes = response.body_mut().read_to_vec()?;
        let status = response.status().as_u16();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status == ask.status {
            println!("    {status} as expected");
        } else {
            self.wrong = self.wrong.saturating_add(1);
            println!(
                "    {status}, BUT {} WAS EXPECTED: {}",
                ask.status,
                String::from_utf8_lossy(&bytes)
            );
        }
        Ok(Told {
            body,
            bytes,
            headers: response.headers().clone(),
        })
    }

    /// Tells a header of an answer and checks it.
    pub fn expect_header(&mut self, told: &Told, name: &str, expected: &str) {
        let found = told
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("nothing")
            .to_owned();
        self.check(name, &found, expected);
    }

    /// Tells one value of an answer and checks it against what the story expects.
    pub fn expect(&mut self, told: &Told, pointer: &str, expected: &str) {
        let found = match told.body.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "nothing".to_owned(),
        };
        self.check(&pointer.trim_start_matches('/').replace('/', "."), &found, expected);
    }

    fn check(&mut self, name: &str, found: &str, expected: &str) {
        if found == expected {
            println!("    {name} = {found} as expected");
        } else {
            self.wrong = self.wrong.saturating_add(1);
            println!("    {name} = {found}, BUT {expected} WAS EXPECTED");
        }
    }
}

/// A request's body on one line of a terminal.
fn shorten(text: &str) -> String {
    const WIDTH: usize = 110;
    if text.chars().count() <= WIDTH {
        text.to_owned()
    } else {
        text.chars().take(WIDTH).chain("...".chars()).collect()
    }
}

/// Passwords are not told, not even a demo's.
fn redact(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(mut members)) => {
            if let Some(password) = members.get_mut("password") {
                *password = Value::from("***");
            }
            Value::Object(members).to_string()
        }
        _ => body.to_owned(),
    }
}
