-- Who buys on account, and the accounts themselves.

CREATE TABLE customers (
    tenant_id           UUID      NOT NULL REFERENCES tenants (id),
    id                  UUID      NOT NULL,
    kind                TEXT      NOT NULL CHECK (kind IN ('person', 'company')),
    first_name          TEXT      NOT NULL DEFAULT '',
    last_name           TEXT      NOT NULL DEFAULT '',
    company_name        TEXT      NOT NULL DEFAULT '',
    name                TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 201),
    name_key            TEXT      NOT NULL,
    customer_number     TEXT,
    email               TEXT      NOT NULL DEFAULT '',
    email_is_fictional  BOOLEAN   NOT NULL DEFAULT FALSE,
    phone               TEXT      NOT NULL DEFAULT '',
    street              TEXT      NOT NULL DEFAULT '',
    postcode            TEXT      NOT NULL DEFAULT '',
    city                TEXT      NOT NULL DEFAULT '',
    country             TEXT      NOT NULL DEFAULT '',
    vat_number          TEXT      NOT NULL DEFAULT '',
    iban                TEXT      NOT NULL DEFAULT '',
    language            TEXT      NOT NULL DEFAULT '',
    version             BIGINT    NOT NULL DEFAULT 1,
    created_at          TIMESTAMP NOT NULL,
    updated_at          TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK ((kind = 'company') = (company_name <> '')),
    CHECK ((kind = 'person') = (first_name <> '' AND last_name <> ''))
);
CREATE UNIQUE INDEX customers_number ON customers (tenant_id, customer_number) WHERE customer_number IS NOT NULL;
CREATE INDEX customers_by_name ON customers (tenant_id, name_key, id);

-- balance_minor, credit_limit_minor and last_seq are the cached fold of the account's entries; only the ledger writes them.
-- credits_standing counts its unreversed credits: more than zero makes it a credit account. name and name_key are the
-- billing holder's, kept here so that a list of accounts sorts and searches without a join.
CREATE TABLE accounts (
    tenant_id            UUID      NOT NULL REFERENCES tenants (id),
    id                   UUID      NOT NULL,
    number               TEXT      NOT NULL CHECK (length(number) BETWEEN 1 AND 20),
    status               TEXT      NOT NULL CHECK (status IN ('inactive', 'active', 'blocked', 'closed')),
    on_account_allowed   BOOLEAN   NOT NULL,
    shown_on_till        BOOLEAN   NOT NULL,
    name                 TEXT      NOT NULL DEFAULT '',
    name_key             TEXT      NOT NULL DEFAULT '',
    balance_minor        BIGINT    NOT NULL DEFAULT 0,
    credit_limit_minor   BIGINT    NOT NULL DEFAULT 0 CHECK (credit_limit_minor >= 0),
    last_seq             BIGINT    NOT NULL DEFAULT 0 CHECK (last_seq >= 0),
    credits_standing     INTEGER   NOT NULL DEFAULT 0 CHECK (credits_standing >= 0),
    settings_version     BIGINT    NOT NULL DEFAULT 1,
    created_at           TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number)
);
CREATE INDEX accounts_by_name ON accounts (tenant_id, name_key, id);
CREATE INDEX accounts_by_status ON accounts (tenant_id, status, id);

CREATE TABLE account_holders (
    tenant_id   UUID      NOT NULL,
    account_id  UUID      NOT NULL,
    customer_id UUID      NOT NULL,
    kind        TEXT      NOT NULL CHECK (kind IN ('billing', 'viewer')),
    linked_at   TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, account_id, customer_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);
CREATE UNIQUE INDEX account_holders_billing ON account_holders (tenant_id, account_id) WHERE kind = 'billing';
CREATE INDEX account_holders_by_customer ON account_holders (tenant_id, customer_id, account_id);

-- The next number of a series without gaps: 'account' for proposed account numbers, 'invoice-2026' for invoices of 2026.
CREATE TABLE number_series (
    tenant_id    UUID   NOT NULL REFERENCES tenants (id),
    series       TEXT   NOT NULL,
    next_value   BIGINT NOT NULL CHECK (next_value > 0),
    last_used_on DATE,
    PRIMARY KEY (tenant_id, series)
);
