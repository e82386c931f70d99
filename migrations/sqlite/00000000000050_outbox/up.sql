-- Unlike PostgreSQL's, whose text columns must be told to compare by bytes (COLLATE "C"); otherwise the same.
-- Mail on its way out, written in the transaction of what causes it. A mail is held by a lease: next_attempt_at in the future,
-- and a fencing token that rises with every claim. link_nonce: what the secret link in the mail is made of, together with the
-- portal's secret; gone as soon as nothing is left to send.
CREATE TABLE outbox (
    id              UUID      NOT NULL PRIMARY KEY,
    tenant_id       UUID      NOT NULL REFERENCES tenants (id),
    kind            TEXT      NOT NULL,
    recipient       TEXT      NOT NULL CHECK (length(recipient) BETWEEN 3 AND 254),
    language        TEXT      NOT NULL CHECK (language IN ('nl', 'en', 'fr', 'de')),
    -- what the text of the kind has to be filled with (JSON)
    parameters      TEXT      NOT NULL,
    link_nonce      BYTEA,
    status          TEXT      NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sent', 'failed', 'bounced')),
    attempts        INTEGER   NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    fencing_token   BIGINT    NOT NULL DEFAULT 0,
    next_attempt_at TIMESTAMP NOT NULL,
    -- the words of the server that refused it, or what else stood in the way
    last_error      TEXT,
    created_at      TIMESTAMP NOT NULL,
    ended_at        TIMESTAMP,
    CHECK ((status = 'queued') = (ended_at IS NULL)),
    CHECK (status = 'queued' OR link_nonce IS NULL)
);
CREATE INDEX outbox_due ON outbox (next_attempt_at, id) WHERE status = 'queued';
CREATE INDEX outbox_by_tenant ON outbox (tenant_id, kind, created_at);
