-- The evidence of the work that a line completed, as JSON. Sealed.
ALTER TABLE order_timeline ADD COLUMN evidence TEXT;
