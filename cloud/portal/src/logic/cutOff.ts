// An order in a region that is cut off may have come further there than the cloud knows.

import type { Order, OrderStatus, RegionLink } from '@holdfast/kit/api.gen.ts'

/** What may have happened at a node of the region meanwhile, by the end of its key. */
export type Unheard = 'approved' | 'requested' | 'begun' | 'completed'

const NEXT: Readonly<Partial<Record<OrderStatus, Unheard>>> = {
  pending_review: 'approved', pending: 'requested', accepted: 'begun', in_progress: 'completed',
}

export interface CutOff { may: Unheard; since: number | undefined }

/** Absent where the region is linked, or where nothing can follow at a node. */
export function cutOffOf(order: Pick<Order, 'status' | 'location'>, links: readonly RegionLink[]): CutOff | undefined {
  const may = NEXT[order.status]
  const link = links.find(one => one.region === order.location)
  if (!may || !link?.is_cut_off) return undefined
  return { may, since: link.cut_off_since ? Date.parse(link.cut_off_since) : undefined }
}
