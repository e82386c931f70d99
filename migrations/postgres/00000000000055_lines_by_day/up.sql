-- Unlike SQLite, where the table itself stands in the order of its key: here the key is an index with the figures in it.
--
-- Lines are asked for by account and day, and those of one entry by its day too. One key serves both (docs/adr/0016).
ALTER TABLE entry_lines
    DROP CONSTRAINT entry_lines_pkey,
    ADD PRIMARY KEY (tenant_id, account_id, business_date, entry_seq, line_no)
        INCLUDE (product_code, vat_rate, quantity_milli, amount_minor);
DROP INDEX entry_lines_by_date;
