-- Unlike SQLite's, which compares text by bytes from the start: here each text column says COLLATE "C"; otherwise the same.
-- Work that comes back: when it is due again. Whoever moves the date does it.
CREATE TABLE chores (
    name   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    due_at TIMESTAMP        NOT NULL
);

-- What goes one day: declines and claims of voids (what was posted stays for ever and is not in it), and mails that have ended.
CREATE INDEX request_keys_passing ON request_keys (tenant_id, recorded_at) WHERE state <> 'posted';
CREATE INDEX outbox_ended ON outbox (tenant_id, ended_at) WHERE status <> 'queued';
