-- The public key by which edges know the hub. A replica with another key does not start.
CREATE TABLE hub_key (
  one BIGINT NOT NULL PRIMARY KEY,
  public_key BINARY(32) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
-- By its newest Hello: the edge checks no hub's key; its link goes over plain HTTP to another machine.
ALTER TABLE edges ADD COLUMN takes_any_hub BIGINT NOT NULL DEFAULT 0;
ALTER TABLE edges ADD COLUMN plain_line BIGINT NOT NULL DEFAULT 0;
