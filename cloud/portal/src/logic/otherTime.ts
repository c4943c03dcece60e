// Another time for an accepted order, as its form has it: a day and two times of it, by the person's own clock.

import { dateOf, dayAfter, dayOf } from '@holdfast/kit/days.ts'
import { isAnyTimeOfDay } from '@holdfast/kit/bookings.ts'
import type { Order, TimeProposalForm } from '@holdfast/kit/api.gen.ts'

export interface TimeForm {
  /** `YYYY-MM-DD`. */
  day: string
  /** `HH:MM`. The end may be empty. */
  from: string
  to: string
  note: string
}

export type TimeField = 'day' | 'from' | 'to' | 'note'
type Times = Pick<Order, 'service_start_time' | 'service_end_time'>
type Lack = 'missing' | 'past' | 'backwards' | 'same'

const USUAL = { from: '10:00', to: '12:00' }

/** The order's present time where it is ahead, otherwise tomorrow at a usual time. */
export function timeFormOf(order: Times, now: number): TimeForm {
  const start = Date.parse(order.service_start_time ?? '')
  const end = Date.parse(order.service_end_time ?? '')
  if (!(start > now) || isAnyTimeOfDay(order)) return { day: start > now ? dayOf(start) : dayAfter(dayOf(now)), ...USUAL, note: '' }
  return { day: dayOf(start), from: clockOf(start), to: dayOf(end) === dayOf(start) ? clockOf(end) : '', note: '' }
}

function clockOf(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes()].map(part => String(part).padStart(2, '0')).join(':')
}

function momentOf(day: string, clock: string): number | undefined {
  const [hour, minute] = clock.split(':').map(Number)
  const date = dateOf(day)
  const at = new Date(date.getFullYear(), date.getMonth(), date.getDate(), hour, minute).getTime()
  return clock === '' || Number.isNaN(at) ? undefined : at
}

/** The times that the form names; nothing where its start is missing. */
export function timesOfForm({ day, from, to }: TimeForm): Times | undefined {
  const start = momentOf(day, from)
  const end = momentOf(day, to)
  if (start === undefined) return undefined
  return { service_start_time: new Date(start).toISOString(), service_end_time: end === undefined ? null : new Date(end).toISOString() }
}

const isSame = (a: string | null, b: string | null) => (a && b ? Date.parse(a) === Date.parse(b) : a === b)

/** What the form lacks. */
export function lackingTime(form: TimeForm, order: Times, now: number): Partial<Record<TimeField, Lack>> {
  const times = timesOfForm(form)
  if (!form.day) return { day: 'missing' }
  if (!times) return { from: 'missing' }
  const start = Date.parse(times.service_start_time ?? '')
  if (start <= now) return { from: 'past' }
  if (times.service_end_time && Date.parse(times.service_end_time) <= start) return { to: 'backwards' }
  const isPresent = isSame(times.service_start_time, order.service_start_time) && isSame(times.service_end_time, order.service_end_time)
  return isPresent ? { from: 'same' } : {}
}

export function proposalOf(form: TimeForm): TimeProposalForm | undefined {
  const times = timesOfForm(form)
  if (!times?.service_start_time) return undefined
  const note = form.note.trim()
  return {
    service_start_time: times.service_start_time,
    ...(times.service_end_time ? { service_end_time: times.service_end_time } : {}),
    ...(note ? { note } : {}),
  }
}

/** The fields of the API's answer, as the form names them. */
export const FIELD_OF_TIME: Readonly<Record<string, TimeField>> = { service_start_time: 'from', service_end_time: 'to', note: 'note' }
