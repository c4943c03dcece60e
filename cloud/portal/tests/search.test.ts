import { expect, it } from 'vitest'
import { searchOf } from '../src/logic/search.ts'

it.each([
  ['n-7f3k9q', { by: 'code', code: 'N-7F3K9Q' }], [' N7F3K9Q ', { by: 'code', code: 'N-7F3K9Q' }],
  ['0193A1C2-0000-7000-8000-000000000160', { by: 'id', id: '0193a1c2-0000-7000-8000-000000000160' }],
  ['0193a1c2000070008000000000000160', { by: 'id', id: '0193a1c2-0000-7000-8000-000000000160' }],
  ['', undefined], ['tap', undefined], ['0193a1c2-0000', undefined],
])('reads %s', (typed, search) => expect(searchOf(typed)).toEqual(search))
