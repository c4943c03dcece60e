import { describe, expect, it } from 'vitest'
import { hoursOf, namesNoHour, overlapping, type TimedJob, windowOf } from './bookings.ts'

const at = (time: string, day = 21) => `2026-11-${day}T${time}:00.000Z`
const job = (id: string, start: string | null, end: string | null = null, status: TimedJob['status'] = 'accepted'): TimedJob => ({ id, status, service_start_time: start, service_end_time: end })
const spanOf = (one: TimedJob) => {
  const hours = hoursOf(one)
  return hours && [hours.start, hours.end].map((moment) => new Date(moment).toISOString().slice(11, 16))
}
/** The ids of those of these jobs that a job of 14:00 to 16:00 overlaps with. */
const met = (...own: TimedJob[]) => overlapping(job('new', at('14:00'), at('16:00'), 'pending'), own).map(({ id }) => id)

describe('the hours of a job', () => {
  it('go from its start to its end, or for an hour', () => {
    expect(spanOf(job('a', at('14:00'), at('16:30')))).toEqual(['14:00', '16:30'])
    expect(spanOf(job('a', at('14:00')))).toEqual(['14:00', '15:00'])
    expect(spanOf(job('a', at('14:00'), at('13:00')))).toEqual(['14:00', '15:00'])
  })

  it('are none without a start, or in a window of 23 hours or longer', () => {
    expect(spanOf(job('a', null))).toBeUndefined()
    expect(spanOf(job('a', null, at('16:00')))).toBeUndefined()
    expect(spanOf(job('a', 'nonsense', at('16:00')))).toBeUndefined()
    expect(spanOf(job('a', at('00:00'), at('23:00')))).toBeUndefined()
    expect(spanOf(job('a', at('00:00'), '2026-11-21T22:59:59.999Z'))).toEqual(['00:00', '22:59'])
  })

  it('have a window also where it is a whole day', () => {
    expect(windowOf(job('a', at('00:00'), at('00:00', 22)))).toEqual({ start: Date.parse(at('00:00')), end: Date.parse(at('00:00', 22)) })
    expect(namesNoHour('2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'), 'on the day when the clocks go forward').toBe(true)
    expect([namesNoHour(at('00:00'), at('00:00', 22)), namesNoHour(at('14:00'), at('16:00')), namesNoHour(at('14:00'), null)]).toEqual([true, false, false])
  })
})

describe('jobs overlap', () => {
  it('where they share a moment, and not where one begins as the other ends', () => {
    expect(met(job('before', at('12:00'), at('14:00')), job('after', at('16:00'), at('17:00')))).toEqual([])
    expect(met(job('within', at('14:30'), at('15:00')), job('around', at('08:00'), at('20:00')), job('into', at('13:00'), '2026-11-21T14:00:00.001Z'))).toEqual(['around', 'into', 'within'])
    expect(met(job('an hour', at('13:01')))).toEqual(['an hour'])
    expect(met(job('an hour', at('13:00')))).toEqual([])
  })

  it('only with those that are accepted or in progress, and never with itself', () => {
    const states = ['pending_review', 'pending', 'accepted', 'in_progress', 'completed', 'reviewed', 'cancelled', 'rejected'] as const
    expect(met(...states.map((status) => job(status, at('14:00'), at('16:00'), status)))).toEqual(['accepted', 'in_progress'])
    expect(met(job('new', at('14:00'), at('16:00')))).toEqual([])
  })

  it('never at any time of a day, on either side', () => {
    const day = job('day', at('00:00'), at('00:00', 22))
    expect(met(day, job('never', null))).toEqual([])
    expect(overlapping(day, [job('a', at('14:00'), at('16:00'))])).toEqual([])
    expect(overlapping(job('never', null), [job('a', at('14:00'), at('16:00'))])).toEqual([])
  })
})
