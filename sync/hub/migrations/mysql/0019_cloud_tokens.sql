-- Since when an edge sends tokens that open the cloud, as edges did before there were tokens for edges.
ALTER TABLE edges ADD COLUMN cloud_tokens_since BIGINT NULL;
