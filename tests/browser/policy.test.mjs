import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PERMISSIONS, PERMISSIONS_OF_APP, POLICY } from './serve.mjs'

test('the pages are tried under the policy that gateway and edge send', () => {
  const rust = readFileSync(new URL('../../protocol/process/src/pages.rs', import.meta.url), 'utf8')
  const [, text] = /const CONTENT_POLICY: &str = "([^"]*)"/.exec(rust)
  assert.equal(POLICY, text.replace(/\\\n\s*/g, ''))
})

test('only the providers\' app may ask for the position, as in the tests', () => {
  const rust = readFileSync(new URL('../../protocol/process/src/pages.rs', import.meta.url), 'utf8')
  const [, usual] = /PERMISSIONS_POLICY,\s+"([^"]*)"/.exec(rust)
  const [, withPosition] = /PERMISSIONS_WITH_POSITION: &str =\s+"([^"]*)"/.exec(rust)
  assert.deepEqual([PERMISSIONS, PERMISSIONS_OF_APP], [usual, withPosition])
})
