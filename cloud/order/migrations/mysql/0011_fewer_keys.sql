-- idx_order_provider_state begins with the same columns.
ALTER TABLE orders DROP KEY idx_order_provider_status;
