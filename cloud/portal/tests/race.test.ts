import { describe, expect, it } from 'vitest'
import { collisionOf, winningStep } from '../src/logic/race.ts'
import { lostAcceptance, step } from './samples.ts'

describe('a collision', () => {
  it('tells who tapped first, and how long the node kept the other', () => {
    const won = step({ hops: { tapped_at: '2026-11-21T10:52:40.800Z', edge_at: null, cloud_at: '2026-11-21T10:52:41.100Z' } })
    const collision = collisionOf(lostAcceptance(), won)
    expect(collision.first).toBe('lost')
    expect(collision.wait).toEqual({ from: Date.parse('2026-11-21T10:41:08.000Z'), to: Date.parse('2026-11-21T11:02:31.000Z') })
    expect(collision.won).toEqual({ tapped: Date.parse('2026-11-21T10:52:40.800Z'), decided: Date.parse('2026-11-21T10:52:41.100Z') })
  })

  it('takes the winner from the record where the history is not there', () => {
    expect(collisionOf(lostAcceptance(), undefined).won).toEqual({ decided: Date.parse('2026-11-21T10:52:41.100Z') })
  })

  it('stands without a winner and without times', () => {
    const blank = lostAcceptance({ winner: null, hops: { tapped_at: null, edge_at: null, cloud_at: null } })
    expect(collisionOf(blank, undefined)).toEqual({ lost: undefined, won: undefined, wait: undefined, first: 'unknown' })
  })
})

describe('the winning step', () => {
  it('is the one that was decided when the record says', () => {
    const earlier = step({ hops: { tapped_at: null, edge_at: null, cloud_at: '2026-11-20T08:00:00.000Z' } })
    const right = step()
    expect(winningStep(lostAcceptance(), [earlier, right, lostAcceptance()])).toBe(right)
    expect(winningStep(lostAcceptance({ winner: null }), [right])).toBeUndefined()
  })
})
