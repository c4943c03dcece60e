// The customer's phone number, as far as the order carries one. A node has no profiles: a number is here only if it stands in
// the order's words, as at a kiosk, and then it is released with them, once the job is surely the provider's.
import type { Order } from '@holdfast/kit/api.gen.ts'

/**
 * `hidden`: the job is not the reader's; `waits`: their acceptance is not decided; `here`: the order has it; `portal`: the
 * order has none; `over`: the work is over.
 */
export type Contact = { state: 'hidden' | 'waits' | 'portal' | 'over' } | { state: 'here'; numbers: string[] }

/** An order has this customer while its customer is hidden (`protocol/wire/src/visibility.rs`). */
const HIDDEN_CUSTOMER = '00000000-0000-0000-0000-000000000000'
const NUMBERS_MAX = 3
/** Digits with single blanks or hyphens between them. */
const INTERNATIONAL = /\+\d(?:[ -]?\d){7,14}(?!\d)/g
const CHINESE_MOBILE = /(?<![\d+.,-])1[3-9]\d(?:[ -]?\d){8}(?!\d)/g
const CHINESE_LANDLINE = /(?<![\d+.,-])0\d{2,3}[ -]?\d{7,8}(?!\d)/g
/** As a kiosk ends an address (`kiosk/src/draft.ts`), in either language. */
const KIOSK_ENDING = /, (?:phone|电话) ([\d\s()+-]{7,30})$/

export function contactOf(order: Order, isMine: boolean): Contact {
  if (!isMine) return { state: 'hidden' }
  if (order.status !== 'accepted' && order.status !== 'in_progress') return { state: 'over' }
  if (order.customer_id === HIDDEN_CUSTOMER) return { state: 'waits' }
  const numbers = phoneNumbersOf(order)
  return numbers.length > 0 ? { state: 'here', numbers } : { state: 'portal' }
}

/** The address comes first: a kiosk asks for the number there. */
export function phoneNumbersOf(order: Pick<Order, 'address' | 'description' | 'title'>): string[] {
  const found = new Map<string, string>()
  for (const text of [order.address, order.description, order.title]) {
    for (const number of phoneNumbersIn(text)) if (!found.has(dialled(number))) found.set(dialled(number), number)
  }
  return [...found.values()].slice(0, NUMBERS_MAX)
}

function phoneNumbersIn(text: string): string[] {
  const [, atEnd] = KIOSK_ENDING.exec(text) ?? []
  if (atEnd) return [atEnd.trim()]
  const matches = [INTERNATIONAL, CHINESE_MOBILE, CHINESE_LANDLINE].flatMap((form) => [...text.matchAll(form)])
  return matches.sort((a, b) => a.index - b.index).map(([number]) => number)
}

/** What a telephone is given: the digits, and a plus sign if the number begins with one. */
export function dialled(number: string): string {
  const digits = number.replace(/\D/g, '')
  return number.trim().startsWith('+') ? `+${digits}` : digits
}
