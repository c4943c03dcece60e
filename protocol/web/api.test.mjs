import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FILE, typescript } from './api.mjs'

test('the types of routes are those of the document', async () => {
  expect(readFileSync(FILE, 'utf8') === (await typescript()), 'src/api.gen.ts is old: run `npm run gen`').toBe(true)
})
