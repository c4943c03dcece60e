// A provider's account by month and week. Its lines are credits below zero; here they are the provider's money.

import type { StatementLine } from '@holdfast/kit/api.gen.ts'
import { minorOf } from '../parts/money.ts'

/** What a provider earns, besides what is paid out. */
const EARNED: readonly string[] = ['release', 'cancel_fee', 'compensation']
const PAID_OUT: readonly string[] = ['payout', 'payout_back', 'payout_returned']

export function ownMinor(line: StatementLine): number {
  // Not its negation: that of zero would be shown with a sign.
  return 0 - minorOf(line.amount)
}

export function feeMinor(line: StatementLine): number {
  return line.fee ? minorOf(line.fee) : 0
}

export function isEarned(line: StatementLine): boolean {
  return EARNED.includes(line.action)
}

/** A month by its name, such as `2026-11`, in the reader's time. */
export interface Month { name: string; from: number; to: number }

export function monthOf(name: string): Month | undefined {
  const match = /^(20\d{2})-(0[1-9]|1[0-2])$/.exec(name)
  if (!match) return undefined
  const [year, month] = [Number(match[1]), Number(match[2])]
  return { name, from: new Date(year, month - 1, 1).getTime(), to: new Date(year, month, 1).getTime() }
}

export function monthAt(at: number): Month {
  const day = new Date(at)
  return { name: nameOf(day), from: new Date(day.getFullYear(), day.getMonth(), 1).getTime(), to: new Date(day.getFullYear(), day.getMonth() + 1, 1).getTime() }
}

/** `by` months later. */
export function monthBeside(month: Month, by: number): Month {
  const day = new Date(month.from)
  return monthAt(new Date(day.getFullYear(), day.getMonth() + by, 1).getTime())
}

function nameOf(day: Date): string {
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}`
}

export interface MonthSums { opening: number; earned: number; fees: number; paidOut: number; closing: number }

/** `lines` reach back to the month's beginning; `balance` is the present one. */
export function sumsOfMonth(lines: readonly StatementLine[], month: Month, balance: number): MonthSums {
  const at = (line: StatementLine) => Date.parse(line.at)
  const sum = (some: readonly StatementLine[], of = ownMinor) => some.reduce((all, line) => all + of(line), 0)
  const own = lines.filter(line => at(line) >= month.from && at(line) < month.to)
  const closing = balance - sum(lines.filter(line => at(line) >= month.to))
  return {
    opening: closing - sum(own),
    earned: sum(own.filter(isEarned)),
    fees: sum(own, feeMinor),
    paidOut: 0 - sum(own.filter(line => PAID_OUT.includes(line.action))),
    closing,
  }
}

export interface Week { from: number; minor: number }

const DAYS = 7

/** The last weeks, this one last, each from its Monday on. */
export function weeksOf(lines: readonly StatementLine[], now: number, count: number): Week[] {
  const today = new Date(now)
  const monday = today.getDate() - ((today.getDay() + 6) % DAYS)
  const start = (back: number) => new Date(today.getFullYear(), today.getMonth(), monday - back * DAYS).getTime()
  return Array.from({ length: count }, (_, n) => {
    const [from, to] = [start(count - 1 - n), start(count - 2 - n)]
    const own = lines.filter(line => isEarned(line) && Date.parse(line.at) >= from && Date.parse(line.at) < to)
    return { from, minor: own.reduce((sum, line) => sum + ownMinor(line), 0) }
  })
}
