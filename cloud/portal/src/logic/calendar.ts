// One's orders and working hours on a day of the calendar. Hours of a day go from 0 to 24, by this
// device's clock.

import { dateOf, dayOf } from '@holdfast/kit/days.ts'
import type { Order, OwnProvider } from '@holdfast/kit/api.gen.ts'
import { namesNoHour } from './draft.ts'
import { spansOf, WEEKDAYS } from './profile.ts'

export type Timed = Pick<Order, 'id' | 'service_start_time' | 'service_end_time'>

export interface Span { from: number; to: number }

/** An order between two hours of a day, in the lane that it shares with no other at that time. */
export interface Slot<T> extends Span { order: T; lane: number; lanes: number }

const HOUR_MS = 3_600_000
const DAY_HOURS = 24
/** What an order takes that names no end; and the least that is drawn, as a title needs a line. */
const LENGTH = 1
const LENGTH_MIN = 0.75

interface Times { start: number; end: number }

function timesOf({ service_start_time, service_end_time }: Timed): Times | undefined {
  const start = Date.parse(service_start_time ?? '')
  if (Number.isNaN(start)) return undefined
  const end = Date.parse(service_end_time ?? '')
  return { start, end: end > start ? end : start + LENGTH * HOUR_MS }
}

const isWholeDay = ({ service_start_time: start, service_end_time: end }: Timed) => Boolean(start) && namesNoHour(start ?? '', end)

function touching<T extends Timed>(day: string, orders: readonly T[]): (Times & { order: T })[] {
  const [start, end] = [dateOf(day).getTime(), dateOf(day, 1).getTime()]
  return orders
    .flatMap(order => { const times = timesOf(order); return times ? [{ ...times, order }] : [] })
    .filter(one => one.start < end && one.end > start)
    .sort((a, b) => a.start - b.start || a.end - b.end || (a.order.id < b.order.id ? -1 : 1))
}

/** The orders at an hour of that day, soonest first. */
export function slotsOn<T extends Timed>(day: string, orders: readonly T[]): Slot<T>[] {
  const slots = touching(day, orders.filter(order => !isWholeDay(order))).map(({ start, end, order }) => {
    const from = dayOf(start) === day ? clockOf(start) : 0
    const to = dayOf(end) === day ? clockOf(end) : DAY_HOURS
    const drawn = Math.min(DAY_HOURS, Math.max(to, from + LENGTH_MIN))
    return { order, from: Math.min(from, drawn - LENGTH_MIN), to: drawn, lane: 0, lanes: 1 }
  })
  layOut(slots)
  return slots
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
  return touching(day, orders.filter(isWholeDay)).map(({ order }) => order)
}

export function withoutTime<T extends Timed>(orders: readonly T[]): T[] {
  return orders.filter(order => timesOf(order) === undefined)
}

/** The first day from that one on which something is agreed. */
export function nextDayFrom(day: string, orders: readonly Timed[]): string | undefined {
  const from = dateOf(day).getTime()
  const starts = orders.flatMap(order => timesOf(order)?.start ?? []).filter(start => start >= from)
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
