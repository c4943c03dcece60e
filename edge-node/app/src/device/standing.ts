// What the node's standing means for the person: who decides, what is wrong with the node, and whose clock is wrong.
import type { EdgeStanding } from '@holdfast/kit/api.gen.ts'

/** Whether the node reaches the cloud, as this tablet knows; `away` where the tablet does not reach the node. */
export type Link = 'up' | 'cut' | 'away' | 'unknown'

/** Nodes of an older version tell less. */
type Told = Partial<EdgeStanding> | undefined

/** A tablet's clock that is further off shows wrong times and ends sign-ins at a wrong time. */
const CLOCK_ERROR_MS_MAX = 120_000
const MINUTE_MS = 60_000
const HOUR_MINUTES = 60
const DAY_MINUTES = 24 * HOUR_MINUTES

/** A twin is a copy of the node, and the cloud takes nothing from it. It is suspect as well, but that says less. */
export function logTroubleOf(standing: Told): 'twin' | 'suspect' | undefined {
  if (standing?.twin) return 'twin'
  return standing?.suspect ? 'suspect' : undefined
}

/**
 * Who decides a request that is not final at once: the `cloud`, by the first to reach it; another node of the region,
 * `elsewhere`; or this node, `here`, once the cloud is back. At a `twin` nobody does.
 */
export function deciderOf(standing: Told): 'cloud' | 'elsewhere' | 'here' | 'twin' {
  if (logTroubleOf(standing) === 'twin') return 'twin'
  const holder = standing?.holder
  if (!holder) return 'cloud'
  return holder === standing.edge ? 'here' : 'elsewhere'
}

/**
 * Whether the tablet's clock is wrong, by the node's time. Without the cloud's word a node with a wrong clock cannot
 * tell: then the tablet may well be right.
 */
export function isTabletClockWrong(errorMs: number, standing: Told): boolean {
  const finding = standing?.clock?.finding
  const nodeKnowsTime = finding === undefined || finding === 'by_cloud'
  return nodeKnowsTime && Math.abs(errorMs) > CLOCK_ERROR_MS_MAX
}

export type Span = { unit: 'minutes' | 'hours' | 'days'; count: number }

/** The length of an error in the largest unit that tells it well, as the node's own sentences do. */
export function spanOf(errorMs: number): Span {
  const minutes = Math.round(Math.abs(errorMs) / MINUTE_MS)
  if (minutes < 2 * HOUR_MINUTES) return { unit: 'minutes', count: minutes }
  if (minutes < 2 * DAY_MINUTES) return { unit: 'hours', count: Math.floor(minutes / HOUR_MINUTES) }
  return { unit: 'days', count: Math.floor(minutes / DAY_MINUTES) }
}

/**
 * How old the node's list of ended sign-ins and closed accounts is, by the node's own clock; undefined if it never had one. The
 * cloud confirms that list together with all the rest that the node follows.
 */
export function revocationAgeMs(standing: Told, nodeNow: number): number | undefined {
  const confirmedAt = Date.parse(standing?.feed_as_of ?? '')
  return Number.isNaN(confirmedAt) ? undefined : Math.max(0, nodeNow - confirmedAt)
}
