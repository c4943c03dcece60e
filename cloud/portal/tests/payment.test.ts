import { describe, expect, it } from 'vitest'
import type { Order, Payment, RefundRequest, StatementLine } from '@holdfast/kit/api.gen.ts'
import { factsOf, isInCustody, keptMinor, leftMinor, mayAskBack, pauseMs, stageOf, sumsOf } from '../src/logic/payment.ts'

const order = (change: Partial<Order> = {}): Order => ({ status: 'accepted', payment_status: 'unpaid', ...change }) as Order
const payment = (status: string, change: Partial<Payment> = {}): Payment => ({ id: status, status, amount: '180.00', currency: 'CNY', created_at: '2026-11-21T10:00:00Z', updated_at: '2026-11-21T10:00:05Z', ...change }) as Payment
const line = (action: StatementLine['action'], account: StatementLine['account'], amount: string, change: Partial<StatementLine> = {}): StatementLine => ({ action, account, amount, currency: 'CNY', order_id: 'o', at: '2026-11-21T10:00:05Z', fee: null, ...change })
const request = (status: string, change: Partial<RefundRequest> = {}): RefundRequest => ({ id: 'r', status, amount: '60.00', granted: null, currency: 'CNY', reason: 'It drips.', created_at: '2026-11-21T11:00:00Z', decided_at: null, ...change }) as RefundRequest
const charge = line('charge', 'adapter', '180.00')

describe('the stage of a payment', () => {
  it('is due from the acceptance on, and for no order that nobody has or that is over', () => {
    const payable = ['accepted', 'in_progress', 'completed', 'reviewed'] as const
    for (const status of payable) expect(stageOf(order({ status }), [], []), status).toBe('due')
    for (const status of ['pending_review', 'pending', 'cancelled', 'rejected'] as const) expect(stageOf(order({ status }), [], []), status).toBe('none')
  })

  it('is open while an outcome is unknown, so that nobody pays beside it', () => {
    expect(stageOf(order(), [payment('pending'), payment('failed')], [])).toBe('open')
    expect(stageOf(order(), [payment('failed')], [])).toBe('due')
  })

  it('is arriving from the payment until the order shows it, whichever list is newer', () => {
    expect(stageOf(order(), [payment('completed')], [])).toBe('arriving')
    expect(stageOf(order(), [payment('completed')], [charge])).toBe('arriving')
    expect(stageOf(order({ payment_status: 'held' }), [payment('completed')], [charge])).toBe('over')
  })

  it('is due again once another sum than the price went back', () => {
    const back = line('refund_done', 'adapter', '-179.99')
    expect(stageOf(order(), [payment('completed', { amount: '179.99' })], [line('charge', 'adapter', '179.99'), back])).toBe('due')
  })
})

it('counts what is held: paid, less what came back and what a cancel cost', () => {
  expect(keptMinor([charge])).toBe(180_00)
  expect(keptMinor([charge, line('refund_done', 'adapter', '-60.00')])).toBe(120_00)
  expect(keptMinor([charge, line('cancel_fee', 'held', '18.00'), line('refund_done', 'adapter', '-162.00')])).toBe(0)
  expect(keptMinor([charge, line('paid_otherwise', 'bank', '-180.00')])).toBe(0)
})

it('counts for a provider what is left of a price, and nothing of an order that is cancelled', () => {
  const gone = [line('refund', 'held', '60.00'), line('refund', 'held', '10.00'), line('refund_back', 'held', '-10.00'), line('release', 'provider', '-108.00')]
  expect(leftMinor(180_00, gone)).toBe(120_00)
  expect(leftMinor(180_00, [line('chargeback', 'held', '180.00')])).toBe(0)
  for (const payment_status of ['held', 'partially_refunded'] as const) {
    expect(isInCustody(order({ status: 'completed', payment_status }))).toBe(true)
    expect(isInCustody(order({ status: 'cancelled', payment_status }))).toBe(false)
  }
})

it('offers a refund while money is held and work has begun, one request at a time', () => {
  expect(mayAskBack(order({ status: 'in_progress', payment_status: 'held' }), [])).toBe(true)
  expect(mayAskBack(order({ status: 'completed', payment_status: 'partially_refunded' }), [request('granted')])).toBe(true)
  expect(mayAskBack(order({ status: 'accepted', payment_status: 'held' }), [])).toBe(false)
  expect(mayAskBack(order({ status: 'completed', payment_status: 'paid' }), [])).toBe(false)
  expect(mayAskBack(order({ status: 'completed', payment_status: 'held' }), [request('open')])).toBe(false)
})

it('asks about a payment soon at first and never more than four times a minute later', () => {
  expect(pauseMs(0)).toBe(1_500)
  expect(pauseMs(3)).toBeGreaterThan(pauseMs(2))
  expect(pauseMs(100)).toBe(15_000)
})

describe('the story of the money', () => {
  it('tells a customer each movement once, the newest first', () => {
    const lines = [charge, line('refund_done', 'adapter', '-60.00', { at: '2026-11-21T12:30:00Z' })]
    const asked = request('granted', { granted: '60.00', decided_at: '2026-11-21T12:00:00Z' })
    const facts = factsOf('customer', [payment('completed'), payment('failed')], [asked], lines)
    expect(facts.map(({ what, amountMinor }) => [what, amountMinor])).toEqual([
      ['refund_done', 60_00], ['granted', 60_00], ['asked', 60_00], ['payment_failed', 180_00], ['charge', 180_00],
    ])
    expect(facts[2]?.reason).toBe('It drips.')
  })

  it('tells a provider the own part with its fee, what goes back, and nothing else of the customer', () => {
    const facts = factsOf('provider', [], [], [charge, line('release', 'provider', '-162.00', { fee: '18.00' }), line('refund', 'held', '60.00', { at: '2026-11-21T09:00:00Z' })])
    expect(facts.map(({ what, amountMinor, feeMinor }) => [what, amountMinor, feeMinor])).toEqual([['release', 162_00, 18_00], ['refund', 60_00, undefined]])
  })
})

it('finds books that do not balance', () => {
  const held = line('charge', 'held', '-180.00')
  expect([...sumsOf([charge, held])]).toEqual([['CNY', 0]])
  expect([...sumsOf([charge])]).toEqual([['CNY', 180_00]])
})
