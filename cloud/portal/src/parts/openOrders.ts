// All orders of a person that are accepted or in progress. No route lists them by their times, so
// they are read page by page.

import { computed, type MaybeRefOrGetter, watch } from 'vue'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { myOrders } from '../api/routes.ts'
import { session } from '../session.ts'
import { usePaged } from './paging.ts'

/** Of a hundred orders each: more than a customer may have open. */
const PAGES_MAX = 3

export function useOpenOrders(enabled: MaybeRefOrGetter<boolean> = true) {
  const lists = (['accepted', 'in_progress'] as const).map(status => usePaged(
    () => ['orders', 'mine', session.person?.user_id, 'calendar', status],
    (cursor, signal) => myOrders({ status, sort: 'start', ...(cursor ? { cursor } : {}) }, signal),
    enabled,
  ))
  for (const { asked } of lists) {
    watch([asked.hasNextPage, asked.isFetchingNextPage, asked.isError], ([more, busy, failed]) => {
      if (more && !busy && !failed && (asked.data.value?.pages.length ?? 0) < PAGES_MAX) void asked.fetchNextPage()
    }, { immediate: true })
  }
  // Work that begins between two answers is in both.
  const orders = computed(() => [...new Map(lists.flatMap(list => list.items.value).map((order): [string, Order] => [order.id, order])).values()])
  const asked = computed(() => ({
    data: lists.every(list => list.asked.data.value) ? orders.value : undefined,
    error: lists.map(list => list.asked.error.value).find(error => error) ?? null,
    isError: lists.some(list => list.asked.isError.value),
    dataUpdatedAt: Math.min(...lists.map(list => list.asked.dataUpdatedAt.value)),
    refetch: () => Promise.all(lists.map(list => list.asked.refetch())),
  }))
  /** The bound is reached, and there are more. */
  const isCut = computed(() => lists.some(({ asked: list }) => list.hasNextPage.value && (list.data.value?.pages.length ?? 0) >= PAGES_MAX))
  return { asked, orders, isCut }
}
