import { expect, it } from 'vitest'
import { bookedBy, bySoonest, inTheWayOf, jobsOf, merged, minorOf, needOwnBoard, startOf } from './jobs.ts'
import { decided, item, ME, order, stored } from './samples.ts'
import { answered } from './answer.ts'

const see = (items: Parameters<typeof jobsOf>[1], board = order('a')) => jobsOf([board], items, ME)[0]!

it('lays what is done here over what the edge knows', () => {
  const items = [item(1, 'accept_order'), item(2, 'start_order'), item(3, 'complete_order')]
  expect(see([]).truth).toBeUndefined()
  expect([see(items.slice(0, 1)).order.status, see(items.slice(0, 2)).order.status, see(items).order.status]).toEqual(['accepted', 'in_progress', 'completed'])
  expect(see(items).truth).toBe('tablet')
  expect(see([...items.slice(0, 1), item(2, 'withdraw_acceptance')]).order).toMatchObject({ status: 'pending', provider_id: null })
})

it('is no further than the command that is furthest behind', () => {
  const accept = answered(item(1, 'accept_order'), stored(1, 'firm'), 1)!
  expect(see([accept])).toMatchObject({ truth: 'node', firm: true })
  expect(see([accept, item(2, 'start_order')])).toMatchObject({ truth: 'tablet', firm: true })
})

it('knows which own jobs are in the way of an open one, those among them that are only requested', () => {
  const at = (from: string, to: string) => ({ service_start_time: `2026-11-21T${from}:00Z`, service_end_time: `2026-11-21T${to}:00Z` })
  const board = [
    order('open', at('14:00', '16:00')), order('asked', at('15:00', '17:00')), order('mine', { ...at('13:00', '14:30'), provider_id: ME, status: 'in_progress' }),
    order('done', { ...at('14:00', '15:00'), provider_id: ME, status: 'completed' }), order('theirs', { ...at('14:00', '15:00'), provider_id: 'provider-2', status: 'accepted' }),
    order('given', { ...at('14:00', '15:00'), provider_id: ME, status: 'accepted' }), order('next', { ...at('16:00', '17:00'), provider_id: ME, status: 'accepted' }),
  ]
  const jobs = jobsOf(board, [item(1, 'accept_order', 'asked'), item(2, 'withdraw_acceptance', 'given')], ME)
  const idsFor = (id: string) => inTheWayOf(jobs.find((job) => job.order.id === id)!, bookedBy(jobs, ME)).map((other) => other.id)
  expect(idsFor('open')).toEqual(['mine', 'asked'])
  expect(idsFor('asked'), 'only in the way of one that may still be taken').toEqual([])
})

it('takes the board at its word where nothing is on its way', () => {
  const mine = { provider_id: ME, status: 'accepted' as const }
  expect(see([], order('a', mine)).truth).toBe('confirmed')
  expect(see([], order('a', { ...mine, pending: true })).truth).toBe('node')
  const done = answered(item(1, 'accept_order'), decided(1, 'applied'), 1)!
  expect(see([done], order('a', mine)).truth).toBe('confirmed')
})

it('shows the order that a decision brought until the board has it', () => {
  const reply = decided(1, 'applied')
  const confirmed = { ...reply, outcome: { ...reply.outcome!, order: order('a', { provider_id: ME, status: 'accepted', version: 3 }) } }
  const accept = answered(item(1, 'accept_order'), confirmed, 1)!
  expect(see([accept])).toMatchObject({ truth: 'confirmed', order: { status: 'accepted', provider_id: ME } })
  expect(see([accept], order('a', { status: 'cancelled', version: 4 })).order.status).toBe('cancelled')
})

it('does not act on a job that has moved on', () => {
  const theirs = order('a', { status: 'accepted', provider_id: 'provider-2' })
  expect(see([item(1, 'start_order')], theirs).order.status).toBe('accepted')
})

it('keeps the newer of two views, and no address that it leaves out', () => {
  const known = [order('a', { version: 3, address: '海港路1号' }), order('b')]
  expect(merged(known, [order('a', { version: 2, title: 'old' })])[0]!.title).toBe('水龙头漏水')
  expect(merged(known, [order('a', { version: 4, title: 'new' })])[0]).toMatchObject({ title: 'new', address: '' })
  expect(merged(known, [order('c')], ['b']).map((each) => each.id)).toEqual(['a', 'c'])
})

it('sorts by the time of the work and counts money in whole units', () => {
  const jobs = jobsOf([order('a'), order('b', { service_start_time: '2026-11-22T08:00:00Z' }), order('c', { service_start_time: '2026-11-21T18:00:00Z' })], [], ME)
  expect(bySoonest(jobs).map((job) => job.order.id)).toEqual(['c', 'b', 'a'])
  expect(['200.00', '0.05', '1200.5', '7'].map(minorOf)).toEqual([20_000, 5, 120_050, 700])
})

it('begins on held funds, or where the region says so', () => {
  const unpaid = order('a', { payment_status: 'unpaid' })
  const cap = (price_max: string, currency: 'CNY' = 'CNY') => ({ unpaid_start_max: { price_max, currency } })
  const rules = [{ unpaid_start: true }, cap('180.00')]
  expect(startOf(order('a'), undefined, 'up')).toBe('held')
  expect([undefined, {}, cap('179.99'), { paid_afterwards: ['other' as const] }].map((standing) => startOf(unpaid, standing, 'cut'))).toEqual(Array(4).fill('waits'))
  expect(rules.map((standing) => startOf(unpaid, standing, 'cut'))).toEqual(['unpaid', 'unpaid'])
  // The cloud refuses it at an edge that is linked, and a tablet out of its reach does not know whether it is.
  expect(rules.map((standing) => startOf(unpaid, standing, 'up'))).toEqual(['waits', 'waits'])
  expect(rules.map((standing) => startOf(unpaid, standing, 'away'))).toEqual(['unproven', 'unproven'])
  const afterwards = { paid_afterwards: ['cleaning_repair' as const] }
  expect((['cut', 'up', 'away'] as const).map((link) => startOf(unpaid, afterwards, link))).toEqual(Array(3).fill('afterwards'))
  // Nobody can pay it any more.
  const refunded = order('a', { payment_status: 'refunded' })
  expect([afterwards, ...rules].map((standing) => startOf(refunded, standing, 'cut'))).toEqual(Array(3).fill('waits'))
})

it('reads its own board after changes of what is its own, or of what is offered to a few', () => {
  const isOurs = (id: string) => id === 'a'
  const offer = { until: '2026-11-21T14:05:00.000Z' }
  expect(needOwnBoard([order('b')], ['c'], isOurs)).toBe(false)
  expect(needOwnBoard([order('b')], ['a'], isOurs)).toBe(true)
  expect(needOwnBoard([order('b', { offer })], [], isOurs)).toBe(true)
})
