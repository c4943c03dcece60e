import { expect, test } from 'vitest'
import { Problem } from '../src/api/problem.ts'
import { lifeOfPossibleCode } from '../src/logic/codes.ts'

test('a refusal that names a life means that the code of an account may still come', () => {
  const refused = (body: object, code = 'rate_limited') => new Problem({ code, ...body }, 429)
  expect(lifeOfPossibleCode(refused({ expires_in: 300 }))).toBe(300)
  expect(lifeOfPossibleCode(refused({}))).toBeUndefined()
  expect(lifeOfPossibleCode(refused({ expires_in: 300 }, 'code_not_sent'))).toBeUndefined()
  expect(lifeOfPossibleCode(new Error('unreachable'))).toBeUndefined()
})
