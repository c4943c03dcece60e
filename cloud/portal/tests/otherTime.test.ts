import { expect, test } from 'vitest'
import { lackingTime, proposalOf, type TimeForm, timeFormOf, timesOfForm } from '../src/logic/otherTime.ts'

const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).toISOString()
const NOW = Date.parse(at(21, 10))
const times = (start: string | null, end: string | null) => ({ service_start_time: start, service_end_time: end })
const form = (change: Partial<TimeForm> = {}): TimeForm => ({ day: '2026-11-23', from: '14:00', to: '16:00', note: '', ...change })

test('the form begins with the present time where it is ahead and names an hour', () => {
  expect(timeFormOf(times(at(21, 14, 30), at(21, 16)), NOW)).toEqual({ day: '2026-11-21', from: '14:30', to: '16:00', note: '' })
  expect(timeFormOf(times(at(21, 14), null), NOW)).toMatchObject({ from: '14:00', to: '' })
  expect(timeFormOf(times(at(21, 22), at(22, 2)), NOW)).toMatchObject({ from: '22:00', to: '' })
  for (const over of [times(at(21, 9), at(21, 10)), times(null, null)]) expect(timeFormOf(over, NOW)).toEqual({ day: '2026-11-22', from: '10:00', to: '12:00', note: '' })
  expect(timeFormOf(times(at(24, 0), at(25, 0)), NOW)).toMatchObject({ day: '2026-11-24', from: '10:00', to: '12:00' })
})

test('a proposal names the moments of the day by the clock of the person', () => {
  expect(proposalOf(form())).toEqual({ service_start_time: at(23, 14), service_end_time: at(23, 16) })
  expect(proposalOf(form({ to: '', note: ' later ' }))).toEqual({ service_start_time: at(23, 14), note: 'later' })
  for (const change of [{ day: '' }, { from: '' }]) expect(proposalOf(form(change))).toBeUndefined()
  expect(timesOfForm(form({ to: '' }))).toEqual(times(at(23, 14), null))
})

test.each<[Partial<TimeForm>, ReturnType<typeof lackingTime>]>([
  [{}, {}],
  [{ to: '' }, {}],
  [{ day: '' }, { day: 'missing' }],
  [{ from: '' }, { from: 'missing' }],
  [{ day: '2026-11-21', from: '10:00' }, { from: 'past' }],
  [{ to: '14:00' }, { to: 'backwards' }],
  [{ day: '2026-11-24', from: '09:00', to: '11:00' }, { from: 'same' }],
  [{ day: '2026-11-24', from: '09:00', to: '' }, {}],
])('%o lacks %o', (change, lacks) => {
  expect(lackingTime(form(change), times(at(24, 9), at(24, 11)), NOW)).toEqual(lacks)
})
