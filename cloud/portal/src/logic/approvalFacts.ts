// What an admin weighs beside an order that waits: the usual price of such orders, and the customer's earlier ones.

import type { Order, OrderStatus } from '@holdfast/kit/api.gen.ts'

/** The prices of fewer orders tell nothing. */
const PRICES_MIN = 5
/** An admin may never have approved these. */
const UNAPPROVED: readonly OrderStatus[] = ['pending_review', 'rejected', 'cancelled']

export interface PriceRange { low: number; high: number }

/** The middle half of the prices of such orders that an admin has approved. */
export function usualPrice(orders: readonly Pick<Order, 'status' | 'price' | 'currency'>[], currency: string, minorOf: (price: string) => number): PriceRange | undefined {
  const prices = orders
    .filter(order => order.currency === currency && !UNAPPROVED.includes(order.status))
    .map(order => minorOf(order.price))
    .sort((a, b) => a - b)
  if (prices.length < PRICES_MIN) return undefined
  const at = (part: number) => prices[Math.round(part * (prices.length - 1))] ?? 0
  return { low: at(0.25), high: at(0.75) }
}

export const ENDS = ['done', 'cancelled', 'rejected'] as const
export type End = (typeof ENDS)[number]

const END_OF: Readonly<Partial<Record<OrderStatus, End>>> = { completed: 'done', reviewed: 'done', cancelled: 'cancelled', rejected: 'rejected' }

/** How many of the orders have ended in each way. */
export function countEnds(orders: readonly Pick<Order, 'status'>[]): Record<End, number> {
  const ended = { done: 0, cancelled: 0, rejected: 0 }
  for (const { status } of orders) {
    const end = END_OF[status]
    if (end) ended[end] += 1
  }
  return ended
}

/** Those of the customer's orders that were published before this one. */
export function earlierOrders<O extends Pick<Order, 'id' | 'created_at'>>(order: Pick<Order, 'id' | 'created_at'>, orders: readonly O[]): O[] {
  return orders.filter(one => one.id !== order.id && one.created_at <= order.created_at)
}
