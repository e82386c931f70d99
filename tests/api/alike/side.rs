//! One of the two services: what it has made so far, and how it answers.

use std::collections::HashMap;

use chrono::TimeDelta;
use onaccount::auth::Role;
use regex::Regex;
use serde_json::Value;
use ureq::http::Method;

use super::script::{Kind, Request};
use crate::harness::{Actor, NOON, Service, TestDatabase, Venue, at};

/// The clock moves a second with every so many requests; the people's tokens last longer than any script.
const REQUESTS_PER_SECOND: u64 = 20;

pub struct Side {
    venue: Venue,
    person: Actor,
    /// The ids of what was made, by kind, in the order in which it was made.
    made: HashMap<Kind, Vec<String>>,
    /// Ids in the order in which they appeared.
    names: HashMap<String, usize>,
    cursor: Option<String>,
    uuid: Regex,
}

/// An answer as far as both services must agree.
#[derive(Debug, PartialEq)]
pub struct Said {
    pub status: u16,
    pub headers: Vec<String>,
    pub body: String,
}

impl Side {
    pub fn open(database: TestDatabase) -> Self {
        let service = Service::on(database, 1);
        let venue = Venue::in_service(service, 719);
        venue.accept_agreement();
        let roles = [Role::Director, Role::Superuser, Role::Clerk, Role::Backoffice];
        let (_, person) = venue
            .service
            .user("Alma Anything", false, Some((venue.tenant_id, &roles)));
        Side {
            venue,
            person,
            made: HashMap::new(),
            names: HashMap::new(),
            cursor: None,
            uuid: Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap(),
        }
    }

    /// How many of a kind were made.
    pub fn count(&self, kind: Kind) -> usize {
        self.made.get(&kind).map_or(0, Vec::len)
    }

    pub fn ask(&mut self, number: u64, request: &Request) -> Said {
        let seconds = i64::try_from(number / REQUESTS_PER_SECOND).unwrap();
        self.venue.service.clock.set(at(NOON).plus(TimeDelta::seconds(seconds)));
        let mut path = self.fill(&request.path);
        if let (true, Some(cursor)) = (request.is_next_page, &self.cursor) {
            path = format!("{path}&cursor={cursor}");
        }
        let mut actor = if request.is_from_till {
            self.venue.till.clone()
        } else {
            self.person.clone()
        };
        actor = actor.with("Prefer", "wait=30").with("Accept", request.accept);
        if let Some(key) = &request.key {
            actor = actor.with("Idempotency-Key", key.as_str());
        }
        let body = request.body.as_ref().map(|body| self.fill(body).into_bytes());
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let answer = actor.send(method, &path, body);
        let json: Option<Value> = serde_json::from_slice(&answer.bytes).ok();
        self.learn(request, answer.status, json.as_ref());
        let headers = ["content-type", "etag", "idempotent-replayed", "location", "retry-after"];
        let headers = headers.map(|name| format!("{name}: {}", self.plain(answer.header(name))));
        let body = json.map_or_else(|| answer.text(), |json| without_cursor(json).to_string());
        Said {
            status: answer.status,
            headers: headers.to_vec(),
            body: self.plain(&body),
        }
    }

    /// Puts this service's ids in the places of `{account 3}`.
    fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for kind in Kind::ALL {
            for (number, id) in self.made.get(&kind).into_iter().flatten().enumerate() {
                filled = filled.replace(&kind.place(number), id);
            }
        }
        filled
    }

    /// Keeps what the script may name later.
    fn learn(&mut self, request: &Request, status: u16, body: Option<&Value>) {
        let Some(body) = body else { return };
        if let Some(next) = body.get("next_cursor") {
            self.cursor = next.as_str().map(str::to_owned);
        }
        if let (Some(kind), 200..=201, Some(id)) = (request.makes, status, body["id"].as_str()) {
            let made = self.made.entry(kind).or_default();
            if !made.iter().any(|known| known == id) {
                made.push(id.to_owned());
            }
        }
        if let (Some(Kind::Invoice), 200, Some(items)) = (request.lists, status, body["items"].as_array()) {
            let made = self.made.entry(Kind::Invoice).or_default();
            for id in items.iter().filter_map(|item| item["id"].as_str()) {
                if !made.iter().any(|known| known == id) {
                    made.push(id.to_owned());
                }
            }
        }
    }

    /// The text with every id named by when it appeared first.
    fn plain(&mut self, text: &str) -> String {
        let names = &mut self.names;
        let name = |found: &regex::Captures| {
            let next = names.len() + 1;
            format!("id-{}", names.entry(found[0].to_owned()).or_insert(next))
        };
        self.uuid.replace_all(text, name).into_owned()
    }
}

/// Whether there is a next page, not the cursor itself: it is bound to the tenant's id.
fn without_cursor(mut body: Value) -> Value {
    if let Some(next) = body.get_mut("next_cursor").filter(|next| next.is_string()) {
        *next = "more".into();
    }
    body
}
