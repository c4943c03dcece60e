// Percents of a fee as people type them, and which of its versions counts when.

export type FeeState = 'toCome' | 'inForce' | 'over'

/** Basis points of a typed percent with at most two places; `undefined` where it is none, or more than the whole. */
export function pointsOf(typed: string): number | undefined {
  const plain = typed.trim().replace(/\s*[%％]$/, '').replace(/[,，．]/, '.')
  const match = /^(\d{1,3})(?:\.(\d{0,2}))?$/.exec(plain)
  if (!match) return undefined
  const points = Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
  return points <= 10_000 ? points : undefined
}

/** Whole hours of a typed notice, thirty days at most. */
export function hoursOf(typed: string): number | undefined {
  const hours = /^\d{1,3}$/.test(typed.trim()) ? Number(typed) : undefined
  return hours !== undefined && hours <= 720 ? hours : undefined
}

/** The moments are sorted, the latest first. */
export function stateOf(from: string, all: readonly string[], now: number): FeeState {
  if (Date.parse(from) > now) return 'toCome'
  return from === all.find(one => Date.parse(one) <= now) ? 'inForce' : 'over'
}

/** From an hour before it begins a version stands. */
export const canChange = (from: number, now: number): boolean => from >= now + 3_600_000
