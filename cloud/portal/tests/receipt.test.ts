import { expect, it, vi } from 'vitest'
import { takeSecret } from '../src/receipt.ts'

function taken(location: string): unknown[] {
  const replace = vi.fn()
  takeSecret({ location, replace })
  return replace.mock.calls
}

it('takes the secret of a receipt out of the address, and nothing else', () => {
  expect(taken('/track/N-7F3K60?s=abc')).toEqual([['/track/N-7F3K60', { secret: 'abc' }]])
  expect(taken('/track/N-7F3K60?lang=en&s=abc#way')).toEqual([['/track/N-7F3K60', { secret: 'abc' }]])
  for (const other of ['/track/N-7F3K60', '/track/N-7F3K60?s=', '/orders?s=abc', '//track/N-7F3K60?s=abc', '/']) expect(taken(other)).toEqual([])
})
