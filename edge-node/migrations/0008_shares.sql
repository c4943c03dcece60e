-- A provider's shares of the work are counted by these: the act of a command that uses one up, and the
-- provider of an order while he has it in hand.
ALTER TABLE commands ADD COLUMN act TEXT;
CREATE INDEX commands_by_act ON commands (user_id, received_at) WHERE act IS NOT NULL;
ALTER TABLE orders ADD COLUMN worker BLOB;
CREATE INDEX orders_by_worker ON orders (worker) WHERE worker IS NOT NULL;

-- The part of an image that came before says nothing of workers: it comes again.
ALTER TABLE staged_orders ADD COLUMN worker BLOB;
DELETE FROM snapshot;
DELETE FROM staged_orders;
DELETE FROM staged_changes;
