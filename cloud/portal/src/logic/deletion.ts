// What the deletion of an account waits for, and the marks that it leaves.

/** The title of an order whose customer deleted their account. */
const ERASED_TITLE = '—'

export interface OpenMatters { orders: number; payments: number }
export interface Wait extends OpenMatters { kind: 'both' | 'orders' | 'payments' }

/** What is still open; `undefined` where nothing is. */
export function waitOf({ orders, payments }: OpenMatters): Wait | undefined {
  if (orders > 0 && payments > 0) return { orders, payments, kind: 'both' }
  if (orders > 0) return { orders, payments, kind: 'orders' }
  return payments > 0 ? { orders, payments, kind: 'payments' } : undefined
}

export function isErased(order: { title: string }): boolean {
  return order.title === ERASED_TITLE
}
