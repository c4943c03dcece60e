// A job that repeats: what its customer chooses, the rule of iCalendar that it becomes, and what is special about its dates.

import type { OrderStatus } from '@holdfast/kit/api.gen.ts'
import { AFTER } from '@holdfast/kit/wire.gen.ts'

const DAY_MS = 24 * 60 * 60 * 1000

export const REPEATS = ['daily', 'weekly', 'fortnightly', 'monthly'] as const
export type RepeatKind = (typeof REPEATS)[number]

/** Days as iCalendar names them, in the order of a week. */
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const
export type Weekday = (typeof WEEKDAYS)[number]

export const OCCURRENCES_MIN = 2
export const OCCURRENCES_MAX = 26

export interface Repeat {
  kind: RepeatKind
  /** Of a week, beside the day of the first date. */
  days: readonly Weekday[]
  ends: 'count' | 'until'
  count: string
  /** `YYYY-MM-DD`; the day itself counts. */
  until: string
}

export interface Occurrence { service_start_time: string; service_end_time?: string }

/** What is special about a date: the clocks changed before it, or a date before it does not exist. */
export type DateMark = 'clock' | 'gap'

export function newRepeat(kind: RepeatKind): Repeat {
  return { kind, days: [], ends: 'count', count: '4', until: '' }
}

export function weekdayOf(day: string): Weekday {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return WEEKDAYS[(new Date(year, month - 1, date).getDay() + 6) % 7] ?? 'MO'
}

/** The days of a week on which it takes place: the first date's too. */
export function daysOf(repeat: Pick<Repeat, 'days'>, day: string): Weekday[] {
  const first = weekdayOf(day)
  return WEEKDAYS.filter(one => one === first || repeat.days.includes(one))
}

export function lackOf({ ends, count, until }: Repeat, day: string): 'count' | 'until' | undefined {
  if (ends === 'until') return until > day ? undefined : 'until'
  const times = Number(count)
  return Number.isInteger(times) && times >= OCCURRENCES_MIN && times <= OCCURRENCES_MAX ? undefined : 'count'
}

/** The rule, as iCalendar writes it. `day` is the first date. */
export function ruleOf(repeat: Repeat, day: string): string {
  const { kind, ends } = repeat
  const frequency = { daily: 'DAILY', weekly: 'WEEKLY', fortnightly: 'WEEKLY', monthly: 'MONTHLY' }[kind]
  return [
    `FREQ=${frequency}`,
    ...(kind === 'fortnightly' ? ['INTERVAL=2'] : []),
    ...(kind === 'weekly' || kind === 'fortnightly' ? [`BYDAY=${daysOf(repeat, day).join(',')}`] : []),
    ends === 'count' ? `COUNT=${Number(repeat.count)}` : `UNTIL=${repeat.until.replaceAll('-', '')}`,
  ].join(';')
}

/** The orders of which a cancel of the rest tells: not those that were over before. `open` are the ones that could be cancelled. */
export function toldOf<T extends { order_id: string; status: OrderStatus; refused?: string }>(items: readonly T[], open: ReadonlySet<string>): T[] {
  return items.filter(({ order_id, status, refused }) => refused === undefined || open.has(order_id) || AFTER[status].cancel !== undefined)
}

/** The time zone of this browser, in which the customer reads their clock. */
export function ownTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** The marks of each date, in their order. */
export function marksOf(dates: readonly Occurrence[], kind: RepeatKind, zone: string): DateMark[][] {
  return dates.map((date, index) => {
    const before = dates[index - 1]
    if (!before) return []
    const at = Date.parse(date.service_start_time)
    const last = Date.parse(before.service_start_time)
    const marks: DateMark[] = []
    if (offsetAt(at, zone) !== offsetAt(last, zone)) marks.push('clock')
    if (isGap(last, at, kind, zone)) marks.push('gap')
    return marks
  })
}

/** By which the clocks of the zone differ from UTC. */
function offsetAt(at: number, zone: string): number {
  const minutes = Math.floor(at / 60_000)
  return localParts(at, zone).minutes - minutes
}

function localParts(at: number, zone: string): { months: number; minutes: number } {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' })
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = parts
  return { months: year * 12 + month, minutes: Date.UTC(year, month - 1, day, hour, minute) / 60_000 }
}

function isGap(last: number, at: number, kind: RepeatKind, zone: string): boolean {
  const [from, to] = [localParts(last, zone), localParts(at, zone)]
  if (kind === 'monthly') return to.months - from.months > 1
  const days = Math.round((to.minutes - from.minutes) * 60_000 / DAY_MS)
  return days > { daily: 1, weekly: 7, fortnightly: 14 }[kind]
}
