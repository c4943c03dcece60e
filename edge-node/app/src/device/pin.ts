// The rules of a PIN: which ones are too easy, and how many tries there are. A kiosk's staff code has the same rules.
//
// Must stay true: a try is counted on disk before it is judged, so that neither a reload nor a clock gives more of them.

const DIGITS_MIN = 4
export const DIGITS_MAX = 8
/** So many wrong ones, and then a pause. */
const TRIES = 5
export const PAUSE_MS = 5 * 60_000
/** So many wrong ones in a row, and the PIN is gone. */
export const WRONG_MAX = 15

/** Wrong in a row, the one under way among them; `counted_at` is the moment of the last. */
export type PinTries = { wrong: number; counted_at: number }

export const NO_TRIES: PinTries = { wrong: 0, counted_at: 0 }

export type PinFault = 'form' | 'same' | 'row'

/** Why it is no good PIN: not 4 to 8 digits, one digit over and over, or digits in a row. */
export function pinFaultOf(pin: string): PinFault | undefined {
  if (!new RegExp(`^[0-9]{${DIGITS_MIN},${DIGITS_MAX}}$`).test(pin)) return 'form'
  const digits = [...pin].map(Number)
  const goesBy = (step: number) => digits.slice(1).every((digit, at) => digit === (digits[at]! + step + 10) % 10)
  if (goesBy(0)) return 'same'
  return goesBy(1) || goesBy(-1) ? 'row' : undefined
}

/** How many are left before the next pause. */
export const triesLeft = ({ wrong }: PinTries) => TRIES - (wrong % TRIES)

/** How long it still rests. A clock set back makes it no longer than a whole pause. */
export function pauseLeft({ wrong, counted_at }: PinTries, now: number): number {
  if (wrong === 0 || wrong % TRIES !== 0) return 0
  return Math.min(PAUSE_MS, Math.max(0, counted_at + PAUSE_MS - now))
}

/** A clock that was set back starts the pause anew, by its own time. */
export function withClock(tries: PinTries, now: number): PinTries {
  return tries.counted_at > now ? { ...tries, counted_at: now } : tries
}

/** `judge`: keep these tries, then look whether the PIN is right. */
export function countTry(before: PinTries, now: number): { may: 'judge' | 'wait' | 'never'; tries: PinTries } {
  const tries = withClock(before, now)
  if (tries.wrong >= WRONG_MAX) return { may: 'never', tries }
  if (pauseLeft(tries, now) > 0) return { may: 'wait', tries }
  return { may: 'judge', tries: { wrong: tries.wrong + 1, counted_at: now } }
}

/** What came of a try that was not right. `gone`: there is no PIN, or it has had its last try. */
export type WrongTry = 'wrong' | 'rests' | 'gone'

/**
 * Counts a try on disk, then judges it. Returns what `judge` returned if the PIN is right. `change` applies its argument to
 * the stored tries in one write, and does nothing if there is no PIN.
 */
export async function judgeTry<T>(change: (next: (tries: PinTries) => PinTries) => Promise<void>, judge: () => Promise<T | undefined>, now: () => number): Promise<T | WrongTry> {
  let counted: ReturnType<typeof countTry> | undefined
  await change((tries) => {
    counted = countTry(tries, now())
    return counted.tries
  })
  if (!counted || counted.may === 'never') return 'gone'
  if (counted.may === 'wait') return 'rests'
  const right = await judge()
  if (right !== undefined) {
    await change(() => NO_TRIES)
    return right
  }
  if (counted.tries.wrong >= WRONG_MAX) return 'gone'
  return pauseLeft(counted.tries, now()) > 0 ? 'rests' : 'wrong'
}
