// What an admin's overview says of the lists that it reads: how much waits and since when, and what
// today's jobs are worth.

import type { Order } from '@holdfast/kit/api.gen.ts'
import { minorOf } from '../parts/money.ts'

export interface Pile {
  count: number
  /** There are more than the page that was read. */
  isMore: boolean
  /** Since when the first of them has waited; absent where no route tells. */
  since: string | undefined
}

interface Page<T> { items: readonly T[]; next?: string | null | undefined }

export function pileOf<T>({ items, next }: Page<T>, sinceOf: (item: T) => string | undefined): Pile {
  const times = items.map(sinceOf).filter(time => time !== undefined)
  return { count: items.length, isMore: Boolean(next), since: times.toSorted()[0] }
}

interface Waiting { pile: Pile; late: number }

/** Late ones first, then the longest wait, and last those of which no one knows how long. */
export function inOrder<T extends Waiting>(desks: readonly T[]): T[] {
  return desks.toSorted((a, b) => Number(b.late > 0) - Number(a.late > 0) || compare(timeOf(a), timeOf(b)))
}

const timeOf = ({ pile }: Waiting) => (pile.since === undefined ? Infinity : Date.parse(pile.since))
const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1)

/** The kinds by how many there are, the most first. */
export function kindsOf(kinds: readonly string[]): [kind: string, count: number][] {
  const counts = new Map<string, number>()
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return [...counts].sort(([a, n], [b, m]) => m - n || a.localeCompare(b))
}

export interface Sum { currency: string; minor: number }

/** One sum for each currency, the largest first. */
export function sumsOf(amounts: readonly { amount: string; currency: string }[]): Sum[] {
  const sums = new Map<string, number>()
  for (const { amount, currency } of amounts) sums.set(currency, (sums.get(currency) ?? 0) + minorOf(amount))
  return [...sums].map(([currency, minor]) => ({ currency, minor })).sort((a, b) => b.minor - a.minor)
}

const PAID: readonly Order['payment_status'][] = ['held', 'paid', 'partially_refunded']

/** Orders that a customer has paid and whose money has not all gone back. */
export function paidOf<T extends Pick<Order, 'payment_status'>>(orders: readonly T[]): T[] {
  return orders.filter(order => PAID.includes(order.payment_status))
}

const HOUR_MS = 3_600_000

export interface Hour { from: number; count: number; isNow: boolean }

/**
 * How many were published in each hour since `start`. A list that is not whole holds the newest
 * ones: of the hour in which it begins some are missing, so its hours begin with the next one.
 */
export function hoursOf(published: readonly string[], start: number, now: number, isWhole: boolean): Hour[] {
  const times = published.map(time => Date.parse(time))
  const hourOf = (time: number) => Math.floor((time - start) / HOUR_MS)
  const current = hourOf(now)
  const first = isWhole ? 0 : hourOf(Math.min(...times)) + 1
  return Array.from({ length: Math.max(0, current - first + 1) }, (_, n) => {
    const hour = first + n
    return { from: start + hour * HOUR_MS, count: times.filter(time => hourOf(time) === hour).length, isNow: hour === current }
  })
}

/** The moment at which the day began here. */
export function startOfToday(now: number): number {
  return new Date(now).setHours(0, 0, 0, 0)
}
