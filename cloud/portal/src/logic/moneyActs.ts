// What an admin may still do about the money of an order by their own decision, and up to which amount.

import type { MoneyDesk, Refund, StatementLine, WorkInVain } from '@holdfast/kit/api.gen.ts'
import { minorOf } from '../parts/money.ts'

export const MONEY_ACTS = ['goodwill', 'compensation', 'anew', 'otherwise'] as const
export type MoneyActName = (typeof MONEY_ACTS)[number]

/** Why it cannot be done now; the key of its words. */
export type Hindrance = 'notReleased' | 'allBack' | 'ordersAway' | 'noWorkInVain' | 'compensated' | 'nothingFailed'

/** The refund that failed and waits for a person: one is on its way at a time, so it is the newest. */
export function failedRefund(desk: MoneyDesk): Refund | undefined {
  if (desk.saga !== 'needs_person') return undefined
  const failed = desk.refunds.filter(refund => refund.status === 'rejected')
  return failed.sort((a, b) => b.created_at.localeCompare(a.created_at))[0]
}

/** The work in vain on the order that may still be compensated. */
export function uncompensated(desk: MoneyDesk): WorkInVain[] {
  return (desk.worked_in_vain ?? []).filter(work => !work.compensated && minorOf(work.most) > 0)
}

export function hindrance(act: MoneyActName, desk: MoneyDesk, lines: readonly StatementLine[]): Hindrance | undefined {
  switch (act) {
    case 'goodwill':
      if (!lines.some(line => line.action === 'release')) return 'notReleased'
      return minorOf(desk.goodwill_most) > 0 ? undefined : 'allBack'
    case 'compensation':
      if (desk.worked_in_vain === null) return 'ordersAway'
      if (desk.worked_in_vain.length === 0) return 'noWorkInVain'
      return uncompensated(desk).length > 0 ? undefined : 'compensated'
    case 'anew':
    case 'otherwise':
      return failedRefund(desk) ? undefined : 'nothingFailed'
  }
}
