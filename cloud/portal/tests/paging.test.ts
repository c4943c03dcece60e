import { expect, it } from 'vitest'
import { readPages } from '../src/parts/paging.ts'

/** Pages of two numbers from 0 on, before `end`. */
function pagesTo(end: number) {
  const asked: (string | undefined)[] = []
  const ask = async (cursor: string | undefined) => {
    asked.push(cursor)
    const from = Number(cursor ?? 0)
    return { items: [from, from + 1].filter(one => one < end), next: from + 2 < end ? String(from + 2) : null }
  }
  return { asked, ask }
}

it('reads all pages', async () => {
  const { asked, ask } = pagesTo(5)
  expect(await readPages(100, ask)).toEqual({ items: [0, 1, 2, 3, 4], isCut: false })
  expect(asked).toEqual([undefined, '2', '4'])
})

it('stops at its bound and says whether there is more', async () => {
  const { asked, ask } = pagesTo(9)
  expect(await readPages(4, ask)).toEqual({ items: [0, 1, 2, 3], isCut: true })
  expect(asked).toEqual([undefined, '2'])
  expect(await readPages(3, ask)).toEqual({ items: [0, 1, 2], isCut: true })
  expect(await readPages(4, pagesTo(4).ask)).toEqual({ items: [0, 1, 2, 3], isCut: false })
})
