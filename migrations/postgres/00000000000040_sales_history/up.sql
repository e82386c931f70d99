-- Unlike SQLite's: a constraint has a name here, and each text column says COLLATE "C" to compare by bytes.
ALTER TABLE imports DROP CONSTRAINT imports_kind_check,
    ADD CONSTRAINT imports_kind_check CHECK (kind IN ('customers', 'accounts', 'sales_history'));
ALTER TABLE imports DROP CONSTRAINT imports_status_check,
    ADD CONSTRAINT imports_status_check CHECK (status IN
        ('uploaded', 'validating', 'valid', 'invalid', 'committing', 'committed'));
ALTER TABLE import_mappings DROP CONSTRAINT import_mappings_kind_check,
    ADD CONSTRAINT import_mappings_kind_check CHECK (kind IN ('customers', 'accounts', 'sales_history'));

ALTER TABLE imports ADD COLUMN left_out_count BIGINT NOT NULL DEFAULT 0;

-- To which account a till's payment type goes; without one it is not on account, and its rows are left out.
CREATE TABLE payment_types (
    tenant_id  UUID      NOT NULL REFERENCES tenants (id),
    name_key   TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    account_id UUID,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, name_key),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);

-- Sales of the past that rows describe, before they are in the ledger. sale_id follows from what the row says and from which one of
-- equal rows it is, and request_hash with it: what was posted once is not posted again. outcome: create, created, unchanged (an earlier
-- import posted it), left_out (its payment type is not on account).
CREATE TABLE import_sales (
    tenant_id        UUID      NOT NULL,
    import_id        UUID      NOT NULL,
    attempt          BIGINT    NOT NULL,
    row_no           BIGINT    NOT NULL,
    sale_id          UUID      NOT NULL,
    request_hash     BYTEA     NOT NULL,
    outcome          TEXT COLLATE "C" NOT NULL CHECK (outcome IN ('create', 'created', 'unchanged', 'left_out')),
    payment_type     TEXT COLLATE "C" NOT NULL,
    payment_type_key TEXT COLLATE "C" NOT NULL,
    account_id       UUID,
    occurred_at      TIMESTAMP NOT NULL,
    product_code     TEXT COLLATE "C" NOT NULL,
    product_name     TEXT COLLATE "C" NOT NULL,
    quantity_milli   BIGINT    NOT NULL,
    amount_minor     BIGINT    NOT NULL,
    vat_rate         INTEGER   NOT NULL CHECK (vat_rate BETWEEN 0 AND 10000),
    unit_price       BIGINT,
    PRIMARY KEY (tenant_id, import_id, attempt, row_no),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);
CREATE INDEX import_sales_in_turn ON import_sales (tenant_id, import_id, attempt, outcome, occurred_at, row_no);
