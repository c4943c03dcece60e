// The position of this device, asked for once at a time. It is kept in the memory of this page alone: no disk, no request and
// no file of diagnostics has it, and it is forgotten when the person leaves the tablet.
import type { Position } from './place.ts'
import { tablet } from './tabletState.ts'

/** `denied`: by the person or the browser; `unknown`: the device found none in time; `absent`: it has no way to find one. */
export type PositionFailure = 'denied' | 'unknown' | 'absent'

const TIMEOUT_MS = 20_000
const AGE_MS_MAX = 60_000
const DENIED = 1

/** A secure context is needed: over plain HTTP from another machine browsers tell none. */
export async function askPosition(): Promise<PositionFailure | undefined> {
  const user = tablet.person?.user_id
  const found = await locateDevice()
  if (typeof found === 'string') return found
  // Who asked may have left meanwhile.
  if (user !== undefined && tablet.person?.user_id === user) tablet.position = found
  return undefined
}

export function forgetPosition(): void {
  tablet.position = undefined
}

function locateDevice(): Promise<Position | PositionFailure> {
  const { geolocation } = navigator
  if (!geolocation) return Promise.resolve('absent')
  return new Promise((found) => {
    geolocation.getCurrentPosition(
      ({ coords, timestamp }) => found({ lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy, at: timestamp }),
      ({ code }) => found(code === DENIED ? 'denied' : 'unknown'),
      { enableHighAccuracy: true, timeout: TIMEOUT_MS, maximumAge: AGE_MS_MAX },
    )
  })
}
