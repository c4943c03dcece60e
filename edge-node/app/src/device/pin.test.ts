import { expect, it } from 'vitest'
import { countTry, NO_TRIES, PAUSE_MS, pauseLeft, type PinTries, pinFaultOf, triesLeft, WRONG_MAX } from './pin.ts'

const NOON = 1_764_000_000_000

/** So many wrong tries, each after the pause before it. */
function wrongs(count: number, at = NOON): PinTries {
  return Array.from({ length: count }, (_, n) => n).reduce((tries, n) => countTry(tries, at - (count - 1 - n) * PAUSE_MS).tries, NO_TRIES)
}

it('refuses PINs that anybody tries first, and says why', () => {
  const faults = { '123': 'form', '123456789': 'form', '12a4': 'form', '': 'form', '0000': 'same', '77777777': 'same', '1234': 'row', '4321': 'row', '7890': 'row', '3210': 'row' }
  for (const [pin, fault] of Object.entries(faults)) expect(pinFaultOf(pin), pin).toBe(fault)
  for (const pin of ['2580', '1235', '1122', '90210', '19283746']) expect(pinFaultOf(pin), pin).toBeUndefined()
})

it('gives five tries, and then none for five minutes', () => {
  let tries = NO_TRIES
  for (let left = 4; left >= 0; left -= 1) {
    const counted = countTry(tries, NOON)
    expect(counted.may).toBe('judge')
    tries = counted.tries
    expect(triesLeft(tries) % 5).toBe(left)
  }
  expect(pauseLeft(tries, NOON)).toBe(PAUSE_MS)
  expect(countTry(tries, NOON + PAUSE_MS - 1)).toEqual({ may: 'wait', tries })
  expect(countTry(tries, NOON + PAUSE_MS).may).toBe('judge')
  expect(triesLeft(tries)).toBe(5)
})

it('takes no try from a clock that is set back, and rests no longer than a whole pause for it', () => {
  const four = countTry(wrongs(4), NOON - 24 * PAUSE_MS)
  expect([four.may, four.tries.wrong]).toEqual(['judge', 5])
  const before = NOON - 1_000 * PAUSE_MS
  const back = countTry(wrongs(5), before)
  expect(back).toEqual({ may: 'wait', tries: { wrong: 5, counted_at: before } })
  expect(countTry(back.tries, before + PAUSE_MS - 1).may).toBe('wait')
  expect(countTry(back.tries, before + PAUSE_MS).may).toBe('judge')
})

it('gives no try after fifteen wrong ones in a row, whatever the clock says', () => {
  const tries = wrongs(WRONG_MAX)
  expect(tries.wrong).toBe(WRONG_MAX)
  for (const now of [0, NOON, NOON + 1_000 * PAUSE_MS]) expect(countTry(tries, now).may).toBe('never')
})
