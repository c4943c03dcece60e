import { describe, expect, it } from 'vitest'
import { isWorthTelling, regionOfEdge, timeOf, travelOf } from '../src/logic/travel.ts'
import { lostAcceptance, step } from './samples.ts'

describe('a step', () => {
  it('from the portal passes no node', () => {
    const travel = travelOf(step({ hops: { tapped_at: '2026-11-21T10:52:40.800Z', edge_at: null, cloud_at: '2026-11-21T10:52:41.100Z' } }))
    expect(travel.hops.map(hop => [hop.place, hop.at])).toEqual([['portal', 'passed'], ['cloud', 'passed'], ['confirmed', 'confirmed']])
    expect(travel.hops[2]).toMatchObject({ tookMs: 300 })
    expect(travel.heldMs).toBeUndefined()
  })

  it('from a tablet tells how long its node kept it', () => {
    const travel = travelOf(step({ ...lostAcceptance(), code: null, from: 'pending' }))
    expect(travel.hops.map(hop => hop.place)).toEqual(['tablet', 'node', 'confirmed'])
    expect(travel.hops[1]).toMatchObject({ edge: 'north-1' })
    expect(travel.heldMs).toBe(1_283_000)
  })

  it('that changed nothing ends as one that needs somebody', () => {
    expect(travelOf(lostAcceptance()).hops.at(-1)).toMatchObject({ place: 'needs', at: 'needs' })
  })

  it('of which a quick node says nothing', () => {
    const hops = { tapped_at: null, edge_at: '2026-11-21T10:00:00.000Z', cloud_at: '2026-11-21T10:00:04.000Z' }
    const travel = travelOf(step({ edge: 'east-1', hops }))
    expect(travel.heldMs).toBeUndefined()
    expect(travel.hops[0]?.place).toBe('sender')
  })

  it('without times has no story', () => {
    const blank = step({ hops: { tapped_at: null, edge_at: null, cloud_at: null } })
    expect(isWorthTelling(blank)).toBe(false)
    expect(timeOf(blank)).toBeUndefined()
    expect(travelOf(blank).hops).toHaveLength(3)
  })

  it('with a node whose clock is ahead waited no negative time', () => {
    const hops = { tapped_at: null, edge_at: '2026-11-21T10:00:09.000Z', cloud_at: '2026-11-21T10:00:04.000Z' }
    expect(travelOf(step({ edge: 'east-1', hops })).heldMs).toBeUndefined()
  })
})

it('names the region of an edge where its name tells', () => {
  expect(regionOfEdge('north-1')).toBe('NORTH')
  expect(regionOfEdge('laptop')).toBeUndefined()
})
