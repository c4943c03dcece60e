// Approvals and rejections on their way. They are held back for ten seconds, also when the admin goes on to another page.

import type { QueryClient } from '@tanstack/vue-query'
import { reactive, readonly } from 'vue'
import { newCommandId } from './api/client.ts'
import { Problem } from './api/problem.ts'
import { act } from './api/routes.ts'
import { Holding } from './logic/holding.ts'

export interface ReviewDecision { orderId: string; code: string; action: 'approve' | 'reject'; reason?: string; commandId: string }
export interface FailedDecision { decision: ReviewDecision; error: unknown }

interface State {
  /** The orders that are decided here and not yet at Holdfast. */
  away: ReadonlySet<string>
  /** The newest batch that can be undone. */
  newest: { action: ReviewDecision['action']; count: number; due: number } | undefined
  failed: readonly FailedDecision[]
  /** How many were decided in this visit. */
  sent: number
}

const state = reactive<State>({ away: new Set(), newest: undefined, failed: [], sent: 0 })
export const decisions = readonly(state)

let client: QueryClient | undefined
const underWay = new Set<string>()

const holding = new Holding<ReviewDecision>({
  now: () => Date.now(),
  later: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  changed: tell,
  send,
})

export function useClient(queryClient: QueryClient): void {
  client = queryClient
}

export function decide(orders: readonly { id: string; code: string }[], action: ReviewDecision['action'], reason?: string): void {
  const fresh = orders.filter(order => !underWay.has(order.id))
  for (const order of fresh) underWay.add(order.id)
  holding.hold(fresh.map(order => ({ orderId: order.id, code: order.code, action, commandId: newCommandId(), ...(reason ? { reason } : {}) })))
}

/** Takes the newest decision back and returns its orders. */
export function undo(): string[] {
  const batch = holding.undo() ?? []
  for (const decision of batch) underWay.delete(decision.orderId)
  tell()
  return batch.map(decision => decision.orderId)
}

export function dismissFailures(): void {
  state.failed = []
}

/** A page that goes takes nothing back: it sends its decisions. */
addEventListener('pagehide', () => void settle())

/** Sends all held decisions now: their person signs out. */
export function settle(): Promise<void> {
  return holding.leave()
}

/** The session ended under the person's hands. Nobody else may send their decisions. */
export function abandon(error: unknown): void {
  const dropped = holding.drop()
  for (const decision of dropped) underWay.delete(decision.orderId)
  state.failed = [...state.failed, ...dropped.map(decision => ({ decision, error }))]
  tell()
}

async function send(decision: ReviewDecision, leaving: boolean): Promise<void> {
  try {
    await patiently(() => act(decision.orderId, decision.action, decision.commandId, decision.reason, leaving))
    state.sent += 1
  } catch (error) {
    state.failed = [...state.failed, { decision, error }]
  }
  await client?.invalidateQueries({ queryKey: ['orders'] })
  underWay.delete(decision.orderId)
  tell()
}

/** Waits as long as the gateway asks where it was asked too often. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await run()
    } catch (error) {
      const after = error instanceof Problem && error.status === 429 ? error.retryAfterS ?? 5 : undefined
      if (after === undefined || tries >= 5) throw error
      await new Promise(resolve => { setTimeout(resolve, after * 1000) })
    }
  }
}

function tell(): void {
  const newest = holding.held.at(-1)
  const first = newest?.items[0]
  state.newest = newest && first ? { action: first.action, count: newest.items.length, due: newest.due } : undefined
  state.away = new Set(underWay)
}
