import { expect, it } from 'vitest'
import { due, nextDue } from './due.ts'
import { pauseMs } from './pace.ts'
import { item } from './samples.ts'

const ids = (items: { device_seq: number }[]) => items.map((each) => each.device_seq)

it('sends in the order of the taps, and of one job one command at a time', () => {
  const items = [item(3, 'accept_order', 'b'), item(1, 'accept_order', 'a'), item(2, 'start_order', 'a')]
  expect(ids(due(items, 10))).toEqual([1, 3])
  expect(ids(due([{ ...items[1]!, state: 'stored' }, items[2]!], 10))).toEqual([2])
})

it('keeps a start for ten seconds, and what follows it on the same job behind it', () => {
  const items = [item(1, 'start_order', 'a', { leaves_at: 10_000 }), item(2, 'complete_order', 'a', { leaves_at: 5_000 }), item(3, 'accept_order', 'b')]
  expect(ids(due(items, 9_999))).toEqual([3])
  expect(ids(due(items, 10_000))).toEqual([1])
  expect(nextDue(items.slice(0, 2), 9_999)).toBe(10_000)
})

it('holds nothing up for a command that came to nothing', () => {
  const items = [item(1, 'complete_order', 'a', { state: 'refused' }), item(2, 'accept_order', 'b')]
  expect(ids(due(items, 0))).toEqual([2])
  expect(nextDue([items[0]!], 0)).toBeUndefined()
})

it('takes a job only after the ends of jobs before it, unless those can still be undone', () => {
  const items = [item(1, 'accept_order', 'a'), item(2, 'complete_order', 'a', { leaves_at: 10 }), item(3, 'accept_order', 'b'), item(4, 'start_order', 'c')]
  expect(ids(due(items, 9))).toEqual([1, 3, 4])
  expect(ids(due(items, 10))).toEqual([1, 4])
  expect(ids(due(items.slice(2), 10))).toEqual([3, 4])
})

it('tries again ever more rarely, at least twice a minute', () => {
  const pauses = [1, 2, 3, 10, 100].map((attempts) => pauseMs(attempts, 1))
  expect(pauses).toEqual([1_500, 3_000, 6_000, 30_000, 30_000])
  expect(pauseMs(1, 0)).toBeLessThan(pauseMs(1, 1))
})
