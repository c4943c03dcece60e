-- An admin's offer of an open job to a few providers, whose ids have spaces between.
ALTER TABLE orders ADD COLUMN offer_until INTEGER;
ALTER TABLE orders ADD COLUMN offered_to TEXT NOT NULL DEFAULT '';
ALTER TABLE order_timeline ADD COLUMN offer TEXT;
ALTER TABLE order_timeline ADD COLUMN offered_until INTEGER;
