-- Invoice runs, invoices, and what each invoice covers.

CREATE TABLE invoice_runs (
    tenant_id       UUID      NOT NULL REFERENCES tenants (id),
    id              UUID      NOT NULL,
    job_id          UUID      NOT NULL REFERENCES jobs (id),
    reversal_job_id UUID      REFERENCES jobs (id),
    from_date       DATE      NOT NULL,
    to_date         DATE      NOT NULL,
    invoice_date    DATE      NOT NULL,
    reset_type      TEXT      NOT NULL CHECK (reset_type IN ('none', 'balance_to_zero', 'limit_minus_invoiced')),
    late            TEXT      NOT NULL CHECK (late IN ('include', 'exclude')),
    -- the chosen accounts or filter, as it was asked (JSON)
    selection       TEXT      NOT NULL,
    status          TEXT      NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'cancelled', 'reversing', 'reversed')),
    actor_kind      TEXT      NOT NULL,
    actor_id        UUID      NOT NULL,
    actor_name      TEXT      NOT NULL,
    created_at      TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CHECK (from_date <= to_date)
);

-- The accounts a run has chosen, in the order it takes them, and what became of each: that is what makes it resumable.
CREATE TABLE invoice_run_accounts (
    tenant_id  UUID    NOT NULL,
    run_id     UUID    NOT NULL,
    ordinal    BIGINT  NOT NULL,
    account_id UUID    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('pending', 'invoiced', 'skipped', 'reversed')),
    skip_code  TEXT,
    invoice_id UUID,
    PRIMARY KEY (tenant_id, run_id, ordinal),
    UNIQUE (tenant_id, run_id, account_id),
    FOREIGN KEY (tenant_id, run_id) REFERENCES invoice_runs (tenant_id, id),
    CHECK ((state = 'skipped') = (skip_code IS NOT NULL)),
    CHECK ((state IN ('invoiced', 'reversed')) = (invoice_id IS NOT NULL))
);

CREATE TABLE invoices (
    tenant_id           UUID      NOT NULL REFERENCES tenants (id),
    id                  UUID      NOT NULL,
    kind                TEXT      NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    status              TEXT      NOT NULL CHECK (status IN ('standing', 'reversed')),
    run_id              UUID      NOT NULL,
    account_id          UUID      NOT NULL,
    account_number      TEXT      NOT NULL,
    number              TEXT      NOT NULL,
    series_year         INTEGER   NOT NULL,
    series_value        BIGINT    NOT NULL CHECK (series_value > 0),
    invoice_date        DATE      NOT NULL,
    from_date           DATE      NOT NULL,
    to_date             DATE      NOT NULL,
    reset_type          TEXT      NOT NULL CHECK (reset_type IN ('none', 'balance_to_zero', 'limit_minus_invoiced')),
    total_minor         BIGINT    NOT NULL,
    -- of a credit note that reverses an invoice: that invoice; of a reversed invoice: the credit note
    reverses_id         UUID,
    reversed_by_id      UUID,
    reset_entry_id      UUID      NOT NULL,
    limit_taken_minor   BIGINT    NOT NULL DEFAULT 0 CHECK (limit_taken_minor >= 0),
    limit_returned_minor BIGINT   NOT NULL DEFAULT 0,
    payer_id            UUID      NOT NULL,
    payer_name          TEXT      NOT NULL,
    -- payer and tenant as they were on the invoice date (JSON)
    payer_snapshot      TEXT      NOT NULL,
    tenant_snapshot     TEXT      NOT NULL,
    created_at          TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, number),
    UNIQUE (tenant_id, series_year, series_value),
    FOREIGN KEY (tenant_id, run_id) REFERENCES invoice_runs (tenant_id, id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id),
    CHECK (limit_returned_minor BETWEEN 0 AND limit_taken_minor),
    CHECK ((status = 'reversed') = (reversed_by_id IS NOT NULL))
);
CREATE UNIQUE INDEX invoices_reversal ON invoices (tenant_id, reverses_id) WHERE reverses_id IS NOT NULL;
CREATE INDEX invoices_by_run ON invoices (tenant_id, run_id, id);
CREATE INDEX invoices_by_account ON invoices (tenant_id, account_id, id);

-- What an invoice covers, entry by entry, and how each entry was reset. The partial unique index is what makes it
-- impossible that an entry stands on two standing invoices. A run writes this table, the lines and the VAT in bulk: they carry
-- no foreign keys; `onaccount verify` proves their links.
CREATE TABLE invoice_entries (
    tenant_id         UUID    NOT NULL,
    invoice_id        UUID    NOT NULL,
    account_id        UUID    NOT NULL,
    entry_seq         BIGINT  NOT NULL,
    reset_type        TEXT    NOT NULL CHECK (reset_type IN ('none', 'balance_to_zero', 'limit_minus_invoiced')),
    -- of a refund whose sale is on an earlier standing invoice: that invoice
    origin_invoice_id UUID,
    is_late           BOOLEAN NOT NULL,
    is_standing       BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id, entry_seq)
);
CREATE UNIQUE INDEX invoice_entries_standing ON invoice_entries (tenant_id, account_id, entry_seq) WHERE is_standing;
CREATE INDEX invoice_entries_by_origin ON invoice_entries (tenant_id, origin_invoice_id) WHERE origin_invoice_id IS NOT NULL;

CREATE TABLE invoice_lines (
    tenant_id      UUID    NOT NULL,
    invoice_id     UUID    NOT NULL,
    line_no        INTEGER NOT NULL CHECK (line_no > 0),
    business_date  DATE    NOT NULL,
    product_code   TEXT    NOT NULL,
    product_name   TEXT    NOT NULL,
    category       TEXT    NOT NULL,
    quantity_milli BIGINT  NOT NULL,
    amount_minor   BIGINT  NOT NULL,
    vat_rate       INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id, line_no)
);

CREATE TABLE invoice_vat (
    tenant_id   UUID    NOT NULL,
    invoice_id  UUID    NOT NULL,
    vat_rate    INTEGER NOT NULL,
    gross_minor BIGINT  NOT NULL,
    net_minor   BIGINT  NOT NULL,
    vat_minor   BIGINT  NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id, vat_rate),
    CHECK (gross_minor = net_minor + vat_minor)
);

-- How much of the limit that an earlier invoice took, a later one gave back because it covers refunds of its sales.
CREATE TABLE invoice_limit_returns (
    tenant_id         UUID   NOT NULL,
    invoice_id        UUID   NOT NULL,
    origin_invoice_id UUID   NOT NULL,
    amount_minor      BIGINT NOT NULL CHECK (amount_minor >= 0),
    PRIMARY KEY (tenant_id, invoice_id, origin_invoice_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    FOREIGN KEY (tenant_id, origin_invoice_id) REFERENCES invoices (tenant_id, id)
);
