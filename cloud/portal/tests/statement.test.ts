import { describe, expect, it } from 'vitest'
import type { StatementLine } from '@holdfast/kit/api.gen.ts'
import { monthAt, monthBeside, monthOf, sumsOfMonth, weeksOf } from '../src/logic/statement.ts'

const at = (year: number, month: number, day: number) => new Date(year, month - 1, day, 12).toISOString()
const line = (action: StatementLine['action'], amount: string, when: string, fee: string | null = null): StatementLine => ({ action, account: 'provider', amount, currency: 'CNY', order_id: null, at: when, fee })

/** Newest first, as they come. */
const LINES = [
  line('release', '-90.00', at(2026, 12, 1), '10.00'),
  line('payout', '180.01', at(2026, 11, 30)),
  line('payout_back', '-50.00', at(2026, 11, 20)),
  line('payout', '50.00', at(2026, 11, 19)),
  line('release', '-180.01', at(2026, 11, 18), '20.00'),
  line('cancel_fee', '-18.00', at(2026, 11, 3)),
  line('release', '-45.00', at(2026, 10, 31), '5.00'),
]

describe('a month of an account', () => {
  it('begins with what the month before left and ends with what the next begins with', () => {
    const november = monthAt(Date.parse(at(2026, 11, 21)))
    // All that was ever booked makes up the balance.
    const balance = 90_00 - 180_01 + 50_00 - 50_00 + 180_01 + 18_00 + 45_00
    const sums = sumsOfMonth(LINES, november, balance)
    expect(sums).toEqual({ opening: 45_00, earned: 198_01, fees: 20_00, paidOut: 180_01, closing: 63_00 })
    expect(sums.closing).toBe(sums.opening + sums.earned - sums.paidOut)
    expect(sumsOfMonth(LINES, monthBeside(november, 1), balance).opening).toBe(sums.closing)
  })

  it('of nothing is zero without a sign', () => {
    expect(sumsOfMonth([], monthAt(0), 0)).toEqual({ opening: 0, earned: 0, fees: 0, paidOut: 0, closing: 0 })
  })

  it('has a name that can stand in an address', () => {
    expect(monthAt(Date.parse(at(2026, 3, 9))).name).toBe('2026-03')
    expect(monthBeside(monthAt(Date.parse(at(2026, 12, 9))), 1).name).toBe('2027-01')
    expect(monthOf('2026-11')).toEqual(monthAt(Date.parse(at(2026, 11, 30))))
    for (const name of ['2026-13', '26-1', 'now', '2026-11-21']) expect(monthOf(name), name).toBeUndefined()
  })
})

it('counts what came in by weeks from Monday on, and no payout among it', () => {
  // A Saturday.
  const now = Date.parse(at(2026, 11, 21))
  const weeks = weeksOf(LINES, now, 4)
  expect(weeks.map(week => week.minor)).toEqual([45_00, 18_00, 0, 180_01])
  expect(weeks.every(week => new Date(week.from).getDay() === 1 && new Date(week.from).getHours() === 0)).toBe(true)
})
