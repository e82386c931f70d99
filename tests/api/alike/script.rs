//! What is asked: at random, from a seed, about what was made before.

use onaccount::id::Id;
use serde_json::{Value, json};
use uuid::Uuid;

use super::side::Side;
use crate::harness::NOON;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Customer,
    Account,
    Mutation,
    Run,
    Invoice,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Customer, Kind::Account, Kind::Mutation, Kind::Run, Kind::Invoice];

    /// Stands for the id of the so-manieth of the kind, which the two services know by different ids.
    pub fn place(self, number: usize) -> String {
        format!("{{{self:?} {number}}}")
    }
}

#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    /// A POST has one.
    pub body: Option<String>,
    pub key: Option<String>,
    pub accept: &'static str,
    pub is_from_till: bool,
    /// Goes on where the last list ended.
    pub is_next_page: bool,
    pub makes: Option<Kind>,
    pub lists: Option<Kind>,
}

impl Request {
    fn get(path: impl Into<String>) -> Self {
        Request {
            path: path.into(),
            body: None,
            key: None,
            accept: "application/json",
            is_from_till: false,
            is_next_page: false,
            makes: None,
            lists: None,
        }
    }

    fn post(path: impl Into<String>, body: &Value) -> Self {
        Request {
            body: Some(body.to_string()),
            ..Request::get(path)
        }
    }

    fn by_till(mut self) -> Self {
        self.is_from_till = true;
        self
    }

    fn making(mut self, kind: Kind) -> Self {
        self.makes = Some(kind);
        self
    }

    fn under(mut self, key: String) -> Self {
        self.key = Some(key);
        self
    }
}

/// Chance from a seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn key(&mut self) -> String {
        let bytes = (u128::from(self.next()) << 64 | u128::from(self.next())).to_be_bytes();
        Id::from(uuid::Builder::from_random_bytes(bytes).into_uuid()).to_string()
    }
}

pub struct Script {
    random: Random,
    /// Keys of sales, posted or not.
    sales: Vec<String>,
    /// Requests with a key, to be sent again.
    keyed: Vec<Request>,
    /// Steps of opening accounts that were taken: two for each account.
    opened: usize,
}

impl Script {
    pub fn new(random: Random) -> Self {
        Script {
            random,
            sales: Vec::new(),
            keyed: Vec::new(),
            opened: 0,
        }
    }

    /// The next request, about what a service has made so far; the other one has made as much.
    pub fn next(&mut self, side: &Side) -> Request {
        if side.count(Kind::Account) < 3 || self.random.below(60) == 0 {
            return self.make(side);
        }
        if self.opened < 2 * side.count(Kind::Account) {
            return self.open();
        }
        let request = match self.random.below(100) {
            0..38 => self.sell(side),
            38..46 => self.give_back(side),
            46..50 => self.sell_many(side),
            50..58 => self.money(side),
            58..62 => self.status(side),
            62..70 => self.invoice(side),
            70..76 => self.again(),
            76..84 => self.list(side),
            _ => self.read(side),
        };
        if request.key.is_some() {
            self.keyed.push(request.clone());
        }
        request
    }

    fn any(&mut self, side: &Side, kind: Kind) -> String {
        // one in thirty does not exist
        let count = side.count(kind);
        if count == 0 || self.random.below(30) == 0 {
            return Uuid::nil().to_string();
        }
        kind.place(self.random.below(count))
    }

    fn any_sale(&mut self) -> String {
        match self.sales.len() {
            0 => self.random.key(),
            count => self.sales[self.random.below(count)].clone(),
        }
    }

    fn make(&mut self, side: &Side) -> Request {
        let names = ["Zoë", "Aart", "aart", "Ångström", "de Vries", "Öz", "Ñandú"];
        match (side.count(Kind::Customer), side.count(Kind::Account)) {
            (0, _) => {
                let body = json!({"kind": "company", "company_name": "Café Zürich"});
                Request::post("/v1/customers", &body).making(Kind::Customer)
            }
            (customers, accounts) if customers <= accounts => {
                let (first, last) = (self.random.one_of(&names), self.random.one_of(&names));
                let body = json!({"kind": "person", "first_name": first, "last_name": last});
                Request::post("/v1/customers", &body).making(Kind::Customer)
            }
            (_, accounts) => {
                // the first ones have to do with what follows
                let holder = Kind::Customer.place(accounts);
                let allowed = accounts < 3 || self.random.below(8) > 0;
                let body = json!({"holder_id": holder, "on_account_allowed": allowed, "shown_on_till": allowed});
                Request::post("/v1/accounts", &body).making(Kind::Account)
            }
        }
    }

    /// Activates the next account, then gives it a limit.
    fn open(&mut self) -> Request {
        let account = Kind::Account.place(self.opened / 2);
        self.opened += 1;
        if self.opened % 2 == 1 {
            return Request::post(format!("/v1/accounts/{account}/activate"), &json!({}));
        }
        let body = json!({"change": "150.00", "reason": "budget"});
        let request = Request::post(format!("/v1/accounts/{account}/limit-changes"), &body);
        request.making(Kind::Mutation).under(self.random.key())
    }

    fn sale_body(&mut self, side: &Side) -> Value {
        let (beers, nuts) = (self.random.below(9) as u64, self.random.below(4) as u64);
        let wrong = u64::from(self.random.below(25) == 0);
        let cents = beers * 320 + nuts * 115;
        let occurred_at = self.random.one_of(&[
            NOON,
            NOON,
            NOON,
            NOON,
            "2026-10-14T21:59:59Z",
            "2026-10-14T22:00:00.000001Z",
            "2026-10-12T08:00:00Z",
            "2026-10-15T11:00:00Z",
            "2026-07-01T08:00:00Z",
        ]);
        json!({
            "account_id": self.any(side, Kind::Account), "occurred_at": occurred_at, "amount": money(cents + wrong),
            "offline": self.random.below(8) == 0, "reference": self.random.one_of(&["T1", "T2", "Zaal 3"]),
            "lines": [
                {"product_code": "BEER", "name": "Beer", "quantity": beers.to_string(), "amount": money(beers * 320),
                    "vat_rate": "21", "unit_price": "3.20", "category": "Drinks"},
                {"product_code": self.random.one_of(&["NUTS", "nuts", "Élan"]), "name": "Nuts", "quantity": nuts.to_string(),
                    "amount": money(nuts * 115), "vat_rate": "9"},
            ],
        })
    }

    fn sell(&mut self, side: &Side) -> Request {
        let (key, body) = (self.random.key(), self.sale_body(side));
        self.sales.push(key.clone());
        Request::post("/v1/sales", &body)
            .by_till()
            .making(Kind::Mutation)
            .under(key)
    }

    fn sell_many(&mut self, side: &Side) -> Request {
        let count = 1 + self.random.below(5);
        let sales: Vec<Value> = (0..count)
            .map(|_| {
                // now and then one that came before
                let key = if self.random.below(6) == 0 {
                    self.any_sale()
                } else {
                    self.random.key()
                };
                self.sales.push(key.clone());
                json!({"id": key, "sale": self.sale_body(side)})
            })
            .collect();
        Request::post("/v1/sales/batch", &json!({"sales": sales})).by_till()
    }

    fn give_back(&mut self, side: &Side) -> Request {
        let (key, sale) = (self.random.key(), self.any_sale());
        let request = match self.random.below(4) {
            0 => {
                let body = json!({"account_id": self.any(side, Kind::Account)});
                let is_early = self.random.below(3) == 0;
                let sale = if is_early { self.random.key() } else { sale };
                self.sales.push(sale.clone());
                Request::post(format!("/v1/sales/{sale}/void"), &body)
            }
            1 => Request::post(format!("/v1/sales/{sale}/refunds"), &json!({})),
            _ => {
                let lines = json!([{"line_no": 1 + self.random.below(3), "quantity": self.random.one_of(&["1", "2", "0.5", "9"])}]);
                Request::post(
                    format!("/v1/sales/{sale}/refunds"),
                    &json!({"lines": lines, "reason": "spilled"}),
                )
            }
        };
        request.by_till().making(Kind::Mutation).under(key)
    }

    fn money(&mut self, side: &Side) -> Request {
        let (key, account) = (self.random.key(), self.any(side, Kind::Account));
        let request = match self.random.below(10) {
            0..5 => {
                let change = self
                    .random
                    .one_of(&["250.00", "100.00", "12.50", "-20.00", "-1000.00", "0.00"]);
                let body = json!({"change": change, "reason": "budget"});
                Request::post(format!("/v1/accounts/{account}/limit-changes"), &body)
            }
            5 => {
                let body = json!({"amount": "5.00", "reason": "prepaid"});
                Request::post(format!("/v1/accounts/{account}/credits"), &body)
            }
            6 => {
                let line = json!({"product_code": "GLASS", "name": "Glass", "quantity": "1", "amount": "1.00", "vat_rate": "21"});
                let body = json!({"account_id": account, "amount": "1.00", "reason": "deposit", "lines": [line]});
                Request::post("/v1/refunds", &body)
            }
            _ => {
                let mutation = self.any(side, Kind::Mutation);
                Request::post(
                    format!("/v1/mutations/{mutation}/reversal"),
                    &json!({"reason": "wrong"}),
                )
            }
        };
        request.making(Kind::Mutation).under(key)
    }

    fn status(&mut self, side: &Side) -> Request {
        let all = [
            "activate", "activate", "activate", "activate", "block", "unblock", "unblock", "close", "reopen",
        ];
        let (account, what) = (self.any(side, Kind::Account), self.random.one_of(&all));
        Request::post(format!("/v1/accounts/{account}/{what}"), &json!({}))
    }

    fn invoice(&mut self, side: &Side) -> Request {
        let key = self.random.key();
        let accounts = match self.random.below(4) {
            0 => json!({"all": true}),
            1 => json!({"filter": {"balance_lt": "-10.00"}}),
            _ => json!({"account_ids": [self.any(side, Kind::Account)]}),
        };
        let body = json!({
            "from": self.random.one_of(&["2026-10-14", "2026-10-15", "2026-10-01"]),
            "to": self.random.one_of(&["2026-10-15", "2026-10-15", "2026-10-14", "2026-09-01"]),
            "reset_type": self.random.one_of(&["none", "balance_to_zero", "limit_minus_invoiced"]),
            "late": self.random.one_of(&["include", "exclude"]),
            "accounts": accounts,
        });
        match self.random.below(8) {
            0 | 1 => Request::post("/v1/invoice-runs/preview?limit=2", &body),
            2 => {
                let run = self.any(side, Kind::Run);
                Request::post(format!("/v1/invoice-runs/{run}/reversal"), &json!({})).under(key)
            }
            3 => {
                let invoice = self.any(side, Kind::Invoice);
                Request::post(format!("/v1/invoices/{invoice}/reversal"), &json!({})).under(key)
            }
            _ => Request::post("/v1/invoice-runs", &body).making(Kind::Run).under(key),
        }
    }

    /// An earlier request under its key, now and then with another body.
    fn again(&mut self) -> Request {
        let Some(last) = self.keyed.len().checked_sub(1) else {
            return Request::get("/v1/me");
        };
        let mut request = self.keyed[last - self.random.below(last.min(40) + 1)].clone();
        if self.random.below(5) == 0 {
            request.body = request
                .body
                .map(|body| body.replace("3.20", "3.21").replace("budget", "Budget"));
        }
        request
    }

    fn list(&mut self, side: &Side) -> Request {
        let account = self.any(side, Kind::Account);
        let sort = self.random.one_of(&[
            "name", "-name", "number", "-number", "status", "-status", "balance", "-balance",
        ]);
        let path = match self.random.below(8) {
            0 => format!("/v1/accounts?limit=2&sort={sort}"),
            1 => format!("/v1/accounts?limit=3&sort={sort}&balance_lt=-5.00"),
            2 => format!(
                "/v1/customers?limit=2&q={}",
                self.random.one_of(&["aart", "zurich", "o", "%25", "_", "vries"])
            ),
            3 => format!("/v1/accounts/{account}/mutations?limit=4"),
            4 => "/v1/mutations?limit=7&kind=sale,refund,reversal".to_owned(),
            5 => "/v1/jobs?limit=3".to_owned(),
            6 => "/v1/till/accounts?limit=2".to_owned(),
            _ => "/v1/invoices?limit=4".to_owned(),
        };
        let mut request = Request::get(path);
        request.is_next_page = self.random.below(3) == 0;
        request.is_from_till = request.path.starts_with("/v1/till");
        request.lists = request.path.starts_with("/v1/invoices").then_some(Kind::Invoice);
        request
    }

    fn read(&mut self, side: &Side) -> Request {
        let (account, invoice, run) = (
            self.any(side, Kind::Account),
            self.any(side, Kind::Invoice),
            self.any(side, Kind::Run),
        );
        let period = "from=2026-10-01&to=2026-10-15";
        let mut request = match self.random.below(11) {
            0 => Request::get(format!("/v1/accounts/{account}")),
            1 => Request::get(format!("/v1/accounts/{account}/history?limit=20")),
            2 => Request::get(format!("/v1/accounts/{account}/statement?{period}")),
            3 => Request::get(format!("/v1/accounts/{account}/statement?{period}&invoiced=false")),
            4 => Request::get(format!("/v1/invoices/{invoice}")),
            5 => Request::get(format!("/v1/invoices/{invoice}/lines?limit=100")),
            6 => Request::get(format!("/v1/invoice-runs/{run}")),
            7 => Request::get(format!("/v1/invoice-runs/{run}/accounts?limit=20")),
            8 => Request::get("/v1/till/totals?business_date=2026-10-15").by_till(),
            9 => Request::get(format!("/v1/mutations?{period}&delimiter=;&decimal=comma")),
            _ => Request::get(format!("/v1/sales/{}", self.any_sale())).by_till(),
        };
        if request.path.contains("delimiter") {
            request.accept = "text/csv";
        }
        request
    }
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
