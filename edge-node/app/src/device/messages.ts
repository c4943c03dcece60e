// What a provider and the customer of a job write to each other: the command, and the thread that the job shows.
import type { OrderStatus } from '@holdfast/kit'
import { needsPerson, succeeded, type QueueItem } from './item.ts'
import type { EdgeMessage, SendMessage } from './messageForms.ts'

export type MessageItem = QueueItem & { body: SendMessage }

/** The messages of one order as this tablet has them. */
export type Thread = {
  order_id: string
  /** The moment as of which they are the cloud's. */
  as_of: number
  items: EdgeMessage[]
  /** The person has seen all up to this number on this tablet. */
  seen: number
}

/** A message on the page of a job; `item` is its command, until the thread has it. */
export type Line = { id: string; isMine: boolean; text: string; at: number; item?: MessageItem }

/** As much as an edge takes. */
export const TEXT_MAX = 1_000
/** An edge answers with no more of one order. */
export const THREAD_MAX = 100

const OPEN: ReadonlySet<OrderStatus> = new Set(['accepted', 'in_progress', 'completed'])

export const mayWriteAt = (status: OrderStatus) => OPEN.has(status)

export const isMessage = (item: QueueItem): item is MessageItem => item.body.type === 'send_message'

/** The command of a text; undefined if the edge would not take it. */
export function messageOf(order_id: string, written: string): SendMessage | undefined {
  const text = written.trim()
  return text !== '' && !isTooLong(written) ? { type: 'send_message', order_id, text } : undefined
}

export const isTooLong = (written: string) => [...written.trim()].length > TEXT_MAX

export const numberOf = (thread: Thread | undefined) => thread?.items.at(-1)?.number ?? 0

/** How many messages of the customer the person has not seen on this tablet. */
export function countUnseen(thread: Thread | undefined): number {
  return thread?.items.filter(({ from, number }) => from === 'customer' && number > thread.seen).length ?? 0
}

/** The thread of a job, and below it the person's own messages that it does not have. */
export function linesOf(job: string, thread: Thread | undefined, items: readonly QueueItem[]): Line[] {
  const told = thread?.items ?? []
  const ids = new Set(told.map(({ id }) => id))
  const own = items.filter(isMessage).filter((item) => item.body.order_id === job && !ids.has(item.id) && isShown(item, told))
  return [
    ...told.map(({ id, from, text, sent_at }): Line => ({ id, isMine: from === 'provider', text, at: Date.parse(sent_at) })),
    ...own.sort((a, b) => a.device_seq - b.device_seq).map((item): Line => ({ id: item.id, isMine: true, text: item.body.text, at: item.tapped_at, item })),
  ]
}

/** Not if the person has read that it came to nothing, or if so many followed that the thread begins after it. */
function isShown(item: MessageItem, told: readonly EdgeMessage[]): boolean {
  // Of a message that is over, a tablet that was locked may keep no text.
  if (!item.body.text) return false
  if (item.state === 'waiting' || item.state === 'stored') return true
  if (!succeeded(item)) return needsPerson(item)
  const first = told.length >= THREAD_MAX ? Date.parse(told[0]!.sent_at) : -Infinity
  return (item.decided_at ?? 0) >= first
}
