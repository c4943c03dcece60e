// What the pages of one order share.
import { onBeforeUnmount } from 'vue'
import { askAgain } from './visit.ts'

const AGAIN_MS = 5_000

/** Asks for the order again and again while its page is open. */
export function keepOrderFresh(): void {
  const asking = setInterval(() => void askAgain(), AGAIN_MS)
  onBeforeUnmount(() => clearInterval(asking))
}

export function printPage(): void {
  window.print()
}
