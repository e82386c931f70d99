-- Unlike SQLite's, which compares text by bytes from the start: here each text column says COLLATE "C"; otherwise the same.
-- Customers who share their documents, and how the accountant gets them. Who has no row shares nothing.
CREATE TABLE document_sharing (
    tenant_id        UUID      NOT NULL,
    customer_id      UUID      NOT NULL,
    delivery         TEXT COLLATE "C"      NOT NULL CHECK (delivery IN ('accountant_inbox', 'email', 'none')),
    -- the user whose inbox it is
    accountant_id    UUID      REFERENCES users (id),
    accountant_email TEXT COLLATE "C"      NOT NULL,
    shared_since     TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, customer_id),
    FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id),
    CHECK ((delivery = 'accountant_inbox') = (accountant_id IS NOT NULL)),
    CHECK ((delivery = 'none') = (accountant_email = ''))
);

-- What is in an accountant's inbox.
CREATE TABLE shared_documents (
    tenant_id   UUID      NOT NULL,
    user_id     UUID      NOT NULL REFERENCES users (id),
    invoice_id  UUID      NOT NULL,
    customer_id UUID      NOT NULL,
    shared_at   TIMESTAMP NOT NULL,
    PRIMARY KEY (tenant_id, user_id, invoice_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
