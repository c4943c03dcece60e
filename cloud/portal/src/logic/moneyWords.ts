// What a customer reads about the money of an order. Every sentence is made from the lines that were booked.

import type { Order, RefundRequest, StatementLine } from '@holdfast/kit/api.gen.ts'
import { minorOf } from '../parts/money.ts'

/** The sums of an order's money, in minor units, as its customer knows them. */
export interface MoneySums {
  paid: number
  /** Sent back, by the way it came or by another one. */
  back: number
  /** Taken back by the customer's bank, less what the bank has paid again since. */
  takenBack: number
  /** The provider's, for a late cancel. */
  fee: number
  /** The provider's and the platform's, for the work. */
  released: number
  /** Still held for the order, or on its way back. */
  held: number
}

export function sumsOfMoney(lines: readonly StatementLine[]): MoneySums {
  const sumOf = (action: string, account: string) => lines
    .filter(line => line.action === action && line.account === account)
    .reduce((sum, line) => sum + Math.abs(minorOf(line.amount)), 0)
  const paid = sumOf('charge', 'adapter')
  const back = sumOf('refund_done', 'adapter') + sumOf('paid_otherwise', 'bank')
  const chargedBack = sumOf('chargeback', 'adapter')
  const fee = sumOf('cancel_fee', 'held')
  const released = sumOf('release', 'held')
  // After the release the platform bears what goes back, so nothing held can become less than nothing.
  const held = Math.max(0, paid - back - chargedBack - fee - released)
  return { paid, back, takenBack: Math.max(0, chargedBack - sumOf('reversal', 'adapter')), fee, released, held }
}

export type MoneyTitle = 'held' | 'coming' | 'back' | 'paid' | 'fee' | 'takenBack' | 'nothing'

/** One sentence by the end of its key, with its amount where it names one. */
export interface MoneySentence { key: string; minor?: number }

export interface MoneyWords {
  title: MoneyTitle
  /** Shown under the title; absent where there is nothing to show. */
  minor?: number
  sentences: MoneySentence[]
}

type Asked = Pick<RefundRequest, 'status' | 'amount' | 'granted'>

/** Granted, and neither sent back nor taken back otherwise yet. */
function comingMinor(sums: MoneySums, requests: readonly Asked[]): number {
  const granted = requests
    .filter(request => request.status === 'granted')
    .reduce((sum, request) => sum + minorOf(request.granted ?? request.amount), 0)
  return Math.min(sums.held, Math.max(0, granted - sums.back))
}

/** The order may show the release before the statement does, and a payment service of the version before keeps it to itself. */
function asReleased(sums: MoneySums, order: Pick<Order, 'status' | 'payment_status'>): MoneySums {
  const isReleased = order.payment_status === 'paid' && order.status !== 'cancelled'
  return isReleased && sums.released === 0 ? { ...sums, released: sums.held, held: 0 } : sums
}

export function moneyWordsOf(order: Pick<Order, 'status' | 'payment_status'>, lines: readonly StatementLine[], requests: readonly Asked[]): MoneyWords {
  const sums = asReleased(sumsOfMoney(lines), order)
  if (sums.paid === 0) return { title: order.payment_status === 'unpaid' ? 'nothing' : 'held', sentences: [] }
  const rest = [
    ...(sums.fee > 0 ? [{ key: 'fee', minor: sums.fee }] : []),
    ...(sums.takenBack > 0 ? [{ key: 'takenBack', minor: sums.takenBack }] : []),
  ]
  const wentBack = sums.back > 0 ? [{ key: 'back', minor: sums.back }] : []
  if (sums.held > 0 && order.status === 'cancelled') {
    // Until the cancel is booked, a fee that was agreed to is still among what is held.
    const isBooked = sums.fee > 0
    return { title: 'coming', minor: sums.held, sentences: [{ key: isBooked ? 'cancelled' : 'cancelledLessFee' }, ...wentBack, ...rest] }
  }
  if (sums.held > 0) return heldWords(sums, requests, [...wentBack, ...rest])
  if (sums.released > 0) return { title: 'paid', minor: sums.released, sentences: [{ key: 'released' }, ...wentBack, ...rest] }
  if (sums.back > 0) return { title: 'back', minor: sums.back, sentences: [{ key: 'bank' }, ...rest] }
  if (sums.takenBack > 0) return { title: 'takenBack', minor: sums.takenBack, sentences: [{ key: order.status === 'cancelled' ? 'byBank' : 'waits' }] }
  if (sums.fee > 0) return { title: 'fee', minor: sums.fee, sentences: [{ key: 'wholeFee' }] }
  return { title: 'nothing', sentences: [] }
}

function heldWords(sums: MoneySums, requests: readonly Asked[], rest: MoneySentence[]): MoneyWords {
  const coming = comingMinor(sums, requests)
  if (coming === sums.held) return { title: 'coming', minor: coming, sentences: [{ key: 'granted' }, ...rest] }
  const isAsked = requests.some(request => request.status === 'open')
  const next = isAsked ? { key: 'asked' } : { key: coming > 0 ? 'restLater' : 'later' }
  const onItsWay = coming > 0 ? [{ key: 'coming', minor: coming }] : []
  return { title: 'held', minor: sums.held, sentences: [...onItsWay, next, ...rest] }
}
