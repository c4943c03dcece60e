// How an open job fits its reader: their own jobs, their hours, their areas and kinds of work.

import type { Order } from '@holdfast/kit/api.gen.ts'
import { overlapping } from '@holdfast/kit/bookings.ts'
import { computed } from 'vue'
import { isWithinHours } from '../logic/calendar.ts'
import { isOffered } from '../logic/profile.ts'
import { role } from '../session.ts'
import { useOpenOrders } from './openOrders.ts'
import { useOwnProvider } from './verification.ts'

export interface Fit {
  /** Their own jobs at its hours, with which they cannot have it. */
  others: Order[]
  isOutside: boolean
  /** It is in an area and of a kind that they offer. */
  isOffered: boolean
}

export function useFit() {
  const provider = useOwnProvider()
  const { orders } = useOpenOrders(computed(() => role.value === 'provider'))

  function fitOf(order: Order): Fit {
    const own = provider.value
    return { others: overlapping(order, orders.value), isOutside: own !== undefined && !isWithinHours(order, own), isOffered: own === undefined || isOffered(order, own) }
  }

  return { fitOf, provider }
}
