-- Unlike PostgreSQL, which is told to leave room on the accounts' pages: SQLite changes a row where it stands.
SELECT 1;
