// Lays two acceptances of one order out on one clock: where each was tapped, kept and decided.

import type { LostAcceptance, TimelineEntry } from '../api/types.ts'

export interface RacePoint { kind: 'tapped' | 'node' | 'decided'; at: number; x: number }
export interface RaceLane { points: RacePoint[]; won: boolean }
export interface RaceSpan { from: number; to: number }
export interface RaceTick { at: number; x: number }

export interface RacePicture {
  lanes: RaceLane[]
  /** The time that the lost acceptance waited at its node. */
  wait?: RaceSpan & { ms: number }
  ticks: RaceTick[]
  /** Whose first sign of life is older. It is only told: tablets' clocks decide nothing. */
  first: 'lost' | 'won' | 'unknown'
}

export interface RaceFrame { left: number; right: number; /** Points closer than this are drawn apart. */ apart: number }

const STEPS_MS = [1e3, 2e3, 5e3, 1e4, 3e4, 6e4, 12e4, 3e5, 6e5, 12e5, 18e5, 36e5, 72e5, 216e5, 432e5, 864e5]

/** `winning` is the winner's own step in the order's timeline, if the order's history is there. */
export function raceOf(lost: LostAcceptance, winning: TimelineEntry | undefined, frame: RaceFrame): RacePicture {
  const lostTimes = timesOf(lost)
  const wonTimes = winning ? timesOf(winning) : timesOfWinner(lost)
  const all = [...lostTimes, ...wonTimes].map(time => time.at)
  const [from, to] = all.length === 0 ? [0, 1] : [Math.min(...all), Math.max(...all)]
  const scale = scaleOf(from, to, frame)
  const lane = (times: Times, won: boolean): RaceLane => ({ won, points: spread(times, scale, frame) })
  const waited = waitOf(lostTimes)
  return {
    lanes: [lane(lostTimes, false), lane(wonTimes, true)],
    ...(waited ? { wait: { from: scale(waited.from), to: scale(waited.to), ms: waited.to - waited.from } } : {}),
    ticks: ticksOf(from, to).map(at => ({ at, x: scale(at) })),
    first: firstOf(lostTimes, wonTimes),
  }
}

/** The winner's step among an order's timeline. */
export function winningStep(lost: LostAcceptance, timeline: readonly TimelineEntry[]): TimelineEntry | undefined {
  const winner = lost.winner
  if (!winner) return undefined
  const accepts = timeline.filter(step => step.action === 'accept' && step.to === 'accepted' && step.from !== step.to)
  const same = accepts.filter(step => step.actor.user_id === winner.user_id)
  return same.find(step => step.hops.cloud_at === winner.decided_at) ?? same.at(-1)
}

type Times = { kind: RacePoint['kind']; at: number }[]

function timesOf(step: TimelineEntry): Times {
  const { tapped_at, edge_at, cloud_at } = step.hops
  const times: [RacePoint['kind'], string | null][] = [['tapped', tapped_at], ['node', edge_at], ['decided', cloud_at]]
  return times.flatMap(([kind, at]) => (at === null ? [] : [{ kind, at: Date.parse(at) }]))
}

function timesOfWinner(lost: LostAcceptance): Times {
  const at = lost.winner?.decided_at
  return at ? [{ kind: 'decided', at: Date.parse(at) }] : []
}

/** Time to place. A little room stands before the first and after the last. */
function scaleOf(from: number, to: number, frame: RaceFrame): (at: number) => number {
  const width = frame.right - frame.left
  const length = Math.max(1, to - from)
  return at => frame.left + ((at - from) / length) * width
}

/** Keeps the points of one lane readable: they stand in their order and do not cover each other. */
function spread(times: Times, scale: (at: number) => number, frame: RaceFrame): RacePoint[] {
  const rank = { tapped: 0, node: 1, decided: 2 }
  const sorted = [...times].sort((a, b) => rank[a.kind] - rank[b.kind])
  const points = sorted.map(time => ({ ...time, x: scale(time.at) }))
  for (let i = 1; i < points.length; i += 1) {
    const [before, point] = [points[i - 1], points[i]]
    if (before && point) point.x = Math.max(point.x, before.x + frame.apart)
  }
  // What was pushed out on the right pushes back.
  for (let i = points.length - 1; i >= 0; i -= 1) {
    const point = points[i]
    if (point) point.x = Math.min(point.x, frame.right - (points.length - 1 - i) * frame.apart)
  }
  return points
}

function waitOf(times: Times): { from: number; to: number } | undefined {
  const from = times.find(time => time.kind === 'node')?.at
  const to = times.find(time => time.kind === 'decided')?.at
  return from !== undefined && to !== undefined && to > from ? { from, to } : undefined
}

/** Round times of the clock, three to seven of them. */
function ticksOf(from: number, to: number): number[] {
  const step = STEPS_MS.find(ms => (to - from) / ms <= 6) ?? 864e5
  const ticks: number[] = []
  for (let at = Math.ceil(from / step) * step; at <= to && ticks.length < 8; at += step) ticks.push(at)
  return ticks
}

function firstOf(lost: Times, won: Times): RacePicture['first'] {
  const [a, b] = [lost[0]?.at, won[0]?.at]
  if (a === undefined || b === undefined) return 'unknown'
  return a < b ? 'lost' : 'won'
}
