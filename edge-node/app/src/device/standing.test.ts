import { expect, it } from 'vitest'
import type { EdgeStanding } from '@holdfast/kit/api.gen.ts'
import { deciderOf, isTabletClockWrong, logTroubleOf, revocationAgeMs, spanOf } from './standing.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const wrongClock = (finding: 'by_cloud' | 'by_log' | 'not_believed'): Partial<EdgeStanding> => ({
  clock: { finding, error_ms: HOUR_MS, found_at: '2026-11-21T09:00:00Z', message: { en: '', 'zh-CN': '' } },
})

it('calls a copy a copy, though its log is suspect too; an older node says neither', () => {
  expect([{ twin: true, suspect: true }, { twin: false, suspect: true }, { twin: false, suspect: false }, {}, undefined].map(logTroubleOf)).toEqual([
    'twin', 'suspect', undefined, undefined, undefined,
  ])
})

it('knows who decides a request: the first in the cloud, a node that holds the region, or nobody', () => {
  const edge = 'north-1'
  expect([undefined, { edge, holder: null }, { edge, holder: 'north-2' }, { edge, holder: edge }, { edge, holder: edge, twin: true }].map(deciderOf)).toEqual([
    'cloud', 'cloud', 'elsewhere', 'here', 'twin',
  ])
})

it('blames the clock of the tablet only where the node knows the time', () => {
  const isWrong = (standing?: Partial<EdgeStanding>) => [-HOUR_MS, HOUR_MS].map((errorMs) => isTabletClockWrong(errorMs, standing))
  for (const standing of [undefined, { clock: null }, wrongClock('by_cloud')]) expect(isWrong(standing)).toEqual([true, true])
  for (const standing of [wrongClock('by_log'), wrongClock('not_believed')]) expect(isWrong(standing)).toEqual([false, false])
  expect(isTabletClockWrong(2 * MINUTE_MS, undefined), 'a slow network looks like this').toBe(false)
})

it('tells the error of a clock in minutes, hours or days, either way', () => {
  expect([3 * MINUTE_MS, -119 * MINUTE_MS, 2 * HOUR_MS, -47 * HOUR_MS, 48 * HOUR_MS].map(spanOf)).toEqual([
    { unit: 'minutes', count: 3 }, { unit: 'minutes', count: 119 }, { unit: 'hours', count: 2 }, { unit: 'hours', count: 47 }, { unit: 'days', count: 2 },
  ])
  expect(spanOf(2 * HOUR_MS - 1_000), 'not 120 minutes').toEqual({ unit: 'hours', count: 2 })
})

it('knows the age of the list of ended sign-ins by the clock of the node', () => {
  const now = Date.parse('2026-11-21T09:00:00Z')
  expect(revocationAgeMs({ feed_as_of: '2026-11-21T08:46:00Z' }, now)).toBe(14 * MINUTE_MS)
  expect(revocationAgeMs({ feed_as_of: '2026-11-21T09:00:01Z' }, now), 'never less than none').toBe(0)
  expect([undefined, {}, { feed_as_of: null }].map((standing) => revocationAgeMs(standing, now))).toEqual([undefined, undefined, undefined])
})
