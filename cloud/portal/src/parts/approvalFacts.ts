// The usual price and the customer's history beside an order that waits for approval, in words.

import { useFormats, useI18n } from '@holdfast/kit'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { allOrders } from '../api/routes.ts'
import { earlierOrders, usualPrice } from '../logic/approvalFacts.ts'
import { minorOf } from './money.ts'
import { useOrderCounts } from './orderCounts.ts'

/** A desk reads many orders of one kind in a row. */
const FRESH_MS = 5 * 60_000

export function useApprovalFacts(current: () => Order | undefined) {
  const { t } = useI18n()
  const formats = useFormats()
  const countWords = useOrderCounts()
  const isShown = computed(() => current() !== undefined)
  const kind = computed(() => ({ region: current()?.location, service_type: current()?.service_type }))
  const customer = computed(() => current()?.customer_id)
  const alike = useQuery({
    queryKey: computed(() => ['orders-alike', kind.value]), queryFn: ({ signal }) => allOrders(kind.value, signal), enabled: isShown, staleTime: FRESH_MS,
  })
  const ofCustomer = useQuery({
    queryKey: computed(() => ['orders-of', customer.value]), queryFn: ({ signal }) => allOrders({ customer_id: customer.value }, signal), enabled: isShown, staleTime: FRESH_MS,
  })

  const price = computed(() => {
    const order = current()
    const usual = order && usualPrice(alike.data.value?.items ?? [], order.currency, minorOf)
    return usual && t('approvalFacts.usual', { low: formats.value.money(usual.low, order.currency), high: formats.value.money(usual.high, order.currency) })
  })
  const history = computed(() => {
    const order = current()
    const read = ofCustomer.data.value
    if (!order || !read) return undefined
    const earlier = earlierOrders(order, read.items)
    if (earlier.length > 0) return countWords(earlier, read.next !== null, 'earlier')
    return read.next === null ? t('approvalFacts.first') : undefined
  })
  return { price, history }
}
