// What an edge says and takes, as JSON; the types of `protocol/wire`.
import type { OrderStatus, Region, Role, ServiceType } from '@holdfast/kit/wire.gen.ts'

export type Text = { en: string; 'zh-CN': string }

export type Order = {
  id: string
  code: string
  customer_id: string
  provider_id: string | null
  title: string
  description: string
  service_type: ServiceType
  /** A decimal text, such as `200.00`. */
  price: string
  currency: string
  location: Region
  /** Empty where the reader may not know it. */
  address: string
  service_start_time: string | null
  service_end_time: string | null
  status: OrderStatus
  payment_status: string
  version: number
  created_at: string
  updated_at: string
}

/** `pending`: it rests on something that the cloud has not decided. */
export type BoardItem = Order & { pending: boolean }

export type Board = { edge: string; region: Region; feed_seq: number; items: BoardItem[] }
export type Changes = Board & { gone: string[] }

export type CommandBody =
  | { type: 'accept_order'; order_id: string }
  | { type: 'withdraw_acceptance'; order_id: string; reason?: string }
  | { type: 'start_order'; order_id: string }
  | { type: 'complete_order'; order_id: string; note?: string }

export type Receipt = { edge: string; epoch: number; seq: number; verdict: string; [field: string]: unknown }

export type Nearby = { order_id: string; code: string; title: string; price: string; currency: string }

export type Lost = {
  winner_decided_at?: string
  winner_source?: string
  tapped_at?: string
  edge_at?: string
  nearby: Nearby[]
}

export type Outcome = {
  kind: 'applied' | 'duplicate' | 'rejected'
  code?: string
  first?: { applied: boolean; code?: string }
  lost?: Lost
  decided_at: string
}

export type Reply = {
  command_id: string | null
  hop: 'stored' | 'decided'
  verdict: 'not_taken' | 'provisional' | 'firm'
  code?: string
  message?: Text
  errors?: { field: string; message: Text }[]
  order?: Order
  receipt?: Receipt
  outcome?: Outcome
}

export type Head = { edge: string; region: Region; epoch: number; nonce: string; seq: number; cut_off_since: string | null }

export type Standing = {
  edge: string
  region: Region
  now: string
  link: { up: boolean; since: string; attempts: number; next_call_at: string | null }
  feed_as_of: string | null
  holder: string | null
  unpaid_start: boolean
  firm: boolean
}

export type Grant = { access_token: string; expires_in: number; user_id: string; role: Role }

export type Problem = { code: string; title?: string; detail?: string; status: number; trace?: string }
