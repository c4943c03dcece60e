import { expect, test } from 'vitest'
import { isErased, waitOf } from '../src/logic/deletion.ts'

test('only what is still open is named', () => {
  expect(waitOf({ orders: 0, payments: 0 })).toBeUndefined()
  expect(waitOf({ orders: 2, payments: 0 })?.kind).toBe('orders')
  expect(waitOf({ orders: 0, payments: 1 })?.kind).toBe('payments')
  expect(waitOf({ orders: 2, payments: 1 })).toEqual({ orders: 2, payments: 1, kind: 'both' })
})

test('only the dash alone is an erased title', () => {
  expect(isErased({ title: '—' })).toBe(true)
  expect(isErased({ title: '-' })).toBe(false)
  expect(isErased({ title: '— Küche' })).toBe(false)
})
