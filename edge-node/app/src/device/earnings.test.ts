import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { BoardItem, PlatformFees } from '@holdfast/kit/api.gen.ts'
import { answered } from './answer.ts'
import { earningWeeks, isBoardFull } from './earnings.ts'
import type { QueueItem } from './item.ts'
import { jobsOf } from './jobs.ts'
import { item, ME, order, stored } from './samples.ts'

const MONDAY = 1
const SUNDAY = 7
/** A tenth for the platform, of all orders of before the last day of the month. */
const FEES: PlatformFees = { complete_until: '2026-11-30T00:00:00Z', versions: [{ from: '1970-01-01T00:00:00Z', basis_points: 1_000 }] }

beforeEach(() => void vi.stubEnv('TZ', 'Asia/Shanghai'))
afterEach(() => vi.unstubAllEnvs())

const done = (id: string, start: string | null, change: Partial<BoardItem> = {}) =>
  order(id, { provider_id: ME, status: 'completed', price: '100.00', service_start_time: start, updated_at: '2026-11-29T12:00:00Z', ...change })
const weeksOf = (orders: BoardItem[], { items = [] as QueueItem[], fees = FEES as PlatformFees | null, firstDay = MONDAY } = {}) =>
  earningWeeks(jobsOf(orders, items, ME), ME, fees, firstDay)
const idsOf = (weeks: ReturnType<typeof weeksOf>) => weeks.map(({ first, earnings }) => [first, ...earnings.map(({ job }) => job.order.id)])

it("shows this person's completed jobs, by weeks of the tablet's own days, the newest first", () => {
  const orders = [
    // In Shanghai one minute before and at midnight after a Sunday.
    done('sunday', '2026-11-22T15:59:00Z'), done('monday', '2026-11-22T16:00:00Z'), done('friday', '2026-11-27T02:00:00Z', { status: 'reviewed' }),
    done('theirs', '2026-11-27T02:00:00Z', { provider_id: 'provider-2' }), done('given', '2026-11-27T02:00:00Z', { status: 'accepted' }),
    done('cancelled', '2026-11-27T02:00:00Z', { status: 'cancelled' }), done('begun', '2026-11-27T02:00:00Z', { status: 'in_progress' }),
  ]
  expect(idsOf(weeksOf(orders))).toEqual([['2026-11-23', 'friday', 'monday'], ['2026-11-16', 'sunday']])
  expect(idsOf(weeksOf(orders, { firstDay: SUNDAY }))).toEqual([['2026-11-22', 'friday', 'monday', 'sunday']])
  expect(weeksOf([])).toEqual([])
})

it('puts a job on the day of its appointment, and one without, or done ahead of it, on that of its last change', () => {
  const orders = [
    done('late', '2026-11-03T02:00:00Z'), done('anyTime', null, { updated_at: '2026-11-10T02:00:00Z' }),
    done('ahead', '2026-12-08T02:00:00Z', { updated_at: '2026-11-17T02:00:00Z' }),
  ]
  expect(idsOf(weeksOf(orders))).toEqual([['2026-11-16', 'ahead'], ['2026-11-09', 'anyTime'], ['2026-11-02', 'late']])
})

it('adds up what the provider gets, and nothing across currencies', () => {
  const at = '2026-11-24T02:00:00Z'
  const orders = [done('a', at), done('b', at, { price: '1.99' }), done('c', at, { currency: 'USD', price: '50.00' }), done('late', '2026-11-17T02:00:00Z')]
  const [week, before] = weeksOf(orders)
  expect(week!.sums).toEqual([
    { state: 'earned', currency: 'CNY', minor: 9_000 + 180, jobs: 2, mayChange: false },
    { state: 'earned', currency: 'USD', minor: 4_500, jobs: 1, mayChange: false },
  ])
  expect(before!.sums.map(({ minor }) => minor)).toEqual([9_000])
})

it('keeps apart what the cloud has not confirmed, on the tablet and at the node, by the time of the tap', () => {
  const tapped_at = Date.parse('2026-11-25T02:00:00Z')
  const begun = { status: 'in_progress', updated_at: '2026-11-18T02:00:00Z' } as const
  const orders = [done('here', null, begun), done('node', null, begun), done('other', null, { pending: true, updated_at: '2026-11-25T01:00:00Z' })]
  const atNode = answered(item(2, 'complete_order', 'node', { tapped_at }), stored(2), tapped_at)!
  const [week, ...more] = weeksOf(orders, { items: [item(1, 'complete_order', 'here', { tapped_at }), atNode] })
  expect(more).toEqual([])
  expect(week!.earnings.map(({ job, state }) => [job.order.id, job.truth, state])).toEqual([
    ['here', 'tablet', 'waits'], ['node', 'node', 'waits'], ['other', 'node', 'waits'],
  ])
  expect(week!.sums).toEqual([{ state: 'waits', currency: 'CNY', minor: 27_000, jobs: 3, mayChange: false }])
})

it('does not count what is not paid yet as earned, and has no sum of what went back or of unknown fees', () => {
  const at = '2026-11-24T02:00:00Z'
  const orders = [
    done('paid', at, { payment_status: 'paid' }), done('unpaid', at, { payment_status: 'unpaid' }),
    done('refunded', at, { payment_status: 'refunded' }), done('partly', at, { payment_status: 'partially_refunded' }),
  ]
  const states = (fees: PlatformFees | null) => weeksOf(orders, { fees })[0]!.earnings.map(({ state }) => state)
  expect(states(FEES)).toEqual(['earned', 'unpaid', 'returned', 'returned'])
  expect(states(null)).toEqual(['unknown', 'unknown', 'returned', 'returned'])
  expect(weeksOf(orders)[0]!.sums.map(({ state, minor, jobs }) => [state, minor, jobs])).toEqual([['earned', 9_000, 1], ['unpaid', 9_000, 1]])
  expect(weeksOf(orders, { fees: null })[0]!.sums).toEqual([])
})

it('says of a sum that it may change where one of its fees may', () => {
  const at = '2026-11-24T02:00:00Z'
  const orders = [done('a', at), done('b', at, { created_at: '2026-11-30T00:00:00Z' }), done('c', at, { currency: 'USD' })]
  expect(weeksOf(orders)[0]!.sums.map(({ currency, mayChange }) => [currency, mayChange])).toEqual([['CNY', true], ['USD', false]])
})

it('knows when the board may lack jobs', () => {
  expect([Array(999), Array(1_000)].map(isBoardFull)).toEqual([false, true])
})
