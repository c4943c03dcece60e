import { describe, expect, it } from 'vitest'
import { Keymap, PAIR_MS, type KeyPress } from '../src/logic/keys.ts'

const bindings = { j: 'next', a: 'approve', A: 'approve selected', '?': 'help', Enter: 'open', 'g a': 'go approvals', 'r 1': 'reject 1' }
const press = (key: string, more: Partial<KeyPress> = {}): KeyPress =>
  ({ key, ctrlKey: false, metaKey: false, altKey: false, inField: false, onControl: false, ...more })

describe('a key', () => {
  it('means its command, and shift another', () => {
    const map = new Keymap()
    expect(map.press(press('a'), bindings, 0)).toBe('approve')
    expect(map.press(press('A'), bindings, 0)).toBe('approve selected')
    expect(map.press(press('?'), bindings, 0)).toBe('help')
    expect(map.press(press('z'), bindings, 0)).toBeUndefined()
  })

  it('means nothing in a field, or with a key of the browser', () => {
    const map = new Keymap()
    expect(map.press(press('a', { inField: true }), bindings, 0)).toBeUndefined()
    for (const mod of ['ctrlKey', 'metaKey', 'altKey'] as const) {
      expect(map.press(press('a', { [mod]: true }), bindings, 0)).toBeUndefined()
    }
  })

  it('leaves Enter to what it presses', () => {
    const map = new Keymap()
    expect(map.press(press('Enter', { onControl: true }), bindings, 0)).toBeUndefined()
    expect(map.press(press('Enter'), bindings, 0)).toBe('open')
  })

  it('joins with the one before, for a moment', () => {
    const map = new Keymap()
    expect(map.press(press('g'), bindings, 0)).toBeUndefined()
    expect(map.press(press('a'), bindings, PAIR_MS)).toBe('go approvals')
    expect(map.press(press('g'), bindings, 10_000)).toBeUndefined()
    expect(map.press(press('a'), bindings, 10_001 + PAIR_MS)).toBe('approve')
    expect(map.press(press('a'), bindings, 12_000)).toBe('approve')
  })

  it('survives the shift of its second half', () => {
    const map = new Keymap()
    map.press(press('r'), bindings, 0)
    map.press(press('Shift'), bindings, 10)
    expect(map.press(press('1'), bindings, 20)).toBe('reject 1')
  })
})
