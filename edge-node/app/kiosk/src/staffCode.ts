// The limits on guesses at the staff's code, those of a tablet's PIN: a rest of five minutes after five wrong ones, and
// after fifteen in a row the kiosk no longer knows the code, so that the cloud alone judges it.
//
// Must stay true: a try is counted on disk before the kiosk or the cloud judges it, so that no reload, clock or cut line
// gives more of them.
import { isPassword } from '../../src/device/password.ts'
import { countTry, NO_TRIES, pauseLeft, type PinTries, withClock, WRONG_MAX } from '../../src/device/pin.ts'
import type { KioskDisk } from './grant.ts'

/** `gone`: this kiosk no longer knows the code. */
export type StaffLimit = 'rests' | 'gone'
/** `Other` is a failure that says nothing about the code, such as a cloud out of reach. It costs no try. */
type Judged<Other> = 'in' | 'wrong' | Other
type Limits = { wrongMax: number; now: () => number }

/** The cloud limits the sum of all tries itself, and the staff of a kiosk that lost the code must come back in. */
export function tryByCloud<Other>(disk: KioskDisk, judge: () => Promise<Judged<Other>>, now = () => Date.now()): Promise<Judged<Other> | StaffLimit> {
  return judgeCounted(disk, judge, { wrongMax: Infinity, now })
}

/** By the kiosk alone, while the cloud is out of reach. */
export async function tryByKiosk(disk: KioskDisk, account: string, code: string, now = () => Date.now()): Promise<Judged<'away'> | StaffLimit> {
  const grant = await disk.grant()
  if (!grant) return 'away'
  const { verifier } = grant
  if (!verifier) return 'gone'
  const judge = async () => ((await isPassword(code, verifier)) && grant.account === account.trim() ? 'in' : 'wrong')
  return judgeCounted(disk, judge, { wrongMax: WRONG_MAX, now })
}

/** The tries as they count now: a clock that was set back starts a rest anew. */
export async function readTries(disk: KioskDisk, now = () => Date.now()): Promise<PinTries> {
  const tries = await disk.staffTries()
  if (tries.counted_at <= now()) return tries
  await disk.changeStaffTries((latest) => withClock(latest, now()))
  return disk.staffTries()
}

async function judgeCounted<Other>(disk: KioskDisk, judge: () => Promise<Judged<Other>>, { wrongMax, now }: Limits): Promise<Judged<Other> | StaffLimit> {
  let before = NO_TRIES
  let counted: ReturnType<typeof countTry> | undefined
  await disk.changeStaffTries((tries) => {
    before = tries
    counted = countTry(tries, now(), wrongMax)
    return counted.tries
  })
  if (!counted || counted.may === 'never') {
    await disk.forgetVerifier()
    return 'gone'
  }
  const { may, tries } = counted
  if (may === 'wait') return 'rests'
  const result = await judge()
  if (result === 'in') {
    await disk.changeStaffTries(() => NO_TRIES)
    return result
  }
  if (result !== 'wrong') {
    await disk.changeStaffTries((latest) => (isSame(latest, tries) ? before : latest))
    return result
  }
  if (tries.wrong >= WRONG_MAX) await disk.forgetVerifier()
  if (tries.wrong >= wrongMax) return 'gone'
  return pauseLeft(tries, now()) > 0 ? 'rests' : 'wrong'
}

const isSame = (one: PinTries, other: PinTries) => one.wrong === other.wrong && one.counted_at === other.counted_at
