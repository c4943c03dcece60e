-- A provider's report that something happened: its kind, and the price of more work in minor units.
-- Its text is the line's reason.
ALTER TABLE order_timeline ADD COLUMN incident VARCHAR(16) NULL;
ALTER TABLE order_timeline ADD COLUMN extra_minor BIGINT NULL;
-- The customer's answer: the command of the report, and whether they agreed.
ALTER TABLE order_timeline ADD COLUMN answer_to BINARY(16) NULL;
ALTER TABLE order_timeline ADD COLUMN agreed INT NULL;
