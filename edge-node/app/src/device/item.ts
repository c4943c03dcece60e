// A command on this tablet, and how far it has come.
import type { TruthState } from '@holdfast/kit'
import type { Code, CommandBody, Order, Region, Reply, ServiceType, Text } from '@holdfast/kit/api.gen.ts'
import type { SendMessage } from './messageForms.ts'

/** The commands that a provider gives at a tablet. */
export type TabletCommand = Extract<CommandBody, { type: 'accept_order' | 'withdraw_acceptance' | 'start_order' | 'complete_order' | 'report_incident' }> | SendMessage

/** As much of the job as the queue shows, for the day when the board knows it no more. */
export type ItemJob = { id: string; code: string; title: string; price: string; currency: string; service: ServiceType; region: Region }

/** Why the last attempt brought nothing; `code` is the edge's, or `unreachable`. */
export type Trouble = { code: string; at: number; text?: Text }

export type QueueItem = {
  id: string
  device_seq: number
  tapped_at: number
  body: TabletCommand
  job: ItemJob
  /** It stays here until then, so that it can be undone. */
  leaves_at: number
  /** waiting: on this tablet; stored: the edge has it; decided: the cloud has; refused: the edge did not take it. */
  state: 'waiting' | 'stored' | 'decided' | 'refused'
  attempts: number
  next_at: number
  /** The edges it was sent to. */
  edges: string[]
  trouble?: Trouble
  reply?: Reply
  stored_at?: number
  decided_at?: number
  /** The person has read that it came to nothing. */
  understood?: boolean
}

/** Codes of a provisional answer that the person must read. */
const DOUBTS: Readonly<Partial<Record<Code, 'unpaid' | 'booked' | 'offered'>>> = {
  looks_unpaid: 'unpaid', looks_double_booked: 'booked', looks_offered: 'offered',
}
/** The same for a message: by the node's copy of the order it does not arrive. */
const DOUBTS_OF_MESSAGE: ReadonlySet<Code> = new Set(['looks_wrong_state', 'looks_not_yours'])

export const UNDO_MS = 10_000
/** What begins work, ends it or gives it up can be undone for a while: a slip of the finger would cost a job. */
export const UNDOABLE: ReadonlySet<TabletCommand['type']> = new Set(['start_order', 'complete_order', 'withdraw_acceptance'])

export function jobOf(order: Order): ItemJob {
  const { id, code, title, price, currency, service_type: service, location: region } = order
  return { id, code, title, price, currency, service, region }
}

export function succeeded(item: QueueItem): boolean {
  const outcome = item.reply?.outcome
  return outcome?.kind === 'applied' || (outcome?.kind === 'duplicate' && outcome.first?.applied === true)
}

/** Exactly one of four. */
export function truthOf(item: QueueItem): TruthState {
  if (item.state === 'waiting') return 'tablet'
  if (item.state === 'stored') return 'node'
  return item.state === 'decided' && succeeded(item) ? 'confirmed' : 'needs'
}

/** The edge's answer is final already, whatever its chip says. */
export function isFirm(item: QueueItem): boolean {
  return item.reply?.verdict === 'firm'
}

/**
 * Why the person may not count on what the node holds: the node is a `twin`, from which the cloud
 * takes nothing, the job is `unpaid`, its hours are `booked` by another of their jobs, it is `offered`
 * to others for a time, or a message is `astray`, for the job looks to be another's. A firm answer
 * stands.
 */
export function doubtOf(item: QueueItem, isTwin: boolean): 'twin' | 'unpaid' | 'booked' | 'offered' | 'astray' | undefined {
  if (item.state !== 'stored' || isFirm(item)) return undefined
  if (isTwin) return 'twin'
  const code = item.reply?.code
  if (item.body.type === 'send_message') return code && DOUBTS_OF_MESSAGE.has(code) ? 'astray' : undefined
  return code && DOUBTS[code]
}

/** It concerns the person still: on its way, or come to nothing and not read yet. */
export function isOpen(item: QueueItem): boolean {
  const truth = truthOf(item)
  return truth === 'tablet' || truth === 'node' || (truth === 'needs' && item.understood !== true)
}

/** The person has to look at it. */
export function needsPerson(item: QueueItem): boolean {
  return truthOf(item) === 'needs' && item.understood !== true
}

/** The node did not take a start for its start code: the job's page asks for the code again. */
export function isCodeRefusal(item: QueueItem): boolean {
  return item.state === 'refused' && (item.reply?.code?.startsWith('start_code_') ?? false)
}

/** A start with a code is no slip of the finger, and its person waits at the door for the answer. */
export function undoMsOf(body: TabletCommand): number {
  const hasCode = body.type === 'start_order' && body.start_code !== undefined
  return UNDOABLE.has(body.type) && !hasCode ? UNDO_MS : 0
}

/** It has never left, so taking it back needs nobody; and nothing done to the job since rests on it. */
export function canUndo(item: QueueItem, all: readonly QueueItem[]): boolean {
  const hasFollower = all.some((each) => each.device_seq > item.device_seq && restsOn(each, item))
  return item.state === 'waiting' && item.attempts === 0 && !hasFollower
}

/** A message rests on the acceptance alone. */
function restsOn(later: QueueItem, item: QueueItem): boolean {
  const isOfSameJob = later.body.order_id === item.body.order_id
  return isOfSameJob && (later.body.type !== 'send_message' || item.body.type === 'accept_order')
}

/** A report or a message leaves the job as it is. */
export function changesJob({ body }: QueueItem): boolean {
  return body.type !== 'report_incident' && body.type !== 'send_message'
}
