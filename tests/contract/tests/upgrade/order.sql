-- Rows of order_db after step 6: nothing was sealed, no order had a price of its cancel, and none heard of money.
INSERT INTO orders (id, code, customer_id, provider_id, title, description, service_type, price_minor, currency, location, address, service_start_time, service_end_time, status, payment_status, version, created_at, updated_at, source, accepted_at, accepted_source, accepted_firm, accepted_rule) VALUES
  (X'01936000000070008000000000000001', 'N-7F3K01', X'0193600000007000800000000000c001', NULL, '修理水龙头', 'It drips.', 'cleaning_repair', 20000, 'CNY', 'NORTH', '1 Lake Road', 1764086400000, 1764090000000, 'pending', 'unpaid', 2, 1764000000000, 1764000060000, 'portal', NULL, NULL, 0, NULL),
  (X'0192f5d4000070008000000000000001', 'N-7F3K02', X'0193600000007000800000000000c001', X'0193600000007000800000000000d001', 'Hang a lamp', '', 'other', 5000, 'CNY', 'NORTH', '2 Lake Road', NULL, NULL, 'in_progress', 'unpaid', 4, 1764000001000, 1764000120000, 'north-1', 1764000090000, 'north-1', 1, 'promised'),
  (X'01936000000070008000000000000003', 'S-7F3K03', X'0193600000007000800000000000c001', NULL, 'Save a disk', 'Quickly, please.', 'it_technology', 90000, 'CNY', 'SOUTH', '3 Sea Road', NULL, NULL, 'cancelled', 'unpaid', 2, 1764000002000, 1764000130000, 'portal', NULL, NULL, 0, NULL);
INSERT INTO order_timeline (order_id, version, action, actor_id, actor_role, from_status, to_status, code, reason, tapped_at, edge_at, cloud_at, command_id, source, edge, epoch, seq, verdict, address_shown, race_rule, promise_edge, promise_epoch, promise_fence, promise_why) VALUES
  (X'0192f5d4000070008000000000000001', 1, NULL, X'0193600000007000800000000000c001', 1, NULL, 'pending_review', NULL, NULL, NULL, 1764000001000, 1764000001500, X'01936000000070008000000000000901', 'north-1', 'north-1', 1, 2, 'firm', NULL, NULL, NULL, NULL, NULL, NULL),
  (X'0192f5d4000070008000000000000001', 2, 'approve', X'0193600000007000800000000000a001', 3, 'pending_review', 'pending', NULL, NULL, NULL, NULL, 1764000060000, X'01936000000070008000000000000902', 'portal', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (X'0192f5d4000070008000000000000001', 3, 'accept', X'0193600000007000800000000000d001', 2, 'pending', 'accepted', NULL, NULL, 1764000080000, 1764000085000, 1764000090000, X'01936000000070008000000000000903', 'north-1', 'north-1', 1, 3, 'firm', 'firm', 'promised', 'north-1', 1, 1, NULL),
  (X'0192f5d4000070008000000000000001', 4, 'start', X'0193600000007000800000000000d001', 2, 'accepted', 'in_progress', NULL, NULL, NULL, NULL, 1764000120000, X'01936000000070008000000000000904', 'portal', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (X'01936000000070008000000000000003', 2, 'cancel', X'0193600000007000800000000000c001', 1, 'pending', 'cancelled', NULL, 'I moved away. 搬家了。', NULL, NULL, 1764000130000, X'01936000000070008000000000000905', 'portal', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO commands (command_id, user_id, hash, applied, code, order_id, order_version, edge, epoch, seq, op_hash, decided_at) VALUES
  (X'01936000000070008000000000000904', X'0193600000007000800000000000d001', X'a722fac054dd577d8c65d1586df771da63114f2d28061a2241eaf069e11e0227', 1, NULL, X'0192f5d4000070008000000000000001', 4, NULL, NULL, NULL, NULL, 1764000120000);
UPDATE region_assignment SET policy = 'exclusive', holder = 'north-1', epoch = 1, fence = 1, policy_version = 3, rules_version = 2, rules = '{"unpaid_start":true,"approval":{"price_max":"300.00","currency":"CNY","service_types":["other"]}}' WHERE region = 'NORTH';
INSERT INTO region_rules (region, version, rules, made_at, made_by) VALUES
  ('NORTH', 2, '{"unpaid_start":true,"approval":{"price_max":"300.00","currency":"CNY","service_types":["other"]}}', 1764000000500, X'0193600000007000800000000000a001');
INSERT INTO fences (region, fence, holder, epoch, granted_at, ended_at, ended_how, digest, granted_by, ended_by, ended_why) VALUES
  ('NORTH', 1, 'north-1', 1, 1764000000600, NULL, NULL, X'00000000000000000000000000000000000000000000000000000000000000aa', X'0193600000007000800000000000a001', NULL, NULL);
INSERT INTO assignment_changes (region, version, what, policy, holder, epoch, fence, rules_version, made_at, made_by, why) VALUES
  ('NORTH', 3, 'set', 'exclusive', 'north-1', 1, 1, 2, 1764000000600, X'0193600000007000800000000000a001', NULL);
INSERT INTO ended_epochs (edge, epoch, ended_at, why) VALUES ('north-2', 4, 1764000000700, 'edge_restored');
INSERT INTO case_items (order_id, user_id, kind, command_id, code, at) VALUES
  (X'0192f5d4000070008000000000000001', X'0193600000007000800000000000d001', 'offline_rule', X'01936000000070008000000000000904', NULL, 1764000120000);
INSERT INTO provider_acts (provider_id, act, at) VALUES (X'0193600000007000800000000000d001', 'accept', 1764000085000);
INSERT INTO provider_marks (user_id, version, verified) VALUES (X'0193600000007000800000000000d001', 7, 1);
