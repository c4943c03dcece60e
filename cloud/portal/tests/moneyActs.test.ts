import type { MoneyDesk, Refund, StatementLine } from '@holdfast/kit/api.gen.ts'
import { expect, test } from 'vitest'
import { failedRefund, hindrance, MONEY_ACTS, mostMinor } from '../src/logic/moneyActs.ts'

const DESK: MoneyDesk = {
  order_id: 'o', order_status: 'completed', payment_status: 'held', saga: 'done', customer_id: 'c', provider_id: 'p', price: '180.00', currency: 'CNY',
  held: '180.00', granted: '0.00', goodwill: '0.00', cancel_fee: null, next_at: null, payments: [], refunds: [], requests: [], cases: [], acts: [],
}
const refund = (id: string, created_at: string, change: Partial<Refund> = {}): Refund => ({ id, payment_id: 'y', amount: '60.00', currency: 'CNY', status: 'rejected', source: 'held', created_at, updated_at: created_at, ...change })
const RELEASE: StatementLine = { at: '2026-11-20T00:00:00.000Z', action: 'release', account: 'provider', amount: '-162.00', currency: 'CNY', order_id: 'o', fee: '18.00' }
const hindrances = (desk: MoneyDesk, lines: StatementLine[] = []) => MONEY_ACTS.map(act => hindrance(act, desk, lines))

test('before the release only a compensation can be given', () => {
  expect(hindrances(DESK)).toEqual(['notReleased', undefined, 'nothingFailed', 'nothingFailed'])
  expect(hindrances({ ...DESK, provider_id: null })[1]).toBe('noProvider')
})

test('goodwill gives what of the price has not gone back, and no more', () => {
  const desk = { ...DESK, granted: '60.00', goodwill: '20.50' }
  expect(mostMinor('goodwill', desk)).toBe(9_950)
  expect(mostMinor('compensation', desk)).toBe(18_000)
  expect(hindrance('goodwill', desk, [RELEASE])).toBeUndefined()
  expect(hindrance('goodwill', { ...desk, goodwill: '120.00' }, [RELEASE])).toBe('allBack')
})

test('a provider is compensated once', () => {
  const act = { kind: 'compensation', at: RELEASE.at, by: 'a', amount: '30.00', reason: 'r', subject: 'p' }
  expect(hindrance('compensation', { ...DESK, acts: [act] }, [])).toBe('compensated')
  expect(hindrance('compensation', { ...DESK, acts: [{ ...act, subject: 'another' }] }, [])).toBeUndefined()
})

test('the refund that waits for a person is the newest that failed, while it waits', () => {
  const refunds = [refund('old', '2026-11-20T00:00:00.000Z'), refund('new', '2026-11-21T00:00:00.000Z'), refund('sent', '2026-11-22T00:00:00.000Z', { status: 'completed' })]
  const desk = { ...DESK, refunds, saga: 'needs_person' }
  expect(failedRefund(desk)?.id).toBe('new')
  expect(hindrances(desk).slice(2)).toEqual([undefined, undefined])
  expect(failedRefund({ ...desk, saga: 'settling' })).toBeUndefined()
})
