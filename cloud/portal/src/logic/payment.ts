// How far the money of an order has come, and what happened to it, as its reader may know it.

import type { Order, Payment, RefundRequest, Role, StatementLine } from '@holdfast/kit/api.gen.ts'
import { minorOf } from '../parts/money.ts'
import { sumsOfMoney } from './moneyWords.ts'

/**
 * `due`: it can be paid now. `open`: a payment's outcome is unknown. `arriving`: it is paid, and the order does not show it
 * yet. `over`: the order's payment status tells. `none`: there is nothing to pay.
 */
export type PayStage = 'none' | 'due' | 'open' | 'arriving' | 'over'

const PAYABLE: readonly Order['status'][] = ['accepted', 'in_progress', 'completed', 'reviewed']
/** A refund that failed is held again, and stands with the other sign. */
const GOES_BACK: readonly string[] = ['refund', 'refund_back', 'chargeback']
const REFUNDABLE: readonly Order['status'][] = ['in_progress', 'completed', 'reviewed']

type Paid = Pick<Order, 'status' | 'payment_status'>

export function stageOf(order: Paid, payments: readonly Payment[], lines: readonly StatementLine[]): PayStage {
  if (order.payment_status !== 'unpaid') return 'over'
  if (payments.some(payment => payment.status === 'pending')) return 'open'
  // The list of payments may be newer than the statement.
  const booked = lines.filter(line => line.action === 'charge').length
  const come = payments.filter(payment => payment.status === 'completed').length
  if (come > booked || keptMinor(lines) > 0) return 'arriving'
  return PAYABLE.includes(order.status) ? 'due' : 'none'
}

/** What the customer has paid, less what went back and what became the provider's. */
export function keptMinor(lines: readonly StatementLine[]): number {
  return sumsOfMoney(lines).held
}

/** Not the provider's yet: it can still go back to the customer. */
export function isInCustody(order: Paid): boolean {
  return order.status !== 'cancelled' && (order.payment_status === 'held' || order.payment_status === 'partially_refunded')
}

/** What is left of a price that is held for a provider, by the lines that the provider may read. */
export function leftMinor(priceMinor: number, lines: readonly StatementLine[]): number {
  const gone = lines.filter(line => line.account === 'held' && GOES_BACK.includes(line.action))
  return Math.max(0, gone.reduce((left, line) => left - minorOf(line.amount), priceMinor))
}

/** A customer may ask while the work goes on, and afterwards until the money is the provider's. */
export function mayAskBack(order: Paid, requests: readonly RefundRequest[]): boolean {
  const isKept = order.payment_status === 'held' || order.payment_status === 'partially_refunded'
  return isKept && REFUNDABLE.includes(order.status) && !requests.some(request => request.status === 'open')
}

/** The pause before asking about a payment again: short at first, for most are settled at once. */
export function pauseMs(asked: number): number {
  return Math.min(1_500 * 1.5 ** asked, 15_000)
}

export interface MoneyFact {
  id: string
  /** The key of its words. */
  what: string
  at: string
  amountMinor: number
  currency: string
  feeMinor?: number
  /** In the words of the person who asked. */
  reason?: string
}

/** The postings that say for themselves what happened, by the reader's role. The books have the others. */
const TELLING: Readonly<Record<Role, Readonly<Record<string, string>>>> = {
  customer: { charge: 'adapter', refund_done: 'adapter', paid_otherwise: 'bank', cancel_fee: 'held', release: 'held', chargeback: 'adapter', reversal: 'adapter' },
  provider: { release: 'provider', cancel_fee: 'provider', compensation: 'provider', refund: 'held', refund_back: 'held', chargeback: 'held' },
  admin: { charge: 'adapter', refund_done: 'adapter', paid_otherwise: 'bank', cancel_fee: 'held', release: 'provider', compensation: 'provider', chargeback: 'adapter', reversal: 'adapter', refund_back: 'refunding' },
}

/** Newest first. */
export function factsOf(role: Role, payments: readonly Payment[], requests: readonly RefundRequest[], lines: readonly StatementLine[]): MoneyFact[] {
  const begun = payments.filter(({ status }) => status !== 'completed').map<MoneyFact>(payment => ({
    id: payment.id, what: `payment_${payment.status}`, at: payment.status === 'pending' ? payment.created_at : payment.updated_at,
    amountMinor: minorOf(payment.amount), currency: payment.currency,
  }))
  const asked = requests.flatMap<MoneyFact>(request => {
    const ask = { id: request.id, what: 'asked', at: request.created_at, amountMinor: minorOf(request.amount), currency: request.currency, reason: request.reason }
    if (request.status === 'open' || !request.decided_at) return [ask]
    const answer = { id: `${request.id} ${request.status}`, what: request.status, at: request.decided_at, amountMinor: minorOf(request.granted ?? request.amount), currency: request.currency }
    return [answer, ask]
  })
  const booked = lines.filter(line => TELLING[role][line.action] === line.account).map<MoneyFact>((line, n) => ({
    id: `${n} ${line.action} ${line.at}`, what: line.action, at: line.at, amountMinor: Math.abs(minorOf(line.amount)), currency: line.currency,
    ...(line.fee ? { feeMinor: minorOf(line.fee) } : {}),
  }))
  return [...begun, ...asked, ...booked].sort((a, b) => b.at.localeCompare(a.at))
}

/** The sum of an order's postings, which is zero wherever the books are right. */
export function sumsOf(lines: readonly StatementLine[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { currency, amount } of lines) sums.set(currency, (sums.get(currency) ?? 0) + minorOf(amount))
  return sums
}
