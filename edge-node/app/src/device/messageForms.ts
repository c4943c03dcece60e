// The forms of messages as they go between a tablet and an edge.

export type SendMessage = { type: 'send_message'; order_id: string; text: string }

export type EdgeMessage = {
  number: number
  /** The command or the idempotency key of its writer. */
  id: string
  from: 'customer' | 'provider'
  text: string
  sent_at: string
}

/** `as_of` is the moment at which the cloud last told the edge all; null if it never did. */
type AsOf = { as_of: string | null }

/** The newest number of each order in which the reader has messages. */
export type MessageNumbers = AsOf & { orders: { order_id: string; number: number }[] }

/** The newest messages of one order, oldest first. */
export type MessageThread = AsOf & { items: EdgeMessage[] }
