import { expect, it } from 'vitest'
import { answered } from './answer.ts'
import { doubtOf, type QueueItem } from './item.ts'
import { jobsOf } from './jobs.ts'
import type { EdgeMessage } from './messageForms.ts'
import { awaitsPhoto, countUnseen, linesOf, messageOf, TEXT_MAX, THREAD_MAX, type Thread } from './messages.ts'
import { decided, item, ME, notTaken, order, stored } from './samples.ts'

const DECIDED_AT = '2026-11-21T09:00:00Z'
const told = (number: number, from: EdgeMessage['from'] = 'customer', change: Partial<EdgeMessage> = {}): EdgeMessage => ({ number, id: `told-${number}`, from, text: `text ${number}`, sent_at: '2026-11-21T08:00:00Z', ...change })
const threadOf = (items: EdgeMessage[], seen = 0): Thread => ({ order_id: 'a', as_of: 0, items, seen })
const message = (seq: number, job = 'a'): QueueItem => item(seq, 'send_message', job, { body: { type: 'send_message', order_id: job, text: `mine ${seq}` } })
const textsOf = (...given: Parameters<typeof linesOf>) => linesOf(...given).map(({ text, isMine, item }) => [text, isMine, item?.state])

it('makes a command of a text without the blanks around it, and none of an empty or a too long one', () => {
  expect(messageOf('a', ' 我到门口了\n')).toEqual({ type: 'send_message', order_id: 'a', text: '我到门口了' })
  expect([' ', '𠮷'.repeat(TEXT_MAX + 1)].map((text) => messageOf('a', text))).toEqual([undefined, undefined])
  expect(messageOf('a', ` ${'𠮷'.repeat(TEXT_MAX)} `)?.text, 'characters are counted, not their halves').toHaveLength(2 * TEXT_MAX)
})

const PHOTO = { hash: 'aa', bytes: 70_000 }

it('makes a command of a photo, with a text or without', () => {
  expect(messageOf('a', ' ', PHOTO)).toEqual({ type: 'send_message', order_id: 'a', text: '', photo: PHOTO })
  expect(messageOf('a', 'Look', PHOTO)?.photo).toEqual(PHOTO)
  expect(messageOf('a', '𠮷'.repeat(TEXT_MAX + 1), PHOTO)).toBeUndefined()
})

it('shows the photo of each line, also of a message that is on its way', () => {
  const mine = item(3, 'send_message', 'a', { body: { type: 'send_message', order_id: 'a', text: '', photo: PHOTO } })
  const thread = threadOf([told(1, 'customer', { text: '', photo: { ...PHOTO, hash: 'bb', state: 'here' } }), told(2)])
  expect(linesOf('a', thread, [mine]).map(({ photo }) => photo)).toEqual([{ hash: 'bb', state: 'here', number: 1 }, undefined, { hash: 'aa', state: 'coming' }])
})

it('is asked again for a photo that is on its way, and not for ever', () => {
  const at = Date.parse(told(1).sent_at)
  const withPhoto = (state: 'coming' | 'here' | 'refused') => threadOf([told(1, 'customer', { photo: { ...PHOTO, state } })])
  expect((['coming', 'here', 'refused'] as const).map((state) => awaitsPhoto(withPhoto(state), at))).toEqual([true, false, false])
  expect(awaitsPhoto(withPhoto('coming'), at + 2 * 24 * 3_600_000)).toBe(false)
  expect(awaitsPhoto(undefined, at)).toBe(false)
})

it('lists the thread and below it the own messages that it lacks, each once', () => {
  const kept = answered(message(2), stored(2), 1)!
  const items = [message(3), message(4, 'b'), kept, answered(message(1), decided(1, 'applied'), 1)!, item(5, 'start_order')]
  expect(textsOf('a', threadOf([told(1)]), items)).toEqual([['text 1', false, undefined], ['mine 1', true, 'decided'], ['mine 2', true, 'stored'], ['mine 3', true, 'waiting']])
  const thread = threadOf([told(1), told(2, 'provider', { id: 'command-1', text: 'mine 1' })])
  expect(textsOf('a', thread, items)).toEqual([['text 1', false, undefined], ['mine 1', true, undefined], ['mine 2', true, 'stored'], ['mine 3', true, 'waiting']])
  expect(textsOf('b', undefined, items)).toEqual([['mine 4', true, 'waiting']])
})

it('shows a message that came to nothing until its person has read why', () => {
  const blocked = answered(message(1), decided(1, 'rejected', 'messages_blocked'), 1)!
  const refused = answered(message(2), notTaken(2, 'order_not_found'), 1)!
  expect(textsOf('a', undefined, [blocked, refused])).toEqual([['mine 1', true, 'decided'], ['mine 2', true, 'refused']])
  expect(textsOf('a', undefined, [blocked, refused].map((each) => ({ ...each, understood: true })))).toEqual([])
})

it('shows no message that is older than the thread goes back', () => {
  const delivered = answered(message(1), decided(1, 'applied'), 1)!
  const after = (ms: number) => new Date(Date.parse(DECIDED_AT) + ms).toISOString()
  const full = (sent_at: string) => threadOf(Array.from({ length: THREAD_MAX }, (_, n) => told(n + 7, 'customer', { sent_at })))
  expect(linesOf('a', full(after(1)), [delivered])).toHaveLength(THREAD_MAX)
  expect(linesOf('a', full(after(0)), [delivered])).toHaveLength(THREAD_MAX + 1)
  expect(linesOf('a', threadOf([told(1, 'customer', { sent_at: after(1) })]), [delivered]), 'such a thread goes back to its first').toHaveLength(2)
})

it('counts what the customer wrote since the person looked', () => {
  const items = [told(1), told(2, 'provider'), told(3), told(4)]
  expect([0, 1, 3, 4].map((seen) => countUnseen(threadOf(items, seen)))).toEqual([3, 2, 1, 0])
  expect(countUnseen(undefined)).toBe(0)
})

it('leaves a job as sure and as far as it is', () => {
  const mine = order('a', { provider_id: ME, status: 'accepted' })
  const all = [message(2), answered(message(2), stored(2), 1)!, answered(message(2), decided(2, 'rejected', 'messages_closed'), 1)!]
  for (const each of all) {
    const job = jobsOf([mine], [each], ME)[0]!
    expect(job).toMatchObject({ truth: 'confirmed', order: { status: 'accepted' } })
    expect(job.item).toBeUndefined()
  }
})

it('is in doubt where the job looks to be another’s or elsewhere, as nothing else is', () => {
  for (const code of ['looks_not_yours', 'looks_wrong_state'] as const) {
    const looks = { ...stored(1), code }
    expect(doubtOf(answered(message(1), looks, 1)!, false), code).toBe('astray')
    expect(doubtOf(answered(message(1), looks, 1)!, true)).toBe('twin')
    expect(doubtOf(answered(item(1, 'start_order'), looks, 1)!, false)).toBeUndefined()
    expect(doubtOf(answered(message(1), { ...decided(1, 'applied'), code }, 1)!, false)).toBeUndefined()
  }
})
