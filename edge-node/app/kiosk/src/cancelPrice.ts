// What a cancel costs and what comes back, by the node's copy of the fee's versions. The cloud decides by its own.
import type { CancelFees, Order } from '@holdfast/kit/api.gen.ts'
import { minorOf } from './draft.ts'

/** In minor units. Without a `fee` the node does not know it. */
export type CancelPrice = {
  held: number
  fee?: number
  refund?: number
  /** Until when no fee is due. Absent if none ever is, or if that is not known. */
  freeUntil?: number
}

type Cancelled = Pick<Order, 'price' | 'status' | 'payment_status' | 'provider_id' | 'service_start_time' | 'service_end_time' | 'created_at'>

const WHOLE_BASIS_POINTS = 10_000
const HOUR_MS = 3_600_000
/** A window of this length reserves no hour, so that it needs no notice. */
const WHOLE_DAY_MS = 23 * HOUR_MS

/**
 * As the order service computes it (`custody/src/fees.rs`): a customer pays a fee only for a late cancel of an accepted order whose
 * money is held. The version of the order's creation counts, the fee is rounded down, and the time is that of the node's clock.
 */
export function cancelPriceOf(order: Cancelled, fees: CancelFees | null | undefined, nodeNow: number): CancelPrice {
  const price = minorOf(order.price)
  const held = order.payment_status === 'held' ? price : 0
  const free = { held, fee: 0, refund: held }
  const start = agreedStart(order)
  const mayCost = held > 0 && order.status === 'accepted' && order.provider_id !== null
  if (!mayCost || start === undefined) return free
  const created = Date.parse(order.created_at)
  const version = fees?.versions.find(({ from }) => Date.parse(from) <= created)
  // A version that the node has not heard of may still apply to so new an order.
  if (!fees || created >= Date.parse(fees.complete_until)) return { held }
  const fee = Math.floor((price * (version?.basis_points ?? 0)) / WHOLE_BASIS_POINTS)
  if (!version || fee === 0) return free
  const freeUntil = start - version.notice_hours * HOUR_MS
  return nodeNow > freeUntil ? { held, fee, refund: held - fee, freeUntil } : { ...free, freeUntil }
}

function agreedStart({ service_start_time, service_end_time }: Cancelled): number | undefined {
  if (service_start_time === null) return undefined
  const start = Date.parse(service_start_time)
  const namesNoHour = service_end_time !== null && Date.parse(service_end_time) - start >= WHOLE_DAY_MS
  return namesNoHour ? undefined : start
}

/** The fee as a command carries it. */
export const feeText = (minor: number): string => (minor / 100).toFixed(2)
