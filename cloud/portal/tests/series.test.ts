import { describe, expect, it } from 'vitest'
import { blankDraft, type Draft, firstOpenStep, lacking, orderOf } from '../src/logic/draft.ts'
import { daysOf, lackOf, marksOf, newRepeat, ownTimeZone, ruleOf, toldOf, weekdayOf } from '../src/logic/series.ts'

/** A Tuesday. */
const DAY = '2026-12-01'
const at = (...times: string[]) => times.map(service_start_time => ({ service_start_time }))

describe('a rule', () => {
  it('says what was chosen', () => {
    expect(ruleOf(newRepeat('daily'), DAY)).toBe('FREQ=DAILY;COUNT=4')
    expect(ruleOf({ ...newRepeat('weekly'), count: ' 8 ' }, DAY)).toBe('FREQ=WEEKLY;BYDAY=TU;COUNT=8')
    expect(ruleOf({ ...newRepeat('fortnightly'), days: ['FR', 'MO'] }, DAY)).toBe('FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,FR;COUNT=4')
    expect(ruleOf({ ...newRepeat('monthly'), ends: 'until', until: '2027-06-30' }, DAY)).toBe('FREQ=MONTHLY;UNTIL=20270630')
  })

  it('has the day of the first date among its days', () => {
    expect(['2026-11-30', DAY, '2026-12-06'].map(weekdayOf)).toEqual(['MO', 'TU', 'SU'])
    expect(daysOf({ days: [] }, DAY)).toEqual(['TU'])
    expect(daysOf({ days: ['SU', 'MO', 'TU'] }, DAY)).toEqual(['MO', 'TU', 'SU'])
  })

  it('ends after two to twenty-six dates, or on a later day', () => {
    const counted = (count: string) => lackOf({ ...newRepeat('daily'), count }, DAY)
    expect(['2', '26'].map(counted)).toEqual([undefined, undefined])
    expect(['', '1', '27', '2.5', 'many'].map(counted)).toEqual(Array.from({ length: 5 }, () => 'count'))
    const until = (until: string) => lackOf({ ...newRepeat('daily'), ends: 'until', until }, DAY)
    expect(['', DAY, '2026-11-30'].map(until)).toEqual(['until', 'until', 'until'])
    expect(until('2026-12-02')).toBeUndefined()
  })
})

describe('the dates', () => {
  it('tell where the clocks have changed', () => {
    const weekly = at('2026-03-17T08:00:00Z', '2026-03-24T08:00:00Z', '2026-03-31T07:00:00Z', '2026-04-07T07:00:00Z')
    expect(marksOf(weekly, 'weekly', 'Europe/Berlin')).toEqual([[], [], ['clock'], []])
    expect(marksOf(weekly, 'weekly', 'Asia/Shanghai')).toEqual([[], [], [], []])
  })

  it('tell where a month lacks the day, and a day the hour', () => {
    const monthly = at('2027-01-31T02:00:00Z', '2027-03-31T02:00:00Z', '2027-05-31T02:00:00Z')
    expect(marksOf(monthly, 'monthly', 'Asia/Shanghai')).toEqual([[], ['gap'], ['gap']])
    expect(marksOf(at('2027-01-28T02:00:00Z', '2027-02-28T02:00:00Z'), 'monthly', 'Asia/Shanghai')).toEqual([[], []])
    const daily = at('2026-03-27T01:30:00Z', '2026-03-28T01:30:00Z', '2026-03-30T00:30:00Z')
    expect(marksOf(daily, 'daily', 'Europe/Berlin')).toEqual([[], [], ['clock', 'gap']])
    expect(marksOf(at('2026-12-01T01:00:00Z', '2026-12-15T01:00:00Z'), 'fortnightly', 'Asia/Shanghai')).toEqual([[], []])
  })
})

describe('a cancel of the rest', () => {
  it('tells of the orders that were still to be cancelled, and of no other', () => {
    const items = [
      { order_id: 'a', status: 'cancelled' }, { order_id: 'b', status: 'pending', refused: 'terms_changed' },
      { order_id: 'c', status: 'completed', refused: 'wrong_state' }, { order_id: 'd', status: 'in_progress', refused: 'wrong_state' },
    ] as const
    expect(toldOf(items, new Set(['a', 'b', 'd'])).map(one => one.order_id), 'the work of one began meanwhile').toEqual(['a', 'b', 'd'])
    expect(toldOf(items, new Set()).map(one => one.order_id)).toEqual(['a', 'b'])
  })
})

describe('a draft', () => {
  const now = new Date(2026, 10, 21, 11).getTime()
  const full: Draft = { ...blankDraft('c'), service: 'cleaning_repair', title: 'Fix a tap', region: 'NORTH', street: '1 Lake Road', day: DAY, hours: '8-10', price: '180', repeat: newRepeat('weekly') }

  it('becomes a series in the time zone of its customer', () => {
    expect(orderOf(full)?.repeat).toEqual({ rule: 'FREQ=WEEKLY;BYDAY=TU;COUNT=4', time_zone: ownTimeZone() })
    const { repeat: _, ...single } = full
    expect(orderOf(single)).not.toHaveProperty('repeat')
  })

  it('without an hour keeps its repeat for later and is one job until then', () => {
    for (const change of [{ hours: '' }, { day: '', hours: '' }]) {
      const waiting = { ...full, ...change }
      expect(lacking({ ...waiting, repeat: { ...newRepeat('daily'), count: '1' } }, 2, now)).toEqual({})
      expect(orderOf(waiting)).not.toHaveProperty('repeat')
    }
  })

  it('that repeats lacks its end', () => {
    expect(firstOpenStep(full, now)).toBe(3)
    expect(lacking({ ...full, repeat: { ...newRepeat('daily'), count: '1' } }, 2, now)).toEqual({ repeat: 'count' })
    expect(lacking({ ...full, repeat: { ...newRepeat('daily'), ends: 'until' } }, 2, now)).toEqual({ repeat: 'until' })
  })
})
