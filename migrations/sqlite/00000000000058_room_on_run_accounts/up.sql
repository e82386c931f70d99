-- Unlike PostgreSQL, which is told to leave room on the pages of a run's accounts: SQLite changes a row where it stands.
SELECT 1;
