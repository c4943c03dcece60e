import { expect, it } from 'vitest'
import type { OrderStatus, RegionLink } from '@holdfast/kit/api.gen.ts'
import { cutOffOf } from '../src/logic/cutOff.ts'

const SINCE = '2026-11-21T10:38:00.000Z'
const LINKS: RegionLink[] = [
  { region: 'NORTH', is_cut_off: true, cut_off_since: SINCE }, { region: 'SOUTH', is_cut_off: false, cut_off_since: null }, { region: 'EAST', is_cut_off: true, cut_off_since: null },
]
const at = (status: OrderStatus, location: 'NORTH' | 'SOUTH' | 'EAST' | 'WEST' = 'NORTH') => cutOffOf({ status, location }, LINKS)

it('says of each order what may have happened where it is cut off, and nothing of an order that is over', () => {
  const next = { pending_review: 'approved', pending: 'requested', accepted: 'begun', in_progress: 'completed' } as const
  for (const [status, may] of Object.entries(next)) expect(at(status as OrderStatus), status).toEqual({ may, since: Date.parse(SINCE) })
  for (const status of ['completed', 'reviewed', 'cancelled', 'rejected'] as const) expect(at(status), status).toBeUndefined()
})

it('says nothing where the region is linked or not known, and no time where none is known', () => {
  expect(at('pending', 'SOUTH')).toBeUndefined()
  expect(at('pending', 'WEST')).toBeUndefined()
  expect(at('pending', 'EAST')).toEqual({ may: 'requested', since: undefined })
})
