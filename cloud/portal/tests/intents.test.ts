import { describe, expect, it } from 'vitest'
import { intentKeys } from '../src/logic/intents.ts'

function memory() {
  const kept = new Map<string, string>()
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
}

describe('the key of a wish to pay', () => {
  it('is the same for the same words, also on a page that was loaded anew', () => {
    const store = memory()
    let made = 0
    const page = () => intentKeys(store, () => `key ${++made}`)
    expect(page().keyOf('pay o', '180.00')).toEqual({ key: 'key 1', isFresh: true })
    expect(page().keyOf('pay o', '180.00')).toEqual({ key: 'key 1', isFresh: false })
  })

  it('is another one for another amount, another order, and after the outcome is known', () => {
    let made = 0
    const intents = intentKeys(memory(), () => `key ${++made}`)
    intents.keyOf('pay o', '180.00')
    expect(intents.keyOf('pay p', '180.00').key).toBe('key 2')
    expect(intents.keyOf('pay o', '90.00').key).toBe('key 3')
    intents.end('pay o')
    expect(intents.keyOf('pay o', '90.00')).toEqual({ key: 'key 4', isFresh: true })
    expect(intents.keyOf('pay p', '180.00').isFresh).toBe(false)
  })
})
