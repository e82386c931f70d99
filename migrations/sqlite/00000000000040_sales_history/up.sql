-- Unlike PostgreSQL's: SQLite changes a CHECK by changing its own record of the table, as its manual says (ALTER TABLE, 7).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(sql,
    'CHECK (kind IN (''customers'', ''accounts''))', 'CHECK (kind IN (''customers'', ''accounts'', ''sales_history''))'),
    'CHECK (status IN (''uploaded'', ', 'CHECK (status IN (''uploaded'', ''validating'', ')
WHERE type = 'table' AND name IN ('imports', 'import_mappings');
PRAGMA writable_schema = RESET;

ALTER TABLE imports ADD COLUMN left_out_count BIGINT NOT NULL DEFAULT 0;

-- To which account a till's payment type goes; without one it is not on account, and its rows are left out.
CREATE TABLE payment_types (
    tenant_id  UUID      NOT NULL REFERENCES tenants (id),
    name_key   TEXT      NOT NULL,
    name       TEXT      NOT NULL,
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
    outcome          TEXT      NOT NULL CHECK (outcome IN ('create', 'created', 'unchanged', 'left_out')),
    payment_type     TEXT      NOT NULL,
    payment_type_key TEXT      NOT NULL,
    account_id       UUID,
    occurred_at      TIMESTAMP NOT NULL,
    product_code     TEXT      NOT NULL,
    product_name     TEXT      NOT NULL,
    quantity_milli   BIGINT    NOT NULL,
    amount_minor     BIGINT    NOT NULL,
    vat_rate         INTEGER   NOT NULL CHECK (vat_rate BETWEEN 0 AND 10000),
    unit_price       BIGINT,
    PRIMARY KEY (tenant_id, import_id, attempt, row_no),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);
CREATE INDEX import_sales_in_turn ON import_sales (tenant_id, import_id, attempt, outcome, occurred_at, row_no);
