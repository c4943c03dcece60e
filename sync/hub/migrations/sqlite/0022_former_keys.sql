-- The keys that an edge has had before the present one. They verify its older receipts and let nobody in.
CREATE TABLE former_keys (
  edge TEXT NOT NULL,
  public_key BLOB NOT NULL,
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (edge, public_key)
);
