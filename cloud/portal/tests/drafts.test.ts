import 'fake-indexeddb/auto'
import { expect, test, vi } from 'vitest'
import { dropDraft, keepNewDraft, readDraft } from '../src/drafts.ts'
import { blankDraft } from '../src/logic/draft.ts'

test('a new draft is kept, the same one is found again, and another stays', async () => {
  const draft = { ...blankDraft('a'), title: 'More work' }
  expect(await keepNewDraft('chen', draft)).toBe('kept')
  expect(await keepNewDraft('chen', { ...draft, title: 'Written again' })).toBe('kept')
  expect(await readDraft('chen')).toEqual(draft)
  expect(await keepNewDraft('chen', blankDraft('b'))).toBe('other')
  expect(await readDraft('chen')).toEqual(draft)
  await dropDraft('chen')
  expect(await keepNewDraft('chen', blankDraft('b'))).toBe('kept')
})

test('a browser without room for a draft is not taken for one with another draft', async () => {
  const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => { throw new DOMException('full', 'QuotaExceededError') })
  expect(await keepNewDraft('wang', blankDraft('c'))).toBe('no_storage')
  full.mockRestore()
  expect(await readDraft('wang')).toBeUndefined()
})
