-- Unlike PostgreSQL's, which has to be told to compare text by bytes: SQLite does from the start.
SELECT 1;
