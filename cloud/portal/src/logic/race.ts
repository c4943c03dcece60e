// The two acceptances that met on one order, as times of one clock.

import type { RaceTimes } from '@holdfast/kit/race.ts'
import type { LostAcceptance, TimelineEntry } from '@holdfast/kit/api.gen.ts'

export interface Collision {
  lost: RaceTimes | undefined
  won: RaceTimes | undefined
  /** The time that the lost acceptance waited at its node. */
  wait: { from: number; to: number } | undefined
  /** The side with the older first sign of life. It is only told: tablets' clocks decide nothing. */
  first: 'lost' | 'won' | 'unknown'
}

/** `winning` is the winner's own step in the order's timeline, if its history is there. */
export function collisionOf(lost: LostAcceptance, winning: TimelineEntry | undefined): Collision {
  const lostTimes = timesOf(lost)
  const wonTimes = winning ? timesOf(winning) : timesOfWinner(lost)
  const wait = lostTimes?.node !== undefined && lostTimes.decided > lostTimes.node ? { from: lostTimes.node, to: lostTimes.decided } : undefined
  return { lost: lostTimes, won: wonTimes, wait, first: firstOf(lostTimes, wonTimes) }
}

/** The winner's step among an order's timeline. */
export function winningStep(lost: LostAcceptance, timeline: readonly TimelineEntry[]): TimelineEntry | undefined {
  const winner = lost.winner
  if (!winner) return undefined
  const accepts = timeline.filter(step => step.action === 'accept' && step.to === 'accepted' && step.from !== step.to)
  const same = accepts.filter(step => step.actor.user_id === winner.user_id)
  return same.find(step => step.hops.cloud_at === winner.decided_at) ?? same.at(-1)
}

/** `undefined` where the cloud's time is missing: nothing can be put on its clock then. */
function timesOf(step: TimelineEntry): RaceTimes | undefined {
  const { tapped_at: tapped, edge_at: node, cloud_at: decided } = step.hops
  if (decided === null) return undefined
  return { decided: Date.parse(decided), ...(tapped ? { tapped: Date.parse(tapped) } : {}), ...(node ? { node: Date.parse(node) } : {}) }
}

function timesOfWinner(lost: LostAcceptance): RaceTimes | undefined {
  const at = lost.winner?.decided_at
  return at ? { decided: Date.parse(at) } : undefined
}

function firstOf(lost: RaceTimes | undefined, won: RaceTimes | undefined): Collision['first'] {
  const start = (times: RaceTimes | undefined) => times && (times.tapped ?? times.node ?? times.decided)
  const [a, b] = [start(lost), start(won)]
  if (a === undefined || b === undefined) return 'unknown'
  return a < b ? 'lost' : 'won'
}
