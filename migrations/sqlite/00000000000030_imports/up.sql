-- Unlike PostgreSQL's, whose text columns must be told to compare by bytes (COLLATE "C"); otherwise the same.
-- What a customer of an import has that others did not have yet.
ALTER TABLE customers ADD COLUMN enterprise_number TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN bic TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN contact_name TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN contact_language TEXT NOT NULL DEFAULT '';
-- E-mail addresses with semicolons between.
ALTER TABLE customers ADD COLUMN recipient_emails TEXT NOT NULL DEFAULT '';
CREATE INDEX customers_by_vat_number ON customers (tenant_id, vat_number) WHERE vat_number <> '';

-- An uploaded spreadsheet on its way to customers or accounts. headings, mapping and preview are JSON. Of several attempts at
-- judging its rows the last one counts.
CREATE TABLE imports (
    tenant_id        UUID      NOT NULL REFERENCES tenants (id),
    id               UUID      NOT NULL,
    kind             TEXT      NOT NULL CHECK (kind IN ('customers', 'accounts')),
    status           TEXT      NOT NULL CHECK (status IN ('uploaded', 'valid', 'invalid', 'committing', 'committed')),
    file_name        TEXT      NOT NULL,
    file_hash        TEXT      NOT NULL,
    file_bytes       BIGINT    NOT NULL,
    file_format      TEXT      NOT NULL,
    sheet            TEXT      NOT NULL,
    header_row       BIGINT    NOT NULL,
    header_signature TEXT      NOT NULL,
    headings         TEXT      NOT NULL,
    mapping          TEXT      NOT NULL,
    preview          TEXT      NOT NULL,
    attempt          BIGINT    NOT NULL DEFAULT 0,
    row_count        BIGINT    NOT NULL DEFAULT 0,
    error_count      BIGINT    NOT NULL DEFAULT 0,
    warning_count    BIGINT    NOT NULL DEFAULT 0,
    created_count    BIGINT    NOT NULL DEFAULT 0,
    updated_count    BIGINT    NOT NULL DEFAULT 0,
    unchanged_count  BIGINT    NOT NULL DEFAULT 0,
    job_id           UUID,
    actor_name       TEXT      NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    committed_at     TIMESTAMP,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX imports_by_hash ON imports (tenant_id, kind, file_hash, id);

CREATE TABLE import_files (
    tenant_id UUID  NOT NULL,
    import_id UUID  NOT NULL,
    content   BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, import_id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);

-- A mapping that somebody saved: applied by itself to files with the same headings.
CREATE TABLE import_mappings (
    tenant_id        UUID      NOT NULL REFERENCES tenants (id),
    id               UUID      NOT NULL,
    kind             TEXT      NOT NULL CHECK (kind IN ('customers', 'accounts')),
    name             TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    header_signature TEXT      NOT NULL,
    headings         TEXT      NOT NULL,
    mapping          TEXT      NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, kind, header_signature)
);

-- What is wrong (error) or worth a look (warning) in a row; row 0 is the file as a whole, column -1 the row as a whole.
CREATE TABLE import_findings (
    tenant_id UUID    NOT NULL,
    import_id UUID    NOT NULL,
    attempt   BIGINT  NOT NULL,
    row_no    BIGINT  NOT NULL,
    column_no INTEGER NOT NULL,
    code      TEXT    NOT NULL,
    severity  TEXT    NOT NULL CHECK (severity IN ('error', 'warning')),
    field     TEXT    NOT NULL,
    found     TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, import_id, attempt, row_no, column_no, code),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);

-- Customers that a row describes, before they are. outcome: create, update (customer_id exists already), existing (named by an
-- account's row, and left as it is). Empty texts of an update leave what stands.
CREATE TABLE import_customers (
    tenant_id          UUID    NOT NULL,
    import_id          UUID    NOT NULL,
    attempt            BIGINT  NOT NULL,
    row_no             BIGINT  NOT NULL,
    customer_id        UUID    NOT NULL,
    audit_id           UUID    NOT NULL,
    outcome            TEXT    NOT NULL CHECK (outcome IN ('create', 'update', 'existing')),
    kind               TEXT    NOT NULL,
    first_name         TEXT    NOT NULL,
    last_name          TEXT    NOT NULL,
    company_name       TEXT    NOT NULL,
    name               TEXT    NOT NULL,
    name_key           TEXT    NOT NULL,
    customer_number    TEXT,
    email              TEXT    NOT NULL,
    email_is_fictional BOOLEAN NOT NULL,
    phone              TEXT    NOT NULL,
    street             TEXT    NOT NULL,
    postcode           TEXT    NOT NULL,
    city               TEXT    NOT NULL,
    country            TEXT    NOT NULL,
    vat_number         TEXT    NOT NULL,
    iban               TEXT    NOT NULL,
    language           TEXT    NOT NULL,
    enterprise_number  TEXT    NOT NULL,
    bic                TEXT    NOT NULL,
    contact_name       TEXT    NOT NULL,
    contact_language   TEXT    NOT NULL,
    recipient_emails   TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, import_id, attempt, row_no),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);
CREATE INDEX import_customers_by_name ON import_customers (tenant_id, import_id, attempt, name_key);

-- Accounts that a row asks for, one by one, before they are. row_identity tells a row by what it says and, among equal rows of a
-- file, which one it is: what was made once is not made again.
CREATE TABLE import_accounts (
    tenant_id    UUID    NOT NULL,
    import_id    UUID    NOT NULL,
    attempt      BIGINT  NOT NULL,
    row_no       BIGINT  NOT NULL,
    ordinal      INTEGER NOT NULL,
    account_id   UUID    NOT NULL,
    outcome      TEXT    NOT NULL CHECK (outcome IN ('create', 'unchanged', 'created')),
    name         TEXT    NOT NULL,
    name_key     TEXT    NOT NULL,
    limit_minor  BIGINT  NOT NULL CHECK (limit_minor >= 0),
    row_identity TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, import_id, attempt, row_no, ordinal),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id)
);
CREATE INDEX import_accounts_by_identity ON import_accounts (tenant_id, row_identity, outcome);
