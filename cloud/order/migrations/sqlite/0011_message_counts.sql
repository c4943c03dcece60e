-- The highest number that the messages of an order had before a deleted provider's were removed: no
-- number is given twice, because edges and tablets ask for what follows the last one that they have.
CREATE TABLE message_counts (
  order_id BLOB NOT NULL PRIMARY KEY,
  newest INTEGER NOT NULL
) STRICT;
