import { beforeEach, expect, it, vi } from 'vitest'
import { forgetCode, keptCode, takeMailedCode } from '../src/parts/mailedCode.ts'

const kept = new Map<string, string>()
vi.stubGlobal('sessionStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, text: string) => kept.set(key, text),
  removeItem: (key: string) => kept.delete(key),
})

beforeEach(() => kept.clear())

const opened = (location: string) => {
  const replace = vi.fn()
  takeMailedCode({ location, replace })
  return replace
}

it('takes the code out of the address of its pages alone, and keeps it until it is spent', () => {
  expect(opened('/confirm-address#5QBY-V4S7-BZGB-49EJ')).toHaveBeenCalledWith('/confirm-address')
  expect(keptCode('/confirm-address')).toBe('5QBY-V4S7-BZGB-49EJ')
  expect(opened('/confirm-address')).not.toHaveBeenCalled()
  expect(keptCode('/confirm-address')).toBe('5QBY-V4S7-BZGB-49EJ')
  expect(opened('/confirm-address/?from=mail#7QBY-V4S7')).toHaveBeenCalledWith('/confirm-address')
  expect(keptCode('/confirm-address')).toBe('7QBY-V4S7')
  expect(opened('/confirm-address#%E0')).toHaveBeenCalledWith('/confirm-address')
  forgetCode('/confirm-address')
  expect(opened('/sign-in/forgot#li.si:5QBY-V4S7-BZGB-49EJ')).toHaveBeenCalledWith('/sign-in/forgot')
  expect(keptCode('/sign-in/forgot')).toBe('li.si:5QBY-V4S7-BZGB-49EJ')
  expect(opened('/orders#main')).not.toHaveBeenCalled()
  expect(keptCode('/confirm-address')).toBe('')
})
