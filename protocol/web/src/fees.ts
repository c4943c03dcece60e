// What a provider gets for an order: its price less the platform's fee, by the versions of the fee
// that the surface knows.
import type { Order, PlatformFees } from '@holdfast/kit/api.gen.ts'

export type Net = {
  minor: number
  fee: number
  /** Another version may still be set for so new an order, of which the surface has not heard. */
  mayChange: boolean
}

const WHOLE_BASIS_POINTS = 10_000
/** After a refund the provider gets another amount. */
const LESS_THAN_ITS_PRICE = new Set<Order['payment_status']>(['refunded', 'partially_refunded'])

/**
 * As the payment service computes it (`custody/src/fees.rs`): the version of the order's creation
 * counts, and the fee is rounded down. `price` is in minor units. Absent where no version is known,
 * as before a node's first connection, or at a node of an earlier version.
 */
export function netOf(price: number, order: Pick<Order, 'created_at' | 'status' | 'payment_status'>, fees: PlatformFees | null | undefined): Net | undefined {
  const created = Date.parse(order.created_at)
  const version = fees?.versions.find(({ from }) => Date.parse(from) <= created)
  const isOff = order.status === 'cancelled' || order.status === 'rejected' || LESS_THAN_ITS_PRICE.has(order.payment_status)
  if (!fees || !version || isOff) return undefined
  const fee = Math.floor((price * version.basis_points) / WHOLE_BASIS_POINTS)
  return { minor: price - fee, fee, mayChange: created >= Date.parse(fees.complete_until) }
}
