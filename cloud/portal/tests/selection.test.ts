import { describe, expect, it } from 'vitest'
import { afterDeciding, moved, ranged, toggled } from '../src/logic/selection.ts'

const ids = ['a', 'b', 'c', 'd']

describe('the cursor', () => {
  it('moves and stops at both ends', () => {
    expect(moved(ids, undefined, 1)).toBe('a')
    expect(moved(ids, undefined, -1)).toBe('d')
    expect(moved(ids, 'd', 1)).toBe('d')
    expect(moved(ids, 'a', -1)).toBe('a')
    expect(moved(ids, 'gone', 1)).toBe('a')
    expect(moved([], undefined, 1)).toBeUndefined()
  })

  it('goes on below what was decided, and above at the end', () => {
    expect(afterDeciding(ids, 'b', new Set(['b']))).toBe('c')
    expect(afterDeciding(ids, 'b', new Set(['b', 'c']))).toBe('d')
    expect(afterDeciding(ids, 'd', new Set(['d', 'c']))).toBe('b')
    expect(afterDeciding(ids, 'a', new Set(['c']))).toBe('a')
    expect(afterDeciding(ids, 'a', new Set(ids))).toBeUndefined()
  })
})

describe('the selection', () => {
  it('toggles one', () => {
    expect(toggled(['a'], 'b')).toEqual(['a', 'b'])
    expect(toggled(['a', 'b'], 'a')).toEqual(['b'])
  })

  it('takes a range in either direction', () => {
    expect(ranged(ids, ['a'], 'c')).toEqual(['a', 'b', 'c'])
    expect(ranged(ids, ['d'], 'b')).toEqual(['c', 'd', 'b'])
    expect(ranged(ids, [], 'b')).toEqual(['b'])
    expect(ranged(ids, ['a'], 'gone')).toEqual(['a'])
  })
})
