// The orders of a series, and the acts on several of them: one after another, each with its own answer.

import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref } from 'vue'
import type { Order, SeriesItem } from '@holdfast/kit/api.gen.ts'
import { newCommandId } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { act, cancelSeries, seriesOf } from '../api/routes.ts'
import { isWaiting } from './commands.ts'

/** What came out for one of them. `waits`: its region's node decides; `code` says why it was refused. */
export interface SeriesOutcome { number: number; orderId: string; what: 'done' | 'waits' | 'refused'; code?: string | undefined }

export function useSeries(order: () => Pick<Order, 'id'>) {
  const client = useQueryClient()
  const busy = ref(false)
  const problem = ref<unknown>()
  const outcomes = ref<SeriesOutcome[]>([])
  // Below the orders, so that news of one of them reads it again.
  const asked = useQuery({ queryKey: computed(() => ['orders', 'series', order().id]), queryFn: ({ signal }) => seriesOf(order().id, signal) })
  const acceptIds = new Map<string, string>()
  let cancelId = newCommandId()

  async function run(work: () => Promise<void>): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = undefined
    outcomes.value = []
    try {
      await work()
    } catch (error) {
      problem.value = error
    } finally {
      busy.value = false
      for (const queryKey of [['orders'], ['order'], ['timeline']]) void client.invalidateQueries({ queryKey })
    }
  }

  /** A refusal of one leaves the others; without an answer it stops there. */
  const accept = (items: readonly SeriesItem[]) => run(async () => {
    for (const { number, order_id: orderId } of items) {
      const commandId = acceptIds.get(orderId) ?? newCommandId()
      acceptIds.set(orderId, commandId)
      try {
        const reply = await act(orderId, 'accept', commandId)
        outcomes.value.push({ number, orderId, what: isWaiting(reply) ? 'waits' : 'done' })
        // The same id asks for the decision later.
        if (isWaiting(reply)) continue
      } catch (error) {
        if (!(error instanceof Problem) || error.passes) throw error
        outcomes.value.push({ number, orderId, what: 'refused', code: error.code })
      }
      acceptIds.delete(orderId)
    }
  })

  const cancelRest = (reason?: string) => run(async () => {
    try {
      const items = await cancelSeries(order().id, cancelId, reason)
      outcomes.value = items.map(({ number, order_id: orderId, refused }) => ({ number, orderId, what: refused === undefined ? 'done' : 'refused', code: refused }))
      cancelId = newCommandId()
    } catch (error) {
      if (!(error instanceof Problem && error.passes)) cancelId = newCommandId()
      throw error
    }
  })

  return { asked, busy, problem, outcomes, accept, cancelRest }
}
