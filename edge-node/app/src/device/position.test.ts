import { beforeEach, expect, it, vi } from 'vitest'
import { askPosition, forgetPosition } from './position.ts'
import { position, tablet } from './tabletState.ts'

type Asked = { found: PositionCallback; failed: PositionErrorCallback }
let asked: Asked[]

const ZHOU = { user_id: 'zhou', name: 'Zhou Lei', expires_at: 0 }
const FOUND = { coords: { latitude: 39.9, longitude: 116.4, accuracy: 12 }, timestamp: 7 } as GeolocationPosition

beforeEach(() => {
  asked = []
  tablet.person = ZHOU
  tablet.position = undefined
  vi.stubGlobal('navigator', { geolocation: { getCurrentPosition: (found: PositionCallback, failed: PositionErrorCallback) => asked.push({ found, failed }) } })
})

it('is asked for once, kept, and forgotten on request', async () => {
  const asking = askPosition()
  asked[0]!.found(FOUND)
  expect(await asking).toBeUndefined()
  expect(tablet.position).toEqual({ lat: 39.9, lon: 116.4, accuracy_m: 12, at: 7 })
  expect(asked).toHaveLength(1)
  forgetPosition()
  expect(tablet.position).toBeUndefined()
})

it('is not the next person\'s, who came while the device was looking', async () => {
  for (const person of [undefined, { ...ZHOU, user_id: 'maria' }]) {
    tablet.person = ZHOU
    const asking = askPosition()
    tablet.person = person
    asked.at(-1)!.found(FOUND)
    await asking
    expect(tablet.position).toBeUndefined()
  }
})

it('tells no distance any more after half an hour', () => {
  tablet.position = { lat: 1, lon: 2, accuracy_m: 3, at: 0 }
  const shown = [30 * 60_000 - 1, 30 * 60_000].map((now) => {
    tablet.now = now
    return position.value !== undefined
  })
  expect(shown).toEqual([true, false])
})

it('says why there is none, and keeps the last one', async () => {
  tablet.position = { lat: 1, lon: 2, accuracy_m: 3, at: 4 }
  for (const [code, failure] of [[1, 'denied'], [2, 'unknown'], [3, 'unknown']] as const) {
    const asking = askPosition()
    asked.at(-1)!.failed({ code } as GeolocationPositionError)
    expect(await asking).toBe(failure)
  }
  vi.stubGlobal('navigator', {})
  expect(await askPosition()).toBe('absent')
  expect(tablet.position?.at).toBe(4)
})
