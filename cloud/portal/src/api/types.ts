// The answers of the gateway's routes, as `protocol/wire` and the parts' `http` rooms write them.

import type {
  Action, ChecksumState, Currency, GateState, LinkState, OrderStatus, PaymentStatus, Policy, QuarantineWhy, Region, Role, ServiceType, Verdict,
} from '@holdfast/kit/wire.gen.ts'

export type { Action, GateState, OrderStatus, Policy, Region, Role, ServiceType, Verdict }

/** RFC 3339 with milliseconds. */
export type Instant = string

export interface Actor { user_id: string; role: Role }

export interface Order {
  id: string
  code: string
  customer_id: string
  provider_id: string | null
  title: string
  description: string
  service_type: ServiceType
  price: string
  currency: Currency
  location: Region
  address: string
  service_start_time: Instant | null
  service_end_time: Instant | null
  status: OrderStatus
  payment_status: PaymentStatus
  version: number
  created_at: Instant
  updated_at: Instant
  source: string
}

export interface OrderDraft {
  title: string
  description: string
  service_type: ServiceType
  price: string
  currency: Currency
  location: Region
  address: string
  service_start_time?: Instant
  service_end_time?: Instant
}

export interface HopTimes { tapped_at: Instant | null; edge_at: Instant | null; cloud_at: Instant | null }

export interface TimelineEntry {
  version: number
  action: Action | null
  actor: Actor
  from: OrderStatus | null
  to: OrderStatus
  code: string | null
  reason: string | null
  hops: HopTimes
  command_id: string
  source: string
  edge: string | null
  epoch: number | null
  seq: number | null
  verdict: Verdict | null
}

export interface Winner { user_id: string; source: string; decided_at: Instant | null; verdict: Verdict | null }

export interface LostAcceptance extends TimelineEntry {
  id: number
  order_id: string
  order_code: string
  region: Region
  winner: Winner | null
}

export interface CaseItem {
  id: number
  order_id: string
  order_code?: string | null
  region?: Region | null
  user_id: string
  kind: string
  command_id: string
  code: string | null
  at: Instant
}

/** `next` is the cursor of the page after this one. */
export interface Page<T> { items: T[]; next: string | null }

/** The order as far as its asker may see it; an outline has no title. */
export type OrderView = Order | Pick<Order, 'id' | 'code' | 'location' | 'status' | 'provider_id' | 'version' | 'updated_at'>

export interface CommandDone { order_id: string; status: OrderStatus; provider_id: string | null; message: string; order: OrderView }
/** The holder of the region has to decide this acceptance. */
export interface CommandWaiting { order_id: string; command_id: string; state: 'pending'; message: string }
export type CommandReply = CommandDone | CommandWaiting

export interface NearbyJob { order_id: string; code: string; title: string; price: string; currency: Currency }
export interface LostFacts {
  winner_decided_at?: Instant
  winner_source?: string
  tapped_at?: Instant
  edge_at?: Instant
  nearby: NearbyJob[]
}

export interface InboxItem {
  id: string
  event_id: string
  type: string
  order_id: string
  title: string
  content: string
  is_read: boolean
  created_at: Instant
}
export interface InboxPage extends Page<InboxItem> { unread: number }

export interface EdgeStatus {
  edge: string
  link: LinkState
  since: Instant | null
  last_contact_at: Instant | null
  epoch: number
  version: string | null
  pending: number
  oldest_pending_at: Instant | null
  undecided: number
  held: number
  parked: number
  lag_up_ops: number
  lag_down_changes: number
  lag_down_outcomes: number
  lag_down_since?: Instant
  checksum: ChecksumState
  clock_error_ms: number | null
  disk_free_bytes: number | null
  left_behind?: { epoch: number; commands: number }[]
  quarantine?: { at: Instant; why: QuarantineWhy }
  needs_operator_at?: Instant
  twin_seen_at?: Instant
  repairs: number
  unproven?: number
  unsettled_since?: Instant
  stopped: number
  lost: number
  lost_at?: Instant
}

export interface EdgeItem extends EdgeStatus {
  region: Region
  created_at: Instant
  enrolled_at: Instant | null
  cursor_seq: number
  outcome_cursor: number
  feed_cursor: number
}

export interface RegionStatus {
  region: Region
  gate: GateState
  policy: Policy
  holder: string | null
  feed_seq: number
  orders: number
  asks_waiting: number
  asks_stopped: number
  repairs?: { compared_at: Instant | null; repaired: number; contradictions: number; contradicted_at: Instant | null }
  edges: EdgeStatus[]
}
export interface StatusReport { now: Instant; regions: RegionStatus[] }

export interface OpPlace { edge: string; epoch: number; seq: number }
export type OpState = 'received' | 'held_region' | 'needs_operator' | 'parked' | 'decided' | 'left_behind' | 'unrecognised'
export interface OpRecord extends OpPlace {
  region: Region
  hash: string
  kind: 'boot' | 'token' | 'command' | 'lease_released' | 'unknown'
  state: OpState
  failures: number
  received_at: Instant
  command?: {
    id: string
    type: string
    order_id: string
    order_code: string
    actor: Actor
    verdict: Verdict
    device?: string
    tapped_at?: Instant
    edge_at: Instant
  }
  outcome?: { number: number; stored_at: Instant; told: boolean | null; outcome: { kind: string; code?: string } }
}

export interface WaitingAsk {
  command_id: string
  user_id: string
  region: Region
  order_id?: string
  order_code?: string
  state: OpState
  failures: number
  taken_at: Instant
}

export interface OfflineRules {
  unpaid_start: boolean
  approval: { price_max: string; currency: Currency; service_types: ServiceType[] } | null
}
export interface RegionAssignment {
  policy_version: number
  policy: Policy
  holder: string | null
  epoch: number
  fence: number
  release_asked: boolean
  rules_version: number
  rules: OfflineRules
}
export interface FenceRecord {
  fence: number
  holder: string
  epoch: number
  granted_at: Instant
  granted_by: string
  end: { at: Instant; how: string; by?: string; why?: string } | null
}
export interface AssignmentRecord {
  region: Region
  assignment: RegionAssignment
  wanted: { policy: Policy; holder: string | null; epoch: number | null; by: string } | null
  fences: FenceRecord[]
  /** `at` counts milliseconds since 1970. */
  changes: { version: number; what: string; policy: string; holder: string | null; at: number; by: string | null; why: string | null }[]
}
export interface AssignmentRequest {
  policy?: Policy
  holder?: string
  epoch?: number
  rules?: OfflineRules
  take_back?: { why: string }
}

export interface EnrolmentCode { edge: string; region: Region; code: string; expires_at: Instant }

export interface CommandAnswer {
  command_id: string
  user_id: string | null
  applied: boolean
  code: string | null
  order_id: string
  order_version: number | null
  op: OpPlace | null
  decided_at: Instant
}


/** A region's feed compared with the order service. */
export interface ComparisonReport { repaired: number; contradictions: number; gone: number; unsettled: boolean }
