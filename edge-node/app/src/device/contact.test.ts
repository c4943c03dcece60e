import { expect, it } from 'vitest'
import type { BoardItem } from '@holdfast/kit/api.gen.ts'
import { contactOf, dialled, phoneNumbersOf } from './contact.ts'
import { order } from './samples.ts'

const HIDDEN = '00000000-0000-0000-0000-000000000000'
const KIOSK = '海港路1号3单元, 电话 138 1234 5678'
const contact = (change: Partial<BoardItem>, isMine = true) => contactOf(order('a', { status: 'accepted', address: KIOSK, ...change }), isMine)

it('is shown at work on a job that is surely theirs, and at no other time', () => {
  expect(contact({})).toEqual({ state: 'here', numbers: ['138 1234 5678'] })
  expect(contact({ status: 'in_progress' })).toMatchObject({ state: 'here' })
  expect(contact({ status: 'pending', customer_id: HIDDEN, address: '' }, false)).toEqual({ state: 'hidden' })
  expect(contact({ customer_id: HIDDEN, address: '' })).toEqual({ state: 'waits' })
  for (const status of ['completed', 'reviewed', 'cancelled'] as const) expect(contact({ status }), status).toEqual({ state: 'over' })
})

it('shows no number of an order that still hides its customer, whatever its words have', () => {
  expect(contact({ customer_id: HIDDEN })).toEqual({ state: 'waits' })
  expect(contact({}, false)).toEqual({ state: 'hidden' })
})

it('is at the portal if the order carries no number', () => {
  expect(contact({ address: '海港路1号', description: '两台空调' })).toEqual({ state: 'portal' })
})

it('reads the number that a kiosk asked for, in both languages', () => {
  const numbersOf = (address: string) => phoneNumbersOf(order('a', { address }))
  expect(numbersOf('12 Lake Road 138 1111 2222, phone 021-5555 1234')).toEqual(['021-5555 1234'])
  expect(numbersOf('湖滨路12号, 电话 5551234')).toEqual(['5551234'])
})

it('finds numbers in words, each once, and takes nothing else for one', () => {
  const description = 'Call 13812345678 or +49 30 123456, office 010-65123456. 13812345678'
  expect(phoneNumbersOf(order('a', { address: 'Door 4', description }))).toEqual(['13812345678', '+49 30 123456', '010-65123456'])
  for (const text of ['geo:39.9042,116.40741381234', '2026-11-22 18:00', '3 rooms, 120.50', 'code 2026112218000099', 'W'.repeat(500), '1'.repeat(500)]) {
    expect(phoneNumbersOf(order('a', { address: text })), text).toEqual([])
  }
})

it('dials digits alone', () => {
  expect(['138 1234-5678', '+86 (138) 1234 5678', '021-5555 1234'].map(dialled)).toEqual(['13812345678', '+8613812345678', '02155551234'])
})
