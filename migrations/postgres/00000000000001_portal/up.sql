-- Tenants, users and how they get in. Portal-wide tables lead with their own id; tenant-owned tables lead with tenant_id
-- in every key, so that the database itself forbids a link across tenants.

CREATE TABLE tenants (
    id                      UUID      NOT NULL PRIMARY KEY,
    number                  BIGINT    NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 999999999),
    name                    TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    currency                TEXT      NOT NULL CHECK (length(currency) = 3),
    time_zone               TEXT      NOT NULL,
    locale                  TEXT      NOT NULL,
    business_day_start_min  INTEGER   NOT NULL DEFAULT 0 CHECK (business_day_start_min BETWEEN 0 AND 1439),
    accept_sales_days       INTEGER   NOT NULL DEFAULT 35 CHECK (accept_sales_days BETWEEN 1 AND 3660),
    accept_sales_from       DATE,
    shows_available_on_till BOOLEAN   NOT NULL DEFAULT TRUE,
    accepts_offline_sales   BOOLEAN   NOT NULL DEFAULT TRUE,
    offline_sale_minor_max  BIGINT    CHECK (offline_sale_minor_max >= 0),
    revenue_at              TEXT      NOT NULL DEFAULT 'invoice' CHECK (revenue_at IN ('invoice', 'sale')),
    invoice_prefix          TEXT      NOT NULL DEFAULT '' CHECK (length(invoice_prefix) <= 10),
    street                  TEXT      NOT NULL DEFAULT '',
    postcode                TEXT      NOT NULL DEFAULT '',
    city                    TEXT      NOT NULL DEFAULT '',
    country                 TEXT      NOT NULL DEFAULT '',
    vat_number              TEXT      NOT NULL DEFAULT '',
    iban                    TEXT      NOT NULL DEFAULT '',
    version                 BIGINT    NOT NULL DEFAULT 1,
    created_at              TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id              UUID      NOT NULL PRIMARY KEY,
    email           TEXT      NOT NULL,
    email_key       TEXT      NOT NULL UNIQUE,
    name            TEXT      NOT NULL,
    name_key        TEXT      NOT NULL,
    password_hash   TEXT      NOT NULL,
    is_portal_admin BOOLEAN   NOT NULL DEFAULT FALSE,
    is_active       BOOLEAN   NOT NULL DEFAULT TRUE,
    language        TEXT      NOT NULL DEFAULT 'en',
    version         BIGINT    NOT NULL DEFAULT 1,
    created_at      TIMESTAMP NOT NULL
);

CREATE TABLE user_roles (
    tenant_id  UUID      NOT NULL REFERENCES tenants (id),
    user_id    UUID      NOT NULL REFERENCES users (id),
    role       TEXT      NOT NULL CHECK (role IN ('director', 'superuser', 'clerk', 'backoffice', 'customer')),
    granted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, user_id, role)
);
CREATE INDEX user_roles_by_user ON user_roles (user_id, tenant_id);

CREATE TABLE sessions (
    id                    UUID      NOT NULL PRIMARY KEY,
    user_id               UUID      NOT NULL REFERENCES users (id),
    tenant_id             UUID      REFERENCES tenants (id),
    refresh_hash          BYTEA     NOT NULL UNIQUE,
    previous_refresh_hash BYTEA     UNIQUE,
    created_at            TIMESTAMP NOT NULL,
    refreshed_at          TIMESTAMP NOT NULL,
    expires_at            TIMESTAMP NOT NULL,
    revoked_at            TIMESTAMP
);
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);

-- Failed sign-ins per account and per address; the subject is a hash, so no e-mail or address stands here.
CREATE TABLE sign_in_failures (
    subject_hash   BYTEA     NOT NULL PRIMARY KEY,
    failures       INTEGER   NOT NULL CHECK (failures > 0),
    last_failed_at TIMESTAMP NOT NULL,
    blocked_until  TIMESTAMP NOT NULL
);

CREATE TABLE terminals (
    tenant_id  UUID      NOT NULL REFERENCES tenants (id),
    id         UUID      NOT NULL,
    name       TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    is_active  BOOLEAN   NOT NULL DEFAULT TRUE,
    version    BIGINT    NOT NULL DEFAULT 1,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- Opaque keys of terminals (terminal_id set) and scripts. Only the SHA-256 of the key is kept.
CREATE TABLE api_keys (
    tenant_id    UUID      NOT NULL REFERENCES tenants (id),
    id           UUID      NOT NULL,
    terminal_id  UUID,
    name         TEXT      NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    key_hash     BYTEA     NOT NULL UNIQUE,
    permissions  TEXT      NOT NULL,
    created_by   UUID      NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    revoked_at   TIMESTAMP,
    last_used_at TIMESTAMP,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, terminal_id) REFERENCES terminals (tenant_id, id)
);

-- Append-only: which version of the data processing agreement was accepted, when, and by whom.
CREATE TABLE agreement_acceptances (
    tenant_id   UUID      NOT NULL REFERENCES tenants (id),
    id          UUID      NOT NULL,
    version     TEXT      NOT NULL,
    user_id     UUID      NOT NULL REFERENCES users (id),
    user_name   TEXT      NOT NULL,
    accepted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, version)
);

-- What is not money, field by field: who, when, old, new. Append-only.
CREATE TABLE audit_entries (
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
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_entries_by_subject ON audit_entries (tenant_id, subject_kind, subject_id, id);

-- Long work. A job is held by a lease: owner, locked_until, and a fencing token that rises with every claim.
CREATE TABLE jobs (
    id            UUID      NOT NULL PRIMARY KEY,
    tenant_id     UUID      NOT NULL REFERENCES tenants (id),
    kind          TEXT      NOT NULL,
    subject_id    UUID      NOT NULL,
    status        TEXT      NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    owner         TEXT,
    locked_until  TIMESTAMP,
    fencing_token BIGINT    NOT NULL DEFAULT 0,
    cancel_asked  BOOLEAN   NOT NULL DEFAULT FALSE,
    progress_done BIGINT    NOT NULL DEFAULT 0,
    progress_total BIGINT   NOT NULL DEFAULT 0,
    result_path   TEXT,
    error_problem TEXT,
    actor_kind    TEXT      NOT NULL,
    actor_id      UUID      NOT NULL,
    actor_name    TEXT      NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    started_at    TIMESTAMP,
    finished_at   TIMESTAMP
);
CREATE INDEX jobs_by_tenant ON jobs (tenant_id, id);
CREATE INDEX jobs_unfinished ON jobs (created_at, id) WHERE status IN ('queued', 'running');
