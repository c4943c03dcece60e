// The short messages at the foot of the page, at most three at a time.
import { reactive } from 'vue'

export type ToastMessage = { id: number; text: string; action?: string; seconds: number; act?: () => void; end?: () => void }

const SHOWN_MAX = 3
export const toasts = reactive<ToastMessage[]>([])
let last = 0

/** Shows a message; `act` runs when its action is pressed, `end` when its time is over. Returns its number. */
export function toast(text: string, options: Partial<Omit<ToastMessage, 'id' | 'text'>> = {}): number {
  last += 1
  toasts.push({ id: last, text, seconds: 10, ...options })
  while (toasts.length > SHOWN_MAX) finish(toasts[0]!.id)
  return last
}

/** Takes the message away: its time is over, or a newer one needs its place. */
export function finish(id: number): void {
  take(id)?.end?.()
}

/** The person pressed the action. */
export function act(id: number): void {
  take(id)?.act?.()
}

function take(id: number): ToastMessage | undefined {
  const at = toasts.findIndex((message) => message.id === id)
  return at < 0 ? undefined : toasts.splice(at, 1)[0]
}
