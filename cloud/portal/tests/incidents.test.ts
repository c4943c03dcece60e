import { expect, test } from 'vitest'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { followingId } from '../src/logic/commandIds.ts'
import { draftOfMore, firstOpenStep, idAfter, orderOf } from '../src/logic/draft.ts'
import { canAnswer, canPublishMore, moreWorkOf } from '../src/logic/incidents.ts'
import { step } from './samples.ts'

const ORDER = { provider_id: 'wang', title: 'Fix a tap', service_type: 'cleaning_repair', location: 'NORTH', address: '1 Lake Road', status: 'in_progress' } as Order
const TAPPED = '2026-11-21T10:40:00.000Z'
const MORE = { id: '0193a1c2-0000-7000-8000-000000000801', note: 'The valve is worn.', price: '80.00' }
const report = (id: string, change = {}) => step({
  action: 'report', from: 'in_progress', to: 'in_progress', command_id: id, reason: 'The valve is worn.', incident: { kind: 'more_work', extra_price: '80.00' },
  hops: { tapped_at: TAPPED, edge_at: null, cloud_at: '2026-11-21T11:00:00.000Z' }, ...change,
})
const answer = (incident: string, agreed: boolean) => step({ action: 'answer', actor: { user_id: 'chen', role: 'customer' }, incident_answer: { incident, agreed } })

test('reports of more work wait for the customer until they are answered', () => {
  const steps = [report('a'), report('b'), answer('a', true), report('c'), answer('c', false)]
  expect(moreWorkOf(ORDER, steps).map(each => [each.id, each.agreed])).toEqual([['a', true], ['b', undefined], ['c', false]])
  expect(moreWorkOf(ORDER, steps)[1]).toMatchObject({ note: 'The valve is worn.', price: '80.00', tappedAt: TAPPED })
})

test('a report that does not count asks nothing', () => {
  const refused = report('a', { code: 'too_many_incidents' })
  const late = report('b', { incident: { kind: 'running_late' } })
  const former = report('c', { actor: { user_id: 'zhou', role: 'provider' } })
  expect(moreWorkOf(ORDER, [refused, late, former, step()])).toEqual([])
})

test('more work is answered until the review, and published until its order is cancelled', () => {
  const all = ['pending_review', 'pending', 'accepted', 'in_progress', 'completed', 'reviewed', 'cancelled', 'rejected'] as const
  const atWork = ['accepted', 'in_progress', 'completed']
  expect(all.filter(status => canAnswer({ status }))).toEqual(atWork)
  expect(all.filter(status => canPublishMore({ status }))).toEqual([...atWork, 'reviewed'])
})

test('the order of agreed work is written down but for its time', () => {
  const draft = draftOfMore(ORDER, MORE, 'More work: Fix a tap')
  expect(firstOpenStep(draft, 0)).toBe(3)
  expect(orderOf(draft)).toMatchObject({ title: 'More work: Fix a tap', description: 'The valve is worn.', price: '80.00', service_type: 'cleaning_repair', location: 'NORTH', address: '1 Lake Road' })
})

test('a report leads to one order, however often its draft is made', () => {
  const { commandId } = draftOfMore(ORDER, MORE, 'More work')
  expect(commandId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(draftOfMore(ORDER, { ...MORE, price: '90.00' }, 'Other words').commandId).toBe(commandId)
  expect(draftOfMore(ORDER, { ...MORE, id: MORE.id.replace('801', '802') }, 'More work').commandId).not.toBe(commandId)
})

test('a draft keeps its id until a refusal is kept under it, and every device finds the next id', () => {
  const draft = draftOfMore(ORDER, MORE, 'More work')
  for (const passing of ['unreachable', 'unavailable', 'invalid_input']) expect(idAfter(draft, passing)).toBe(draft.commandId)
  for (const kept of ['command_id_reused', 'too_many_open_orders']) expect(idAfter(draft, kept)).toBe(followingId(draft.commandId))
})
