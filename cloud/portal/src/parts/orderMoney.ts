// The money of one order: payments, requests for refunds, and what was booked.

import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type MaybeRefOrGetter, toValue } from 'vue'
import { orderStatement, payments, refundRequests } from '../api/routes.ts'
import { role } from '../session.ts'

/** A provider reads the statement alone: payments are the customer's. */
export function useOrderMoney(order: MaybeRefOrGetter<string>, isAsked: MaybeRefOrGetter<boolean> = true) {
  const client = useQueryClient()
  const id = computed(() => toValue(order))
  const isPayers = computed(() => toValue(isAsked) && role.value !== 'provider')
  const paid = useQuery({ queryKey: computed(() => ['money', id.value, 'payments']), queryFn: ({ signal }) => payments(id.value, signal), enabled: isPayers })
  const asked = useQuery({ queryKey: computed(() => ['money', id.value, 'refunds']), queryFn: ({ signal }) => refundRequests(id.value, signal), enabled: isPayers })
  const lines = useQuery({ queryKey: computed(() => ['money', id.value, 'statement']), queryFn: ({ signal }) => orderStatement(id.value, signal), enabled: computed(() => toValue(isAsked)) })

  const all = computed(() => [lines, ...(isPayers.value ? [paid, asked] : [])])
  return {
    payments: computed(() => paid.data.value ?? []),
    requests: computed(() => asked.data.value ?? []),
    lines: computed(() => lines.data.value ?? []),
    /** As one answer, for `Loaded`. */
    asked: computed(() => ({
      data: all.value.every(one => one.data.value !== undefined) || undefined,
      error: all.value.find(one => one.isError.value)?.error.value,
      isError: all.value.some(one => one.isError.value),
      dataUpdatedAt: Math.min(...all.value.map(one => one.dataUpdatedAt.value)),
      refetch: () => client.invalidateQueries({ queryKey: ['money', id.value] }),
    })),
    /** The payments as they stand now. */
    fetchPayments: () => client.fetchQuery({ queryKey: ['money', id.value, 'payments'], queryFn: ({ signal }) => payments(id.value, signal), staleTime: 0 }),
    /** Everything about the order, which a movement of money changes. */
    refresh: async () => {
      const keys = [['money', id.value], ['order', id.value], ['timeline', id.value], ['orders']]
      await Promise.all(keys.map(queryKey => client.invalidateQueries({ queryKey })))
    },
  }
}

export type OrderMoney = ReturnType<typeof useOrderMoney>
