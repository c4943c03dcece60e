// The words of the protocol, written by protocol/wire/tests/typescript.rs. Do not edit: `cargo xtask golden`.

export const ORDER_STATUSES = [
  'pending_review',
  'pending',
  'accepted',
  'in_progress',
  'completed',
  'reviewed',
  'cancelled',
  'rejected',
] as const
export type OrderStatus = (typeof ORDER_STATUSES)[number]

export const ACTIONS = [
  'approve',
  'reject',
  'accept',
  'withdraw',
  'start',
  'complete',
  'cancel',
  'review',
] as const
export type Action = (typeof ACTIONS)[number]

export const SERVICE_TYPES = [
  'cleaning_repair',
  'it_technology',
  'education_training',
  'life_health',
  'design_consulting',
  'other',
] as const
export type ServiceType = (typeof SERVICE_TYPES)[number]

export const PAYMENT_STATUSES = [
  'unpaid',
  'held',
  'paid',
  'refunded',
  'partially_refunded',
] as const
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number]

export const REGIONS = [
  'NORTH',
  'SOUTH',
  'EAST',
  'WEST',
  'MID',
] as const
export type Region = (typeof REGIONS)[number]

export const ROLES = [
  'customer',
  'provider',
  'admin',
] as const
export type Role = (typeof ROLES)[number]

export const CURRENCIES = [
  'CNY',
  'USD',
  'EUR',
  'HKD',
] as const
export type Currency = (typeof CURRENCIES)[number]

export const POLICIES = [
  'optimistic',
  'exclusive',
] as const
export type Policy = (typeof POLICIES)[number]

export const VERDICTS = [
  'not_taken',
  'provisional',
  'firm',
] as const
export type Verdict = (typeof VERDICTS)[number]

export const REPLY_HOPS = [
  'stored',
  'decided',
] as const
export type ReplyHop = (typeof REPLY_HOPS)[number]

export const OUTCOME_KINDS = [
  'applied',
  'duplicate',
  'rejected',
] as const
export type OutcomeKind = (typeof OUTCOME_KINDS)[number]

export const GATE_STATES = [
  'open',
  'closed',
] as const
export type GateState = (typeof GATE_STATES)[number]

export const LINK_STATES = [
  'up',
  'down',
  'never',
] as const
export type LinkState = (typeof LINK_STATES)[number]

export const CHECKSUM_STATES = [
  'match',
  'mismatch',
  'settling',
  'unknown',
] as const
export type ChecksumState = (typeof CHECKSUM_STATES)[number]

export const QUARANTINE_WHYS = [
  'edge_restored',
  'edge_cloned',
] as const
export type QuarantineWhy = (typeof QUARANTINE_WHYS)[number]

export const COMMAND_TYPES = [
  'publish_order',
  'approve_order',
  'reject_order',
  'accept_order',
  'withdraw_acceptance',
  'start_order',
  'complete_order',
  'cancel_order',
  'submit_review',
] as const
export type CommandType = (typeof COMMAND_TYPES)[number]

export const EVENT_TYPES = [
  'user.registered',
  'user.session_revoked',
  'user.revoked',
  'user.readmitted',
  'user.confirmation_asked',
  'user.address_change_asked',
  'profile.created',
  'profile.updated',
  'profile.verification_submitted',
  'profile.verified',
  'profile.verification_rejected',
  'order.created',
  'order.approved',
  'order.rejected',
  'order.accepted',
  'order.acceptance_lost',
  'order.acceptance_withdrawn',
  'order.cancelled',
  'order.completed',
  'order.status_changed',
  'order.region_assigned',
  'payment.initiated',
  'payment.completed',
  'payment.failed',
  'refund.requested',
  'refund.processed',
  'payment.released',
  'payment.status_changed',
  'payout.sent',
  'payout.failed',
  'review.created',
  'review.updated',
  'review.replied',
  'review.reported',
  'review.hidden',
  'review.restored',
  'rating.updated',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

export const CODES = [
  'invalid_token',
  'token_expired',
  'session_ended',
  'invalid_credentials',
  'account_locked',
  'visit_over',
  'identity_refused',
  'identity_taken',
  'last_way_in',
  'code_wrong',
  'code_over',
  'codes_off',
  'phone_unknown',
  'password_only',
  'providers_only',
  'role_forbidden',
  'permission_missing',
  'not_yours',
  'revoked',
  'not_verified',
  'device_closed',
  'device_in_use',
  'csrf_token_wrong',
  'foreign_page',
  'too_many_streams',
  'invalid_input',
  'malformed_body',
  'body_too_large',
  'body_too_slow',
  'file_kind_refused',
  'file_not_plain',
  'picture_unreadable',
  'picture_too_large',
  'too_many_files',
  'link_invalid',
  'not_found',
  'method_not_allowed',
  'user_exists',
  'role_exists',
  'role_built_in',
  'role_in_use',
  'role_fixed',
  'too_many_roles',
  'stale_version',
  'edge_exists',
  'key_too_new',
  'op_not_stopped',
  'enrolment_code_invalid',
  'enrolment_code_used',
  'order_not_found',
  'order_exists',
  'order_already_accepted',
  'order_not_approved',
  'order_cancelled',
  'order_rejected',
  'wrong_state',
  'funds_not_held',
  'order_not_payable',
  'amount_mismatch',
  'already_paid',
  'not_refundable',
  'refund_decided',
  'nothing_failed',
  'no_work_in_vain',
  'terms_changed',
  'fee_settled',
  'too_many_fees',
  'signature_wrong',
  'order_not_completed',
  'already_reviewed',
  'review_fixed',
  'own_review',
  'too_many_open_jobs',
  'too_many_acceptances',
  'too_many_withdrawals',
  'order_cancelled_meanwhile',
  'order_rejected_meanwhile',
  'command_id_reused',
  'region_assigning_offline',
  'region_taken_back',
  'holder_restored',
  'holder_cloned',
  'holder_disabled',
  'right_renewed',
  'right_ended',
  'acceptance_not_arrived',
  'edge_epoch_ended',
  'looks_taken',
  'looks_wrong_state',
  'looks_not_yours',
  'region_held_elsewhere',
  'looks_unpaid',
  'storage_full',
  'unknown_op',
  'gate_closed',
  'protocol_unsupported',
  'edge_unknown',
  'session_superseded',
  'edge_twin',
  'edge_disabled',
  'edge_not_trusted',
  'edge_needs_operator',
  'chain_broken',
  'rate_limited',
  'registration_quota',
  'too_many_requests',
  'unavailable',
  'timed_out',
  'issuer_away',
  'code_not_sent',
  'internal',
  'unrecognised',
] as const
export type Code = (typeof CODES)[number]

/** Where each action leads. The server alone says who may do it. */
export const AFTER: Record<OrderStatus, Partial<Record<Action, OrderStatus>>> = {
  pending_review: { approve: 'pending', reject: 'rejected' },
  pending: { accept: 'accepted', cancel: 'cancelled' },
  accepted: { withdraw: 'pending', start: 'in_progress', cancel: 'cancelled' },
  in_progress: { complete: 'completed' },
  completed: { review: 'reviewed' },
  reviewed: {},
  cancelled: {},
  rejected: {},
}

/** The HTTP status of each code. */
export const STATUS_OF: Record<Code, number> = {
  invalid_token: 401,
  token_expired: 401,
  session_ended: 401,
  invalid_credentials: 401,
  account_locked: 429,
  visit_over: 409,
  identity_refused: 403,
  identity_taken: 409,
  last_way_in: 409,
  code_wrong: 401,
  code_over: 409,
  codes_off: 404,
  phone_unknown: 403,
  password_only: 403,
  providers_only: 403,
  role_forbidden: 403,
  permission_missing: 403,
  not_yours: 403,
  revoked: 403,
  not_verified: 403,
  device_closed: 403,
  device_in_use: 409,
  csrf_token_wrong: 403,
  foreign_page: 403,
  too_many_streams: 429,
  invalid_input: 422,
  malformed_body: 400,
  body_too_large: 413,
  body_too_slow: 408,
  file_kind_refused: 415,
  file_not_plain: 422,
  picture_unreadable: 422,
  picture_too_large: 422,
  too_many_files: 429,
  link_invalid: 403,
  not_found: 404,
  method_not_allowed: 405,
  user_exists: 409,
  role_exists: 409,
  role_built_in: 409,
  role_in_use: 409,
  role_fixed: 409,
  too_many_roles: 409,
  stale_version: 409,
  edge_exists: 409,
  key_too_new: 409,
  op_not_stopped: 409,
  enrolment_code_invalid: 401,
  enrolment_code_used: 409,
  order_not_found: 404,
  order_exists: 409,
  order_already_accepted: 400,
  order_not_approved: 400,
  order_cancelled: 400,
  order_rejected: 400,
  wrong_state: 400,
  funds_not_held: 400,
  order_not_payable: 409,
  amount_mismatch: 422,
  already_paid: 409,
  not_refundable: 409,
  refund_decided: 409,
  nothing_failed: 409,
  no_work_in_vain: 409,
  terms_changed: 409,
  fee_settled: 409,
  too_many_fees: 409,
  signature_wrong: 401,
  order_not_completed: 409,
  already_reviewed: 409,
  review_fixed: 409,
  own_review: 403,
  too_many_open_jobs: 429,
  too_many_acceptances: 429,
  too_many_withdrawals: 429,
  order_cancelled_meanwhile: 200,
  order_rejected_meanwhile: 200,
  command_id_reused: 409,
  region_assigning_offline: 409,
  region_taken_back: 400,
  holder_restored: 400,
  holder_cloned: 400,
  holder_disabled: 400,
  right_renewed: 400,
  right_ended: 400,
  acceptance_not_arrived: 409,
  edge_epoch_ended: 409,
  looks_taken: 200,
  looks_wrong_state: 200,
  looks_not_yours: 200,
  region_held_elsewhere: 200,
  looks_unpaid: 200,
  storage_full: 507,
  unknown_op: 422,
  gate_closed: 503,
  protocol_unsupported: 426,
  edge_unknown: 401,
  session_superseded: 409,
  edge_twin: 409,
  edge_disabled: 403,
  edge_not_trusted: 400,
  edge_needs_operator: 409,
  chain_broken: 409,
  rate_limited: 429,
  registration_quota: 429,
  too_many_requests: 429,
  unavailable: 503,
  timed_out: 504,
  issuer_away: 503,
  code_not_sent: 503,
  internal: 500,
  unrecognised: 500,
}

/** The MQTT topics between a tablet and its edge. */
export const topics = {
  cmd: (region: Region, edge: string, device: string) => `hf/${region}/${edge}/cmd/${device}`,
  reply: (region: Region, edge: string, device: string) => `hf/${region}/${edge}/reply/${device}`,
  provider: (region: Region, edge: string, user: string) => `hf/${region}/${edge}/provider/${user}`,
  changes: (region: Region, edge: string) => `hf/${region}/${edge}/changes`,
  head: (region: Region, edge: string) => `hf/${region}/${edge}/head`,
}
