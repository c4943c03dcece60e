import { describe, expect, it } from 'vitest'
import { placeOf } from '../src/logic/inboxPlaces.ts'
import { cutOffTrend, isEmptyTrend, orderTrend } from '../src/logic/trends.ts'

const FIRST = '2026-11-20T16:00:00.000Z'
const TODAY = '2026-11-21T16:00:00.000Z'

describe('a trend', () => {
  it('has a column for each day, and today goes on', () => {
    const days = [{ from: FIRST, published: 4, completed: 3 }, { from: TODAY, published: 1, completed: 0 }]
    expect(orderTrend(days)).toEqual([
      { from: Date.parse(FIRST), value: 4, other: 3, isToday: false },
      { from: Date.parse(TODAY), value: 1, other: 0, isToday: true },
    ])
    expect(cutOffTrend([{ from: TODAY, minutes: 7 }])).toEqual([{ from: Date.parse(TODAY), value: 7, isToday: true }])
  })

  it('is empty while nothing was counted, also of the second number', () => {
    expect(isEmptyTrend(cutOffTrend([{ from: TODAY, minutes: 0 }]))).toBe(true)
    expect(isEmptyTrend(orderTrend([{ from: TODAY, published: 0, completed: 0 }]))).toBe(true)
    expect(isEmptyTrend(orderTrend([{ from: TODAY, published: 0, completed: 1 }]))).toBe(false)
    expect(isEmptyTrend([])).toBe(true)
  })
})

describe('a line of the inbox', () => {
  const opens = () => true
  const alarm = { kind: 'link_down', region: 'NORTH' as const, since: TODAY }

  it('about an alarm leads to its node, to its region, or to all nodes', () => {
    const line = (one: typeof alarm & { edge?: string } | null) => placeOf({ type: 'platform.alarm_raised', order_id: null, alarm: one }, 'admin', opens)
    expect(line({ ...alarm, edge: 'north-1' })).toBe('/edges?edge=north-1')
    expect(line(alarm)).toBe('/regions?region=NORTH')
    expect(line(null)).toBe('/edges')
    const ofPart = (kind: string) => placeOf({ type: 'platform.alarm_raised', order_id: null, alarm: null, part_alarm: { kind, part: 'payment', since: TODAY } }, 'admin', opens)
    expect(ofPart('dead_letters')).toBe('/dead-letters')
    expect(ofPart('part_away')).toBe('/regions')
    expect(placeOf({ type: 'platform.alarm_ended', order_id: null, alarm }, 'admin', opens)).toBe('/regions?region=NORTH')
  })

  it('about an order, an account or a person leads where it did', () => {
    const line = (type: Parameters<typeof placeOf>[0]['type'], role: string, order: string | null = null, open = opens) => placeOf({ type, order_id: order, alarm: null }, role, open)
    expect(line('order.accepted', 'provider', 'o')).toBe('/jobs/o')
    expect(line('order.accepted', 'customer', 'o')).toBe('/orders/o')
    expect(line('order.acceptance_lost', 'admin', 'o')).toBe('/conflicts')
    expect(line('user.new_device_seen', 'customer')).toBe('/account')
    expect(line('user.new_device_seen', 'admin')).toBe('/people')
    expect(line('user.new_device_seen', 'admin', null, () => false)).toBe('/inbox')
    expect(line('profile.verified', 'provider')).toBe('/profile')
    expect(line(null, 'customer')).toBe('/inbox')
  })
})
