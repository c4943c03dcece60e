import { expect, test } from 'vitest'
import type { OrderStatus } from '@holdfast/kit/api.gen.ts'
import { initialsOf, isContactOpen, ownNumberShowings } from '../src/logic/contact.ts'

const STATUSES: OrderStatus[] = ['pending_review', 'pending', 'accepted', 'in_progress', 'completed', 'reviewed', 'cancelled', 'rejected']
const order = (status: OrderStatus) => ({ status, customer_id: 'lin', provider_id: 'wang' })
const shown = (shown_at: string, user_id: string) => ({ shown_at, shown_to: { user_id, role: user_id === 'lin' ? 'customer' as const : 'provider' as const } })

test('the two people are asked about from the acceptance until the completion', () => {
  for (const reader of ['lin', 'wang']) {
    expect(STATUSES.filter(status => isContactOpen(order(status), reader))).toEqual(['accepted', 'in_progress'])
  }
})

test('nobody else asks about them', () => {
  expect(isContactOpen(order('accepted'), 'zhou')).toBe(false)
  expect(isContactOpen(order('accepted'), undefined)).toBe(false)
  expect(isContactOpen({ status: 'accepted', customer_id: 'lin', provider_id: null }, 'wang')).toBe(false)
})

test('initials are two letters of a Latin name, and the first sign of any other', () => {
  expect(['Li Si', 'ana maria ruiz', 'Plato', ' 王建国 ', '王 建国', ''].map(initialsOf)).toEqual(['LS', 'AR', 'P', '王', '王', ''])
})

test('a reader learns of the showings of their own number alone', () => {
  const all = [shown('2026-11-21T10:52:00.000Z', 'lin'), shown('2026-11-21T10:51:00.000Z', 'wang'), shown('2026-11-21T10:40:00.000Z', 'zhou')]
  expect(ownNumberShowings(all, 'lin')).toEqual({ count: 2, last: '2026-11-21T10:51:00.000Z' })
  expect(ownNumberShowings([all[0]!], 'lin')).toBeUndefined()
})
