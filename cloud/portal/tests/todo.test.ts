import type { InboxItem, Order } from '@holdfast/kit/api.gen.ts'
import { expect, it } from 'vitest'
import { dutiesOf, type DutyFacts, endOfDay, isUnanswered, needsPaymentRule, proposedOrders, reportedOrders } from '../src/logic/todo.ts'
import { order } from './archiveSamples.ts'
import { step } from './samples.ts'

const NOW = new Date(2026, 10, 21, 10).getTime()
const facts = (change: Partial<DutyFacts> = {}): DutyFacts => ({ endOfToday: endOfDay(NOW), isPaidAfterwards: () => false, unanswered: new Set(), untimed: new Set(), ...change })
const dutyOf = (role: 'customer' | 'provider', change: Partial<Order>, more?: Partial<DutyFacts>) => dutiesOf(role, [order(1, change)], facts(more))[0]?.duty
const unpaid = { payment_status: 'unpaid' } as const
const startsAt = (...[day, hour]: [number, number]) => ({ service_start_time: new Date(2026, 10, day, hour).toISOString() })

it('a customer pays what a provider has, and finished work', () => {
  for (const status of ['accepted', 'in_progress', 'completed', 'reviewed'] as const) expect(dutyOf('customer', { ...unpaid, status })).toBe('pay')
  for (const status of ['pending_review', 'pending', 'cancelled', 'rejected'] as const) expect(dutyOf('customer', { ...unpaid, status })).toBeUndefined()
  expect(dutyOf('customer', { status: 'accepted', payment_status: 'held' })).toBeUndefined()
})

it('work that may begin unpaid is paid once it is complete', () => {
  for (const status of ['accepted', 'in_progress'] as const) expect(dutyOf('customer', { ...unpaid, status }, { isPaidAfterwards: () => true })).toBeUndefined()
  expect(dutyOf('customer', { ...unpaid, status: 'completed' }, { isPaidAfterwards: () => true })).toBe('pay')
})

it('nothing is said before the rule of payment is known', () => {
  const unknown = { isPaidAfterwards: () => undefined }
  expect(dutyOf('customer', { ...unpaid, status: 'accepted' }, unknown)).toBeUndefined()
  expect(dutyOf('provider', { ...unpaid, status: 'accepted', ...startsAt(21, 14) }, unknown)).toBeUndefined()
  expect(needsPaymentRule(order(1, { ...unpaid, status: 'accepted' }))).toBe(true)
  expect(needsPaymentRule(order(1, { ...unpaid, status: 'completed' }))).toBe(false)
  expect(needsPaymentRule(order(1, { status: 'accepted' }))).toBe(false)
})

it('a customer reviews finished work that is paid, once', () => {
  expect(dutyOf('customer', { status: 'completed', payment_status: 'held' })).toBe('review')
  expect(dutyOf('customer', { status: 'completed', payment_status: 'paid' })).toBe('review')
  expect(dutyOf('customer', { status: 'reviewed', payment_status: 'paid' })).toBeUndefined()
})

it('more work is answered first, while it can be', () => {
  const unanswered = new Set(['order-1'])
  expect(dutyOf('customer', { ...unpaid, status: 'accepted' }, { unanswered })).toBe('answer')
  expect(dutyOf('customer', { status: 'reviewed' }, { unanswered })).toBeUndefined()
  expect(dutyOf('provider', { status: 'accepted' }, { unanswered })).toBeUndefined()
})

it('a proposed time is answered by either, while the order is accepted', () => {
  const untimed = new Set(['order-1'])
  for (const role of ['customer', 'provider'] as const) {
    expect(dutyOf(role, { ...unpaid, status: 'accepted' }, { untimed })).toBe('time')
    expect(dutyOf(role, { status: 'in_progress', payment_status: 'held' }, { untimed })).not.toBe('time')
  }
  expect(dutyOf('customer', { status: 'accepted' }, { untimed, unanswered: untimed })).toBe('answer')
})

it('a provider starts what is for today or late, and may start', () => {
  for (const [day, hour] of [[21, 23], [21, 0], [19, 9]] as const) expect(dutyOf('provider', { status: 'accepted', ...startsAt(day, hour) })).toBe('start')
  expect(dutyOf('provider', { status: 'accepted', ...startsAt(22, 0) })).toBeUndefined()
  expect(dutyOf('provider', { status: 'accepted', service_start_time: null })).toBeUndefined()
  expect(dutyOf('provider', { ...unpaid, status: 'accepted', ...startsAt(21, 14) })).toBeUndefined()
  expect(dutyOf('provider', { ...unpaid, status: 'accepted', ...startsAt(21, 14) }, { isPaidAfterwards: () => true })).toBe('start')
  expect(dutyOf('provider', { status: 'accepted', payment_status: 'refunded', ...startsAt(21, 14) })).toBeUndefined()
})

it('a provider completes what has begun, and does nothing for what is over', () => {
  expect(dutyOf('provider', { status: 'in_progress' })).toBe('complete')
  for (const status of ['completed', 'reviewed', 'cancelled'] as const) expect(dutyOf('provider', { status })).toBeUndefined()
})

it('the most urgent stands first, and an administrator has none', () => {
  const orders = [order(1, { status: 'completed' }), order(2, { ...unpaid, status: 'completed' }), order(3)]
  expect(dutiesOf('customer', orders, facts({ unanswered: new Set(['order-3']) })).map(({ duty }) => duty)).toEqual(['answer', 'pay', 'review'])
  expect(dutiesOf('admin', orders, facts())).toEqual([])
})

const line = (order_id: string, type: InboxItem['type']): InboxItem => (
  { id: order_id, event_id: 'e', type, kind: null, order_id, location: null, alarm: null, counterpart: null, title: '', content: '', match_reasons: [], is_read: true, created_at: '2026-11-21T10:00:00.000Z' })

it('the histories to read are those of a report that can be answered, and so many', () => {
  const orders = [order(1), order(2, { status: 'reviewed' }), order(3), order(4)]
  const inbox = [line('order-1', 'order.incident_reported'), line('order-2', 'order.incident_reported'), line('order-3', 'order.accepted'), line('order-4', 'order.incident_reported')]
  expect(reportedOrders(orders, inbox, 5).map(({ id }) => id)).toEqual(['order-1', 'order-4'])
  expect(reportedOrders(orders, inbox, 1).map(({ id }) => id)).toEqual(['order-1'])
})

it('the proposals to read are those of accepted orders, and so many', () => {
  const orders = [order(1, { status: 'accepted' }), order(2, { status: 'in_progress' }), order(3, { status: 'accepted' }), order(4, { status: 'accepted' })]
  const inbox = [line('order-1', 'order.time_proposed'), line('order-2', 'order.time_proposed'), line('order-3', 'order.time_declined'), line('order-4', 'order.time_proposed')]
  expect(proposedOrders(orders, inbox, 5).map(({ id }) => id)).toEqual(['order-1', 'order-4'])
  expect(proposedOrders(orders, inbox, 1).map(({ id }) => id)).toEqual(['order-1'])
})

it('a report is unanswered until its own answer stands in the history', () => {
  const report = step({ action: 'report', command_id: 'r', incident: { kind: 'more_work', extra_price: '60.00' } })
  const answer = (incident: string) => step({ action: 'answer', actor: { user_id: 'lin', role: 'customer' }, incident_answer: { agreed: false, incident } })
  expect(isUnanswered(order(1), [report])).toBe(true)
  expect(isUnanswered(order(1), [report, answer('other')])).toBe(true)
  expect(isUnanswered(order(1), [report, answer('r')])).toBe(false)
  expect(isUnanswered(order(1), [step({ incident: { kind: 'running_late' } })])).toBe(false)
  expect(isUnanswered(order(1, { provider_id: 'zhou' }), [report])).toBe(false)
})

it('a day ends with its last moment', () => {
  expect(new Date(endOfDay(NOW)).toDateString()).toBe(new Date(NOW).toDateString())
  expect(new Date(endOfDay(NOW) + 1).getDate()).toBe(22)
})
