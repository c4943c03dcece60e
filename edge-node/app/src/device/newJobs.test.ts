import { expect, it } from 'vitest'
import { newJobs } from './newJobs.ts'
import { order } from './samples.ts'

it('calls a job new that is open and was not on the board before', () => {
  const before = [order('a'), order('b')]
  const after = [order('a', { title: 'Changed' }), order('c'), order('d', { status: 'accepted', provider_id: 'provider-2' })]
  expect(newJobs(before, after).map(({ id }) => id)).toEqual(['c'])
  expect(newJobs(before, before)).toEqual([])
})
