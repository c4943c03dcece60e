import { QueryClient } from '@tanstack/vue-query'
import { expect, it } from 'vitest'
import type { RegionStatus } from '@holdfast/kit/api.gen.ts'
import { staleBy, withRegion } from '../src/live.ts'

it('asks again for an order only where its version is news', () => {
  const client = new QueryClient()
  const news = { id: 'o', version: 3, region: 'NORTH' as const }
  expect(staleBy(client, news)).toEqual([['orders'], ['earnings'], ['order', 'o'], ['timeline', 'o'], ['money', 'o'], ['time-proposal', 'o']])
  client.setQueryData(['order', 'o'], { version: 2 })
  expect(staleBy(client, news)).toHaveLength(6)
  client.setQueryData(['order', 'o'], { version: 3 })
  expect(staleBy(client, news)).toEqual([['orders'], ['earnings']])
})

it('asks which regions are cut off once an order tells of one that is thought to be', () => {
  const client = new QueryClient()
  const news = (region: 'NORTH' | 'SOUTH') => ({ id: 'o', version: 3, region })
  client.setQueryData(['links'], [{ region: 'NORTH', is_cut_off: true }, { region: 'SOUTH', is_cut_off: false }])
  expect(staleBy(client, news('NORTH'))).toContainEqual(['links'])
  expect(staleBy(client, news('SOUTH'))).not.toContainEqual(['links'])
})

it('puts the news of one region among the others', () => {
  const region = (name: RegionStatus['region'], orders: number) => ({ region: name, orders }) as RegionStatus
  const parts = [{ part: 'payment', dead_letters: 1 }]
  const report = withRegion({ now: '', regions: [region('NORTH', 1), region('SOUTH', 1)], parts }, region('SOUTH', 2))
  expect(report.regions.map(one => one.orders)).toEqual([1, 2])
  expect(report.parts).toEqual(parts)
})
