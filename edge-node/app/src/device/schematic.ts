// A schematic of places on a small sheet, drawn without any map: to scale, north up.
import { metresBetween, type Place } from './place.ts'

export type Sheet = { width: number; height: number; margin: number }
export type Mark<T> = { x: number; y: number; of: T[] }
export type ScaleBar = { metres: number; length: number }
export type Schematic<T> = { marks: Mark<T>[]; me?: { x: number; y: number; radius: number }; bar: ScaleBar }

/** A sheet shows at least this much, so that two jobs in one house do not look far apart. */
const SPAN_M_MIN = 400
/** A bar is no longer than this part of the sheet. */
const BAR_PART_MAX = 1 / 3
/** Marks that are nearer to each other are drawn as one. */
const APART_MIN = 26

const METRES_A_DEGREE = metresBetween({ lat: 0, lon: 0 }, { lat: 1, lon: 0 })
/** A turn around the earth is the short one. */
const shortTurn = (degrees: number) => ((degrees + 540) % 360) - 180

export function drawSchematic<T>(places: readonly { place: Place; of: T }[], me: (Place & { accuracy_m: number }) | undefined, sheet: Sheet): Schematic<T> | undefined {
  const all = [...places.map(({ place }) => place), ...(me ? [me] : [])]
  const [first] = all
  if (!first) return undefined
  const narrow = Math.cos((first.lat * Math.PI) / 180)
  const onGround = ({ lat, lon }: Place) => ({ east: shortTurn(lon - first.lon) * METRES_A_DEGREE * narrow, north: (lat - first.lat) * METRES_A_DEGREE })
  const spots = all.map(onGround)
  const east = rangeOf(spots.map((spot) => spot.east))
  const north = rangeOf(spots.map((spot) => spot.north))
  const inner = { width: sheet.width - 2 * sheet.margin, height: sheet.height - 2 * sheet.margin }
  const perMetre = Math.min(inner.width / Math.max(east.span, SPAN_M_MIN), inner.height / Math.max(north.span, SPAN_M_MIN))
  const onSheet = (place: Place) => {
    const spot = onGround(place)
    return { x: round(sheet.width / 2 + (spot.east - east.middle) * perMetre), y: round(sheet.height / 2 - (spot.north - north.middle) * perMetre) }
  }
  return {
    marks: joinMarks(places.map(({ place, of }) => ({ ...onSheet(place), of: [of] }))),
    ...(me && { me: { ...onSheet(me), radius: round(Math.min(me.accuracy_m * perMetre, sheet.width)) } }),
    bar: scaleBar(perMetre, sheet.width * BAR_PART_MAX),
  }
}

function rangeOf(values: readonly number[]): { span: number; middle: number } {
  const least = Math.min(...values)
  const most = Math.max(...values)
  return { span: most - least, middle: (least + most) / 2 }
}

const round = (value: number) => Math.round(value * 10) / 10

function joinMarks<T>(marks: readonly Mark<T>[]): Mark<T>[] {
  const joined: Mark<T>[] = []
  for (const mark of marks) {
    const near = joined.find(({ x, y }) => Math.hypot(mark.x - x, mark.y - y) < APART_MIN)
    if (near) near.of.push(...mark.of)
    else joined.push({ ...mark, of: [...mark.of] })
  }
  return joined
}

/** The longest of 1, 2 or 5 times a power of ten that fits. */
function scaleBar(perMetre: number, lengthMax: number): ScaleBar {
  const most = lengthMax / perMetre
  const power = 10 ** Math.floor(Math.log10(most))
  const metres = ([5, 2, 1].find((step) => step * power <= most) ?? 1) * power
  return { metres, length: round(metres * perMetre) }
}
