// How long to wait before the next try.

const FIRST_MS = 1_500
const MOST_MS = 30_000

/** Doubles with each attempt, at most half a minute, and no two tablets at the same moment. */
export function pauseMs(attempts: number, chance = Math.random()): number {
  const whole = Math.min(MOST_MS, FIRST_MS * 2 ** Math.max(0, attempts - 1))
  return Math.round(whole * (0.75 + chance / 4))
}
