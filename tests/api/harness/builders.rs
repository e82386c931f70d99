//! What most tests begin with: a customer, an account that can be bought on.

use serde_json::{Value, json};

use super::{Actor, Venue};

/// An account that a test works with.
#[derive(Debug, Clone)]
pub struct TestAccount {
    pub id: String,
    pub number: String,
    /// `/v1/accounts/{id}`.
    pub path: String,
    /// The customer who pays for it.
    pub holder_id: String,
}

impl Venue {
    /// A person with this name (two words or more), or a company (one word).
    pub fn customer(&self, name: &str) -> Value {
        let body = match name.split_once(' ') {
            Some((first, last)) => json!({"kind": "person", "first_name": first, "last_name": last}),
            None => json!({"kind": "company", "company_name": name}),
        };
        self.superuser.post("/v1/customers", body).expect(201)
    }

    /// An account of a new customer, active, with on-account purchases permitted and this limit, such as "100.00".
    pub fn open_account(&self, limit: &str) -> TestAccount {
        self.open_account_of(&self.customer("Vera de Vries"), limit)
    }

    /// An account of this customer, active, with on-account purchases permitted and this limit.
    pub fn open_account_of(&self, customer: &Value, limit: &str) -> TestAccount {
        let account = self.new_account(json!({
            "holder_id": customer["id"], "on_account_allowed": true, "shown_on_till": true,
        }));
        self.superuser
            .post(&format!("{}/activate", account.path), json!({}))
            .expect(200);
        if !limit.trim_matches(['0', '.']).is_empty() {
            let change = json!({"change": limit, "reason": "the first limit"});
            self.superuser
                .post_new(&format!("{}/limit-changes", account.path), change)
                .expect(201);
        }
        account
    }

    /// An account as it is made.
    pub fn new_account(&self, body: Value) -> TestAccount {
        let account = self.superuser.post("/v1/accounts", body).expect(201);
        let id = account["id"].as_str().unwrap().to_owned();
        TestAccount {
            path: format!("/v1/accounts/{id}"),
            number: account["number"].as_str().unwrap().to_owned(),
            holder_id: account["holders"][0]["customer_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            id,
        }
    }
}

/// The ids of a whole list, page by page, from a path with a query.
pub fn walk(actor: &Actor, path: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = actor.get(&format!("{path}{next}")).expect(200);
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return ids,
        }
    }
}
