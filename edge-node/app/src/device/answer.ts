// The meaning of an edge's answer for its command.
import type { Reply } from '@holdfast/kit/api.gen.ts'
import { pauseMs } from './pace.ts'
import type { QueueItem } from './item.ts'

/** The edge could not take it now; the same command may be taken later. */
const LATER = new Set(['storage_full', 'too_many_requests', 'newcomers_wait', 'rate_limited', 'unavailable', 'timed_out', 'proof_required', 'internal'])
/** The sign-in opens nothing any more: the person signs in again, and the command goes on. */
const SIGN_IN = new Set(['token_expired', 'session_ended', 'invalid_token', 'revoked', 'device_closed', 'device_in_use', 'invalid_credentials'])

export type Meaning = 'stored' | 'decided' | 'refused' | 'later' | 'sign-in'

export function meaningOf(reply: Reply): Meaning {
  if (reply.hop === 'decided') return 'decided'
  if (reply.verdict !== 'not_taken') return 'stored'
  const code = reply.code ?? 'internal'
  if (LATER.has(code)) return 'later'
  return SIGN_IN.has(code) ? 'sign-in' : 'refused'
}

export function isSignIn(code: string): boolean {
  return SIGN_IN.has(code)
}

const RANK = { not_taken: 0, provisional: 1, firm: 2 }

function rank(reply: Reply): number {
  return (reply.hop === 'decided' ? 10 : 0) + RANK[reply.verdict]
}

/** The item with the answer, or nothing where the answer tells nothing new: a decision is never replaced. */
export function answered(item: QueueItem, reply: Reply, now: number): QueueItem | undefined {
  if (item.state === 'decided' || item.state === 'refused') return undefined
  const meaning = meaningOf(reply)
  if (meaning === 'later' || meaning === 'sign-in') {
    if (item.state === 'stored') return undefined
    const trouble = { code: reply.code ?? 'internal', at: now, text: reply.message }
    return { ...item, trouble, next_at: now + Math.max(5_000, pauseMs(item.attempts)) }
  }
  // A restored edge may have lost the command; the receipt brings it back.
  if (item.state === 'stored' && meaning === 'refused') return undefined
  if (item.reply && item.state === meaning && rank(reply) <= rank(item.reply) && item.reply.receipt) return undefined
  const { trouble: _, ...rest } = item
  const stored_at = item.stored_at ?? (meaning === 'refused' ? undefined : now)
  const decided = meaning === 'decided' && reply.outcome ? Date.parse(reply.outcome.decided_at) : undefined
  return { ...rest, state: meaning, reply, stored_at, decided_at: decided ?? (meaning === 'decided' ? now : undefined) }
}
