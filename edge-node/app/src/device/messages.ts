// What a provider and the customer of a job write to each other: the command, and the thread that the job shows.
import type { OrderStatus } from '@holdfast/kit'
import { needsPerson, succeeded, type QueueItem } from './item.ts'
import type { PhotoRef } from '@holdfast/kit/api.gen.ts'
import type { EdgeMessage, EdgeMessagePhoto, SendMessage } from './messageForms.ts'

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
export type Line = { id: string; isMine: boolean; text: string; at: number; item?: MessageItem; photo?: LinePhoto }

/** The photo of a line. Without a number its message is on its way, and its picture on this tablet. */
export type LinePhoto = Pick<EdgeMessagePhoto, 'hash' | 'state'> & { number?: number }

/** As much as an edge takes. */
export const TEXT_MAX = 1_000
/** An edge answers with no more of one order. */
export const THREAD_MAX = 100

const OPEN: ReadonlySet<OrderStatus> = new Set(['accepted', 'in_progress', 'completed'])

export const mayWriteAt = (status: OrderStatus) => OPEN.has(status)

export const isMessage = (item: QueueItem): item is MessageItem => item.body.type === 'send_message'

/** The command of a text, a photo or both; undefined if the edge would not take it. */
export function messageOf(order_id: string, written: string, photo?: PhotoRef): SendMessage | undefined {
  const text = written.trim()
  const isEmpty = text === '' && photo === undefined
  return isEmpty || isTooLong(written) ? undefined : { type: 'send_message', order_id, text, ...(photo ? { photo } : {}) }
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
    ...told.map(({ id, from, text, sent_at, number, photo }): Line => ({
      id, isMine: from === 'provider', text, at: Date.parse(sent_at), ...(photo ? { photo: { hash: photo.hash, state: photo.state, number } } : {}),
    })),
    ...own.sort((a, b) => a.device_seq - b.device_seq).map((item): Line => ({
      id: item.id, isMine: true, text: item.body.text, at: item.tapped_at, item, ...(item.body.photo ? { photo: { hash: item.body.photo.hash, state: 'coming' } } : {}),
    })),
  ]
}

/** Not if the person has read that it came to nothing, or if so many followed that the thread begins after it. */
function isShown(item: MessageItem, told: readonly EdgeMessage[]): boolean {
  // Of a message that is over, a tablet that was locked may keep no text.
  if (!item.body.text && !item.body.photo) return false
  if (item.state === 'waiting' || item.state === 'stored') return true
  if (!succeeded(item)) return needsPerson(item)
  const first = told.length >= THREAD_MAX ? Date.parse(told[0]!.sent_at) : -Infinity
  return (item.decided_at ?? 0) >= first
}

/** So long the edge is asked whether a photo has come; one that comes later shows with the next message. */
const PHOTO_AWAITED_MS = 2 * 24 * 3_600_000

/** The thread is read again although no message is new: a photo may have come. */
export function awaitsPhoto(thread: Thread | undefined, now: number): boolean {
  return thread?.items.some(({ photo, sent_at }) => photo?.state === 'coming' && now - Date.parse(sent_at) < PHOTO_AWAITED_MS) ?? false
}
