-- The ledger. Entries and their lines are never updated and never deleted. Entries, lines and keys are the hottest
-- inserts: they carry no foreign keys; `onaccount verify` proves their links.

CREATE TABLE entries (
    tenant_id            UUID      NOT NULL,
    account_id           UUID      NOT NULL,
    seq                  BIGINT    NOT NULL CHECK (seq > 0),
    id                   UUID      NOT NULL,
    kind                 TEXT      NOT NULL CHECK (kind IN
        ('sale', 'refund', 'limit_change', 'credit', 'invoice_reset', 'reversal', 'charge', 'payment')),
    balance_change_minor BIGINT    NOT NULL,
    limit_change_minor   BIGINT    NOT NULL,
    balance_after_minor  BIGINT    NOT NULL,
    limit_after_minor    BIGINT    NOT NULL CHECK (limit_after_minor >= 0),
    business_date        DATE      NOT NULL,
    occurred_at          TIMESTAMP NOT NULL,
    posted_at            TIMESTAMP NOT NULL,
    actor_kind           TEXT      NOT NULL CHECK (actor_kind IN ('user', 'terminal', 'api_key', 'system')),
    actor_id             UUID      NOT NULL,
    actor_name           TEXT      NOT NULL,
    -- refund: its sale (null: without a sale); reversal: the reversed entry; invoice_reset: its invoice
    refers_to            UUID,
    -- invoice_reset, and the reversal of one: the run
    run_id               UUID,
    reason               TEXT,
    flags                TEXT      NOT NULL DEFAULT '',
    is_offline           BOOLEAN   NOT NULL DEFAULT FALSE,
    receipt_number       TEXT,
    operator             TEXT,
    reference            TEXT,
    line_count           INTEGER   NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, account_id, seq),
    CHECK (kind NOT IN ('sale', 'charge') OR (balance_change_minor <= 0 AND limit_change_minor = 0)),
    CHECK (kind NOT IN ('refund', 'credit', 'payment') OR (balance_change_minor >= 0 AND limit_change_minor = 0)),
    CHECK (kind <> 'limit_change' OR (balance_change_minor = 0 AND limit_change_minor <> 0)),
    CHECK (kind NOT IN ('reversal', 'invoice_reset') OR refers_to IS NOT NULL),
    CHECK (kind NOT IN ('limit_change', 'credit') OR reason IS NOT NULL)
);
CREATE UNIQUE INDEX entries_by_id ON entries (tenant_id, id);
-- An entry is reversed at most once: the database refuses the second.
CREATE UNIQUE INDEX entries_reversal ON entries (tenant_id, refers_to) WHERE kind = 'reversal';
CREATE INDEX entries_refund ON entries (tenant_id, refers_to) WHERE kind = 'refund';
CREATE INDEX entries_by_date ON entries (tenant_id, account_id, business_date, seq);
CREATE INDEX entries_by_actor_date ON entries (tenant_id, actor_id, business_date);

-- What was bought: a sale's lines with their own sign, a refund's with the opposite one, so that the lines of an entry
-- add up to minus its balance change. quantity is in thousandths, vat_rate in 1/100 of a percent, unit_price in 1/10 000.
CREATE TABLE entry_lines (
    tenant_id      UUID    NOT NULL,
    account_id     UUID    NOT NULL,
    entry_seq      BIGINT  NOT NULL,
    line_no        INTEGER NOT NULL CHECK (line_no > 0),
    business_date  DATE    NOT NULL,
    product_code   TEXT    NOT NULL,
    product_name   TEXT    NOT NULL,
    category       TEXT    NOT NULL,
    quantity_milli BIGINT  NOT NULL,
    amount_minor   BIGINT  NOT NULL,
    vat_rate       INTEGER NOT NULL CHECK (vat_rate BETWEEN 0 AND 10000),
    unit_price     BIGINT,
    -- of a refund's line: which line of its sale it gives back
    sale_line_no   INTEGER,
    PRIMARY KEY (tenant_id, account_id, entry_seq, line_no)
);
CREATE INDEX entry_lines_by_date ON entry_lines
    (tenant_id, account_id, business_date, product_code, vat_rate, entry_seq, quantity_milli, amount_minor);

-- Every request that moves money, under the key its client made; the key is the id of what it made. A decline is kept
-- too, with what was available then, so that a late retry never posts what was declined.
CREATE TABLE request_keys (
    tenant_id          UUID      NOT NULL,
    key                UUID      NOT NULL,
    operation          TEXT      NOT NULL,
    hash_version       INTEGER   NOT NULL,
    request_hash       BYTEA     NOT NULL,
    state              TEXT      NOT NULL CHECK (state IN ('posted', 'declined', 'claimed_by_void')),
    account_id         UUID,
    -- what the key made, where that is not an entry or thing with the key as its id (a void's refund, for one)
    result_kind        TEXT      NOT NULL,
    decline_code       TEXT,
    amount_minor       BIGINT,
    available_minor    BIGINT,
    credit_limit_minor BIGINT,
    actor_id           UUID      NOT NULL,
    occurred_at        TIMESTAMP,
    recorded_at        TIMESTAMP NOT NULL,
    -- of a void that came before its sale: the sale's key, which it claims with a row of its own
    refers_to          UUID,
    PRIMARY KEY (tenant_id, key),
    CHECK ((state = 'declined') = (decline_code IS NOT NULL)),
    CHECK (state = 'claimed_by_void' OR refers_to IS NULL)
);
