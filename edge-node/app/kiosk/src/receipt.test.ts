import { describe, expect, test } from 'vitest'
import { codeFrom, groupsOf, hashOf, newSecret, orderIdFor, receiptFromLink, secretFrom, trackingLink } from './receipt.ts'

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

test('the hash is BLAKE3', () => {
  expect(hex(hashOf(new Uint8Array()))).toBe('af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262')
  expect(() => hashOf(new Uint8Array(65))).toThrow(RangeError)
})

describe('an order id', () => {
  test('is the one that node and cloud expect of the secret', () => {
    // `protocol/wire/src/receipt_secret.rs` has the same pair.
    expect(orderIdFor('K7QM2XVD9RTA4HNP', 0x0192_f5d4_0000)).toBe('0192f5d4-0000-7880-b8f5-5fe549caab3b')
  })

  test('of another secret shares only its time', () => {
    const [one, other] = [orderIdFor(newSecret(), 1_764_000_000_000), orderIdFor(newSecret(), 1_764_000_000_000)]
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(one.slice(0, 13)).toBe(other.slice(0, 13))
    expect(one).not.toBe(other)
  })
})

describe('a receipt is read', () => {
  const receipt = { code: 'N-7F3K9Q', secret: 'K7QM2XVD9RTA4HNP' }

  test('from the link that a scanner types', () => {
    expect(receiptFromLink(trackingLink('https://portal.example', receipt))).toEqual(receipt)
    for (const other of ['N-7F3K9Q', 'https://portal.example/orders/1', 'https://portal.example/track/N-7F3K9Q?s=short']) expect(receiptFromLink(other)).toBeUndefined()
  })

  test('as people type it', () => {
    for (const typed of ['n-7f3k9q', 'N7F3K9Q', ' n 7f3 k9q ']) expect(codeFrom(typed)).toBe('N-7F3K9Q')
    expect(codeFrom('N-oil000')).toBe('N-011000')
    for (const bad of ['', 'N-7F3K9', 'X-7F3K9Q']) expect(codeFrom(bad)).toBeUndefined()
    expect(secretFrom(groupsOf(receipt.secret).toLowerCase())).toBe(receipt.secret)
    for (const bad of ['', 'K7QM', 'K7QM2XVD9RTA4HNU']) expect(secretFrom(bad)).toBeUndefined()
  })
})
