// Small values that the tests build on.
import type { BoardItem, Code, Problem, Reply } from '@holdfast/kit/api.gen.ts'
import { jobOf, type QueueItem, type TabletCommand } from './item.ts'

export const ME = 'provider-1'

export function order(id: string, change: Partial<BoardItem> = {}): BoardItem {
  return {
    id, code: `N-${id}`, customer_id: 'customer-1', provider_id: null, title: '水龙头漏水', description: '', service_type: 'cleaning_repair',
    price: '180.00', currency: 'CNY', location: 'NORTH', address: '', service_start_time: null, service_end_time: null,
    status: 'pending', payment_status: 'held', version: 2, created_at: '2026-11-21T08:00:00Z', updated_at: '2026-11-21T08:00:00Z', source: 'portal',
    pending: false, ...change,
  }
}

export function item(seq: number, type: TabletCommand['type'], job = 'a', change: Partial<QueueItem> = {}): QueueItem {
  return {
    id: `command-${seq}`, device_seq: seq, tapped_at: 0, body: { type, order_id: job } as TabletCommand, job: jobOf(order(job)),
    leaves_at: 0, state: 'waiting', attempts: 0, next_at: 0, edges: [], ...change,
  }
}

export function stored(seq: number, verdict: 'provisional' | 'firm' = 'provisional'): Reply {
  const command_id = `command-${seq}`
  return { command_id, hop: 'stored', verdict, receipt: { command_id, edge: 'north-1', epoch: 1, seq, hash: '', verdict } }
}

export function decided(seq: number, kind: 'applied' | 'rejected', code?: Code): Reply {
  return { ...stored(seq), hop: 'decided', code, outcome: { kind, code, decided_at: '2026-11-21T09:00:00Z' } }
}

export function notTaken(seq: number, code: Code): Reply {
  return { command_id: `command-${seq}`, hop: 'stored', verdict: 'not_taken', code, message: { en: code, 'zh-CN': code } }
}

/** A call that the edge refused. */
export function refusal(status: number, code: Code): { problem: Problem } {
  return { problem: { type: `urn:holdfast:${code}`, code, title: code, status } }
}
