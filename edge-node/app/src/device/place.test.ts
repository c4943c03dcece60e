import { describe, expect, it } from 'vitest'
import { byDistance, DIRECTIONS, directionBetween, distanceBetween, metresBetween, placeIn, placeOf, type Position } from './place.ts'
import { order } from './samples.ts'

const HERE: Position = { lat: 39.9, lon: 116.4, accuracy_m: 20, at: 0 }
/** So many metres from here. */
const away = (north: number, east = 0) => ({ lat: HERE.lat + north / 111_195, lon: HERE.lon + east / (111_195 * Math.cos((HERE.lat * Math.PI) / 180)) })
const geo = ({ lat, lon }: { lat: number; lon: number }) => `geo:${lat.toFixed(6)},${lon.toFixed(6)}`

describe('the place in the words of an order', () => {
  it('is a geo address, wherever it stands', () => {
    for (const text of ['geo:39.9042,116.4074', '望京街道12号楼，geo:39.9042,116.4074。', 'Gate 3 (GEO:39.9042,116.4074,44.5;crs=wgs84;u=35), left', 'at geo:39.9042,116.4074.']) {
      expect(placeIn(text), text).toEqual({ lat: 39.9042, lon: 116.4074 })
    }
    expect(placeIn('geo:-33.85,151.2')).toEqual({ lat: -33.85, lon: 151.2 })
  })

  it('is unknown if it is none on earth, of another system, or only looks like one', () => {
    for (const text of ['', '39.9042, 116.4074', 'geo:91,0', 'geo:0,181', 'geo:39.9', 'geo:39.9,116.4;crs=moon', 'ageo:39.9,116.4', 'geo:39.9,116.4.5', 'geo:NaN,1', 'geo:1e5,2']) {
      expect(placeIn(text), text).toBeUndefined()
    }
  })

  it('is that of the address, where both have one', () => {
    expect(placeOf(order('a', { address: '', description: 'geo:1,2' }))).toEqual({ lat: 1, lon: 2 })
    expect(placeOf(order('a', { address: 'geo:3,4', description: 'geo:1,2' }))).toEqual({ lat: 3, lon: 4 })
    expect(placeOf(order('a', { address: '海港路1号' }))).toBeUndefined()
  })
})

describe('a distance', () => {
  it('is the length of the straight line over the ground', () => {
    const [beijing, shanghai] = [{ lat: 39.9042, lon: 116.4074 }, { lat: 31.2304, lon: 121.4737 }]
    expect(Math.round(metresBetween(beijing, shanghai) / 1_000)).toBe(1_067)
    expect(metresBetween({ lat: 0, lon: 179.999 }, { lat: 0, lon: -179.999 })).toBeLessThan(250)
    expect(metresBetween({ lat: 0, lon: 0 }, { lat: 0, lon: 180 })).toBeGreaterThan(20_000_000)
  })

  it('has one of eight directions', () => {
    const turned = [[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]] as const
    expect(turned.map(([north, east]) => directionBetween(HERE, away(1_000 * north, 1_000 * east)))).toEqual(DIRECTIONS)
    expect(directionBetween({ lat: 0, lon: 179.9 }, { lat: 0, lon: -179.9 }), 'over the line of dates').toBe('east')
  })

  it('has as many digits as it deserves, and no direction within the error of the position', () => {
    expect([149, 151, 1_238, 9_949, 12_600].map((metres) => distanceBetween(HERE, away(metres)).metres)).toEqual([100, 200, 1_200, 9_900, 13_000])
    expect(distanceBetween(HERE, away(80))).toEqual({ metres: 100 })
    expect(distanceBetween({ ...HERE, accuracy_m: 1_450 }, away(1_200))).toEqual({ metres: 1_500 })
    expect(distanceBetween({ ...HERE, accuracy_m: 1_150 }, away(1_200))).toEqual({ metres: 1_200, direction: 'north' })
  })
})

it('sorts the nearest first, and those without a place behind them as they came', () => {
  const jobs = [order('none'), order('far', { description: geo(away(5_000)) }), order('nor'), order('near', { address: geo(away(0, 300)) })].map((each) => ({ order: each }))
  expect(byDistance(jobs, HERE).map((job) => job.order.id)).toEqual(['near', 'far', 'none', 'nor'])
})
