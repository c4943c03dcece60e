import { describe, expect, it } from 'vitest'
import { hoursOf, inOrder, kindsOf, paidOf, pileOf, startOfToday, sumsOf } from '../src/logic/overview.ts'

describe('what waits', () => {
  it('is as many as the page has, since the first of them', () => {
    const items = [{ at: '2026-11-21T10:40:00.000Z' }, { at: '2026-11-21T09:12:00.000Z' }, { at: undefined }]
    expect(pileOf({ items, next: null }, one => one.at)).toEqual({ count: 3, isMore: false, since: '2026-11-21T09:12:00.000Z' })
    expect(pileOf({ items, next: 'c' }, () => undefined)).toEqual({ count: 3, isMore: true, since: undefined })
    expect(pileOf({ items: [] }, () => 'never')).toEqual({ count: 0, isMore: false, since: undefined })
  })

  it('stands late ones first, then by its wait, and last where no one knows it', () => {
    const desk = (name: string, since: string | undefined, late = 0) => ({ name, late, pile: { count: 1, isMore: false, since } })
    const desks = [
      desk('reviews', undefined), desk('cases', '2026-11-21T10:47:00.000Z'), desk('letters', undefined), desk('providers', '2026-11-20T08:00:00.000Z'),
      desk('approvals', '2026-11-21T10:50:00.000Z', 2),
    ]
    expect(inOrder(desks).map(one => one.name)).toEqual(['approvals', 'providers', 'cases', 'reviews', 'letters'])
  })

  it('is named by its kinds, the most first', () => {
    expect(kindsOf(['met_closed', 'taken_back', 'met_closed', 'offline_rule'])).toEqual([['met_closed', 2], ['offline_rule', 1], ['taken_back', 1]])
  })
})

it('adds money up within a currency only', () => {
  const amounts = [{ amount: '180.10', currency: 'CNY' }, { amount: '500.00', currency: 'HKD' }, { amount: '0.20', currency: 'CNY' }]
  expect(sumsOf(amounts)).toEqual([{ currency: 'HKD', minor: 50_000 }, { currency: 'CNY', minor: 18_030 }])
  expect(sumsOf([])).toEqual([])
})

it('counts money as paid until all of it has gone back', () => {
  const all = (['unpaid', 'held', 'paid', 'refunded', 'partially_refunded'] as const).map(payment_status => ({ payment_status }))
  expect(paidOf(all).map(one => one.payment_status)).toEqual(['held', 'paid', 'partially_refunded'])
})

describe('the hours of a day', () => {
  const start = startOfToday(new Date(2026, 10, 21, 3, 30).getTime())
  const at = (hour: number, minute: number) => new Date(start + (hour * 60 + minute) * 60_000).toISOString()
  const now = start + 3.5 * 3_600_000
  const counts = (published: string[], isWhole: boolean) => hoursOf(published, start, now, isWhole).map(({ from, count, isNow }) => [(from - start) / 3_600_000, count, isNow])

  it('begin at midnight here and end with the one that is not over', () => {
    expect(new Date(start).getHours()).toBe(0)
    expect(counts([at(3, 20), at(1, 59), at(1, 0)], true)).toEqual([[0, 0, false], [1, 2, false], [2, 0, false], [3, 1, true]])
    expect(counts([], true)).toHaveLength(4)
  })

  it('are only those that a cut list covers', () => {
    expect(counts([at(3, 20), at(2, 10), at(1, 30)], false)).toEqual([[2, 1, false], [3, 1, true]])
    expect(counts([at(3, 20), at(3, 10)], false)).toEqual([])
  })
})
