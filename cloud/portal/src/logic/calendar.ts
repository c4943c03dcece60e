// One's orders and working hours on a day of the calendar. Hours of a day go from 0 to 24, by this
// device's clock.

import { isAnyTimeOfDay, overlap, windowOf } from '@holdfast/kit/bookings.ts'
import { dateOf, dayAfter, dayOf } from '@holdfast/kit/days.ts'
import type { Order, OwnProvider } from '@holdfast/kit/api.gen.ts'
import { spansOf, WEEKDAYS } from './profile.ts'

export type Timed = Pick<Order, 'id' | 'service_start_time' | 'service_end_time'>

export interface Span { from: number; to: number }

/** An order between two hours of a day, in the lane that it shares with no other at that time. */
export interface Slot<T> extends Span { order: T; lane: number; lanes: number }

const DAY_HOURS = 24
/** The least that is drawn, as a title needs a line. */
const LENGTH_MIN = 0.75

interface Times { start: number; end: number }

function touching<T extends Timed>(day: string, orders: readonly T[]): (Times & { order: T })[] {
  const times = { start: dateOf(day).getTime(), end: dateOf(day, 1).getTime() }
  return orders
    .flatMap(order => { const window = windowOf(order); return window ? [{ ...window, order }] : [] })
    .filter(one => overlap(one, times))
    .sort((a, b) => a.start - b.start || a.end - b.end || (a.order.id < b.order.id ? -1 : 1))
}

/** The orders at an hour of that day, soonest first. */
export function slotsOn<T extends Timed>(day: string, orders: readonly T[]): Slot<T>[] {
  const slots = touching(day, orders.filter(order => !isAnyTimeOfDay(order))).map(({ order, ...times }) => {
    const { from, to } = partOn(day, times)
    const drawn = Math.min(DAY_HOURS, Math.max(to, from + LENGTH_MIN))
    return { order, from: Math.min(from, drawn - LENGTH_MIN), to: drawn, lane: 0, lanes: 1 }
  })
  layOut(slots)
  return slots
}

/** The hours of that day within these times. */
function partOn(day: string, { start, end }: Times): Span {
  return { from: dayOf(start) === day ? clockOf(start) : 0, to: dayOf(end) === day ? clockOf(end) : DAY_HOURS }
}

/** Slots that overlap form a group. Each takes the first free lane, and all know their number. */
function layOut(slots: Slot<unknown>[]): void {
  let group: Slot<unknown>[] = []
  let ends: number[] = []
  const close = () => {
    for (const slot of group) slot.lanes = ends.length
    group = []
    ends = []
  }
  for (const slot of slots) {
    if (group.length > 0 && ends.every(end => end <= slot.from)) close()
    const free = ends.findIndex(end => end <= slot.from)
    slot.lane = free >= 0 ? free : ends.length
    ends[slot.lane] = slot.to
    group.push(slot)
  }
  close()
}

function clockOf(at: number): number {
  const date = new Date(at)
  return date.getHours() + date.getMinutes() / 60
}

/** The orders that may be done at any time of that day. */
export function wholeDayOn<T extends Timed>(day: string, orders: readonly T[]): T[] {
  return touching(day, orders.filter(isAnyTimeOfDay)).map(({ order }) => order)
}

export function withoutTime<T extends Timed>(orders: readonly T[]): T[] {
  return orders.filter(order => windowOf(order) === undefined)
}

/** The first day from that one on which something is agreed. */
export function nextDayFrom(day: string, orders: readonly Timed[]): string | undefined {
  const from = dateOf(day).getTime()
  const starts = orders.flatMap(order => windowOf(order)?.start ?? []).filter(start => start >= from)
  return starts.length > 0 ? dayOf(Math.min(...starts)) : undefined
}

type Hours = Pick<OwnProvider, 'availability' | 'exceptions'>

export interface Work { spans: Span[]; isDayOff: boolean }

/** The working hours of that day. */
export function workOn(day: string, { availability, exceptions }: Hours): Work {
  // `WEEKDAYS` begins with Monday, a date's own count with Sunday.
  const weekday = WEEKDAYS[(dateOf(day).getDay() + 6) % WEEKDAYS.length] ?? 'monday'
  const differs = exceptions.find(one => one.day === day)
  const ranges = differs ? differs.hours ?? [] : availability[weekday]
  const spans = spansOf(ranges).map(({ from, to }) => ({ from: hourOf(from), to: hourOf(to) || DAY_HOURS }))
  return { spans, isDayOff: differs !== undefined && ranges?.length === 0 }
}

/** Of a job that may be done at any time of many days, only so many are looked at. */
const DAYS_MAX = 31

/**
 * Whether the person works at every hour of a job. If it may be done at any time of a day, they
 * only have to work on that day. Without hours that were entered nothing is outside of them.
 */
export function isWithinHours(job: Timed, hours: Hours): boolean {
  const times = windowOf(job)
  if (!times || !hasHours(hours)) return true
  const days = [dayOf(times.start)]
  for (let next = dayAfter(days[0] ?? ''); dateOf(next).getTime() < times.end && days.length < DAYS_MAX; next = dayAfter(next)) days.push(next)
  if (isAnyTimeOfDay(job)) return days.some(day => workOn(day, hours).spans.length > 0)
  return days.every(day => isCovered(partOn(day, times), workOn(day, hours).spans))
}

function isCovered({ from, to }: Span, spans: readonly Span[]): boolean {
  let covered = from
  for (const span of spans.toSorted((a, b) => a.from - b.from)) if (span.from <= covered) covered = Math.max(covered, span.to)
  return covered >= to
}

export function hasHours({ availability }: Hours): boolean {
  return WEEKDAYS.some(day => (availability[day]?.length ?? 0) > 0)
}

function hourOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  return hour + minute / 60
}

/** The hours that a week shows: those of a usual day, and every one at which there is something. */
export function frameOf(spans: readonly Span[]): Span {
  return {
    from: Math.floor(Math.min(8, ...spans.map(({ from }) => from))),
    to: Math.ceil(Math.max(19, ...spans.map(({ to }) => to))),
  }
}

/** Where a calendar reads one's jobs. */
export const calendarAddress = (path: string, origin: string): string => origin + path

/** The same for the calendar of this device, which takes such addresses. */
export const phoneAddress = (address: string): string => address.replace(/^https?:/, 'webcal:')
