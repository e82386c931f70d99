-- Unlike SQLite's, which compares text by bytes from the start: here each text column says COLLATE "C"; otherwise the same.
-- How far a customer's own access is.
ALTER TABLE customers ADD COLUMN access TEXT COLLATE "C" NOT NULL DEFAULT 'not_invited' CHECK (access IN ('not_invited', 'invited', 'active', 'bounced'));

-- Links that were mailed to customers. Of a link only its SHA-256 is kept.
CREATE TABLE invitations (
    tenant_id   UUID      NOT NULL,
    id          UUID      NOT NULL,
    customer_id UUID      NOT NULL,
    -- the address that the link was sent to, in lower case
    email_key   TEXT COLLATE "C"      NOT NULL,
    token_hash  BYTEA     NOT NULL UNIQUE,
    mail_id     UUID      NOT NULL UNIQUE REFERENCES outbox (id),
    status      TEXT COLLATE "C"      NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'void')),
    created_at  TIMESTAMP NOT NULL,
    expires_at  TIMESTAMP NOT NULL,
    ended_at    TIMESTAMP,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    CHECK ((status = 'open') = (ended_at IS NULL))
);
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, customer_id) WHERE status = 'open';
CREATE INDEX invitations_by_customer ON invitations (tenant_id, customer_id, id);
CREATE INDEX invitations_by_time ON invitations (tenant_id, created_at);

-- Who signs in as a customer. Customers with one e-mail address share a user.
CREATE TABLE customer_users (
    tenant_id   UUID      NOT NULL,
    customer_id UUID      NOT NULL,
    user_id     UUID      NOT NULL REFERENCES users (id),
    linked_at   TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, customer_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)
);
CREATE INDEX customer_users_by_user ON customer_users (tenant_id, user_id, customer_id);
