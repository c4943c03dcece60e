-- The unsettled money of a person, which the deletion of their account waits for.
ALTER TABLE dues ADD KEY dues_customer (customer_id, saga);
ALTER TABLE dues ADD KEY dues_provider (provider_id, saga);
