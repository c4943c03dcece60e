-- The rule by which an acceptance came before all others, for those who lose to it. Empty for acceptances from
-- before the rule was kept.
ALTER TABLE orders ADD COLUMN accepted_rule VARCHAR(24) NULL;
ALTER TABLE order_timeline ADD COLUMN race_rule VARCHAR(24) NULL;

-- The firm answer that the actor of a line had from an edge, also in an epoch that is over, and why that gives no
-- right. The right itself stands in fences.
ALTER TABLE order_timeline ADD COLUMN promise_edge VARCHAR(40) NULL;
ALTER TABLE order_timeline ADD COLUMN promise_epoch BIGINT NULL;
ALTER TABLE order_timeline ADD COLUMN promise_fence BIGINT NULL;
ALTER TABLE order_timeline ADD COLUMN promise_why VARCHAR(24) NULL;
