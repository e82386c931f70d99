// A venue's first day, by the client that openapi-typescript makes of the contract. It compiles under `tsc --strict`, so a
// frontend developer's program would; and it runs against a real server. What it made, it writes to a file for the next check.
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./build/onaccount.js";

type Account = components["schemas"]["Account"];
type Sale = components["schemas"]["Sale"];
type NewSale = components["schemas"]["NewSale"];
type Problem = components["schemas"]["Problem"];

interface Answer<T> {
  data?: T;
  error?: Problem | undefined;
  response: Response;
}

const url = setting("ONACCOUNT_URL");
const password = setting("ONACCOUNT_PASSWORD");

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** A client with a token, and for a portal administrator the tenant that it acts in. */
function client(token?: string, tenantId?: string) {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers["Authorization"] = `Bearer ${token}`;
  if (tenantId !== undefined) headers["Onaccount-Tenant"] = tenantId;
  return createClient<paths>({ baseUrl: url, headers });
}

/** The body of an answer that went well; the problem, in words, of one that did not. */
function ok<T>(answer: Answer<T>): T {
  if (answer.error !== undefined) {
    throw new Error(`${answer.response.url}: ${answer.error.status} ${answer.error.code}: ${answer.error.detail}`);
  }
  return answer.data as T;
}

function refused(answer: Answer<unknown>, code: string): Problem {
  const problem = answer.error;
  if (problem?.code !== code) throw new Error(`${answer.response.url}: expected ${code}, got ${JSON.stringify(answer)}`);
  return problem;
}

function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`);
  console.log(`${what}: ${String(actual)}`);
}

async function signIn(email: string): Promise<components["schemas"]["SessionTokens"]> {
  return ok(await client().POST("/v1/sessions", { body: { email, password } }));
}

/** A tenant with a director who has accepted the agreement, made by the portal's administrator. */
async function openTenant(admin: string, number: number, name: string) {
  const tenant = ok(
    await client(admin).POST("/v1/tenants", { body: { number, name, currency: "EUR", time_zone: "Europe/Amsterdam" } }),
  );
  const email = `director.${number}@onaccount.example`;
  const user = { email, name: "Dirk Director", password, roles: ["director" as const] };
  const made = ok(await client(admin, tenant.id).POST("/v1/users", { body: user }));
  const session = await signIn(email);
  const director = client(session.access_token);
  const tokens = { access_token: session.access_token, refresh_token: session.refresh_token };
  const early = await director.GET("/v1/customers", {});
  refused(early, "gdpr_agreement_required");
  const agreement = ok(await director.GET("/v1/agreement", {}));
  ok(await director.POST("/v1/agreement/acceptances", { body: { version: agreement.version } }));
  return { id: tenant.id, user_id: made.id, email, ...tokens };
}

/** A till's key, shown this once. */
async function openTill(director: ReturnType<typeof client>, name: string) {
  const till = ok(await director.POST("/v1/terminals", { body: { name } }));
  const key = ok(await director.POST("/v1/terminals/{id}/keys", { params: { path: { id: till.id } } }));
  return { id: till.id, key_id: key.id, key: key.secret };
}

async function openAccount(director: ReturnType<typeof client>, name: string, limit: string): Promise<Account> {
  const customer = ok(await director.POST("/v1/customers", { body: { kind: "company", company_name: name } }));
  const made = ok(
    await director.POST("/v1/accounts", {
      body: { holder_id: customer.id, on_account_allowed: true, shown_on_till: true },
    }),
  );
  const path = { id: made.id };
  ok(await director.POST("/v1/accounts/{id}/activate", { params: { path } }));
  ok(
    await director.POST("/v1/accounts/{id}/limit-changes", {
      params: { path, header: { "Idempotency-Key": randomUUID() } },
      body: { change: limit, reason: "agreed with the treasurer" },
    }),
  );
  const account = ok(await director.GET("/v1/accounts/{id}", { params: { path } }));
  expectEqual(`${name} may still spend`, account.available, limit);
  return account;
}

function newSale(account: Account, amount: string): NewSale {
  const occurred_at = new Date().toISOString();
  const line = { product_code: "BEER-25", name: "Beer 25 cl", quantity: "2", amount, vat_rate: "21.00" };
  return { account_id: account.id, occurred_at, amount, lines: [line], reference: "T12" };
}

async function sell(till: ReturnType<typeof client>, account: Account): Promise<Sale> {
  const header = { "Idempotency-Key": randomUUID() };
  const body = newSale(account, "6.40");
  const sale = ok(await till.POST("/v1/sales", { params: { header }, body }));
  const again = await till.POST("/v1/sales", { params: { header }, body });
  expectEqual("the same key again is a replay", again.response.headers.get("Idempotent-Replayed"), "true");
  expectEqual("of the same sale", ok(again).id, sale.id);
  const declined = await till.POST("/v1/sales", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: newSale(account, "1000.00"),
  });
  expectEqual("the till shows", refused(declined, "limit_exceeded").till_message !== undefined, true);
  ok(
    await till.POST("/v1/sales/{id}/refunds", {
      params: { path: { id: sale.id }, header: { "Idempotency-Key": randomUUID() } },
      body: { lines: [{ line_no: 1, quantity: "1" }], reason: "spilled" },
    }),
  );
  return sale;
}

/** Invoices everything up to today, and waits for it. */
async function invoice(director: ReturnType<typeof client>, account: Account): Promise<string> {
  const today = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const run = ok(
    await director.POST("/v1/invoice-runs", {
      params: { header: { "Idempotency-Key": randomUUID(), Prefer: "wait=20" } },
      body: { from: "2026-01-01", to: today, reset_type: "balance_to_zero", accounts: { account_ids: [account.id] } },
    }),
  );
  const after = ok(await director.GET("/v1/accounts/{id}", { params: { path: { id: account.id } } }));
  expectEqual("the balance after the run", after.balance, "0.00");
  return run.id;
}

/** A text as its reader sees it, out of a mail. */
function readMail(file: string): string {
  const mail = readFileSync(file, "utf8");
  const body = mail.slice(mail.indexOf("\r\n\r\n") + 4);
  if (/^Content-Transfer-Encoding: base64\r$/m.test(mail)) return Buffer.from(body, "base64").toString("utf8");
  return body.replaceAll("=\r\n", "").replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

/** The secret part of the link in the only mail there is; it is sent within a few seconds. */
async function tokenInMail(): Promise<string> {
  const folder = setting("ONACCOUNT_MAIL_FOLDER");
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      for (const name of readdirSync(folder)) {
        const found = /#([A-Za-z0-9_-]{43})\b/.exec(readMail(`${folder}/${name}`));
        if (found?.[1] !== undefined) return found[1];
      }
    } catch {
      // the folder is made with the first mail
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error("no mail came");
}

/** Who pays for an account is invited, and signs in. */
async function joinCustomer(director: ReturnType<typeof client>, account: Account) {
  const id = account.holders[0]?.customer_id ?? "";
  const email = "bol@bakkerijbol.nl";
  const header = { "If-Match": "*" };
  ok(await director.PATCH("/v1/customers/{id}", { params: { path: { id }, header }, body: { email } }));
  ok(await director.POST("/v1/customers/{id}/invitation", { params: { path: { id } } }));
  const session = ok(await client().POST("/v1/invitations/acceptances", { body: { token: await tokenInMail(), password } }));
  const own = ok(await client(session.access_token).GET("/v1/me/accounts", {}));
  expectEqual("the customer's own account", own.items[0]?.number, account.number);
  return { id, email, user_id: session.user_id };
}

async function main(): Promise<void> {
  const admin = await signIn(setting("ONACCOUNT_EMAIL"));
  const venue = await openTenant(admin.access_token, 719, "Sportclub Noord");
  const neighbour = await openTenant(admin.access_token, 720, "Sportclub Zuid");
  const director = client(venue.access_token);
  const till = await openTill(director, "Bar");
  const atBar = client(till.key);
  const account = await openAccount(director, "Bakkerij Bol", "100.00");
  const other = await openAccount(director, "Café Zeezicht", "250.00");
  const large = await openAccount(director, "Dorpshuis De Brug", "5000.00");
  const sales = [await sell(atBar, account)];
  const run = await invoice(director, account);
  sales.push(await sell(atBar, other));
  for (const amount of ["1.60", "12.00", "0.00"]) {
    const header = { "Idempotency-Key": randomUUID() };
    sales.push(ok(await atBar.POST("/v1/sales", { params: { header }, body: newSale(large, amount) })));
  }
  const page = ok(await director.GET("/v1/accounts", { params: { query: { limit: 1 } } }));
  expectEqual("a page of one has a next one", page.next_cursor !== null, true);
  const clerk = { email: "clerk@onaccount.example", name: "Klaas Clerk", password, roles: ["clerk" as const] };
  const bystander = ok(await director.POST("/v1/users", { body: clerk }));
  const terrace = await openTill(director, "Terrace");
  const customer = await joinCustomer(director, account);
  const other_customer = other.holders[0]?.customer_id ?? "";
  const story = {
    admin: { access_token: admin.access_token, refresh_token: admin.refresh_token },
    director: venue,
    neighbour,
    customer: { email: customer.email },
    till,
    run,
    // Who asks must not take away their own rights, nor the till's: these have their place.
    in_place_of: {
      [venue.user_id]: bystander.id,
      [till.id]: terrace.id,
      [till.key_id]: terrace.key_id,
      [customer.user_id]: bystander.id,
      [customer.id]: other_customer,
    },
  };
  writeFileSync(setting("ONACCOUNT_STORY_FILE"), JSON.stringify(story, null, 2), { mode: 0o600 });
  await writeDictionaries(director, [venue.id, neighbour.id], [account, other, large], sales);
}

/** What exists now, so that generated requests can be about it. */
async function writeDictionaries(
  director: ReturnType<typeof client>,
  tenants: string[],
  accounts: Account[],
  sales: Sale[],
): Promise<void> {
  const page = { params: { query: { limit: 200 } } };
  const ids = (answer: { items: { id: string }[] }) => answer.items.map((item) => item.id);
  const terminals = ok(await director.GET("/v1/terminals", page)).items;
  writeDictionary("accounts", accounts.map((account) => account.id));
  writeDictionary("account_numbers", accounts.map((account) => account.number));
  writeDictionary("customers", ids(ok(await director.GET("/v1/customers", page))));
  const invoices = ok(await director.GET("/v1/invoices", page));
  if (typeof invoices === "string") throw new Error("a list is JSON unless a file is asked for");
  writeDictionary("invoices", ids(invoices));
  writeDictionary("jobs", ids(ok(await director.GET("/v1/jobs", page))));
  const mutations = accounts.map(async ({ id }) =>
    ids(ok(await director.GET("/v1/accounts/{id}/mutations", { params: { path: { id } } }))),
  );
  writeDictionary("mutations", (await Promise.all(mutations)).flat());
  writeDictionary("runs", ids(ok(await director.GET("/v1/invoice-runs", page))));
  writeDictionary("sales", sales.map((sale) => sale.id));
  writeDictionary("tenants", tenants);
  writeDictionary("terminals", terminals.map((terminal) => terminal.id));
  writeDictionary("keys", terminals.flatMap((terminal) => terminal.keys.map((key) => key.id)));
  writeDictionary("users", ids(ok(await director.GET("/v1/users", page))));
  const now = Date.now();
  const hours = [0, 1, 30].map((hours) => new Date(now - hours * 3_600_000).toISOString());
  const day = (days: number) => new Date(now + days * 86_400_000).toISOString().slice(0, 10);
  writeDictionary("times", hours);
  writeDictionary("first_days", [day(-400), day(-1), day(0)]);
  writeDictionary("last_days", [day(0), day(1), day(30)]);
}

/** Values that exist, in the form that Schemathesis reads. */
function writeDictionary(name: string, values: string[]): void {
  const folder = new URL("./dictionaries/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${name}.txt`, folder), values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

await main();
