// How a step of an order travelled: from a tablet over the regional node to the cloud, or straight from the portal.
// The clocks of tablets and nodes are shown and never trusted for order.

import type { Region, TimelineEntry } from '@holdfast/kit/api.gen.ts'

export type Place = 'portal' | 'sender' | 'tablet' | 'node' | 'cloud' | 'confirmed' | 'needs'

export interface Hop {
  place: Place
  /** How far the step has come here; the line is solid only where it has been. */
  at: 'passed' | 'ahead' | 'node' | 'confirmed' | 'needs'
  time?: string
  /** Name of the node. */
  edge?: string
  /** Milliseconds since the hop before, where that is all there is to tell. */
  tookMs?: number
}

export interface Travel {
  hops: Hop[]
  /** How long the node kept it, where a person would ask why. */
  heldMs?: number
}

/** A shorter stay is how the link always works. */
const HELD_MS_MIN = 5_000

export function travelOf(entry: TimelineEntry): Travel {
  const { tapped_at: tapped, edge_at: atNode, cloud_at: atCloud } = entry.hops
  const last: Hop = entry.code && entry.from === entry.to
    ? { place: 'needs', at: 'needs', ...time(atCloud) }
    : { place: 'confirmed', at: 'confirmed', ...time(atCloud) }
  if (entry.edge ?? atNode) {
    const hops: Hop[] = [
      // Only a tablet tells the time of the tap; a command that a node decided may also have come from the portal.
      { place: tapped === null ? 'sender' : 'tablet', at: 'passed', ...time(tapped) },
      { place: 'node', at: 'passed', ...time(atNode), ...(entry.edge ? { edge: entry.edge } : {}) },
      last,
    ]
    const heldMs = span(atNode, atCloud)
    return heldMs !== undefined && heldMs >= HELD_MS_MIN ? { hops, heldMs } : { hops }
  }
  const tookMs = span(tapped, atCloud)
  const { time: _, ...end } = last
  return {
    hops: [
      { place: entry.source === 'kiosk' ? 'tablet' : 'portal', at: 'passed', ...time(tapped) },
      { place: 'cloud', at: 'passed', ...time(atCloud) },
      tookMs === undefined ? end : { ...end, tookMs },
    ],
  }
}

/** True if there is more to tell than the time that already stands beside the step. */
export function isWorthTelling(entry: TimelineEntry): boolean {
  const { tapped_at, edge_at, cloud_at } = entry.hops
  return [tapped_at, edge_at, cloud_at].some(at => at !== null)
}

/** The time that stands for a step: the cloud's, or the last one known. */
export function timeOf(entry: TimelineEntry): string | undefined {
  return entry.hops.cloud_at ?? entry.hops.edge_at ?? entry.hops.tapped_at ?? undefined
}

/** Edges are named after their region by custom only, so this is for words, never for deciding. */
export function regionOfEdge(edge: string): Region | undefined {
  const word = edge.split('-')[0]?.toUpperCase()
  return word === 'NORTH' || word === 'SOUTH' || word === 'EAST' || word === 'WEST' || word === 'MID' ? word : undefined
}

function time(at: string | null): { time?: string } {
  return at === null ? {} : { time: at }
}

function span(from: string | null, to: string | null): number | undefined {
  if (from === null || to === null) return undefined
  return Math.max(0, Date.parse(to) - Date.parse(from))
}
