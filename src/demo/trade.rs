//! The part of the story in which money moves: three days of sales, statements, invoice runs and a reversal.

use chrono::NaiveDate;
use serde_json::{Value, json};
use ureq::http::Method;

use super::narrator::Ask;
use super::story::{Accounts, BusinessDays, Error, Story, XLSX, ask, text};

impl Story<'_> {
    pub(super) fn sell(&mut self, accounts: &Accounts, [first, second, today]: &BusinessDays) -> Result<(), Error> {
        self.first_day(accounts, *first)?;
        self.second_day(accounts, *second)?;
        self.today(accounts, *today)
    }

    fn first_day(&mut self, [club, anna, ..]: &Accounts, first: NaiveDate) -> Result<(), Error> {
        let bar = self.bar.clone();
        self.narrator.chapter("The first day");
        let round = sale(
            club,
            &noon(first),
            "30.00",
            &[
                ("BEER", "Beer", "10", "25.00", "21.00"),
                ("ROLL", "Cheese roll", "2", "5.00", "9.00"),
            ],
        );
        let sold = self.post_keyed("A round for the club, at the bar", &bar, "/v1/sales", round, 201)?;
        self.narrator.expect(&sold, "/balance_after", "-30.00");
        let wine = sale(
            anna,
            &noon(first),
            "12.50",
            &[("WINE", "Wine", "2.5", "12.50", "21.00")],
        );
        self.post_keyed("Anna buys wine", &bar, "/v1/sales", wine, 201)?;
        Ok(())
    }

    fn second_day(&mut self, [_, anna, committee, bram]: &Accounts, second: NaiveDate) -> Result<(), Error> {
        let (bar, kiosk) = (self.bar.clone(), self.kiosk.clone());
        self.narrator.chapter("The second day");
        let soup = sale(anna, &noon(second), "20.00", &[("SOUP", "Soup", "4", "20.00", "9.00")]);
        let key = self.cast.clock.new_id().to_string();
        let soup = Ask {
            headers: vec![("Idempotency-Key", key)],
            ..ask(
                "Anna buys four soups at the kiosk",
                &kiosk,
                Method::POST,
                "/v1/sales",
                Some(soup),
                201,
            )
        };
        let sold = self.ask(soup.again("Anna buys four soups at the kiosk"))?;
        let soup_id = text(&sold, "/id")?;
        let again =
            self.ask(soup.again("The kiosk lost the answer and sends the same again: nothing is posted twice"))?;
        self.narrator.expect_header(&again, "idempotent-replayed", "true");
        let refund = json!({"occurred_at": noon(second), "lines": [{"line_no": 1, "quantity": "1"}]});
        let path = format!("/v1/sales/{soup_id}/refunds");
        let refunded = self.post_keyed(
            "One soup was cold: it is refunded, at the bar",
            &bar,
            &path,
            refund,
            201,
        )?;
        self.narrator.expect(&refunded, "/balance_change", "5.00");
        let dinner = sale(
            committee,
            &noon(second),
            "40.00",
            &[("DINNER", "Dinner", "2", "40.00", "9.00")],
        );
        self.post_keyed("The committee dines", &bar, "/v1/sales", dinner, 201)?;
        let cake = sale(bram, &noon(second), "20.00", &[("CAKE", "Cake", "1", "20.00", "9.00")]);
        self.post_keyed("Bram buys a cake", &kiosk, "/v1/sales", cake, 201)?;
        let more = sale(
            bram,
            &noon(second),
            "10.00",
            &[("CAKE", "Small cake", "1", "10.00", "9.00")],
        );
        let declined = self.post_keyed(
            "Bram wants another, but his limit is 25.00: declined",
            &kiosk,
            "/v1/sales",
            more,
            409,
        )?;
        self.narrator.expect(&declined, "/code", "limit_exceeded");
        self.narrator.expect(&declined, "/available", "5.00");
        Ok(())
    }

    fn today(&mut self, [club, _, _, bram]: &Accounts, today: NaiveDate) -> Result<(), Error> {
        let bar = self.bar.clone();
        self.narrator.chapter("Today");
        let director = self.director.clone();
        let block = format!("/v1/accounts/{bram}/block");
        self.ask(ask(
            "Bram lost his card: his account is blocked",
            &director,
            Method::POST,
            &block,
            None,
            200,
        ))?;
        let now = self.cast.clock.now().to_string();
        let tea = sale(bram, &now, "2.50", &[("TEA", "Tea", "1", "2.50", "9.00")]);
        let declined = self.post_keyed(
            "Someone tries it: declined at once, without a new log-in of the till",
            &bar,
            "/v1/sales",
            tea,
            409,
        )?;
        self.narrator.expect(&declined, "/code", "account_blocked");
        self.narrator.expect(&declined, "/till_message", "Account blocked");
        let last = sale(club, &now, "5.00", &[("BEER", "Beer", "2", "5.00", "21.00")]);
        let sold = self.post_keyed("Two more beers for the club", &bar, "/v1/sales", last, 201)?;
        self.narrator.expect(&sold, "/balance_after", "-35.00");
        let totals = self.ask(ask(
            "The bar checks its day",
            &bar,
            Method::GET,
            &format!("/v1/till/totals?business_date={today}"),
            None,
            200,
        ))?;
        self.narrator.expect(&totals, "/net", "5.00");
        Ok(())
    }

    pub(super) fn look_at_statements(&mut self, accounts: &Accounts, days: &BusinessDays) -> Result<(), Error> {
        self.narrator.chapter("Statements");
        let [club, ..] = accounts;
        let [from, _, to] = *days;
        let path = format!("/v1/accounts/{club}/statement?from={from}&to={to}");
        let statement = self.get("The club's statement", &path, 200)?;
        self.narrator.expect(&statement, "/opening_balance", "0.00");
        self.narrator.expect(&statement, "/sales_total", "35.00");
        self.narrator.expect(&statement, "/closing_balance", "-35.00");
        self.export("The same as CSV", &path, "text/csv", "statement.csv")?;
        self.export("The same as XLSX", &path, XLSX, "statement.xlsx")
    }

    fn export(&mut self, title: &str, path: &str, media_type: &str, name: &str) -> Result<(), Error> {
        let director = self.director.clone();
        let asked = Ask {
            headers: vec![("Accept", media_type.to_owned())],
            ..ask(title, &director, Method::GET, path, None, 200)
        };
        let told = self.ask(asked)?;
        let file = self.cast.folder.join(name);
        std::fs::write(&file, &told.bytes)?;
        println!("    written to {}", file.display());
        Ok(())
    }

    /// Limit 100.00, sales 30.00 in the period and 5.00 after it, and two more: what each reset type leaves.
    pub(super) fn run_invoices(
        &mut self,
        [club, anna, committee, _]: &Accounts,
        days: &BusinessDays,
    ) -> Result<(), Error> {
        self.narrator
            .chapter("Invoice runs, one for each reset type, up to yesterday");
        let period = [days[0], days[1]];
        self.preview(club, period)?;
        self.invoice("Reset type none: the account stays as it is", club, period, "none")?;
        self.expect_account(club, ["-35.00", "100.00", "65.00"])?;
        self.invoice(
            "Reset type balance_to_zero: what was invoiced is cleared",
            anna,
            period,
            "balance_to_zero",
        )?;
        self.expect_account(anna, ["0.00", "100.00", "100.00"])?;
        let title = "Reset type limit_minus_invoiced: cleared, and taken from the budget";
        let run_id = self.invoice(title, committee, period, "limit_minus_invoiced")?;
        self.expect_account(committee, ["0.00", "20.00", "20.00"])?;
        self.narrator.chapter("That was a mistake: the last run is reversed");
        let director = self.director.clone();
        let asked = Ask {
            headers: vec![
                ("Idempotency-Key", self.cast.clock.new_id().to_string()),
                ("Prefer", "wait=10".to_owned()),
            ],
            ..ask(
                "The whole run is reversed",
                &director,
                Method::POST,
                &format!("/v1/invoice-runs/{run_id}/reversal"),
                None,
                200,
            )
        };
        let reversed = self.ask(asked)?;
        self.narrator.expect(&reversed, "/status", "reversed");
        self.expect_account(committee, ["-40.00", "60.00", "20.00"])
    }

    fn preview(&mut self, account_id: &str, period: [NaiveDate; 2]) -> Result<(), Error> {
        let director = self.director.clone();
        let told = self.post(
            "A preview writes nothing",
            &director,
            "/v1/invoice-runs/preview",
            run(account_id, period, "none"),
            200,
        )?;
        self.narrator.expect(&told, "/items/0/invoice/total", "30.00");
        Ok(())
    }

    fn invoice(
        &mut self,
        title: &str,
        account_id: &str,
        period: [NaiveDate; 2],
        reset_type: &str,
    ) -> Result<String, Error> {
        let director = self.director.clone();
        let asked = Ask {
            headers: vec![
                ("Idempotency-Key", self.cast.clock.new_id().to_string()),
                ("Prefer", "wait=10".to_owned()),
            ],
            ..ask(
                title,
                &director,
                Method::POST,
                "/v1/invoice-runs",
                Some(run(account_id, period, reset_type)),
                200,
            )
        };
        let told = self.ask(asked)?;
        self.narrator.expect(&told, "/status", "completed");
        text(&told, "/id")
    }

    fn expect_account(&mut self, account_id: &str, [balance, limit, available]: [&str; 3]) -> Result<(), Error> {
        let account = self.get("The account afterwards", &format!("/v1/accounts/{account_id}"), 200)?;
        self.narrator.expect(&account, "/balance", balance);
        self.narrator.expect(&account, "/credit_limit", limit);
        self.narrator.expect(&account, "/available", available);
        Ok(())
    }
}

fn run(account_id: &str, [from, to]: [NaiveDate; 2], reset_type: &str) -> Value {
    json!({"accounts": {"account_ids": [account_id]}, "from": from, "to": to, "reset_type": reset_type})
}

fn noon(day: NaiveDate) -> String {
    format!("{day}T12:00:00Z")
}

fn sale(account_id: &str, occurred_at: &str, amount: &str, lines: &[(&str, &str, &str, &str, &str)]) -> Value {
    let lines: Vec<Value> = lines
        .iter()
        .map(|(code, name, quantity, amount, vat_rate)| {
            json!({"product_code": code, "name": name, "quantity": quantity, "amount": amount, "vat_rate": vat_rate})
        })
        .collect();
    json!({"account_id": account_id, "occurred_at": occurred_at, "amount": amount, "lines": lines})
}
