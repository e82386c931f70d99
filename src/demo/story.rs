//! The story: a rowing club from its first day to a reversed invoice run.

use std::path::Path;

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use ureq::http::Method;

use super::narrator::{Ask, Narrator, Told};
use crate::clock::Clock;

/// What ends the story before its end.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The media type of an XLSX workbook.
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Who is in the story, and when and where it plays.
pub struct Cast<'a> {
    /// The portal administrator who was made on the command line.
    pub email: &'a str,
    /// Their password.
    pub password: &'a str,
    /// Makes the keys of requests, as a till would.
    pub clock: &'a Clock,
    /// Where the exports are written.
    pub folder: &'a Path,
}

/// What the listener may go on with.
pub struct Ending {
    /// The director's access token.
    pub token: String,
    /// The bar's key.
    pub till_key: String,
    /// An account to look at.
    pub account_id: String,
    /// The days of the story.
    pub from: NaiveDate,
    /// The last one, today.
    pub to: NaiveDate,
}

pub(super) struct Story<'a> {
    pub(super) narrator: &'a mut Narrator,
    pub(super) cast: &'a Cast<'a>,
    pub(super) director: String,
    pub(super) bar: String,
    pub(super) kiosk: String,
}

/// Tells the story.
///
/// # Errors
/// When the service does not answer, or an answer lacks what the story goes on with.
pub fn tell(narrator: &mut Narrator, cast: &Cast<'_>) -> Result<Ending, Error> {
    let mut story = Story {
        narrator,
        cast,
        director: String::new(),
        bar: String::new(),
        kiosk: String::new(),
    };
    story.open_the_venue()?;
    let accounts = story.make_customers_and_accounts()?;
    let days = story.three_days()?;
    story.sell(&accounts, &days)?;
    story.look_at_statements(&accounts, &days)?;
    story.run_invoices(&accounts, &days)?;
    let [from, _, to] = days;
    let [account_id, ..] = accounts;
    Ok(Ending {
        token: story.director,
        till_key: story.bar,
        account_id,
        from,
        to,
    })
}

/// The rowing club's own account, Anna's, the committee's and Bram's.
pub(super) type Accounts = [String; 4];
/// The day before yesterday, yesterday, today.
pub(super) type BusinessDays = [NaiveDate; 3];

impl Story<'_> {
    fn open_the_venue(&mut self) -> Result<(), Error> {
        self.narrator.chapter("A venue opens");
        let sign_in = json!({"email": self.cast.email, "password": self.cast.password});
        let session = self.post("The portal administrator signs in", "", "/v1/sessions", sign_in, 201)?;
        let portal = text(&session, "/access_token")?;
        let venue = json!({"number": 719, "name": "The Boathouse", "currency": "EUR", "time_zone": "Europe/Amsterdam",
            "locale": "nl-NL"});
        let tenant = self.post(
            "The portal administrator makes a tenant",
            &portal,
            "/v1/tenants",
            venue,
            201,
        )?;
        let tenant_id = text(&tenant, "/id")?;
        let director = json!({"email": "dirk@boathouse.example", "name": "Dirk de Boer",
            "password": self.cast.password, "roles": ["director"]});
        self.ask(Ask {
            headers: vec![("Onaccount-Tenant", tenant_id)],
            ..ask(
                "The portal administrator makes its director",
                &portal,
                Method::POST,
                "/v1/users",
                Some(director),
                201,
            )
        })?;
        let sign_in = json!({"email": "dirk@boathouse.example", "password": self.cast.password});
        let session = self.post("The director signs in", "", "/v1/sessions", sign_in, 201)?;
        self.director = text(&session, "/access_token")?;
        let director = self.director.clone();
        self.ask(ask(
            "Nothing works before the data processing agreement",
            &director,
            Method::GET,
            "/v1/customers",
            None,
            403,
        ))?;
        let agreement = self.get("The director reads the agreement", "/v1/agreement", 200)?;
        let version = json!({"version": text(&agreement, "/version")?});
        self.post(
            "The director accepts it",
            &director,
            "/v1/agreement/acceptances",
            version,
            201,
        )?;
        self.bar = self.terminal("A till for the bar", "Bar")?;
        self.kiosk = self.terminal("And one for the kiosk", "Kiosk")?;
        Ok(())
    }

    fn terminal(&mut self, title: &str, name: &str) -> Result<String, Error> {
        let director = self.director.clone();
        let terminal = self.post(title, &director, "/v1/terminals", json!({"name": name}), 201)?;
        let keys = format!("/v1/terminals/{}/keys", text(&terminal, "/id")?);
        let key = self.ask(ask("Its key is shown once", &director, Method::POST, &keys, None, 201))?;
        text(&key, "/secret")
    }

    fn make_customers_and_accounts(&mut self) -> Result<Accounts, Error> {
        self.narrator.chapter("Customers, accounts and limits");
        let club = json!({"kind": "company", "company_name": "Rowing Club The Oar", "email": "treasurer@oar.example"});
        let club = self.customer("A company", club)?;
        let anna = json!({"kind": "person", "first_name": "Anna", "last_name": "Visser", "email": "anna@example.com"});
        let anna = self.customer("A person", anna)?;
        let bram = json!({"kind": "person", "first_name": "Bram", "last_name": "Jansen"});
        let bram = self.customer("A person without an e-mail", bram)?;
        Ok([
            self.account("The club's account", &club, "100.00")?,
            self.account("Anna's account", &anna, "100.00")?,
            self.account("The club's committee has one of its own", &club, "60.00")?,
            self.account("Bram's account", &bram, "25.00")?,
        ])
    }

    fn customer(&mut self, title: &str, customer: Value) -> Result<String, Error> {
        let director = self.director.clone();
        let told = self.post(title, &director, "/v1/customers", customer, 201)?;
        text(&told, "/id")
    }

    fn account(&mut self, title: &str, holder: &str, limit: &str) -> Result<String, Error> {
        let director = self.director.clone();
        let new = json!({"holder_id": holder, "on_account_allowed": true, "shown_on_till": true});
        let account = self.post(title, &director, "/v1/accounts", new, 201)?;
        let id = text(&account, "/id")?;
        let activate = format!("/v1/accounts/{id}/activate");
        self.ask(ask("It is activated", &director, Method::POST, &activate, None, 200))?;
        let change = json!({"change": limit, "reason": "agreed with the treasurer"});
        let title = format!("Its limit is raised to {limit}");
        self.post_keyed(
            &title,
            &director,
            &format!("/v1/accounts/{id}/limit-changes"),
            change,
            201,
        )?;
        Ok(id)
    }

    fn three_days(&self) -> Result<BusinessDays, Error> {
        let today = crate::period::business_date(self.cast.clock.now().naive_utc(), chrono_tz::Europe::Amsterdam, 0);
        let back = |days| {
            today
                .checked_sub_days(Days::new(days))
                .ok_or("the calendar has no such day")
        };
        Ok([back(2)?, back(1)?, today])
    }

    pub(super) fn get(&mut self, title: &str, path: &str, status: u16) -> Result<Told, Error> {
        let director = self.director.clone();
        self.ask(ask(title, &director, Method::GET, path, None, status))
    }

    pub(super) fn post(
        &mut self,
        title: &str,
        token: &str,
        path: &str,
        body: Value,
        status: u16,
    ) -> Result<Told, Error> {
        self.ask(ask(title, token, Method::POST, path, Some(body), status))
    }

    /// A request that moves money: under a fresh key, as a till would make it.
    pub(super) fn post_keyed(
        &mut self,
        title: &str,
        token: &str,
        path: &str,
        body: Value,
        status: u16,
    ) -> Result<Told, Error> {
        let key = self.cast.clock.new_id().to_string();
        let asked = ask(title, token, Method::POST, path, Some(body), status);
        self.ask(Ask {
            headers: vec![("Idempotency-Key", key)],
            ..asked
        })
    }

    pub(super) fn ask(&mut self, ask: Ask<'_>) -> Result<Told, Error> {
        Ok(self.narrator.ask(ask)?)
    }
}

pub(super) fn ask<'a>(
    title: &'a str,
    token: &'a str,
    method: Method,
    path: &str,
    body: Option<Value>,
    status: u16,
) -> Ask<'a> {
    Ask {
        title,
        token,
        method,
        path: path.to_owned(),
        body,
        headers: Vec::new(),
        status,
    }
}

/// A text that the story goes on with.
pub(super) fn text(told: &Told, pointer: &str) -> Result<String, Error> {
    let found = told.body.pointer(pointer).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .ok_or_else(|| format!("the answer has no {pointer}: {}", told.body).into())
}
