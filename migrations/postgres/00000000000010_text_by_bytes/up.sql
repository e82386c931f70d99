-- Unlike SQLite's, which compares text by bytes from the start: here that must be said, or lists would sort by the server's
-- collation and differ between the databases. A later migration writes COLLATE "C" at each of its text columns.
DO $$
DECLARE
    found RECORD;
BEGIN
    FOR found IN
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = current_schema() AND data_type = 'text'
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE TEXT COLLATE "C"', found.table_name, found.column_name);
    END LOOP;
END
$$;
