// Reduces a status report to the few words that the desk and the wall show of each region.

import type { EdgeItem, EdgeStatus, PartStatus, Region, RegionStatus, StatusReport } from '@holdfast/kit/api.gen.ts'

export type RegionState = 'up' | 'cut' | 'drill' | 'partly' | 'never' | 'needs'

export interface RegionHealth {
  region: Region
  state: RegionState
  /** Since when it is cut off, where it is. */
  since: number | undefined
  edges: number
  edgesUp: number
  /** Milliseconds that the oldest waiting thing has waited; 0 where nothing waits. */
  lagMs: number
  waiting: number
  /** Acceptances that have lost. */
  lost: number
  /** Things that wait for a person. */
  needs: number
}

export interface Complaint {
  /** Absent if it is about a part of the cloud. */
  region?: Region
  edge?: string
  part?: string
  kind: ComplaintKind
  /** Entries that wait, each for itself. */
  count?: number
  /** People whom one trouble concerns. */
  people?: number
  since?: string
  until?: string
  /** True if it waits for a person; the others mend themselves. */
  needs: boolean
}

export type ComplaintKind =
  | 'asks_stopped' | 'contradicted' | 'no_edge' | 'nobody_holds' | 'needs_operator' | 'twin' | 'edge_restored' | 'edge_cloned' | 'unproven'
  | 'left_behind' | 'stopped' | 'mismatch' | 'unsettled' | 'disk' | 'newcomers' | 'clock' | 'any_hub' | 'plain_line' | 'plain_listeners' | 'cloud_tokens' | 'down' | 'gate' | 'never' | 'held' | 'parked'
  | 'disabled' | 'certificate' | 'part_away' | 'dead_letters'

const DISK_FREE_BYTES_MIN = 1024 ** 3
const CLOCK_ERROR_MS_MAX = 60_000
const DAY_MS = 86_400_000
/** Before the end of a node's certificate, and as long after it. */
const CERTIFICATE_WARNED_MS = 15 * DAY_MS

export function healthOf(status: RegionStatus, now: number): RegionHealth {
  const up = status.edges.filter(edge => edge.link === 'up')
  const waiting = status.edges.reduce((sum, edge) => sum + waitingAt(edge), status.asks_waiting)
  const complaints = complaintsOfRegion(status, now).filter(complaint => complaint.needs)
  return {
    region: status.region,
    state: stateOf(status, up.length, complaints.length),
    since: sinceOf(status, up.length),
    edges: status.edges.length,
    edgesUp: up.length,
    lagMs: Math.max(0, ...status.edges.map(edge => lagOf(edge, now))),
    waiting,
    lost: status.edges.reduce((sum, edge) => sum + edge.lost, 0),
    needs: complaints.reduce((sum, complaint) => sum + (complaint.count ?? 1), 0),
  }
}

export function complaintsOf(report: StatusReport): Complaint[] {
  const parts = (report.parts ?? []).flatMap(complaintsOfPart)
  return [...parts, ...report.regions.flatMap(region => complaintsOfRegion(region, Date.parse(report.now)))]
}

function complaintsOfPart({ part, away_since: since, dead_letters: count }: PartStatus): Complaint[] {
  return [
    ...(since ? [{ part, kind: 'part_away' as const, needs: true, since }] : []),
    ...(count > 0 ? [{ part, kind: 'dead_letters' as const, needs: true, count }] : []),
  ]
}

export function complaintsOfEdge(region: Region, edge: EdgeStatus, now: number): Complaint[] {
  const found: Complaint[] = []
  const add = (kind: ComplaintKind, needs: boolean, more: Partial<Complaint> = {}) =>
    found.push({ region, edge: edge.edge, kind, needs, ...more })
  if (edge.needs_operator_at) add('needs_operator', true, { since: edge.needs_operator_at })
  if (edge.twin_seen_at) add('twin', true, { since: edge.twin_seen_at })
  if (edge.quarantine) add(edge.quarantine.why, true, { since: edge.quarantine.at })
  if (edge.unproven !== undefined) add('unproven', true)
  if (edge.stopped > 0) add('stopped', true, { count: edge.stopped })
  for (const left of edge.left_behind ?? []) add('left_behind', true, { count: left.commands })
  if (edge.link === 'up' && edge.checksum === 'mismatch') add('mismatch', true)
  if (edge.unsettled_since) add('unsettled', true, { since: edge.unsettled_since })
  const isDroppingCopies = edge.disk?.level === 'shed' || edge.disk?.level === 'refuse'
  if (isDroppingCopies || (edge.disk_free_bytes ?? Infinity) < DISK_FREE_BYTES_MIN) add('disk', true)
  const newcomers = edge.newcomers_waiting ?? 0
  if (newcomers > 0) add('newcomers', true, { people: newcomers })
  if (Math.abs(edge.clock_error_ms ?? 0) > CLOCK_ERROR_MS_MAX) add('clock', true)
  if (edge.takes_any_hub) add('any_hub', true)
  if (edge.plain_line) add('plain_line', true)
  if (edge.plain_listeners) add('plain_listeners', true)
  if (edge.cloud_tokens_since) add('cloud_tokens', true, { since: edge.cloud_tokens_since })
  const ends = edge.certificate_ends_at
  if (ends && Math.abs(Date.parse(ends) - now) < CERTIFICATE_WARNED_MS) add('certificate', true, { until: ends })
  if (edge.link === 'never') add('never', false)
  if (edge.link === 'down') add('down', false, edge.since ? { since: edge.since } : {})
  if (edge.held - edge.stopped > 0) add('held', false, { count: edge.held - edge.stopped })
  if (edge.parked > 0) add('parked', false, { count: edge.parked })
  return found
}

/** Of a node in the list, which also names those that are not in service any more: a missing link is no news of them. */
export function complaintsOfItem(item: EdgeItem, now: number): Complaint[] {
  if (item.retired_at) return []
  const found = complaintsOfEdge(item.region, item, now)
  if (!item.disabled_at) return found
  const disabled: Complaint = { region: item.region, edge: item.edge, kind: 'disabled', needs: true, since: item.disabled_at }
  return [disabled, ...found.filter(({ kind }) => kind !== 'down' && kind !== 'never')]
}

function complaintsOfRegion(status: RegionStatus, now: number): Complaint[] {
  const { region } = status
  const found: Complaint[] = []
  if (status.asks_stopped > 0) found.push({ region, kind: 'asks_stopped', needs: true, count: status.asks_stopped })
  const contradicted = status.repairs?.contradicted_at
  if (contradicted && now - Date.parse(contradicted) < DAY_MS) found.push({ region, kind: 'contradicted', needs: true, since: contradicted })
  if (status.edges.length === 0) found.push({ region, kind: 'no_edge', needs: false })
  if (status.policy === 'exclusive' && status.holder === null) found.push({ region, kind: 'nobody_holds', needs: true })
  if (status.gate === 'closed') found.push({ region, kind: 'gate', needs: false })
  return [...found, ...status.edges.flatMap(edge => complaintsOfEdge(region, edge, now))]
}

function stateOf(status: RegionStatus, up: number, needs: number): RegionState {
  if (status.gate === 'closed') return 'drill'
  const known = status.edges.filter(edge => edge.link !== 'never')
  if (known.length === 0) return 'never'
  if (up === 0) return 'cut'
  if (needs > 0) return 'needs'
  return up < known.length ? 'partly' : 'up'
}

/** The last link to go is the time from which the whole region is cut off. */
function sinceOf(status: RegionStatus, up: number): number | undefined {
  if (up > 0 && status.gate === 'open') return undefined
  const times = status.edges.filter(edge => edge.link === 'down' && edge.since).map(edge => Date.parse(edge.since ?? ''))
  return times.length > 0 ? Math.max(...times) : undefined
}

export function waitingAt(edge: EdgeStatus): number {
  return Math.max(edge.pending, edge.undecided + edge.held + edge.parked + edge.lag_up_ops)
}

export function lagOf(edge: EdgeStatus, now: number): number {
  const starts = [edge.oldest_pending_at, edge.lag_down_since, edge.link === 'down' ? edge.since : null]
  return Math.max(0, ...starts.map(at => (at ? now - Date.parse(at) : 0)))
}
