-- Unlike PostgreSQL, where the key is an index with the figures in it: here the table itself stands in the order of its key.
--
-- Lines are asked for by account and day, and those of one entry by its day too. One key serves both (docs/adr/0016).
CREATE TABLE entry_lines_by_day (
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
    PRIMARY KEY (tenant_id, account_id, business_date, entry_seq, line_no)
) WITHOUT ROWID;
INSERT INTO entry_lines_by_day (tenant_id, account_id, entry_seq, line_no, business_date, product_code, product_name,
    category, quantity_milli, amount_minor, vat_rate, unit_price, sale_line_no)
SELECT tenant_id, account_id, entry_seq, line_no, business_date, product_code, product_name,
    category, quantity_milli, amount_minor, vat_rate, unit_price, sale_line_no
FROM entry_lines ORDER BY tenant_id, account_id, business_date, entry_seq, line_no;
DROP TABLE entry_lines;
ALTER TABLE entry_lines_by_day RENAME TO entry_lines;
