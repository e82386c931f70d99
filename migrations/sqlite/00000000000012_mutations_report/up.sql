-- The mutations report: a tenant's entries, the newest business date first, and those of one invoice run.
CREATE INDEX entries_by_report ON entries (tenant_id, business_date, posted_at, id);
CREATE INDEX entries_by_run ON entries (tenant_id, run_id) WHERE run_id IS NOT NULL;
