// A sign-in that waits for the second factor.

import { Problem } from '../api/problem.ts'

export type FactorWay = 'passkey' | 'app' | 'recovery_code'

export interface WaitingSignIn {
  ticket: string
  /** The person's work requires a second factor, and they have none. */
  setUp: boolean
  /** What the person may use. */
  ways: readonly FactorWay[]
  /** The host name of the pages that can use passkeys. */
  site: string
}

const WAYS: readonly FactorWay[] = ['passkey', 'app', 'recovery_code']

/** Reads the ticket of a refused sign-in; `undefined` where it was refused for another reason. */
export function waitingSignIn(error: unknown): WaitingSignIn | undefined {
  if (!(error instanceof Problem)) return undefined
  const { ticket, ways, passkey_site: site } = error.body
  const setUp = error.code === 'second_factor_setup_required'
  if (typeof ticket !== 'string' || !(setUp || error.code === 'second_factor_required')) return undefined
  const told = Array.isArray(ways) ? WAYS.filter(way => ways.includes(way)) : []
  return { ticket, setUp, ways: told, site: typeof site === 'string' ? site : '' }
}
