// Earnings from this person's completed jobs, as far as this node and this tablet know the jobs.
//
// Must stay true: a sum has one currency and one state, so that money that may not come is never
// added to money that does.
import type { OrderStatus } from '@holdfast/kit'
import type { PlatformFees } from '@holdfast/kit/api.gen.ts'
import { netOf } from '@holdfast/kit/fees.ts'
import { dayOf, weekOf } from './calendar.ts'
import { isMyJob, minorOf, type Job } from './jobs.ts'

const SUMMED = ['earned', 'waits', 'unpaid'] as const
/** The node leaves the oldest jobs out of a longer board. */
const BOARD_MAX = 1_000
const COMPLETED: ReadonlySet<OrderStatus> = new Set(['completed', 'reviewed'])

/**
 * `unpaid`: the customer has yet to pay. `waits`: the cloud has not confirmed the work. `returned`:
 * money went back to the customer, and only the cloud knows the rest. `unknown`: the node does not
 * know the platform's fee.
 */
export type EarningState = (typeof SUMMED)[number] | 'returned' | 'unknown'

export type Earning = {
  job: Job
  state: EarningState
  /** What the provider gets, in minor units; absent where it is in no sum. */
  minor?: number
  mayChange: boolean
  /** It stands on the day of this moment. */
  at: number
}

export type EarningSum = { state: (typeof SUMMED)[number]; currency: string; minor: number; jobs: number; mayChange: boolean }

/** `first` names the first day of the week. */
export type EarningWeek = { first: string; earnings: Earning[]; sums: EarningSum[] }

/** The newest week first, and in each the newest job first. `firstDay` of a week is 1 for Monday. */
export function earningWeeks(jobs: readonly Job[], me: string, fees: PlatformFees | null | undefined, firstDay: number): EarningWeek[] {
  const mine = jobs.filter((job) => isMyJob(job, me) && COMPLETED.has(job.order.status))
  const newestFirst = mine.map((job) => earningOf(job, fees)).sort((a, b) => b.at - a.at)
  const weeks = new Map<string, Earning[]>()
  for (const earning of newestFirst) {
    const first = weekOf(dayOf(earning.at), firstDay)[0]!
    weeks.set(first, [...(weeks.get(first) ?? []), earning])
  }
  return [...weeks].map(([first, earnings]) => ({ first, earnings, sums: sumsOf(earnings) }))
}

/** Whether the board may lack jobs because it is at its limit. */
export const isBoardFull = (board: readonly unknown[]) => board.length >= BOARD_MAX

function earningOf(job: Job, fees: PlatformFees | null | undefined): Earning {
  const net = netOf(minorOf(job.order.price), job.order, fees)
  return { job, state: stateOf(job, net !== undefined), minor: net?.minor, mayChange: net?.mayChange ?? false, at: momentOf(job) }
}

function stateOf(job: Job, isNetKnown: boolean): EarningState {
  const payment = job.order.payment_status
  if (payment === 'refunded' || payment === 'partially_refunded') return 'returned'
  if (!isNetKnown) return 'unknown'
  if (payment === 'unpaid') return 'unpaid'
  return isUndecided(job) ? 'waits' : 'earned'
}

const isUndecided = ({ truth }: Job) => truth === 'tablet' || truth === 'node'

/**
 * An order does not tell when its work was completed. The appointed time is nearest to that, and
 * unlike the last change it stays the same. Work that was done ahead of its appointment belongs to
 * the day of the change.
 */
function momentOf(job: Job): number {
  const appointed = Date.parse(job.order.service_start_time ?? '')
  const completion = isUndecided(job) && job.item?.body.type === 'complete_order' ? job.item : undefined
  const changed = completion?.tapped_at ?? Date.parse(job.order.updated_at)
  return appointed < changed ? appointed : changed
}

function sumsOf(earnings: readonly Earning[]): EarningSum[] {
  const currencies = [...new Set(earnings.map(({ job }) => job.order.currency))].sort()
  const sums = currencies.flatMap((currency) => SUMMED.map((state) => sumOf(earnings, state, currency)))
  return sums.filter(({ jobs }) => jobs > 0)
}

function sumOf(earnings: readonly Earning[], state: EarningSum['state'], currency: string): EarningSum {
  const counted = earnings.filter((each) => each.state === state && each.job.order.currency === currency)
  const minor = counted.reduce((sum, each) => sum + (each.minor ?? 0), 0)
  return { state, currency, minor, jobs: counted.length, mayChange: counted.some((each) => each.mayChange) }
}
