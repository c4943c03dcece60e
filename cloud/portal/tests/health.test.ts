import { describe, expect, it } from 'vitest'
import type { EdgeItem, EdgeStatus, PartStatus, RegionStatus } from '@holdfast/kit/api.gen.ts'
import cliSchema from '../../../sync/cli/schema/status.json'
import en from '../src/locales/desk/en.json'
import zh from '../src/locales/desk/zh-CN.json'
import { complaintsOf, complaintsOfItem, healthOf } from '../src/logic/health.ts'

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
  const crowded = region({ edges: [edge({ newcomers_waiting: 3 })] })
  expect(complaintsOf({ ...report, regions: [crowded] })).toEqual([{ region: 'NORTH', edge: 'north-1', kind: 'newcomers', needs: true, people: 3 }])
  const full = (level: 'warn' | 'shed') => region({ edges: [edge({ disk_free_bytes: 9e10, disk: { level, used_percent: 91 } })] })
  expect(complaintsOf({ ...report, regions: [full('warn')] })).toEqual([])
  expect(complaintsOf({ ...report, regions: [full('shed')] }).map(complaint => complaint.kind)).toEqual(['disk'])
  expect(healthOf(crowded, now), 'one trouble, however many it keeps out').toMatchObject({ state: 'needs', needs: 1 })
  const free = region({ policy: 'exclusive' })
  expect(complaintsOf({ ...report, regions: [free] }).map(complaint => complaint.kind)).toEqual(['nobody_holds'])
  expect(complaintsOf({ ...report, regions: [{ ...free, holder: 'north-1' }] })).toEqual([])
})

it('warns of a certificate from 15 days before its end to 15 days after it', () => {
  const kinds = (ends: string) => complaintsOf({ now: new Date(now).toISOString(), regions: [region({ edges: [edge({ certificate_ends_at: ends })] })] }).map(one => one.kind)
  expect(kinds('2026-12-21T00:00:00.000Z')).toEqual([])
  expect(kinds('2026-12-06T00:00:00.000Z')).toEqual(['certificate'])
  expect(kinds('2026-11-20T00:00:00.000Z')).toEqual(['certificate'])
  expect(kinds('2026-11-01T00:00:00.000Z')).toEqual([])
})

it('says of a node out of service that it is disabled, and not that its link is down', () => {
  const at = '2026-11-20T08:00:00.000Z'
  const item = (change: Partial<EdgeItem>): EdgeItem => ({
    ...edge({ link: 'down', since: at, stopped: 1 }), region: 'NORTH', created_at: at, enrolled_at: at, code_expires_at: null, cursor_seq: 1, outcome_cursor: 1,
    feed_cursor: 1, ...change,
  })
  const kinds = (change: Partial<EdgeItem>) => complaintsOfItem(item(change), now).map(complaint => complaint.kind)
  expect(kinds({})).toEqual(['stopped', 'down'])
  expect(kinds({ disabled_at: at })).toEqual(['disabled', 'stopped'])
  expect(kinds({ disabled_at: at, retired_at: at })).toEqual([])
})

/** A region for each complaint of `holdfast status`, by its kind there. */
const then = '2026-11-21T10:00:00.000Z'
const at = (change: Partial<EdgeStatus>) => region({ edges: [edge(change)] })
const COMPLAINTS: Record<string, RegionStatus | PartStatus> = {
  gate_closed: region({ gate: 'closed' }),
  no_edge: region({ edges: [] }),
  nobody_holds: region({ policy: 'exclusive' }),
  asks_stopped: region({ asks_stopped: 1 }),
  contradicted: region({ repairs: { compared_at: then, repaired: 0, repaired_at: null, contradictions: 1, contradicted_at: then } }),
  never_connected: at({ link: 'never' }),
  link_down: at({ link: 'down' }),
  orders_differ: at({ checksum: 'mismatch' }),
  unsettled: at({ unsettled_since: then }),
  ops_stopped: at({ held: 1, stopped: 1 }),
  ops_held: at({ held: 1 }),
  ops_parked: at({ parked: 1 }),
  needs_operator: at({ needs_operator_at: then }),
  twin: at({ twin_seen_at: then }),
  restored: at({ quarantine: { at: then, why: 'edge_restored' } }),
  cloned: at({ quarantine: { at: then, why: 'edge_cloned' } }),
  grant_differs: at({ unproven: 3 }),
  left_behind: at({ left_behind: [{ epoch: 1, commands: 1 }] }),
  disk_low: at({ disk_free_bytes: 1 }),
  newcomers_wait: at({ newcomers_waiting: 1 }),
  takes_any_hub: at({ takes_any_hub: true }),
  plain_line: at({ plain_line: true }),
  plain_listeners: at({ plain_listeners: true }),
  clock_wrong: at({ clock_error_ms: 61_000 }),
  cloud_tokens: at({ cloud_tokens_since: then }),
  certificate_ends: at({ certificate_ends_at: '2026-12-01T00:00:00.000Z' }),
  part_away: { part: 'payment', dead_letters: 0, away_since: then },
  dead_letters: { part: 'payment', dead_letters: 2 },
}

it('hides no complaint of `holdfast status`, in either language', () => {
  expect(Object.keys(COMPLAINTS).sort()).toEqual(cliSchema.properties.complaints.items.properties.kind.enum.toSorted())
  for (const [kind, one] of Object.entries(COMPLAINTS)) {
    const report = 'part' in one ? { regions: [], parts: [one] } : { regions: [one] }
    const found = complaintsOf({ now: new Date(now).toISOString(), ...report })
    expect(found, kind).toHaveLength(1)
    for (const { complaint } of [en, zh]) expect(complaint, kind).toHaveProperty(found[0]!.kind)
  }
})
