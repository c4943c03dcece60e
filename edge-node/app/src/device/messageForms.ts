// The forms of messages as they go between a tablet and an edge.
import type { PhotoRef } from '@holdfast/kit/api.gen.ts'

/** The text is empty only with a photo. */
export type SendMessage = { type: 'send_message'; order_id: string; text: string; photo?: PhotoRef }

/** coming: not at the edge yet; here: the edge has the picture; refused: it never comes. */
export type EdgeMessagePhoto = PhotoRef & { state: 'coming' | 'here' | 'refused' }

export type EdgeMessage = {
  number: number
  /** The command or the idempotency key of its writer. */
  id: string
  from: 'customer' | 'provider'
  text: string
  sent_at: string
  photo?: EdgeMessagePhoto
}

/** `as_of` is the moment at which the cloud last told the edge all; null if it never did. */
type AsOf = { as_of: string | null }

/** The newest number of each order in which the reader has messages. */
export type MessageNumbers = AsOf & { orders: { order_id: string; number: number }[] }

/** The newest messages of one order, oldest first. */
export type MessageThread = AsOf & { items: EdgeMessage[] }
