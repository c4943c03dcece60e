-- Rows of hub_db after step 14: edges proved themselves less, nothing was sealed, and no edge could be disabled.
INSERT INTO regions (region, gate, gate_changed_at, gate_changed_by, policy, holder, feed_generation, feed_seq, feed_digest, compacted_to, orders, granted_seq, holder_epoch, tombstones_to, compared_at, repaired, repaired_at, contradictions, contradicted_at, lost) VALUES
  ('NORTH', 'open', 1764000000000, X'0193600000007000800000000000a001', 'exclusive', 'north-1', 77, 1, X'0000000000000000000000000000000000000000000000000000000000000000', 0, 0, 1, 2, 0, 1764000000000, 1, 1764000000000, 0, NULL, 1);
INSERT INTO edges (edge, region, created_at, public_key, enrolled_at, epoch, term, nonce, program_version, cursor_seq, cursor_hash, outcome_count, undecided, link_up, link_since, last_contact_at, acked_at, outcome_cursor, feed_cursor, digest, ahead, pending, oldest_pending_at, last_seq, clock_error_ms, disk_free_bytes, worker, work_token, work_until, ending_epoch, ending_why, lost, lost_at) VALUES
  ('north-1', 'NORTH', 1764000000000, X'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 1764000001000, 2, 9, X'abababababababababababababababab', '0.0.9', 1, X'00000000000000000000000000000000000000000000000000000000000000aa', 0, 1, 0, 1764000100000, 1764000200000, 1764000200000, 0, 1, NULL, 0, 1, 1764000050000, 1, 12, 24000000000, NULL, 3, 0, 1, 'edge_restored', 1, 1764000150000);
INSERT INTO enrolment_codes (code_hash, edge, created_at, created_by, expires_at, used_at) VALUES
  (X'00000000000000000000000000000000000000000000000000000000000000bb', 'north-1', 1764000000000, X'0193600000007000800000000000a001', 1764000900000, 1764000001000);
INSERT INTO ops (edge, epoch, seq, hash, received_at, bytes) VALUES
  ('north-1', 2, 1, X'00000000000000000000000000000000000000000000000000000000000000aa', 1764000050000, X'820281a700a500500192f5d400007000800000000000000901820381500192f5d400007000800000000000000102687461626c65742d37030c041b0000019ab697e80301020282500192f5d4000070008000000000000003020301051b0000019ab697e80406010804'),
  ('north-1', 1, 5, X'00000000000000000000000000000000000000000000000000000000000000dd', 1764000030000, X'820281a700a500500192f5d400007000800000000000000901820381500192f5d400007000800000000000000102687461626c65742d37030c041b0000019ab697e80301020282500192f5d4000070008000000000000003020301051b0000019ab697e80406010804');
INSERT INTO undecided (edge, epoch, seq, state, failures, for_holder) VALUES ('north-1', 2, 1, 'held_operator', 3, 0);
INSERT INTO epochs (edge, epoch, at, why, granted_to, after_run, grant_id, last_accepted) VALUES
  ('north-1', 2, 1764000040000, 'edge_restored', X'abababababababababababababababab', NULL, 4, X'00000000000000000000000000000000000000000000000000000000000000cc');
INSERT INTO op_retries (edge, epoch, seq, at, made_by) VALUES ('north-1', 2, 1, 1764000060000, X'0193600000007000800000000000a001');
INSERT INTO left_behind (edge, epoch, seq, command_id, received_at) VALUES ('north-1', 1, 5, X'0192f5d4000070008000000000000901', 1764000030000);
INSERT INTO ask_retries (command_id, user_id, at, made_by) VALUES (X'01936000000070008000000000000902', X'0193600000007000800000000000d001', 1764000060000, X'0193600000007000800000000000a001');
INSERT INTO lost_acceptances (region, number, order_id) VALUES ('NORTH', 1, X'01936000000070008000000000000001');
INSERT INTO hub_key (one, public_key) VALUES (1, X'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
