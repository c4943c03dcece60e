// A sign-in that waits for the second factor.

import { Problem } from '../api/problem.ts'

export interface WaitingSignIn {
  ticket: string
  /** The person's work requires a second factor, and they have none. */
  setUp: boolean
}

/** Reads the ticket of a refused sign-in; `undefined` where it was refused for another reason. */
export function waitingSignIn(error: unknown): WaitingSignIn | undefined {
  if (!(error instanceof Problem)) return undefined
  const { ticket } = error.body
  const setUp = error.code === 'second_factor_setup_required'
  return typeof ticket === 'string' && (setUp || error.code === 'second_factor_required') ? { ticket, setUp } : undefined
}
