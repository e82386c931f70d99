-- A session of the tenant's people in which they see what one customer sees.
ALTER TABLE sessions ADD COLUMN viewed_customer_id UUID;
