import { describe, expect, it } from 'vitest'
import type { Order } from '@holdfast/kit/api.gen.ts'
import { namesNoHour } from '@holdfast/kit/bookings.ts'
import { blankDraft, draftAgain, type Draft, firstOpenStep, lacking, orderOf, timesOf } from '../src/logic/draft.ts'
import { amountOf, minorOf } from '../src/parts/money.ts'

const now = new Date(2026, 10, 21, 11).getTime()
const full: Draft = {
  ...blankDraft('c'), service: 'cleaning_repair', title: ' 厨房水龙头漏水 ', region: 'NORTH', district: '北京市 朝阳区', street: '望京街道 12 号楼',
  day: '2026-11-21', hours: '14-16', price: '¥1,180',
}

describe('a draft', () => {
  it('becomes an order with one address and the times of its day', () => {
    const order = orderOf(full)
    expect(order).toMatchObject({ title: '厨房水龙头漏水', price: '1180.00', address: '北京市 朝阳区 望京街道 12 号楼', location: 'NORTH' })
    expect(order?.service_start_time).toBe(new Date(2026, 10, 21, 14).toISOString())
    expect(order?.service_end_time).toBe(new Date(2026, 10, 21, 16).toISOString())
  })

  it('names its photos without their content', () => {
    expect(orderOf(full)).not.toHaveProperty('photos')
    const photo = { hash: 'ab'.repeat(32), bytes: 3, content: new ArrayBuffer(3) }
    expect(orderOf({ ...full, photos: [photo] })?.photos).toEqual([{ hash: photo.hash, bytes: 3 }])
  })

  it('of a job that is over lacks nothing, on any day', () => {
    const order = { title: 'Fix a tap', description: 'It drips.', service_type: 'cleaning_repair', price: '180.00', location: 'NORTH', address: '1 Lake Road', start_code: {} } as Order
    const photo = { hash: 'ab'.repeat(32), bytes: 3, content: new ArrayBuffer(3) }
    const draft = draftAgain(order, [photo], 'c')
    expect(firstOpenStep(draft, now)).toBe(3)
    expect(orderOf(draft)).toEqual({ title: 'Fix a tap', description: 'It drips.', service_type: 'cleaning_repair', price: '180.00', currency: 'CNY', location: 'NORTH', address: '1 Lake Road', start_code: true, photos: [{ hash: photo.hash, bytes: 3 }] })
    expect(draft.commandId).toBe('c')
  })

  it('names no hour where the whole day was chosen', () => {
    const wholeDay = orderOf({ ...full, hours: '' })
    expect(namesNoHour(wholeDay?.service_start_time ?? '', wholeDay?.service_end_time)).toBe(true)
    const twoHours = orderOf(full)
    expect(namesNoHour(twoHours?.service_start_time ?? '', twoHours?.service_end_time)).toBe(false)
  })

  it('lacks what each step asks for, and the first such step is open', () => {
    const blank = blankDraft('c')
    expect(lacking(blank, 1, now)).toEqual({ service: 'missing', title: 'missing' })
    expect(lacking(blank, 2, now)).toEqual({ region: 'missing', street: 'missing' })
    expect(lacking(blank, 3, now)).toEqual({ price: 'missing' })
    expect(firstOpenStep(blank, now)).toBe(1)
    expect(firstOpenStep({ ...full, street: ' ' }, now)).toBe(2)
    expect(firstOpenStep(full, now)).toBe(3)
  })

  it('takes no time that is over and no hours without a day', () => {
    expect(lacking({ ...full, hours: '8-10' }, 2, now)).toEqual({ hours: 'past' })
    expect(lacking({ ...full, day: '' }, 2, now)).toEqual({ day: 'missing' })
    expect(timesOf({ day: '', hours: '' })).toEqual({})
    expect(timesOf({ day: 'nonsense', hours: '8-10' })).toEqual({})
  })

  it('takes no amount that is none', () => {
    for (const price of ['0', '-5', 'free', '1.234', '1e3', '999999999']) expect(lacking({ ...full, price }, 3, now)).toEqual({ price: 'amount' })
  })
})

describe('an amount', () => {
  it('is read as people type it', () => {
    for (const [typed, amount] of [['180', '180.00'], ['¥ 1,180.5', '1180.50'], ['180.', '180.00'], ['１80', undefined], ['', undefined]] as const) {
      expect(amountOf(typed)).toBe(amount)
    }
  })

  it('has minor units without a float', () => {
    expect(minorOf('1234567.89')).toBe(123_456_789)
    expect(minorOf('-0.05')).toBe(-5)
    expect(minorOf('nonsense')).toBe(0)
  })
})
