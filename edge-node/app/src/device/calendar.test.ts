import { afterEach, expect, it, vi } from 'vitest'
import { appointedOn, atAnyTime, dayAfter, dayOf, firstOfWeek, onDays, startOfDay, weekOf } from './calendar.ts'
import { jobsOf } from './jobs.ts'
import { item, ME, order } from './samples.ts'

const HOUR = 3_600_000
const MONDAY = 1
const SUNDAY = 7

/** As on a tablet of that zone. */
const inZone = (zone: string) => vi.stubEnv('TZ', zone)
afterEach(() => vi.unstubAllEnvs())

const mine = (id: string, start: string | null, end: string | null = null, change = {}) =>
  order(id, { provider_id: ME, status: 'accepted', service_start_time: start, service_end_time: end, ...change })
const idsOn = (day: string, orders: ReturnType<typeof order>[]) => appointedOn(day, onDays(jobsOf(orders, [], ME), ME)).map((job) => job.order.id)

it('names the day of a moment by the clock of the tablet', () => {
  inZone('Asia/Shanghai')
  expect(dayOf(Date.parse('2026-11-21T15:59:59Z'))).toBe('2026-11-21')
  expect(dayOf(Date.parse('2026-11-21T16:00:00Z'))).toBe('2026-11-22')
  inZone('America/New_York')
  expect(dayOf(Date.parse('2026-11-22T04:59:59Z'))).toBe('2026-11-21')
})

it('knows no day that the calendar does not have', () => {
  inZone('Asia/Shanghai')
  expect(startOfDay('2028-02-29')).toBe(Date.parse('2028-02-28T16:00:00Z'))
  expect(['2026-02-29', '2026-13-01', '2026-11-00', '0026-11-21', '26-11-21', 'today', ''].map(startOfDay)).toEqual(Array(7).fill(undefined))
})

it('begins a week where its readers do, over the ends of months and years', () => {
  const ofMonday = ['2026-12-28', '2026-12-29', '2026-12-30', '2026-12-31', '2027-01-01', '2027-01-02', '2027-01-03']
  for (const day of ofMonday) expect(weekOf(day, MONDAY), day).toEqual(ofMonday)
  expect(weekOf('2027-01-02', SUNDAY).at(0)).toBe('2026-12-27')
  expect(weekOf('2027-01-03', SUNDAY).at(0)).toBe('2027-01-03')
  expect([firstOfWeek('en', ['zh-CN', 'en-GB']), firstOfWeek('en', ['en-US']), firstOfWeek('en-XA', []), firstOfWeek('zh-CN', ['zh-CN'])]).toEqual([MONDAY, SUNDAY, SUNDAY, MONDAY])
})

it.each([
  // The clocks go back, on, and on at midnight, so that the day begins at one.
  { zone: 'Europe/Berlin', day: '2026-10-25', hours: 25 },
  { zone: 'Europe/Berlin', day: '2026-03-29', hours: 23 },
  { zone: 'Africa/Cairo', day: '2026-04-24', hours: 23 },
])('has $hours hours on $day in $zone, and loses no job of it', ({ zone, day, hours }) => {
  inZone(zone)
  const [start, next] = [startOfDay(day)!, dayAfter(day)]
  expect((startOfDay(next)! - start) / HOUR).toBe(hours)
  expect(new Set(weekOf(day, SUNDAY)).size).toBe(7)
  expect([dayAfter(day, -1), dayAfter(next, -1)]).toEqual([dayAfter(day, -1), day])
  const at = (moment: number) => new Date(moment).toISOString()
  const orders = [mine('first', at(start)), mine('last', at(start + hours * HOUR - 1), at(start + hours * HOUR)), mine('next', at(start + hours * HOUR))]
  expect([idsOn(day, orders), idsOn(next, orders)]).toEqual([['first', 'last'], ['next']])
  expect(new Date(start).getHours(), 'where midnight is left out').toBe(zone === 'Africa/Cairo' ? 1 : 0)
})

it('puts a job on every day that its time touches, soonest first', () => {
  inZone('Asia/Shanghai')
  const orders = [
    mine('afternoon', '2026-11-21T14:30:00+08:00', '2026-11-21T16:00:00+08:00'),
    mine('morning', '2026-11-21T10:45:00+08:00', '2026-11-21T14:00:00+08:00'),
    mine('nights', '2026-11-20T22:00:00+08:00', '2026-11-22T02:00:00+08:00'),
    mine('untilMidnight', '2026-11-20T20:00:00+08:00', '2026-11-21T00:00:00+08:00'),
    mine('odd', '2026-11-21T09:00:00+08:00', '2026-11-20T09:00:00+08:00'),
    mine('anyTime', null),
  ]
  expect(idsOn('2026-11-20', orders)).toEqual(['untilMidnight', 'nights'])
  expect(idsOn('2026-11-21', orders)).toEqual(['nights', 'odd', 'morning', 'afternoon'])
  expect(idsOn('2026-11-22', orders)).toEqual(['nights'])
  expect(idsOn('2026-11-23', orders)).toEqual([])
})

it("shows this person's own jobs, those that are only on the tablet among them", () => {
  const at = { service_start_time: '2026-11-21T10:00:00Z' }
  const orders = [
    order('asked', at), order('open', at), order('anyTime', { provider_id: ME, status: 'in_progress' }), order('doneAnyTime', { provider_id: ME, status: 'completed' }),
    order('theirs', { ...at, provider_id: 'provider-2', status: 'accepted' }), order('cancelled', { ...at, provider_id: ME, status: 'cancelled' }),
    order('given', { ...at, provider_id: ME, status: 'accepted' }), order('done', { ...at, provider_id: ME, status: 'completed' }),
  ]
  const jobs = onDays(jobsOf(orders, [item(1, 'accept_order', 'asked'), item(2, 'withdraw_acceptance', 'given')], ME), ME)
  expect(appointedOn(dayOf(Date.parse(at.service_start_time)), jobs).map((job) => [job.order.id, job.truth])).toEqual([['asked', 'tablet'], ['done', 'confirmed']])
  expect(atAnyTime(jobs).map((job) => job.order.id)).toEqual(['anyTime'])
})
