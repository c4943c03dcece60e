import { expect, it } from 'vitest'
import { answered } from './answer.ts'
import { canUndo, doubtOf, isCodeRefusal, isFirm, isOpen, needsPerson, truthOf, undoMsOf, type QueueItem } from './item.ts'
import { decided, item, notTaken, stored } from './samples.ts'

const accept = item(1, 'accept_order')
const after = (...replies: Parameters<typeof answered>[1][]): QueueItem => replies.reduce((at, reply) => answered(at, reply, 7) ?? at, accept)

it('shows exactly one of four, and a firm answer stays at the node until the cloud has it', () => {
  expect(truthOf(accept)).toBe('tablet')
  expect(truthOf(after(stored(1)))).toBe('node')
  expect(truthOf(after(stored(1, 'firm')))).toBe('node')
  expect(isFirm(after(stored(1, 'firm')))).toBe(true)
  expect(truthOf(after(stored(1), decided(1, 'applied')))).toBe('confirmed')
  expect(truthOf(after(stored(1), decided(1, 'rejected', 'order_already_accepted')))).toBe('needs')
  expect(truthOf(after(notTaken(1, 'order_not_found')))).toBe('needs')
})

it('takes a repeated command for what it was the first time', () => {
  const duplicate = (applied: boolean) => ({ ...decided(1, 'applied'), outcome: { kind: 'duplicate' as const, first: { applied }, decided_at: '2026-11-21T09:00:00Z' } })
  expect(truthOf(after(duplicate(true)))).toBe('confirmed')
  expect(truthOf(after(duplicate(false)))).toBe('needs')
})

it('stays on the tablet where the edge cannot take it now, or the sign-in has ended', () => {
  for (const code of ['storage_full', 'too_many_requests', 'newcomers_wait', 'unavailable', 'proof_required', 'token_expired', 'session_ended', 'invalid_token', 'revoked', 'device_closed', 'device_in_use'] as const) {
    const later = after(notTaken(1, code))
    expect(truthOf(later), code).toBe('tablet')
    expect(later.trouble?.code).toBe(code)
    expect(later.next_at).toBeGreaterThan(7)
  }
})

it('never goes back: a decision stands, and a stored command is not refused afterwards', () => {
  const done = after(stored(1), decided(1, 'applied'))
  expect(answered(done, stored(1), 8)).toBeUndefined()
  expect(answered(done, notTaken(1, 'order_not_found'), 8)).toBeUndefined()
  expect(answered(after(stored(1)), notTaken(1, 'order_not_found'), 8)).toBeUndefined()
  expect(answered(after(stored(1)), notTaken(1, 'token_expired'), 8)).toBeUndefined()
})

it('counts for nothing at a copy of the node, save a firm answer; and not without the payment, or at the hours of another job', () => {
  const unpaid = after({ ...stored(1), code: 'looks_unpaid' })
  expect([doubtOf(after(stored(1)), true), doubtOf(unpaid, true)]).toEqual(['twin', 'twin'])
  expect([doubtOf(after(stored(1)), false), doubtOf(unpaid, false)]).toEqual([undefined, 'unpaid'])
  const booked = { ...stored(1), code: 'looks_double_booked' as const }
  expect([doubtOf(after(booked), false), doubtOf(after({ ...booked, verdict: 'firm' }), false)]).toEqual(['booked', undefined])
  expect(doubtOf(after({ ...stored(1), code: 'looks_offered' }), false)).toBe('offered')
  for (const other of [accept, after(stored(1, 'firm')), after(stored(1), decided(1, 'applied'))]) expect(doubtOf(other, true)).toBeUndefined()
})

it('can be undone only before the first attempt', () => {
  expect(canUndo(accept, [accept, item(2, 'accept_order', 'b')])).toBe(true)
  expect(canUndo({ ...accept, attempts: 1 }, [])).toBe(false)
  expect(canUndo(after(stored(1)), [])).toBe(false)
  expect(canUndo(accept, [accept, item(2, 'start_order')]), 'the start rests on it').toBe(false)
  expect(canUndo(accept, [accept, item(2, 'send_message')]), 'so does a message').toBe(false)
  const start = item(3, 'start_order')
  expect(canUndo(start, [start, item(4, 'send_message')]), 'a message goes its own way').toBe(true)
})

it('needs the person until he has read it', () => {
  const lost = after(decided(1, 'rejected', 'order_already_accepted'))
  expect([needsPerson(lost), isOpen(lost)]).toEqual([true, true])
  expect([needsPerson({ ...lost, understood: true }), isOpen({ ...lost, understood: true })]).toEqual([false, false])
})

it('asks for the start code again where the node refused it, and sends a start with one at once', () => {
  expect(isCodeRefusal(after(notTaken(1, 'start_code_wrong')))).toBe(true)
  expect(isCodeRefusal(after(notTaken(1, 'order_not_found')))).toBe(false)
  expect(undoMsOf({ type: 'start_order', order_id: 'a', start_code: '407193' })).toBe(0)
  expect(undoMsOf({ type: 'start_order', order_id: 'a' })).toBeGreaterThan(0)
})
