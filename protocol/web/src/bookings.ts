// The hours that jobs take, and which jobs of one person overlap.
//
// Must stay true: the order service counts the hours alike when it refuses a double booking.
import type { OrderStatus } from './wire.gen.ts'

/** When a job is wanted, as the API writes it. */
export type Timed = { service_start_time: string | null; service_end_time: string | null }
export type TimedJob = Timed & { id: string; status: OrderStatus }
/** From a moment to another, which is no longer in it. */
export type Hours = { start: number; end: number }

const HOUR_MS = 3_600_000
/** A day at the change of the clocks. */
const WHOLE_DAY_MS = 23 * HOUR_MS
const BOOKED: ReadonlySet<OrderStatus> = new Set(['accepted', 'in_progress'])

/** A window of a whole day names the day alone, as the rule of the late cancel has it. */
export function namesNoHour(start: string, end: string | null | undefined): boolean {
  return Boolean(end) && Date.parse(end ?? '') - Date.parse(start) >= WHOLE_DAY_MS
}

export const isAnyTimeOfDay = ({ service_start_time: start, service_end_time: end }: Timed) => Boolean(start) && namesNoHour(start ?? '', end)

/** The window of a job, which may be a whole day. A job that names no end takes an hour. */
export function windowOf({ service_start_time, service_end_time }: Timed): Hours | undefined {
  const start = Date.parse(service_start_time ?? '')
  if (Number.isNaN(start)) return undefined
  const end = Date.parse(service_end_time ?? '')
  return { start, end: end > start ? end : start + HOUR_MS }
}

/** The hours of a job; none if it may be done at any time, or at any time of a day. */
export const hoursOf = (job: Timed): Hours | undefined => (isAnyTimeOfDay(job) ? undefined : windowOf(job))

export const overlap = (a: Hours, b: Hours) => a.start < b.end && b.start < a.end

/** Jobs of this kind take their provider's hours. */
export const isBooked = ({ status }: Pick<TimedJob, 'status'>) => BOOKED.has(status)

/** Those of a person's own jobs that take hours of this one, the earliest first. */
export function overlapping<T extends TimedJob>(job: Timed & { id: string }, own: readonly T[]): T[] {
  const hours = hoursOf(job)
  if (!hours) return []
  const found = own.flatMap((other) => {
    const taken = other.id !== job.id && isBooked(other) ? hoursOf(other) : undefined
    return taken && overlap(hours, taken) ? [{ other, start: taken.start }] : []
  })
  return found.sort((a, b) => a.start - b.start).map(({ other }) => other)
}
