// The other person of an order: for whom the page asks about them, and their initials and number as the page shows them.

import type { NumberShowingView, Order } from '@holdfast/kit/api.gen.ts'

/** The two people see each other from the acceptance until the completion. */
export function isContactOpen(order: Pick<Order, 'status' | 'customer_id' | 'provider_id'>, reader: string | undefined): boolean {
  const isAtWork = order.status === 'accepted' || order.status === 'in_progress'
  return isAtWork && reader !== undefined && (order.customer_id === reader || order.provider_id === reader)
}

/** Stands where there is no photo: two letters of a name in Latin script, the first sign of any other. */
export function initialsOf(name: string): string {
  const parts = name.trim().split(/\s+/).filter(part => part !== '')
  const firsts = parts.flatMap(part => [...part].slice(0, 1))
  if (!firsts.every(sign => /\p{Script=Latin}/u.test(sign))) return firsts[0] ?? ''
  return [firsts[0], ...(firsts.length > 1 ? [firsts.at(-1)] : [])].join('').toUpperCase()
}

/** The showings of the reader's own number; a former provider's count as well. */
export function ownNumberShowings(showings: readonly NumberShowingView[], reader: string | undefined): { count: number; last: string } | undefined {
  const toOthers = showings.filter(showing => showing.shown_to.user_id !== reader)
  const [newest] = toOthers
  return newest && { count: toOthers.length, last: newest.shown_at }
}
