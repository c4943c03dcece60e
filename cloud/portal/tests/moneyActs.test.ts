import type { MoneyDesk, Refund, StatementLine } from '@holdfast/kit/api.gen.ts'
import { expect, test } from 'vitest'
import { failedRefund, hindrance, MONEY_ACTS, uncompensated } from '../src/logic/moneyActs.ts'

const DESK: MoneyDesk = {
  order_id: 'o', order_status: 'completed', payment_status: 'held', saga: 'done', customer_id: 'c', provider_id: 'p', price: '180.00', currency: 'CNY',
  held: '180.00', granted: '0.00', goodwill: '0.00', cancel_fee: null, next_at: null, payments: [], refunds: [], requests: [], cases: [], acts: [],
  charged_back: '0.00', goodwill_most: '180.00', worked_in_vain: [],
}
const refund = (id: string, created_at: string, change: Partial<Refund> = {}): Refund => ({ id, payment_id: 'y', amount: '60.00', currency: 'CNY', status: 'rejected', source: 'held', created_at, updated_at: created_at, ...change })
const RELEASE: StatementLine = { at: '2026-11-20T00:00:00.000Z', action: 'release', account: 'provider', amount: '-162.00', currency: 'CNY', order_id: 'o', fee: '18.00' }
const hindrances = (desk: MoneyDesk, lines: StatementLine[] = []) => MONEY_ACTS.map(act => hindrance(act, desk, lines))

const WORK = { provider_id: 'w', most: '162.00', compensated: false }

test('before the release only a compensation can be given', () => {
  expect(hindrances({ ...DESK, worked_in_vain: [WORK] })).toEqual(['notReleased', undefined, 'nothingFailed', 'nothingFailed'])
})

test('only those who worked in vain are compensated, whoever has the job', () => {
  expect(hindrances(DESK)[1]).toBe('noWorkInVain')
  expect(hindrances({ ...DESK, worked_in_vain: null })[1]).toBe('ordersAway')
  const [nothing, other] = [{ ...WORK, provider_id: 'n', most: '0.00' }, { ...WORK, provider_id: 'o', compensated: true }]
  expect(uncompensated({ ...DESK, worked_in_vain: [other, nothing, WORK] })).toEqual([WORK])
})

test('goodwill is offered while some of the price has not gone back, by the bank or by us', () => {
  expect(hindrance('goodwill', DESK, [RELEASE])).toBeUndefined()
  expect(hindrance('goodwill', { ...DESK, charged_back: '180.00', goodwill_most: '0.00' }, [RELEASE])).toBe('allBack')
})

test('a provider is compensated once', () => {
  const given = { ...WORK, compensated: true }
  expect(hindrance('compensation', { ...DESK, worked_in_vain: [given] }, [])).toBe('compensated')
  expect(hindrance('compensation', { ...DESK, worked_in_vain: [given, { ...WORK, provider_id: 'another' }] }, [])).toBeUndefined()
})

test('the refund that waits for a person is the newest that failed, while it waits', () => {
  const refunds = [refund('old', '2026-11-20T00:00:00.000Z'), refund('new', '2026-11-21T00:00:00.000Z'), refund('sent', '2026-11-22T00:00:00.000Z', { status: 'completed' })]
  const desk: MoneyDesk = { ...DESK, refunds, saga: 'needs_person' }
  expect(failedRefund(desk)?.id).toBe('new')
  expect(hindrances(desk).slice(2)).toEqual([undefined, undefined])
  expect(failedRefund({ ...desk, saga: 'settling' })).toBeUndefined()
})
