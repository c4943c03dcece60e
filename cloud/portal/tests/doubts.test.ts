import { expect, it } from 'vitest'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { doubtsOf } from '../src/logic/doubts.ts'

const now = Date.parse('2026-11-21T10:00:00.000Z')
const order = (change: Partial<Order> = {}): Order => ({
  id: 'a', code: 'N-7F3K9Q', customer_id: 'lin', provider_id: null, title: 'Kitchen tap', description: 'It drips.', service_type: 'cleaning_repair',
  price: '180.00', currency: 'CNY', location: 'NORTH', address: '12 Mill Lane', service_start_time: null, service_end_time: null, status: 'pending_review',
  payment_status: 'unpaid', version: 1, created_at: '2026-11-21T09:00:00.000Z', updated_at: '2026-11-21T09:00:00.000Z', source: 'portal', ...change,
})

it('finds nothing in a plain order', () => {
  expect(doubtsOf(order(), [order()], now)).toEqual([])
})

it('finds what the order itself shows', () => {
  expect(doubtsOf(order({ price: '2000.01' }), [], now)).toEqual(['over'])
  expect(doubtsOf(order({ price: '2000.00' }), [], now)).toEqual([])
  expect(doubtsOf(order({ service_start_time: '2026-11-21T11:00:00.000Z' }), [], now)).toEqual(['soon'])
  expect(doubtsOf(order({ service_start_time: '2026-11-21T08:00:00.000Z', service_end_time: '2026-11-21T09:00:00.000Z' }), [], now)).toEqual(['expired'])
  expect(doubtsOf(order(), [order({ id: 'b', title: 'kitchen TAP ' })], now)).toEqual(['twice'])
  expect(doubtsOf(order(), [order({ id: 'b', customer_id: 'zhao' })], now)).toEqual([])
  expect(doubtsOf(order({ description: ' ' }), [], now)).toEqual(['wordless'])
})

it('takes the dates of one series for no doubles of each other', () => {
  const inSeries = (series: string, number: number) => ({ ...order({ id: `${series}${number}` }), series: { id: series, number, occurrences: 4 } })
  expect(doubtsOf(inSeries('s', 1), [inSeries('s', 1), inSeries('s', 2)], now)).toEqual([])
  expect(doubtsOf(inSeries('s', 1), [inSeries('r', 1)], now)).toEqual(['twice'])
  expect(doubtsOf(inSeries('s', 1), [order()], now)).toEqual(['twice'])
})

it('finds ways to reach a person in the text, and no others', () => {
  for (const description of ['call 138 1234 5678', 'me@example.org please', 'see https://x.y']) expect(doubtsOf(order({ description }), [], now)).toEqual(['contact'])
  for (const description of ['flat 12, door 345', 'part number 99138123456780']) expect(doubtsOf(order({ description }), [], now)).toEqual([])
})
