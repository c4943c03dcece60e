import { expect, test, vi } from 'vitest'
import { createNameBook, type PersonName } from '../src/logic/nameBook.ts'

/** A book whose server knows all people except those whose ids begin with `x`. */
function open(isAway = false) {
  const asked: (readonly string[])[] = []
  const book = createNameBook(new Map(), (ids): Promise<PersonName[]> => {
    asked.push(ids)
    if (isAway) return Promise.reject(new Error('away'))
    return Promise.resolve(ids.filter(id => !id.startsWith('x')).map(id => ({ user_id: id, full_name: `Name ${id}`, deleted: false })))
  })
  return { book, asked }
}

const answered = () => new Promise(resolve => { setTimeout(resolve) })

test('all that a page shows is asked for at once, and once', async () => {
  const { book, asked } = open()
  expect(['a', 'b', 'a', 'x'].map(book.find)).toEqual([undefined, undefined, undefined, undefined])
  await answered()
  expect(['a', 'b', 'x'].map(id => book.find(id)?.full_name)).toEqual(['Name a', 'Name b', undefined])
  await answered()
  expect(asked).toEqual([['a', 'b', 'x']])
})

test('a request asks for at most fifty', async () => {
  const { book, asked } = open()
  const ids = Array.from({ length: 120 }, (_, n) => `p${n}`)
  ids.forEach(book.find)
  await answered()
  expect(asked.map(ids => ids.length)).toEqual([50, 50, 20])
  expect(book.find('p119')?.full_name).toBe('Name p119')
})

test('what could not be had is asked for again after half a minute', async () => {
  vi.useFakeTimers()
  const { book, asked } = open(true)
  book.find('a')
  await vi.advanceTimersByTimeAsync(29_000)
  book.find('a')
  expect(asked).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(2_000)
  book.find('a')
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toHaveLength(2)
  vi.useRealTimers()
})

test('another reader finds nothing of the one before, nor what was under way', async () => {
  const { book, asked } = open()
  book.find('a')
  await Promise.resolve()
  book.clear()
  await answered()
  expect(book.find('a')).toBeUndefined()
  await answered()
  expect(asked).toHaveLength(2)
  expect(book.find('a')?.full_name).toBe('Name a')
})
