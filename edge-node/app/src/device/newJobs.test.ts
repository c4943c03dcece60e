import { expect, it } from 'vitest'
import { newJobs } from './newJobs.ts'
import { order } from './samples.ts'

it('calls a job new that is open and was not on the board before', () => {
  const before = [order('a'), order('b')]
  const after = [order('a', { title: 'Changed' }), order('c'), order('d', { status: 'accepted', provider_id: 'provider-2' })]
  expect(newJobs(before, after).map(({ id }) => id)).toEqual(['c'])
  expect(newJobs(before, before)).toEqual([])
})

it('calls a known job new once it is offered to this person', () => {
  const [until, to_you] = ['2026-11-21T14:05:00.000Z', true]
  const offered = order('a', { offer: { until, to_you } })
  expect(newJobs([order('a')], [offered])).toEqual([offered])
  expect(newJobs([order('a')], [order('a', { offer: { until } })])).toEqual([])
  expect([newJobs([offered], [offered]), newJobs([offered], [order('a')])]).toEqual([[], []])
})
