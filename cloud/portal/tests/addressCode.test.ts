import { beforeEach, expect, it, vi } from 'vitest'
import { keptAddressCode, forgetAddressCode, takeAddressCode } from '../src/parts/addressCode.ts'

const kept = new Map<string, string>()
vi.stubGlobal('sessionStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, text: string) => kept.set(key, text),
  removeItem: (key: string) => kept.delete(key),
})

beforeEach(() => kept.clear())

const opened = (location: string) => {
  const replace = vi.fn()
  takeAddressCode({ location, replace })
  return replace
}

it('takes the code out of the address of its page alone, and keeps it until it is spent', () => {
  expect(opened('/confirm-address#5QBY-V4S7-BZGB-49EJ')).toHaveBeenCalledWith('/confirm-address')
  expect(keptAddressCode()).toBe('5QBY-V4S7-BZGB-49EJ')
  expect(opened('/confirm-address')).not.toHaveBeenCalled()
  expect(keptAddressCode()).toBe('5QBY-V4S7-BZGB-49EJ')
  expect(opened('/confirm-address/?from=mail#7QBY-V4S7')).toHaveBeenCalledWith('/confirm-address')
  expect(keptAddressCode()).toBe('7QBY-V4S7')
  expect(opened('/confirm-address#%E0')).toHaveBeenCalledWith('/confirm-address')
  forgetAddressCode()
  expect(opened('/orders#main')).not.toHaveBeenCalled()
  expect(keptAddressCode()).toBe('')
})
