// Which orders are paid for after the work: a rule of their region for their kind of work.

import type { Order } from '@holdfast/kit/api.gen.ts'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { paidAfterwards } from '../api/routes.ts'

/** Returns whether the order's work may begin before it is paid; false until that is known. */
export function usePaidAfterwards(order: () => Order | undefined) {
  const asked = useQuery({ queryKey: ['paid-afterwards'], queryFn: ({ signal }) => paidAfterwards(signal), staleTime: 60_000 })
  return computed(() => {
    const it = order()
    if (it?.payment_status !== 'unpaid') return false
    return (asked.data.value ?? []).some(one => one.region === it.location && one.service_types.includes(it.service_type))
  })
}
