// What an order waits for from its customer or its provider, as far as a list of orders tells it.

import type { InboxItem, Order, Role, TimelineEntry } from '@holdfast/kit/api.gen.ts'
import { canAnswer, moreWorkOf } from './incidents.ts'

/** The most urgent first. */
export const DUTIES = ['answer', 'time', 'complete', 'start', 'pay', 'review'] as const
export type Duty = (typeof DUTIES)[number]

export interface DutyFacts {
  /** The last moment of the reader's day. */
  endOfToday: number
  /** Undefined until it is known. */
  isPaidAfterwards: (order: Order) => boolean | undefined
  /** Orders with a report of more work that its customer has not answered. */
  unanswered: ReadonlySet<string>
  /** Orders for which the other person proposes another time. */
  untimed: ReadonlySet<string>
}

export interface OwnDuty { order: Order; duty: Duty }

const isBefore = (order: Order) => order.status === 'accepted' || order.status === 'in_progress'
const isDone = (order: Order) => order.status === 'completed' || order.status === 'reviewed'
/** Whether work may begin unpaid matters to these alone. */
export const needsPaymentRule = (order: Order) => order.payment_status === 'unpaid' && isBefore(order)

function dutyOfCustomer(order: Order, { isPaidAfterwards, unanswered, untimed }: DutyFacts): Duty | undefined {
  if (unanswered.has(order.id) && canAnswer(order)) return 'answer'
  if (untimed.has(order.id) && order.status === 'accepted') return 'time'
  if (order.payment_status === 'unpaid') return isDone(order) || (isBefore(order) && isPaidAfterwards(order) === false) ? 'pay' : undefined
  return order.status === 'completed' ? 'review' : undefined
}

/** A job without a time, or of another day, can wait. */
function dutyOfProvider(order: Order, { endOfToday, isPaidAfterwards, untimed }: DutyFacts): Duty | undefined {
  if (untimed.has(order.id) && order.status === 'accepted') return 'time'
  if (order.status === 'in_progress') return 'complete'
  if (order.status !== 'accepted' || !order.service_start_time || Date.parse(order.service_start_time) > endOfToday) return undefined
  const mayStart = order.payment_status === 'held' || (order.payment_status === 'unpaid' && isPaidAfterwards(order) === true)
  return mayStart ? 'start' : undefined
}

/** At most one for each order, the most urgent first. */
export function dutiesOf(role: Role, orders: readonly Order[], facts: DutyFacts): OwnDuty[] {
  const duties = orders.flatMap(order => {
    const duty = role === 'customer' ? dutyOfCustomer(order, facts) : role === 'provider' ? dutyOfProvider(order, facts) : undefined
    return duty ? [{ order, duty }] : []
  })
  return duties.sort((a, b) => DUTIES.indexOf(a.duty) - DUTIES.indexOf(b.duty))
}

/** The orders with a report that may still be answered. Their histories tell whether it was. */
export function reportedOrders(orders: readonly Order[], inbox: readonly InboxItem[], most: number): Order[] {
  const reported = new Set(inbox.filter(line => line.type === 'order.incident_reported').map(line => line.order_id))
  return orders.filter(order => canAnswer(order) && reported.has(order.id)).slice(0, most)
}

/** The orders for which another time was proposed that may still stand. */
export function proposedOrders(orders: readonly Order[], inbox: readonly InboxItem[], most: number): Order[] {
  const proposed = new Set(inbox.filter(line => line.type === 'order.time_proposed').map(line => line.order_id))
  return orders.filter(order => order.status === 'accepted' && proposed.has(order.id)).slice(0, most)
}

export function isUnanswered(order: Order, steps: readonly TimelineEntry[]): boolean {
  return moreWorkOf(order, steps).some(({ agreed }) => agreed === undefined)
}

/** The last moment of the day in the reader's time. */
export function endOfDay(now: number): number {
  const day = new Date(now)
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime() - 1
}
