-- Unlike SQLite's, which compares text by bytes from the start: here each text column says COLLATE "C"; otherwise the same.
-- Whoever still writes here with an older binary must have ended, or what they write meanwhile would be lost.
LOCK TABLE invoice_entries IN ACCESS EXCLUSIVE MODE;
-- What an invoice covers, in stretches: entries of its account with consecutive numbers that were reset alike are one row, from
-- the first to the last (docs/adr/0017). What is written from here on ends with the day, too.
CREATE TABLE invoice_stretches (
    tenant_id         UUID    NOT NULL,
    invoice_id        UUID    NOT NULL,
    account_id        UUID    NOT NULL,
    first_seq         BIGINT  NOT NULL CHECK (first_seq > 0),
    last_seq          BIGINT  NOT NULL,
    reset_type        TEXT COLLATE "C" NOT NULL CHECK (reset_type IN ('none', 'balance_to_zero', 'limit_minus_invoiced')),
    -- of refunds whose sales are on an earlier standing invoice: that invoice
    origin_invoice_id UUID,
    is_late           BOOLEAN NOT NULL,
    is_standing       BOOLEAN NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id, first_seq),
    CHECK (last_seq >= first_seq)
);
INSERT INTO invoice_stretches (tenant_id, invoice_id, account_id, first_seq, last_seq, reset_type, origin_invoice_id, is_late,
    is_standing)
SELECT tenant_id, invoice_id, account_id, MIN(entry_seq), MAX(entry_seq), reset_type, origin_invoice_id, is_late, is_standing
FROM (
    SELECT e.*, entry_seq - ROW_NUMBER() OVER (
        PARTITION BY tenant_id, invoice_id, reset_type, origin_invoice_id, is_late ORDER BY entry_seq) AS stretch
    FROM invoice_entries e
) covered
GROUP BY tenant_id, invoice_id, account_id, reset_type, origin_invoice_id, is_late, is_standing, stretch;
CREATE UNIQUE INDEX invoice_stretches_standing ON invoice_stretches (tenant_id, account_id, first_seq) WHERE is_standing;
CREATE INDEX invoice_stretches_by_origin ON invoice_stretches (tenant_id, origin_invoice_id) WHERE origin_invoice_id IS NOT NULL;
DROP TABLE invoice_entries;
