// The orders of a series, and the acts on several of them: one after another, each with its own answer.

import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref } from 'vue'
import type { Order, SeriesItem } from '@holdfast/kit/api.gen.ts'
import { newCommandId } from '../api/client.ts'
import { Problem } from '../api/problem.ts'
import { act, cancelSeries, seriesOf } from '../api/routes.ts'
import { toldOf } from '../logic/series.ts'
import { isWaiting } from './commands.ts'
import { useSending } from './sending.ts'

/** What was asked for several of them. */
export type SeriesAct = 'accepted' | 'cancelled'

/** What came out for one of them. `waits`: its region's node decides; `code` says why it was refused. */
export interface SeriesOutcome { number: number; orderId: string; what: 'done' | 'waits' | 'refused'; code?: string | undefined }

export function useSeries(order: () => Pick<Order, 'id'>) {
  const client = useQueryClient()
  const { busy, problem, attempt } = useSending()
  const outcomes = ref<SeriesOutcome[]>([])
  /** What the outcomes are of. */
  const outcomeOf = ref<SeriesAct>('accepted')
  // Below the orders, so that news of one of them reads it again.
  const asked = useQuery({ queryKey: computed(() => ['orders', 'series', order().id]), queryFn: ({ signal }) => seriesOf(order().id, signal) })
  const acceptIds = new Map<string, string>()
  let cancelSent: { id: string; what: string } | undefined

  async function run(what: SeriesAct, work: () => Promise<void>): Promise<void> {
    if (busy.value) return
    outcomes.value = []
    outcomeOf.value = what
    await attempt(work)
    for (const queryKey of [['orders'], ['order'], ['timeline']]) void client.invalidateQueries({ queryKey })
  }

  /** A refusal of one leaves the others; without an answer it stops there. */
  const accept = (items: readonly SeriesItem[]) => run('accepted', async () => {
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

  /** `open` are those that could be cancelled when it was asked. */
  const cancelRest = (open: readonly SeriesItem[], reason?: string) => run('cancelled', async () => {
    const what = JSON.stringify([order().id, reason])
    // Other words under the same id would be refused.
    if (cancelSent?.what !== what) cancelSent = { id: newCommandId(), what }
    try {
      const items = await cancelSeries(order().id, cancelSent.id, reason)
      outcomes.value = toldOf(items, new Set(open.map(item => item.order_id))).map(({ number, order_id: orderId, refused }) => ({ number, orderId, what: refused === undefined ? 'done' : 'refused', code: refused }))
      cancelSent = undefined
    } catch (error) {
      if (!(error instanceof Problem && error.passes)) cancelSent = undefined
      throw error
    }
  })

  return { asked, busy, problem, outcomes, outcomeOf, accept, cancelRest }
}
