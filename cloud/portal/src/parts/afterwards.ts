// Which orders are paid for after the work: a rule of their region for their kind of work.

import type { Order } from '@holdfast/kit/api.gen.ts'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { paidAfterwards } from '../api/routes.ts'

type Ruled = Pick<Order, 'payment_status' | 'location' | 'service_type'>

/** Answers whether an order's work may begin before it is paid; undefined until that is known. */
export function usePaymentRule(isWanted: () => boolean) {
  const asked = useQuery({ queryKey: ['paid-afterwards'], queryFn: ({ signal }) => paidAfterwards(signal), staleTime: 60_000, enabled: computed(isWanted) })
  return (order: Ruled): boolean | undefined => {
    if (order.payment_status !== 'unpaid') return false
    return asked.data.value?.some(one => one.region === order.location && one.service_types.includes(order.service_type))
  }
}

/** Returns whether the order's work may begin before it is paid; false until that is known. */
export function usePaidAfterwards(order: () => Order | undefined) {
  const isPaidAfterwards = usePaymentRule(() => true)
  return computed(() => {
    const it = order()
    return it !== undefined && isPaidAfterwards(it) === true
  })
}
