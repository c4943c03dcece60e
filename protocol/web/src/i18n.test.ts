import { expect, test } from 'vitest'
import { mark } from './pseudo.ts'

test('the pseudo language leaves names in braces and plural forms alone', () => {
  expect(mark('{n} attempt | {n} attempts')).toMatch(/^⟦\{n\} .*⟧ \| ⟦\{n\} .*⟧$/)
})
