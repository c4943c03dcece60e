-- The rows of lost acceptances also announce messages between the two people of an order.
ALTER TABLE lost_acceptances ADD COLUMN is_message BOOLEAN NOT NULL DEFAULT FALSE;
