import { expect, test } from 'vitest'
import { offerReach, offersFirst, runningOffer } from './offers.ts'

const until = '2026-11-21T14:05:00.000Z'
const END = Date.parse(until)

test('an offer keeps others from an open job until its end, and not at that moment', () => {
  const offered = { status: 'pending' as const, offer: { until } }
  expect([END - 1, END].map((now) => offerReach(offered, now))).toEqual(['others', undefined])
  expect(offerReach({ ...offered, offer: { until, to_you: true } }, END - 1)).toBe('you')
  expect(runningOffer(offered, END - 1)).toEqual({ until })
  expect(offerReach({ status: 'pending' }, 0)).toBeUndefined()
  expect(offerReach({ ...offered, status: 'accepted' }, END - 1), 'the job is taken').toBeUndefined()
})

test('what is offered to the reader comes first, and the rest keeps its order', () => {
  expect(offersFirst(['a', 'B', 'c', 'D'], (job) => job === job.toUpperCase())).toEqual(['B', 'D', 'a', 'c'])
})
