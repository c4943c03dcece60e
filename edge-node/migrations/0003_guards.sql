-- Each of these indexes holds the rows of a table a second time. SQLite has no checksums, but its
-- integrity check compares every index with its table, and so finds a row that has changed by
-- itself on the disk. The bytes of orders and ops need none: the view's digest and the log's chain
-- cover them.
CREATE INDEX edge_guard ON edge (name, region, enrolled_at, code_hash, hub_key, jwks, start_hash,
    snapshot);
CREATE INDEX edge_state_guard ON edge (epoch, suspect, keys_version, revocations_version,
    outcome_cursor, settled_seq, feed_generation, feed_cursor, digest, orders, ahead, policy,
    policy_version, assignment, held_fence, fence_proven, highest_fence);
CREATE INDEX alarm_guard ON alarm (why, since);
CREATE INDEX clock_guard ON clock (hub_at, finding, error_ms, found_at);
CREATE INDEX cut_off_guard ON cut_off (since);
CREATE INDEX feed_confirmed_guard ON feed_confirmed (at);
CREATE INDEX log_guard ON log (logged_at, kind, hash);
CREATE INDEX tokens_guard ON tokens (seq, expires_at);
CREATE INDEX commands_guard ON commands (received_at, hash, order_id, device, epoch, seq, op_hash,
    verdict, doubt, fence, act, outcome);
CREATE INDEX pending_guard ON pending (received_at, order_id, command_id, held);
CREATE INDEX epochs_guard ON epochs (ended, why, at, relogged);
CREATE INDEX orders_guard ON orders (version, feed_version, feed_open, customer, owed);
CREATE INDEX revoked_guard ON revoked (heard_at, at, tokens_since);
CREATE INDEX devices_guard ON devices (user_id, used_at);
CREATE INDEX known_people_guard ON known_people (since, last);
CREATE INDEX provider_marks_guard ON provider_marks (user_id, version, verified);
