// Reasons to look at an order twice before approving it: facts that the order itself shows, nothing guessed.

import type { Order } from '@holdfast/kit/api.gen.ts'

/** An order as lists have it. */
type Listed = Order & { series?: { id: string } }

export type Doubt = 'over' | 'soon' | 'expired' | 'twice' | 'care' | 'wordless' | 'contact'

/** In minor units. */
const OVER_MINOR = 200_000
const SOON_MS = 2 * 3_600_000

/** The gravest first. `queue` are the orders that wait beside it. */
export function doubtsOf(order: Listed, queue: readonly Listed[], now: number): Doubt[] {
  const start = order.service_start_time ? Date.parse(order.service_start_time) : undefined
  const end = order.service_end_time ? Date.parse(order.service_end_time) : start
  const twin = queue.some(other => other.id !== order.id && other.customer_id === order.customer_id && !inOneSeries(order, other) && same(other.title, order.title) && other.location === order.location)
  const found: [Doubt, boolean][] = [
    ['expired', end !== undefined && end < now],
    ['contact', hasContact(`${order.title}\n${order.description}`)],
    ['twice', twin],
    ['over', Math.round(Number(order.price) * 100) > OVER_MINOR],
    ['care', order.service_type === 'life_health'],
    ['soon', start !== undefined && start >= now && start - now < SOON_MS],
    ['wordless', order.description.trim().length < 4],
  ]
  return found.filter(([, is]) => is).map(([doubt]) => doubt)
}

/** Telephone numbers and addresses belong where only the job's provider sees them. */
function hasContact(text: string): boolean {
  return /(?<!\d)1[3-9]\d{9}(?!\d)/.test(text.replaceAll(/[\s-]/g, '')) || /\S+@\S+\.\w{2,}/.test(text) || /https?:\/\//i.test(text)
}

/** Its dates are alike by intent. */
function inOneSeries(a: Listed, b: Listed): boolean {
  return a.series?.id !== undefined && a.series.id === b.series?.id
}

function same(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase()
}
