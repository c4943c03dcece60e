import { expect, it } from 'vitest'
import { csvOf } from '../src/logic/csv.ts'
import { spelled } from '../src/logic/spelling.ts'

const columns = [{ title: 'Job', of: (row: { title: string; n: number }) => row.title }, { title: 'N', of: (row: { n: number }) => row.n }]

it('quotes what would break a line', () => {
  expect(csvOf(columns, [{ title: 'say "hi", twice\nplease', n: 2 }])).toBe('\ufeffJob,N\r\n"say ""hi"", twice\nplease",2\r\n')
})

it('lets no cell run as a formula', () => {
  for (const title of ['=cmd()', '+1+1', '@x', '\tx', '-2+3']) expect(csvOf(columns, [{ title, n: 1 }])).toContain(`'${title}`)
  expect(csvOf(columns, [{ title: '-12.50', n: 1 }])).toContain('\r\n-12.50,')
})

it('spells a code in words', () => {
  expect(spelled('7QZ0-ab12')).toEqual([['7', 'Quebec', 'Zulu', '0'], ['Alfa', 'Bravo', '1', '2']])
})
