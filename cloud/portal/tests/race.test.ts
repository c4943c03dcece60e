import { describe, expect, it } from 'vitest'
import { raceOf, winningStep } from '../src/logic/race.ts'
import { lostAcceptance, step } from './samples.ts'

const frame = { left: 160, right: 860, apart: 20 }

describe('the picture of a race', () => {
  it('puts both on one clock', () => {
    const won = step({ hops: { tapped_at: '2026-11-21T10:52:40.800Z', edge_at: null, cloud_at: '2026-11-21T10:52:41.100Z' } })
    const picture = raceOf(lostAcceptance(), won, frame)
    const [lost, winner] = picture.lanes
    expect(lost?.points.map(point => point.kind)).toEqual(['tapped', 'node', 'decided'])
    expect(lost?.points[0]?.x).toBe(160)
    expect(lost?.points[2]?.x).toBe(860)
    const decided = winner?.points.at(-1)
    expect(decided?.x).toBeGreaterThan(500)
    expect(decided?.x).toBeLessThan(580)
    expect(picture.first).toBe('lost')
    expect(picture.wait?.ms).toBe(1_283_000)
    expect(picture.ticks.length).toBeGreaterThan(2)
    expect(picture.ticks.length).toBeLessThan(8)
  })

  it('draws what happened at once apart, in its order, inside the frame', () => {
    const at = '2026-11-21T11:02:31.000Z'
    const picture = raceOf(lostAcceptance({ hops: { tapped_at: at, edge_at: at, cloud_at: at } }), undefined, frame)
    const xs = picture.lanes[0]?.points.map(point => point.x) ?? []
    expect(xs).toHaveLength(3)
    for (const [i, x] of xs.entries()) {
      expect(x).toBeGreaterThanOrEqual(frame.left)
      expect(x).toBeLessThanOrEqual(frame.right)
      if (i > 0) expect(x - (xs[i - 1] ?? 0)).toBeGreaterThanOrEqual(frame.apart)
    }
  })

  it('stands without a winner and without times', () => {
    const blank = lostAcceptance({ winner: null, hops: { tapped_at: null, edge_at: null, cloud_at: null } })
    const picture = raceOf(blank, undefined, frame)
    expect(picture.lanes.map(lane => lane.points)).toEqual([[], []])
    expect(picture.first).toBe('unknown')
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
