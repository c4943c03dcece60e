// Codes to phones, as far as an answer tells of them.

import { Problem } from '../api/problem.ts'

/**
 * The life in seconds of a code that comes only if its number opens an account. The answer is the same for every number:
 * all people together have used up the codes of the hour, and only numbers with an account get further ones.
 */
export function lifeOfPossibleCode(error: unknown): number | undefined {
  const life = error instanceof Problem && error.code === 'rate_limited' ? error.body['expires_in'] : undefined
  return typeof life === 'number' ? life : undefined
}
