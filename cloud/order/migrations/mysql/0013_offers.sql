-- An admin's offer of an open job to a few providers, whose ids have spaces between.
ALTER TABLE orders ADD COLUMN offer_until BIGINT NULL;
ALTER TABLE orders ADD COLUMN offered_to VARCHAR(200) NOT NULL DEFAULT '';
ALTER TABLE order_timeline ADD COLUMN offer VARCHAR(16) NULL;
ALTER TABLE order_timeline ADD COLUMN offered_until BIGINT NULL;
