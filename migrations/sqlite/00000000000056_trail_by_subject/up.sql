-- Unlike PostgreSQL, where the key is an index: here the table itself stands in the order of its key.
--
-- The trail is asked for by what it is about, the latest first, and by nothing else: one key serves that. An import writes an
-- entry for each customer in the transaction for which every till waits.
CREATE TABLE audit_entries_in_order (
    tenant_id    UUID      NOT NULL,
    id           UUID      NOT NULL,
    subject_kind TEXT      NOT NULL,
    subject_id   UUID      NOT NULL,
    actor_kind   TEXT      NOT NULL CHECK (actor_kind IN ('user', 'terminal', 'api_key', 'system')),
    actor_id     UUID      NOT NULL,
    actor_name   TEXT      NOT NULL,
    recorded_at  TIMESTAMP NOT NULL,
    field        TEXT      NOT NULL,
    old_value    TEXT,
    new_value    TEXT,
    PRIMARY KEY (tenant_id, subject_kind, subject_id, id)
) WITHOUT ROWID;
INSERT INTO audit_entries_in_order (tenant_id, id, subject_kind, subject_id, actor_kind, actor_id, actor_name, recorded_at,
    field, old_value, new_value)
SELECT tenant_id, id, subject_kind, subject_id, actor_kind, actor_id, actor_name, recorded_at, field, old_value, new_value
FROM audit_entries ORDER BY tenant_id, subject_kind, subject_id, id;
DROP TABLE audit_entries;
ALTER TABLE audit_entries_in_order RENAME TO audit_entries;
