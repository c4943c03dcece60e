// The jobs on the days of a calendar.
import type { OrderStatus } from '@holdfast/kit'
import { isBooked, overlap, windowOf } from '@holdfast/kit/bookings.ts'
import { dateOf } from '@holdfast/kit/days.ts'
import { bySoonest, isMyJob, type Job } from './jobs.ts'

export { dayAfter, dayOf, firstOfWeek, startOfDay, weekOf } from '@holdfast/kit/days.ts'

/** A job that was cancelled takes no day. */
const ON_A_DAY: ReadonlySet<OrderStatus> = new Set(['accepted', 'in_progress', 'completed', 'reviewed'])

/** Those of this person that take a day. */
export const onDays = (jobs: readonly Job[], me: string): Job[] => jobs.filter((job) => isMyJob(job, me) && ON_A_DAY.has(job.order.status))

/** The jobs whose appointed time touches that day, soonest first. */
export function appointedOn(day: string, jobs: readonly Job[]): Job[] {
  const hours = { start: dateOf(day).getTime(), end: dateOf(day, 1).getTime() }
  return bySoonest(jobs.filter(({ order }) => {
    const window = windowOf(order)
    return window !== undefined && overlap(window, hours)
  }))
}

/** The jobs that are still to be done, on whichever day. */
export const atAnyTime = (jobs: readonly Job[]): Job[] => bySoonest(jobs.filter(({ order }) => !order.service_start_time && isBooked(order)))
