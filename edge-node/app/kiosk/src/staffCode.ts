// The staff's code, which opens the menu of a kiosk that is cut off too. It is a PIN of the kiosk, with a PIN's rules:
// after five wrong ones a rest of five minutes, and after fifteen in a row the kiosk forgets it. Then staff sign in again,
// which the cloud judges, and choose a new one.
//
// Must stay true: a try is counted on disk before it is judged, so that no reload, clock or cut line gives more of them.
import { newKeyBytes, unwrapByPin, wrapByPin } from '../../src/device/keys.ts'
import { judgeTry, NO_TRIES, type PinTries, withClock, type WrongTry } from '../../src/device/pin.ts'
import type { KioskDisk, StaffCode } from './grant.ts'

/** Names the code among what the device's key seals. */
const STAFF = 'staff'

/** The code wraps a key that opens nothing: that it unwraps shows that the code is right. */
export async function makeStaffCode(disk: KioskDisk, code: string): Promise<StaffCode> {
  return { wrapped: await wrapByPin(newKeyBytes(), code, STAFF, await disk.deviceKey()), tries: NO_TRIES }
}

export async function tryStaffCode(disk: KioskDisk, code: string, now = () => Date.now()): Promise<'in' | WrongTry> {
  const known = await disk.staffCode()
  if (!known) return 'gone'
  const device = await disk.deviceKey()
  const judge = async () => ((await unwrapByPin(known.wrapped, code, STAFF, device)) ? 'in' : undefined)
  const answer = await judgeTry(disk.changeStaffTries, judge, now)
  if (answer === 'gone') await disk.forgetStaffCode()
  return answer
}

/** The tries as they count now, if there is a code: a clock that was set back starts a rest again. */
export async function readTries(disk: KioskDisk, now = () => Date.now()): Promise<PinTries | undefined> {
  const known = await disk.staffCode()
  if (!known || known.tries.counted_at <= now()) return known?.tries
  await disk.changeStaffTries((tries) => withClock(tries, now()))
  return (await disk.staffCode())?.tries
}
