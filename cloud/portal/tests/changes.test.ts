import { expect, it } from 'vitest'
import { changeKeys } from '../src/api/changes.ts'

function keys() {
  let made = 0
  return changeKeys(() => `key ${++made}`)
}

it('a change that is sent again while it is under way has the same key', () => {
  const { begin, end } = keys()
  const first = begin('POST /a {}')
  expect(begin('POST /a {}')).toBe(first)
  expect(begin('POST /a {"b":1}')).not.toBe(first)
  end('POST /a {}', first, true)
  expect(begin('POST /a {}')).not.toBe(first)
})

it('a change without an answer keeps its key until another one is sent', () => {
  const { begin, end } = keys()
  const lost = begin('PUT /gate open')
  end('PUT /gate open', lost, false)
  expect(begin('PUT /gate open')).toBe(lost)
  end('PUT /gate open', lost, false)
  end('PUT /gate closed', begin('PUT /gate closed'), true)
  // Its old answer would hide that it has to be done.
  expect(begin('PUT /gate open')).not.toBe(lost)
})

it('the end of an earlier change leaves a later one alone', () => {
  const { begin, end } = keys()
  const first = begin('POST /a')
  begin('POST /a')
  end('POST /a', first, true)
  const second = begin('POST /a')
  end('POST /a', first, true)
  expect(begin('POST /a')).toBe(second)
})
