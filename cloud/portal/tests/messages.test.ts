import { expect, test } from 'vitest'
import type { MessageView } from '@holdfast/kit/api.gen.ts'
import { countUnread, isPhotoAwaited, newestUnread, threadOf, type ThreadWords } from '../src/logic/messages.ts'

const WORDS: ThreadWords = {
  author: message => message.from,
  day: at => at.toISOString().slice(0, 10),
  time: at => at.toISOString().slice(11, 16),
  unread: time => `${time} unread`,
  read: (time, readAt) => `${time} read ${readAt}`,
  reported: time => `${time} reported`,
  photo: ({ number }, arrival) => ({ source: arrival === 'here' ? `at ${number}` : undefined, words: `photo ${number}`, note: arrival }),
}

const message = (number: number, from: 'customer' | 'provider', sent_at: string, more: Partial<MessageView> = {}): MessageView =>
  ({ number, id: `id${number}`, from, provider_id: 'wang', text: `text ${number}`, sent_at, ...more })

/** Newest first, as the list has them. */
const THREAD: MessageView[] = [
  message(4, 'provider', '2026-11-22T08:01:00Z'),
  message(3, 'provider', '2026-11-22T08:00:00Z', { reported_at: '2026-11-22T08:05:00Z' }),
  message(2, 'customer', '2026-11-21T11:02:00Z', { read_at: '2026-11-21T11:03:00Z' }),
  message(1, 'provider', '2026-11-21T10:58:00Z', { read_at: '2026-11-21T11:00:00Z' }),
]

test('a thread is read from its oldest message on, and a new day has a line', () => {
  const thread = threadOf(THREAD, 'customer', WORDS)
  expect(thread.map(one => one.id)).toEqual(['1', '2', '3', '4'])
  expect(thread.map(one => one.day)).toEqual(['2026-11-21', undefined, '2026-11-22', undefined])
  expect(thread.map(one => one.mine)).toEqual([false, true, false, false])
})

test('how far a message has come is told to its sender', () => {
  expect(threadOf(THREAD, 'customer', WORDS).map(one => one.way)).toEqual(['10:58', '11:02 read 11:03', '08:00 reported', '08:01'])
  expect(threadOf(THREAD, 'provider', WORDS).map(one => one.way)).toEqual(['10:58 read 11:00', '11:02', '08:00 reported', '08:01 unread'])
})

test('an admin reads both sides and is neither', () => {
  const thread = threadOf(THREAD, 'admin', WORDS)
  expect(thread.every(one => !one.mine)).toBe(true)
  expect(thread[1]?.way).toBe('11:02 read 11:03')
})

test('the newest unread message of the other person is the one to mark', () => {
  expect(newestUnread(THREAD, 'customer')).toBe(4)
  expect(newestUnread(THREAD, 'provider')).toBeUndefined()
  expect(newestUnread([], 'customer')).toBeUndefined()
  expect(countUnread(THREAD, 'customer')).toBe(2)
  expect(countUnread(THREAD, 'provider')).toBe(0)
})

test('a photo is shown once it is here, and until then its words are', () => {
  const photo = { hash: 'a', bytes: 3, arrived_at: null }
  const thread = [
    message(3, 'customer', '2026-11-22T08:02:00Z', { text: '', photo: { ...photo, refused: 'photo_damaged' } }),
    message(2, 'customer', '2026-11-22T08:01:00Z', { text: '', photo }),
    message(1, 'provider', '2026-11-22T08:00:00Z', { photo: { ...photo, arrived_at: '2026-11-22T08:00:30Z' } }),
  ]
  const shown = threadOf(thread, 'customer', WORDS).map(one => one.photo)
  expect(shown.map(one => one?.source)).toEqual(['at 1', undefined, undefined])
  expect(shown.map(one => one?.note)).toEqual(['here', 'awaited', 'refused'])
  expect(thread.filter(isPhotoAwaited).map(one => one.number)).toEqual([2])
  expect(threadOf(THREAD, 'customer', WORDS).some(one => one.photo)).toBe(false)
})
