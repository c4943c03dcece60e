// The reports of more work in an order's history, and their answers.

import type { Order, TimelineEntry } from '@holdfast/kit/api.gen.ts'

export interface MoreWork {
  /** The command of the report. */
  id: string
  note: string | undefined
  price: string
  tappedAt: string | null
  /** Absent until the customer has answered. */
  agreed: boolean | undefined
}

/** Those of the order's present provider, oldest first. */
export function moreWorkOf(order: Pick<Order, 'provider_id'>, steps: readonly TimelineEntry[]): MoreWork[] {
  const counted = steps.filter(step => step.code === null)
  return counted.flatMap(step => {
    const price = step.incident?.kind === 'more_work' ? step.incident.extra_price : undefined
    if (price === undefined || step.actor.user_id !== order.provider_id) return []
    const answer = counted.find(one => one.incident_answer?.incident === step.command_id)
    return [{ id: step.command_id, note: step.reason ?? undefined, price, tappedAt: step.hops.tapped_at ?? step.hops.cloud_at, agreed: answer?.incident_answer?.agreed }]
  })
}

/** The customer may still agree to more work, or not. A review closes the order. */
export function canAnswer(order: Pick<Order, 'status'>): boolean {
  return order.status === 'accepted' || order.status === 'in_progress' || order.status === 'completed'
}

/** Agreed work may still be published. */
export function canPublishMore(order: Pick<Order, 'status'>): boolean {
  return canAnswer(order) || order.status === 'reviewed'
}
