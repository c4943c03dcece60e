// Where a job is, as its own words tell it, and how far it is from the provider. Orders have no coordinates: a job has a place
// only if the customer wrote a `geo:` address (RFC 5870) into the address or the description.
import type { Order } from '@holdfast/kit/api.gen.ts'

/** In degrees, WGS 84. */
export type Place = { lat: number; lon: number }

/** One answer of this device, which the page keeps in memory alone. */
export type Position = Place & { accuracy_m: number; at: number }

export const DIRECTIONS = ['north', 'northEast', 'east', 'southEast', 'south', 'southWest', 'west', 'northWest'] as const
export type Direction = (typeof DIRECTIONS)[number]

/** A straight line. Without a direction, the place is within the error of the position. */
export type Distance = { metres: number; direction?: Direction }

const EARTH_RADIUS_M = 6_371_000
/** Nearer than this, no position is exact enough to tell a direction. */
const HERE_M = 100
const GEO_ADDRESS = /\bgeo:(-?\d{1,2}(?:\.\d{1,12})?),(-?\d{1,3}(?:\.\d{1,12})?)(?!\d|\.\d)(?:,-?\d+(?:\.\d+)?)?((?:;[\w.-]+(?:=[\w.%+-]+)?)*)/i
const OTHER_SYSTEM = /;crs=(?!wgs84\b)/i

/** The customer's address says it best. It is hidden until the job is surely the provider's; the description never is. */
export function placeOf(order: Pick<Order, 'address' | 'description'>): Place | undefined {
  return placeIn(order.address) ?? placeIn(order.description)
}

export function placeIn(text: string): Place | undefined {
  const [, lat = '', lon = '', parameters = ''] = GEO_ADDRESS.exec(text) ?? []
  const place = { lat: Number(lat), lon: Number(lon) }
  const isKnown = lat !== '' && !OTHER_SYSTEM.test(parameters)
  return isKnown && Math.abs(place.lat) <= 90 && Math.abs(place.lon) <= 180 ? place : undefined
}

const radians = (degrees: number) => (degrees * Math.PI) / 180

export function metresBetween(from: Place, to: Place): number {
  const north = Math.sin(radians(to.lat - from.lat) / 2)
  const east = Math.sin(radians(to.lon - from.lon) / 2)
  const square = north * north + Math.cos(radians(from.lat)) * Math.cos(radians(to.lat)) * east * east
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(square)))
}

/** The course on which the straight line begins. */
export function directionBetween(from: Place, to: Place): Direction {
  const turn = radians(to.lon - from.lon)
  const east = Math.sin(turn) * Math.cos(radians(to.lat))
  const north = Math.cos(radians(from.lat)) * Math.sin(radians(to.lat)) - Math.sin(radians(from.lat)) * Math.cos(radians(to.lat)) * Math.cos(turn)
  const eighth = Math.round(Math.atan2(east, north) / (Math.PI / 4))
  return DIRECTIONS[(eighth + DIRECTIONS.length) % DIRECTIONS.length] ?? 'north'
}

export function distanceBetween(from: Position, to: Place): Distance {
  const metres = metresBetween(from, to)
  const least = Math.max(HERE_M, from.accuracy_m)
  return metres < least ? { metres: roundUp(least) } : { metres: roundDistance(metres), direction: directionBetween(from, to) }
}

/** No more digits than a straight line between two rough places deserves. */
function roundDistance(metres: number): number {
  const step = metres < 10_000 ? 100 : 1_000
  return Math.round(metres / step) * step
}

const roundUp = (metres: number) => Math.ceil(metres / HERE_M) * HERE_M

/** The nearest first; jobs without a known distance follow in the order in which they came. */
export function byDistance<T extends { order: Pick<Order, 'address' | 'description'> }>(jobs: readonly T[], from: Position): T[] {
  const keyed = jobs.map((job) => {
    const place = placeOf(job.order)
    return { job, metres: place ? metresBetween(from, place) : Infinity }
  })
  // Equal ones, two without a place among them, keep their order.
  keyed.sort((a, b) => (a.metres === b.metres ? 0 : a.metres - b.metres))
  return keyed.map(({ job }) => job)
}
