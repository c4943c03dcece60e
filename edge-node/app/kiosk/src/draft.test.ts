import { describe, expect, test } from 'vitest'
import { blankDraft, lacking, orderOf, priceOf, STEPS, windowOf, type Draft } from './draft.ts'

const NOON = new Date(2026, 10, 21, 12).getTime()
const NIGHT = new Date(2026, 10, 21, 21).getTime()
const whole: Draft = { ...blankDraft(), service: 'cleaning_repair', title: ' 厨房水龙头漏水 ', when: 'afternoon', street: 'Lake Road 1', phone: '138 0000 6021', price: '180' }

test('each step names what it lacks', () => {
  const lacks = Object.fromEntries(STEPS.map((step) => [step, lacking(blankDraft(), step, NOON)]))
  expect(lacks).toEqual({ what: { service: 'missing' }, words: { title: 'missing' }, photos: {}, when: { when: 'missing' }, where: { street: 'missing', phone: 'missing' }, price: { price: 'missing' }, check: {} })
})

test('a time that is over cannot be chosen', () => {
  expect(lacking(whole, 'when', NOON)).toEqual({})
  expect(lacking(whole, 'when', NIGHT)).toEqual({ when: 'past' })
  expect(lacking({ ...whole, when: 'tomorrow' }, 'when', NIGHT)).toEqual({})
})

test('as soon as possible names no time, and another day its own', () => {
  expect(windowOf({ ...whole, when: 'soon' }, NOON)).toBeUndefined()
  const other = windowOf({ ...whole, when: 'other', daysAhead: 10, hours: '8-10' }, NOON)
  expect(other).toEqual({ start: new Date(2026, 11, 1, 8).getTime(), end: new Date(2026, 11, 1, 10).getTime() })
})

describe('a price', () => {
  test.each([['180', '180.00'], ['180.5', '180.50'], ['0180,05', '180.05']])('%s is %s', (typed, price) => expect(priceOf(typed)).toBe(price))
  test.each(['', '0', '-5', '1e3', '180.505', '￥5', '1234567'])('%s is none', (typed) => expect(priceOf(typed)).toBeUndefined())
})

test('the order names its photos, and none where there are none', () => {
  expect(orderOf(whole, 'NORTH', NOON, 'phone')).not.toHaveProperty('photos')
  const photo = { hash: 'ab'.repeat(32), bytes: 3, content: new ArrayBuffer(3) }
  expect(orderOf({ ...whole, photos: [photo] }, 'NORTH', NOON, 'phone')?.photos).toEqual([{ hash: photo.hash, bytes: 3 }])
})

test('the order keeps the phone number with the address, which only its provider reads', () => {
  const order = orderOf(whole, 'NORTH', NOON, 'phone')
  expect(order).toMatchObject({ title: '厨房水龙头漏水', address: 'Lake Road 1, phone 138 0000 6021', price: '180.00', location: 'NORTH' })
  expect(order?.description).toBe('')
  expect(orderOf({ ...whole, phone: '12' }, 'NORTH', NOON, 'phone')).toBeUndefined()
})
