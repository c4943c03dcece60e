import { expect, it } from 'vitest'
import { layoutRace } from './race.ts'

const frame = { left: 160, right: 740, apart: 28 }
const at = (time: string) => Date.parse(`2026-11-21T${time}Z`)

it('puts every line on one clock', () => {
  const zhou = { tapped: at('10:41:07'), node: at('10:41:08'), decided: at('11:02:31') }
  const wang = { decided: at('10:52:41') }
  const layout = layoutRace([zhou, wang], [], frame)
  expect(layout.lines[0]).toEqual({ tapped: 160, node: 188, decided: 740 })
  expect(layout.lines[1]?.decided).toBeGreaterThan(460)
  expect(layout.lines[1]?.decided).toBeLessThan(500)
  expect(layout.ticks.length).toBeGreaterThan(2)
  expect(layout.ticks.every((tick) => tick % layout.step === 0)).toBe(true)
})

it('draws what happened at once apart, in its order, inside the frame', () => {
  const now = at('11:02:31')
  const layout = layoutRace([{ tapped: now, node: now, decided: now }, { decided: at('11:00:00') }], [], frame)
  expect(layout.lines[0]).toEqual({ tapped: 684, node: 712, decided: 740 })
})

it('stands with one time only', () => {
  const layout = layoutRace([{ decided: 5 }, { decided: 5 }], [], frame)
  expect(layout.lines).toEqual([{ decided: 160 }, { decided: 160 }])
})

it('keeps room for the time of a cut', () => {
  const layout = layoutRace([{ decided: 50 }, { decided: 60 }], [0, 100], frame)
  expect(layout.x(0)).toBe(160)
  expect(layout.x(100)).toBe(740)
})
