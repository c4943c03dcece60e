import type { Order, OrderStatus } from '@holdfast/kit/api.gen.ts'
import { describe, expect, test } from 'vitest'
import { countEnds, earlierOrders, usualPrice } from '../src/logic/approvalFacts.ts'

const minorOf = (price: string) => Math.round(Number(price) * 100)
const priced = (price: string, status: OrderStatus = 'completed', currency: Order['currency'] = 'CNY') => ({ price, status, currency })

describe('the usual price', () => {
  test('is the middle half of what was approved, so that one wrong price moves nothing', () => {
    const orders = ['90.00', '100.00', '120.00', '150.00', '9000.00'].map(price => priced(price))
    expect(usualPrice(orders, 'CNY', minorOf)).toEqual({ low: 10000, high: 15000 })
  })

  test('is unknown from few orders; what waits, was rejected or cancelled or has another currency does not count', () => {
    const four = ['90.00', '100.00', '120.00', '150.00'].map(price => priced(price))
    const others = [priced('1.00', 'pending_review'), priced('1.00', 'rejected'), priced('1.00', 'cancelled'), priced('1.00', 'completed', 'USD')]
    expect(usualPrice([...four, ...others], 'CNY', minorOf)).toBeUndefined()
    expect(usualPrice([...four, ...others, priced('110.00', 'in_progress')], 'CNY', minorOf)).toEqual({ low: 10000, high: 12000 })
  })
})

test('a customer\'s history counts the orders before this one by how they ended', () => {
  const order = (id: string, created_at: string, status: OrderStatus) => ({ id, created_at: `2026-11-${created_at}T08:00:00.000Z`, status })
  const all = [order('e', '22', 'pending'), order('d', '21', 'pending_review'), order('c', '20', 'reviewed'), order('b', '19', 'rejected'), order('a', '18', 'in_progress')]
  const earlier = earlierOrders({ id: 'd', created_at: '2026-11-21T08:00:00.000Z' }, all)
  expect(earlier.map(({ id }) => id)).toEqual(['c', 'b', 'a'])
  expect(countEnds(earlier)).toEqual({ done: 1, cancelled: 0, rejected: 1 })
})
