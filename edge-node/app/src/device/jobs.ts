// The jobs as this person sees them: the edge's board, and over it their own commands that the edge does not know yet.
import type { OrderStatus, TruthState } from '@holdfast/kit'
import type { BoardItem, EdgeStanding, Order } from '@holdfast/kit/api.gen.ts'
import { isBooked, overlapping } from '@holdfast/kit/bookings.ts'
import { changesJob, isFirm, needsPerson, succeeded, truthOf, type QueueItem, type TabletCommand } from './item.ts'
import type { Link } from './standing.ts'

export type Job = {
  order: Order
  /** His own undecided or unread command on it, the newest. */
  item?: QueueItem
  /** Absent where he has no part in it. */
  truth?: TruthState
  /** The acceptance is final though the cloud has not heard of it. */
  firm: boolean
}

const AFTER: Record<Exclude<TabletCommand['type'], 'report_incident' | 'send_message'>, { from: OrderStatus; to: OrderStatus }> = {
  accept_order: { from: 'pending', to: 'accepted' },
  withdraw_acceptance: { from: 'accepted', to: 'pending' },
  start_order: { from: 'accepted', to: 'in_progress' },
  complete_order: { from: 'in_progress', to: 'completed' },
}

export function jobsOf(board: readonly BoardItem[], items: readonly QueueItem[], me: string): Job[] {
  const mine = new Map<string, QueueItem[]>()
  for (const item of [...items].sort((a, b) => a.device_seq - b.device_seq)) {
    mine.set(item.body.order_id, [...(mine.get(item.body.order_id) ?? []), item])
  }
  return board.map((order) => jobOf(order, mine.get(order.id) ?? [], me))
}

/** A decision brings the order with it, often before the board does. */
function newest(order: BoardItem, items: readonly QueueItem[]): BoardItem {
  return items.filter(succeeded).reduce((known, { reply }) => {
    const decided = reply?.outcome?.order
    return decided && decided.version > known.version ? { ...known, ...decided, pending: false } : known
  }, order)
}

/** A report or a message leaves the job as it is, and says nothing of how sure it is. */
function jobOf(onBoard: BoardItem, all: QueueItem[], me: string): Job {
  const items = all.filter(changesJob)
  const order = newest(onBoard, all)
  const undecided = items.filter((item) => item.state === 'waiting' || item.state === 'stored')
  const seen = undecided.reduce((seen, item) => after(seen, item.body, me), order as Order)
  const isMine = seen.provider_id === me
  // A lost job that is open again is as good as any other.
  const item = undecided.at(-1) ?? (isMine ? items.filter(needsPerson).at(-1) : undefined)
  const standing: TruthState | undefined = isMine ? (order.pending ? 'node' : 'confirmed') : undefined
  // A job is no further than the command of it that is furthest behind.
  const behind = undecided.some((each) => each.state === 'waiting') ? 'tablet' : undecided.length > 0 ? 'node' : undefined
  const truth = behind ?? (item ? truthOf(item) : standing)
  return { order: seen, item, truth, firm: items.some((each) => each.body.type === 'accept_order' && isFirm(each)) }
}

/** The order once the command has its way; where it has no place for it, as it is. */
export function after(order: Order, body: TabletCommand, me: string): Order {
  if (body.type === 'report_incident' || body.type === 'send_message') return order
  const { from, to } = AFTER[body.type]
  if (order.status !== from) return order
  if (body.type === 'accept_order') return { ...order, status: to, provider_id: me }
  if (order.provider_id !== me) return order
  return { ...order, status: to, provider_id: body.type === 'withdraw_acceptance' ? null : me }
}

export const isOpenJob = (job: Job) => job.order.status === 'pending'

/** In this provider's hands: requested, under way or done. */
export const isMyJob = (job: Job, me: string) => job.order.provider_id === me

/** This person's jobs that take their hours, those among them that they have only requested. */
export const bookedBy = (jobs: readonly Job[], me: string): Order[] => jobs.filter((job) => isMyJob(job, me) && isBooked(job.order)).map((job) => job.order)

/** The person's own jobs at the hours of one that they may still take. */
export const inTheWayOf = (job: Job, booked: readonly Order[]): Order[] => (isOpenJob(job) ? overlapping(job.order, booked) : [])

/**
 * How work on an order may begin at this edge: on `held` funds, `afterwards` where its kind is paid for after the work, `unpaid`
 * where the region allows that at an edge that is cut off, and else it `waits` for the payment. Out of the node's reach a start
 * is `unproven`: the node judges it by its link once it receives it. Edges of before tell less.
 */
export function startOf(order: Order, standing: Partial<EdgeStanding> | undefined, link: Link): 'held' | 'afterwards' | 'unpaid' | 'unproven' | 'waits' {
  if (order.payment_status === 'held') return 'held'
  // An order whose money went back can never be paid again.
  const canBePaid = order.payment_status === 'unpaid'
  if (!canBePaid) return 'waits'
  if (standing?.paid_afterwards?.includes(order.service_type)) return 'afterwards'
  const cap = standing?.unpaid_start_max
  const isSmall = cap && cap.currency === order.currency && minorOf(order.price) <= minorOf(cap.price_max)
  if (!standing?.unpaid_start && !isSmall) return 'waits'
  if (link === 'cut') return 'unpaid'
  return link === 'away' ? 'unproven' : 'waits'
}

/** Soonest first; without a time, the newest first behind those that have one. */
export function bySoonest(jobs: readonly Job[]): Job[] {
  const keyed = jobs.map((job) => ({ job, start: Date.parse(job.order.service_start_time ?? '') || Infinity, made: Date.parse(job.order.created_at) }))
  keyed.sort((a, b) => (a.start === b.start ? b.made - a.made : a.start - b.start))
  return keyed.map(({ job }) => job)
}

/** Minor units of a decimal text; each currency here has two decimals. */
export function minorOf(price: string): number {
  const [whole = '0', cents = ''] = price.split('.')
  return Number(whole) * 100 + Math.sign(Number(whole) || 1) * Number(cents.padEnd(2, '0').slice(0, 2))
}

/** Whether these changes ask for one's own board: it alone has the orders one is part of, and tells what is offered to oneself. */
export function needOwnBoard(newer: readonly BoardItem[], gone: readonly string[], isOurs: (id: string) => boolean): boolean {
  return gone.some(isOurs) || newer.some(({ offer }) => offer !== undefined)
}

/** The board with a newer view of some orders, by version, and without those that are gone. */
export function merged(board: readonly BoardItem[], newer: readonly BoardItem[], gone: readonly string[] = []): BoardItem[] {
  const all = new Map(board.map((order) => [order.id, order]))
  for (const order of newer) {
    const known = all.get(order.id)
    if (!known || known.version <= order.version) all.set(order.id, order)
  }
  for (const id of gone) all.delete(id)
  return [...all.values()]
}
