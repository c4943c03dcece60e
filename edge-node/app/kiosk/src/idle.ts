// Watches over a visit: after a while without a touch it asks, counts down, and wipes.
import { onBeforeUnmount, ref } from 'vue'
import { kiosk } from './kiosk.ts'

export const IDLE_MS = 60_000
export const ASK_MS = 30_000
const SIGNS = ['pointerdown', 'keydown', 'input', 'wheel'] as const

const touchedAt = ref(Date.now())

/** A sign of life. */
export function touch(): void {
  touchedAt.value = Date.now()
}

/** The seconds until all is wiped. */
export function secondsLeft(): number {
  return Math.max(0, Math.ceil((touchedAt.value + IDLE_MS + ASK_MS - Math.max(kiosk.now, touchedAt.value)) / 1_000))
}

export const isAsking = (): boolean => secondsLeft() * 1_000 <= ASK_MS

/** Counts touches as signs of life, except while the question stands: then only an answer counts. */
export function useSigns(): void {
  const hear = () => {
    if (!isAsking()) touch()
  }
  for (const sign of SIGNS) addEventListener(sign, hear, { passive: true })
  onBeforeUnmount(() => SIGNS.forEach((sign) => removeEventListener(sign, hear)))
}
