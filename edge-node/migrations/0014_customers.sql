-- The customer of a finished order that says whether he pays for his work, and whether he owes for this.
ALTER TABLE orders ADD COLUMN customer BLOB;
ALTER TABLE orders ADD COLUMN owed INTEGER;
CREATE INDEX orders_by_customer ON orders (customer, owed) WHERE customer IS NOT NULL;

-- The part of an image that came before says nothing of customers: it comes again.
ALTER TABLE staged_orders ADD COLUMN customer BLOB;
ALTER TABLE staged_orders ADD COLUMN owed INTEGER;
DELETE FROM snapshot;
DELETE FROM staged_orders;
DELETE FROM staged_changes;
