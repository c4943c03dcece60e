import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { calendarAddress, frameOf, hasHours, isWithinHours, nextDayFrom, phoneAddress, slotsOn, type Timed, wholeDayOn, withoutTime, workOn } from '../src/logic/calendar.ts'

beforeEach(() => void vi.stubEnv('TZ', 'Asia/Shanghai'))
afterEach(() => vi.unstubAllEnvs())

const at = (day: number, time: string) => `2026-11-${day}T${time}:00+08:00`
const order = (id: string, start: string | null, end: string | null = null): Timed => ({ id, service_start_time: start, service_end_time: end })
const slots = (day: string, orders: Timed[]) => slotsOn(day, orders).map(({ order: { id }, from, to, lane, lanes }) => [id, from, to, `${lane}/${lanes}`])

describe('an order of a day', () => {
  it('stands at its hours by this clock, soonest first', () => {
    const orders = [order('late', at(21, '16:30'), at(21, '18:00')), order('early', at(21, '09:15'), at(21, '11:00')), order('other', at(22, '09:00'), at(22, '10:00'))]
    expect(slots('2026-11-21', orders)).toEqual([['early', 9.25, 11, '0/1'], ['late', 16.5, 18, '0/1']])
    expect(slots('2026-11-23', orders)).toEqual([])
  })

  it('over midnight is in both, and one that ends with a day only there', () => {
    const orders = [order('night', at(20, '22:00'), at(21, '02:30')), order('evening', at(20, '20:00'), at(21, '00:00'))]
    expect(slots('2026-11-20', orders)).toEqual([['evening', 20, 24, '0/2'], ['night', 22, 24, '1/2']])
    expect(slots('2026-11-21', orders)).toEqual([['night', 0, 2.5, '0/1']])
  })

  it('takes an hour where it names no end or an impossible one, and never less than a title needs', () => {
    expect(slots('2026-11-21', [order('open', at(21, '10:00'))])).toEqual([['open', 10, 11, '0/1']])
    expect(slots('2026-11-21', [order('odd', at(21, '10:00'), at(20, '09:00'))])).toEqual([['odd', 10, 11, '0/1']])
    expect(slots('2026-11-21', [order('short', at(21, '10:00'), at(21, '10:10'))])).toEqual([['short', 10, 10.75, '0/1']])
    expect(slots('2026-11-21', [order('last', at(21, '23:50'), at(22, '00:00'))])).toEqual([['last', 23.25, 24, '0/1']])
  })

  it('shares the width with those of its time alone', () => {
    const orders = [
      order('a', at(21, '10:00'), at(21, '12:00')), order('b', at(21, '11:00'), at(21, '13:00')), order('c', at(21, '12:00'), at(21, '13:00')), order('d', at(21, '13:00'), at(21, '14:00')),
    ]
    expect(slots('2026-11-21', orders)).toEqual([['a', 10, 12, '0/2'], ['b', 11, 13, '1/2'], ['c', 12, 13, '0/2'], ['d', 13, 14, '0/1']])
  })

  it('has no hour where it may be done at any time of the day, or at any time at all', () => {
    const orders = [order('day', at(21, '00:00'), at(22, '00:00')), order('never', null)]
    expect(slots('2026-11-21', orders)).toEqual([])
    expect(wholeDayOn('2026-11-21', orders).map(({ id }) => id)).toEqual(['day'])
    expect(wholeDayOn('2026-11-22', orders)).toEqual([])
    expect(withoutTime(orders).map(({ id }) => id)).toEqual(['never'])
  })
})

it('leads to the next day on which something is agreed', () => {
  const orders = [order('past', at(20, '23:59')), order('far', at(29, '10:00')), order('near', at(23, '00:00')), order('never', null)]
  expect(nextDayFrom('2026-11-21', orders)).toBe('2026-11-23')
  expect(nextDayFrom('2026-11-30', orders)).toBeUndefined()
})

describe('working hours', () => {
  const NONE = { monday: [], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [] }
  const profile = { availability: { ...NONE, monday: ['09:00-12:00', '13:30-24:00'], sunday: ['10:00-14:00'] }, exceptions: [{ day: '2026-11-23', hours: [] }, { day: '2026-11-25', hours: ['08:00-09:00'] }, { day: '2026-11-26' }] }

  it('are those of the weekday, to the end of the day where it says so', () => {
    expect(workOn('2026-11-16', profile)).toEqual({ spans: [{ from: 9, to: 12 }, { from: 13.5, to: 24 }], isDayOff: false })
    expect(workOn('2026-11-22', profile).spans).toEqual([{ from: 10, to: 14 }])
    expect(workOn('2026-11-17', profile)).toEqual({ spans: [], isDayOff: false })
  })

  it('give way to those of the day itself, which may be a day off', () => {
    expect(workOn('2026-11-23', profile)).toEqual({ spans: [], isDayOff: true })
    expect(workOn('2026-11-26', profile).isDayOff).toBe(true)
    expect(workOn('2026-11-25', profile)).toEqual({ spans: [{ from: 8, to: 9 }], isDayOff: false })
  })

  it('are unknown until one is entered', () => {
    expect([hasHours(profile), hasHours({ availability: NONE, exceptions: [] })]).toEqual([true, false])
  })
})

describe('a job is within the working hours', () => {
  const NONE = { monday: [], tuesday: [], wednesday: [], thursday: [], friday: [], saturday: [], sunday: [] }
  // The 21st is a Saturday, the 23rd a Monday.
  const profile = { availability: { ...NONE, saturday: ['09:00-12:00', '12:00-14:00', '20:00-24:00'], sunday: ['00:00-02:00'] }, exceptions: [{ day: '2026-11-28', hours: [] }] }
  const isWithin = (start: string | null, end: string | null = null) => isWithinHours(order('a', start, end), profile)

  it('where they cover all of it, also over two of them and over midnight', () => {
    expect([isWithin(at(21, '09:00'), at(21, '14:00')), isWithin(at(21, '08:59'), at(21, '10:00')), isWithin(at(21, '13:00'), at(21, '14:01')), isWithin(at(21, '15:00'), at(21, '16:00'))]).toEqual([true, false, false, false])
    expect([isWithin(at(21, '22:00'), at(22, '02:00')), isWithin(at(21, '22:00'), at(22, '02:30')), isWithin(at(21, '22:00'), at(22, '00:00'))]).toEqual([true, false, true])
    expect([isWithin(at(21, '13:00')), isWithin(at(21, '13:30'))], 'an hour where it names no end').toEqual([true, false])
    expect([isWithin(at(23, '10:00'), at(23, '11:00')), isWithin(at(28, '10:00'), at(28, '11:00'))], 'a free weekday, and a day off').toEqual([false, false])
  })

  it('at any time of a day on which they work, and at any time at all', () => {
    expect([isWithin(at(21, '00:00'), at(22, '00:00')), isWithin(at(23, '00:00'), at(24, '00:00')), isWithin(at(23, '00:00'), at(29, '00:00')), isWithin(null)]).toEqual([true, false, false, true])
    expect(isWithin(at(21, '00:00'), '9999-01-01T00:00:00Z'), 'however long').toBe(true)
  })

  it('where none were ever entered', () => {
    expect(isWithinHours(order('a', at(23, '03:00'), at(23, '04:00')), { availability: NONE, exceptions: [] })).toBe(true)
  })
})

it('shows a usual day, and whole hours around all that is earlier or later', () => {
  expect(frameOf([])).toEqual({ from: 8, to: 19 })
  expect(frameOf([{ from: 6.5, to: 9 }, { from: 18, to: 19.25 }])).toEqual({ from: 6, to: 20 })
})

it('gives the calendar of a phone the whole address, as calendars know it', () => {
  const address = calendarAddress('/api/v1/calendar.ics?s=a_b', 'https://holdfast.example')
  expect(address).toBe('https://holdfast.example/api/v1/calendar.ics?s=a_b')
  expect(phoneAddress(address)).toBe('webcal://holdfast.example/api/v1/calendar.ics?s=a_b')
  expect(phoneAddress('http://127.0.0.1:8080/x?s=https:')).toBe('webcal://127.0.0.1:8080/x?s=https:')
})
