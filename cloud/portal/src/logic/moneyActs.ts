// What an admin may still do about the money of an order by their own decision, and up to which amount.

import type { MoneyDesk, Refund, StatementLine } from '@holdfast/kit/api.gen.ts'
import { minorOf } from '../parts/money.ts'

export const MONEY_ACTS = ['goodwill', 'compensation', 'anew', 'otherwise'] as const
export type MoneyActName = (typeof MONEY_ACTS)[number]

/** Why it cannot be done now; the key of its words. */
export type Hindrance = 'notReleased' | 'allBack' | 'noProvider' | 'compensated' | 'nothingFailed'

/** The refund that failed and waits for a person: one is on its way at a time, so it is the newest. */
export function failedRefund(desk: MoneyDesk): Refund | undefined {
  if (desk.saga !== 'needs_person') return undefined
  const failed = desk.refunds.filter(refund => refund.status === 'rejected')
  return failed.sort((a, b) => b.created_at.localeCompare(a.created_at))[0]
}

/** What of the price nobody has granted back yet, or the price itself: a compensation takes nothing from the customer. */
export function mostMinor(act: 'goodwill' | 'compensation', desk: MoneyDesk): number {
  const price = minorOf(desk.price)
  return act === 'compensation' ? price : price - minorOf(desk.granted) - minorOf(desk.goodwill)
}

export function hindrance(act: MoneyActName, desk: MoneyDesk, lines: readonly StatementLine[]): Hindrance | undefined {
  switch (act) {
    case 'goodwill':
      if (!lines.some(line => line.action === 'release')) return 'notReleased'
      return mostMinor(act, desk) > 0 ? undefined : 'allBack'
    case 'compensation':
      if (!desk.provider_id) return 'noProvider'
      return desk.acts.some(one => one.kind === 'compensation' && one.subject === desk.provider_id) ? 'compensated' : undefined
    case 'anew':
    case 'otherwise':
      return failedRefund(desk) ? undefined : 'nothingFailed'
  }
}
