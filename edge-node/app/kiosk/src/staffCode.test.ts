import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, it } from 'vitest'
import { verifierOf } from '../../src/device/password.ts'
import { PAUSE_MS, triesLeft, WRONG_MAX } from '../../src/device/pin.ts'
import { type KioskDisk, openKioskDisk } from './grant.ts'
import { readTries, tryByCloud, tryByKiosk } from './staffCode.ts'

const ACCOUNT = 'kiosk-north'
const CODE = 'right horse'
const DAY_MS = 86_400_000
const verifier = await verifierOf(CODE)

/** The clock of the kiosk, which any person at it may set. */
let now: number
let disk: KioskDisk
/** A reload opens the same disk again. */
const reload = async () => (disk = await openKioskDisk())
const keepGrant = () => disk.keepGrant({ device: 'kiosk-1', account: ACCOUNT, user_id: 'a', token: 'b', expires_at: now + 3 * DAY_MS, verifier })
const guess = (code: string, account = ACCOUNT) => tryByKiosk(disk, account, code, () => now)
const guessOnline = (code: string) => tryByCloud(disk, async () => (code === CODE ? 'in' : 'wrong'), () => now)
const restMs = async () => (await readTries(disk, () => now)).counted_at + PAUSE_MS - now

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory()
  now = Date.UTC(2026, 10, 21, 9)
  await reload()
  await keepGrant()
})

it('rests for five minutes after five wrong codes, which no reload and no clock set back shortens', async () => {
  for (const left of [4, 3, 2, 1]) {
    await reload()
    now -= DAY_MS
    expect(await guess('wrong horse')).toBe('wrong')
    expect(triesLeft(await readTries(disk))).toBe(left)
  }
  expect(await guess(CODE, 'kiosk-south'), 'another account is a wrong try too').toBe('rests')
  now += PAUSE_MS - 1
  expect(await guess(CODE), 'not even the right one').toBe('rests')
  await reload()
  now -= 30 * DAY_MS
  expect(await guess(CODE)).toBe('rests')
  expect(await restMs()).toBe(PAUSE_MS)
  now += PAUSE_MS
  expect(await guess(CODE)).toBe('in')
  expect(triesLeft(await readTries(disk)), 'a right one ends the row').toBe(5)
})

it('starts a rest anew on a page that only looks at a clock set back', async () => {
  for (let n = 0; n < 5; n += 1) await guess('wrong horse')
  now -= DAY_MS
  expect(await restMs()).toBe(PAUSE_MS)
  now += DAY_MS
  expect(await restMs(), 'and the rest goes on by the new time').toBeLessThan(0)
})

it('counts tries before the cloud and tries alone in one row', async () => {
  for (const way of [guess, guessOnline, guess, guessOnline]) expect(await way('wrong horse')).toBe('wrong')
  expect(await guessOnline('wrong horse')).toBe('rests')
  expect(await guess(CODE)).toBe('rests')
  expect(await guessOnline(CODE)).toBe('rests')
  now += PAUSE_MS
  expect(await guessOnline(CODE)).toBe('in')
})

it('no longer knows the code after fifteen wrong ones in a row, and keeps the grant', async () => {
  for (let n = 1; n < WRONG_MAX; n += 1, now += PAUSE_MS) expect(await guess('wrong horse')).toBe(n % 5 === 0 ? 'rests' : 'wrong')
  expect(await guess('wrong horse')).toBe('gone')
  expect((await disk.grant())?.verifier).toBeUndefined()
  await reload()
  now += DAY_MS
  expect(await guess(CODE)).toBe('gone')
  expect(await disk.grant()).toMatchObject({ account: ACCOUNT, token: 'b', verifier: undefined })
  // The cloud still rests after each five, and its word gives the code back.
  for (const answer of ['wrong', 'wrong', 'wrong', 'wrong', 'rests']) expect(await guessOnline('wrong horse')).toBe(answer)
  expect(await guessOnline(CODE)).toBe('rests')
  now += PAUSE_MS
  expect(await guessOnline(CODE)).toBe('in')
  await keepGrant()
  expect(await guess(CODE)).toBe('in')
})

it('loses the code to fifteen wrong ones that the cloud judged', async () => {
  for (let n = 0; n < WRONG_MAX; n += 1, now += PAUSE_MS) await guessOnline('wrong horse')
  expect((await disk.grant())?.verifier).toBeUndefined()
  expect(await guess(CODE)).toBe('gone')
})

it('an answer that says nothing about the code costs no try, and ends no rest', async () => {
  for (let n = 0; n < 4; n += 1) await guess('wrong horse')
  const before = await readTries(disk)
  for (let n = 0; n < 20; n += 1, now += 1) expect(await tryByCloud(disk, async () => 'away' as const, () => now)).toBe('away')
  expect(await readTries(disk)).toEqual(before)
  expect(await guess('wrong horse')).toBe('rests')
  expect(await tryByCloud(disk, async () => 'away' as const, () => now)).toBe('rests')
})

it('counts a try before it is judged, so that a browser killed meanwhile gives none back', async () => {
  for (let n = 1; n <= 5; n += 1) {
    let hasBegun = () => {}
    const begun = new Promise<void>((done) => (hasBegun = done))
    void tryByCloud(disk, () => {
      hasBegun()
      return new Promise<'wrong'>(() => {})
    }, () => now)
    await begun
    await reload()
  }
  expect(await guess(CODE)).toBe('rests')
})

it('a kiosk killed at its fifteenth wrong code judges no sixteenth', async () => {
  await disk.changeStaffTries(() => ({ wrong: WRONG_MAX, counted_at: now - DAY_MS }))
  expect(await guess(CODE)).toBe('gone')
  expect((await disk.grant())?.verifier).toBeUndefined()
})

it('two windows count each other\'s tries', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, async () => tryByKiosk(await openKioskDisk(), ACCOUNT, 'wrong horse', () => now)))
  expect(answers.filter((answer) => answer === 'wrong').length).toBe(4)
  expect(await guess(CODE)).toBe('rests')
})

it('judges no try that it cannot count', async () => {
  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  let isJudged = false
  await expect(tryByCloud(disk, async () => (isJudged = true) && ('in' as const))).rejects.toThrow('full')
  await expect(guess(CODE)).rejects.toThrow('full')
  IDBObjectStore.prototype.put = put
  expect(isJudged).toBe(false)
})

it('a kiosk taken out of use and set up again has its wrong tries still', async () => {
  for (let n = 0; n < 5; n += 1) await guess('wrong horse')
  await disk.forgetGrant()
  await keepGrant()
  expect(await guess(CODE)).toBe('rests')
})
