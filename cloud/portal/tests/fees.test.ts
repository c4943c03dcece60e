import { expect, test } from 'vitest'
import { canChange, hoursOf, pointsOf, stateOf } from '../src/logic/fees.ts'

test('a percent is read as people write it', () => {
  expect(['10', '12.5', '0.01', ' 7,25 % ', '100', '0', '3．5％'].map(pointsOf)).toEqual([1000, 1250, 1, 725, 10_000, 0, 350])
  expect(['', '-1', '100.01', '1.234', 'ten', '1e2'].map(pointsOf)).toEqual(Array(6).fill(undefined))
})

test('a notice is whole hours, up to thirty days', () => {
  expect(['0', '24', ' 720 ', '721', '1.5', '', '-1'].map(hoursOf)).toEqual([0, 24, 720, undefined, undefined, undefined, undefined])
})

test('the latest version that has begun is in force', () => {
  const all = ['2026-03-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z']
  const at = (now: string) => all.map(one => stateOf(one, all, Date.parse(now)))
  expect(at('2026-02-01T00:00:00.000Z')).toEqual(['toCome', 'inForce', 'over'])
  expect(at('2026-01-31T23:59:59.999Z')).toEqual(['toCome', 'toCome', 'inForce'])
})

test('a version stands from an hour before it begins', () => {
  expect([canChange(7_200_000, 3_600_000), canChange(7_200_000, 3_600_001), canChange(Number.NaN, 0)]).toEqual([true, false, false])
})
