import { describe, expect, it } from 'vitest'
import type { EdgeStatus, RegionStatus } from '@holdfast/kit/api.gen.ts'
import { complaintsOf, healthOf } from '../src/logic/health.ts'

const now = Date.parse('2026-11-21T10:52:00.000Z')
const edge = (change: Partial<EdgeStatus> = {}): EdgeStatus => ({
  edge: 'north-1', link: 'up', since: '2026-11-21T08:00:00.000Z', last_contact_at: null, epoch: 1, version: '1', pending: 0, oldest_pending_at: null,
  undecided: 0, held: 0, parked: 0, lag_up_ops: 0, lag_down_changes: 0, lag_down_outcomes: 0, checksum: 'match', clock_error_ms: 3,
  disk_free_bytes: 5 * 1024 ** 3, repairs: 0, stopped: 0, lost: 0, ...change,
})
const region = (change: Partial<RegionStatus> = {}): RegionStatus => ({
  region: 'NORTH', gate: 'open', policy: 'optimistic', holder: null, feed_seq: 9, orders: 4, asks_waiting: 0, asks_stopped: 0, edges: [edge()], ...change,
})

describe('a region', () => {
  it('is connected and waits for nothing', () => {
    expect(healthOf(region(), now)).toEqual({ region: 'NORTH', state: 'up', since: undefined, edges: 1, edgesUp: 1, lagMs: 0, waiting: 0, lost: 0, needs: 0 })
  })

  it('is cut off since its last link went, and lags as long', () => {
    const down = [edge({ link: 'down', since: '2026-11-21T10:30:00.000Z' }), edge({ edge: 'north-2', link: 'down', since: '2026-11-21T10:38:00.000Z', pending: 38 })]
    expect(healthOf(region({ edges: down }), now)).toMatchObject({ state: 'cut', since: Date.parse('2026-11-21T10:38:00.000Z'), lagMs: 22 * 60_000, waiting: 38 })
  })

  it('is in a drill while its gate is closed', () => {
    expect(healthOf(region({ gate: 'closed', edges: [edge({ link: 'down' })] }), now).state).toBe('drill')
  })

  it('has half its links, or none yet', () => {
    expect(healthOf(region({ edges: [edge(), edge({ link: 'down' })] }), now).state).toBe('partly')
    expect(healthOf(region({ edges: [edge({ link: 'never' })] }), now).state).toBe('never')
    expect(healthOf(region({ edges: [] }), now).state).toBe('never')
  })

  it('needs a person where an op or an accept has stopped', () => {
    expect(healthOf(region({ edges: [edge({ held: 2, stopped: 1 })], asks_stopped: 1 }), now)).toMatchObject({ state: 'needs', needs: 2 })
  })
})

it('tells each thing that is wrong, and which need a person', () => {
  const report = { now: new Date(now).toISOString(), regions: [region({ edges: [edge({ checksum: 'mismatch', clock_error_ms: -90_000, disk_free_bytes: 1, parked: 3 })] })] }
  expect(complaintsOf(report).map(complaint => [complaint.kind, complaint.needs])).toEqual([['mismatch', true], ['disk', true], ['clock', true], ['parked', false]])
  expect(complaintsOf({ ...report, regions: [region()] })).toEqual([])
  const free = region({ policy: 'exclusive' })
  expect(complaintsOf({ ...report, regions: [free] }).map(complaint => complaint.kind)).toEqual(['nobody_holds'])
  expect(complaintsOf({ ...report, regions: [{ ...free, holder: 'north-1' }] })).toEqual([])
})
