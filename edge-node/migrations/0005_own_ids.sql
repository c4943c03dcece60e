-- A command's id is its person's own: devices make the ids, so the key is both.
CREATE TABLE commands_by_person (
    command_id BLOB NOT NULL,
    user_id BLOB NOT NULL,
    hash BLOB NOT NULL,
    order_id BLOB NOT NULL,
    device TEXT,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    op_hash BLOB NOT NULL,
    verdict TEXT NOT NULL,
    doubt TEXT,
    fence INTEGER,
    received_at INTEGER NOT NULL,
    outcome BLOB,
    PRIMARY KEY (command_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO commands_by_person (command_id, user_id, hash, order_id, device, epoch, seq, op_hash,
    verdict, doubt, fence, received_at, outcome)
    SELECT command_id, user_id, hash, order_id, device, epoch, seq, op_hash,
    verdict, doubt, fence, received_at, outcome FROM commands;
DROP TABLE commands;
ALTER TABLE commands_by_person RENAME TO commands;
CREATE UNIQUE INDEX commands_by_op ON commands (epoch, seq);
CREATE INDEX commands_by_age ON commands (received_at) WHERE outcome IS NOT NULL;
