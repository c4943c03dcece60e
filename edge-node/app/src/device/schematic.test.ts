import { expect, it } from 'vitest'
import { drawSchematic } from './schematic.ts'

const SHEET = { width: 320, height: 200, margin: 30 }
const HERE = { lat: 39.9, lon: 116.4, accuracy_m: 20 }
const DEGREE_M = 111_195
const away = (north: number, east: number) => ({ lat: HERE.lat + north / DEGREE_M, lon: HERE.lon + east / (DEGREE_M * Math.cos((HERE.lat * Math.PI) / 180)) })
const draw = (spots: readonly (readonly [north: number, east: number])[], me?: typeof HERE) => drawSchematic(spots.map(([north, east], of) => ({ place: away(north, east), of })), me, SHEET)!

it('draws nothing of nothing', () => {
  expect(drawSchematic([], undefined, SHEET)).toBeUndefined()
})

it('has north above, east to the right, and all within the margins', () => {
  const { marks, me } = draw([[2_000, 0], [0, 3_000], [-1_000, -1_000]], HERE)
  const [north, east, southWest] = marks
  expect(north!.y).toBeLessThan(me!.y)
  expect(Math.abs(north!.x - me!.x)).toBeLessThan(1)
  expect(east!.x).toBeGreaterThan(me!.x)
  expect([southWest!.x < me!.x, southWest!.y > me!.y]).toEqual([true, true])
  for (const { x, y } of marks) {
    expect([x >= 29.9, x <= 290.1, y >= 29.9, y <= 170.1]).toEqual([true, true, true, true])
  }
})

it('is to scale: the bar measures what is drawn', () => {
  for (const metres of [300, 1_200, 7_000, 250_000]) {
    const { marks, me, bar } = draw([[metres, 0]], HERE)
    const measured = ((me!.y - marks[0]!.y) / bar.length) * bar.metres
    expect(Math.abs(measured / metres - 1), `${metres} m`).toBeLessThan(0.02)
    expect(bar.length).toBeLessThanOrEqual(SHEET.width / 3)
    expect(String(bar.metres), 'a round length').toMatch(/^[125]0*$/)
  }
})

it('keeps neighbours together instead of making a street a county, and joins marks that would hide each other', () => {
  const { marks, bar } = draw([[0, 0], [5, 5]])
  expect(marks.map((mark) => mark.of)).toEqual([[0, 1]])
  expect(bar.metres).toBeGreaterThanOrEqual(50)
  expect(draw([[0, 0], [900, 0]]).marks.map((mark) => mark.of)).toEqual([[0], [1]])
})

it('goes the short way over the line of dates', () => {
  const places = [179.999, -179.999].map((lon, of) => ({ place: { lat: 0, lon }, of }))
  expect(drawSchematic(places, undefined, SHEET)!.bar.metres).toBeLessThan(500)
})
