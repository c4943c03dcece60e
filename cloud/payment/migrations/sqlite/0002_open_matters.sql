-- The unsettled money of a person, which the deletion of their account waits for.
CREATE INDEX dues_customer ON dues (customer_id, saga);
CREATE INDEX dues_provider ON dues (provider_id, saga);
