-- Unlike SQLite, which changes a row where it stands, PostgreSQL writes a new one, and every posting changes its account. With
-- room on the page it stays beside the old one, and none of the table's indexes takes notice.
ALTER TABLE accounts SET (fillfactor = 70);
