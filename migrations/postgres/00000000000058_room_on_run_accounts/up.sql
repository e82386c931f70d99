-- Unlike SQLite, which changes a row where it stands, PostgreSQL writes a new one, and a run changes each of its accounts' rows
-- when it is done with them. With room on the page neither of the table's keys takes notice.
ALTER TABLE invoice_run_accounts SET (fillfactor = 50);
