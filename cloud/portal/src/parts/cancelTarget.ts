// An order that can be cancelled, and its routes: by the one who is signed in, or by a kiosk's receipt.

import type { Cancellation, CancelForm, CommandReply, Order, TrackedOrder, TrackingReceipt } from '@holdfast/kit/api.gen.ts'
import { cancel, cancelByReceipt, cancellation, cancellationByReceipt } from '../api/routes.ts'

export interface CancelTarget<Reply> {
  /** Another version of the order may have another price. */
  key: readonly unknown[]
  /** What to ask for again afterwards. */
  affects: readonly (readonly unknown[])[]
  createdAt: string
  /** Someone has the job, and learns that they need not come. */
  hasProvider: boolean
  terms: (signal?: AbortSignal) => Promise<Cancellation>
  send: (form: CancelForm, commandId: string) => Promise<Reply>
}

const isTaken = (status: Order['status']) => status === 'accepted' || status === 'in_progress'

export function targetFromOrder({ id, version, created_at, status }: Order): CancelTarget<CommandReply> {
  return {
    key: ['money', id, 'cancellation', version], createdAt: created_at, hasProvider: isTaken(status),
    affects: [['orders'], ['order', id], ['timeline', id], ['money', id]],
    terms: signal => cancellation(id, signal), send: (form, commandId) => cancel(id, form, commandId),
  }
}

/** The order is cancelled once, so this needs no command id. */
export function targetFromReceipt({ code, secret }: TrackingReceipt, { created_at, updated_at, status }: TrackedOrder): CancelTarget<TrackedOrder> {
  return {
    key: ['track', code, secret, 'cancellation', updated_at], createdAt: created_at, hasProvider: isTaken(status), affects: [['track', code]],
    terms: signal => cancellationByReceipt(code, secret, signal), send: form => cancelByReceipt(code, { ...form, secret }),
  }
}
