import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, expect, it, vi } from 'vitest'
import { PAUSE_MS, triesLeft, WRONG_MAX } from '../../src/device/pin.ts'
import { type Grant, type KioskDisk, openKioskDisk } from './grant.ts'
import { makeStaffCode, readTries, tryStaffCode } from './staffCode.ts'

const CODE = '2580'
const WRONG = '2581'
const DAY_MS = 86_400_000

/** The clock of the kiosk, which any person at it may set. */
let now: number
let disk: KioskDisk
/** A reload opens the same disk again. */
const reload = async () => (disk = await openKioskDisk())
const grant = (): Grant => ({ device: 'kiosk-1', account: 'kiosk-north', user_id: 'a', token: 'b', expires_at: now + 3 * DAY_MS })
const setUp = async (code = CODE) => disk.keepGrant(grant(), await makeStaffCode(disk, code))
const guess = (code: string) => tryStaffCode(disk, code, () => now)
const tries = async () => (await readTries(disk, () => now))!
const restMs = async () => (await tries()).counted_at + PAUSE_MS - now

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory()
  now = Date.UTC(2026, 10, 21, 9)
  await reload()
  await setUp()
})

it('rests for five minutes after five wrong codes, which no reload and no clock set back shortens', async () => {
  for (const left of [4, 3, 2, 1]) {
    await reload()
    now -= DAY_MS
    expect(await guess(WRONG)).toBe('wrong')
    expect(triesLeft(await tries())).toBe(left)
  }
  expect(await guess(WRONG)).toBe('rests')
  now += PAUSE_MS - 1
  expect(await guess(CODE), 'not even the right one').toBe('rests')
  await reload()
  now -= 30 * DAY_MS
  expect(await guess(CODE)).toBe('rests')
  expect(await restMs()).toBe(PAUSE_MS)
  now += PAUSE_MS
  expect(await guess(CODE)).toBe('in')
  expect(triesLeft(await tries()), 'a right one ends the row').toBe(5)
})

it('starts a rest again on a page that only looks at a clock set back', async () => {
  for (let n = 0; n < 5; n += 1) await guess(WRONG)
  now -= DAY_MS
  expect(await restMs()).toBe(PAUSE_MS)
  now += DAY_MS
  expect(await restMs(), 'and the rest goes on by the new time').toBeLessThan(0)
})

it('forgets the code after fifteen wrong ones in a row, keeps the grant, and takes a new code from staff who sign in', async () => {
  for (let n = 1; n < WRONG_MAX; n += 1, now += PAUSE_MS) expect(await guess(WRONG)).toBe(n % 5 === 0 ? 'rests' : 'wrong')
  expect(await guess(WRONG)).toBe('gone')
  await reload()
  now += DAY_MS
  expect(await guess(CODE)).toBe('gone')
  expect(await readTries(disk)).toBeUndefined()
  expect(await disk.grant()).toMatchObject({ account: 'kiosk-north', token: 'b' })
  await setUp('9046')
  expect(await guess(CODE)).toBe('wrong')
  expect(await guess('9046')).toBe('in')
})

it('a renewed sign-in without a new code keeps the code and its wrong tries', async () => {
  for (let n = 0; n < 4; n += 1) await guess(WRONG)
  await disk.keepGrant({ ...grant(), token: 'c' })
  expect(await guess(WRONG)).toBe('rests')
  now += PAUSE_MS
  expect(await guess(CODE)).toBe('in')
})

it('counts a try before it is judged, so that a browser killed meanwhile gives none back', async () => {
  const { decrypt } = crypto.subtle
  for (let n = 1; n <= 5; n += 1) {
    let hasBegun = () => {}
    const begun = new Promise<void>((done) => (hasBegun = done))
    crypto.subtle.decrypt = () => {
      hasBegun()
      return new Promise<ArrayBuffer>(() => {})
    }
    void guess(CODE)
    await begun
    crypto.subtle.decrypt = decrypt
    await reload()
  }
  expect(await guess(CODE)).toBe('rests')
})

it('a kiosk killed at its fifteenth wrong code judges no sixteenth', async () => {
  await disk.changeStaffTries(() => ({ wrong: WRONG_MAX, counted_at: now - DAY_MS }))
  expect(await guess(CODE)).toBe('gone')
  expect(await disk.staffCode()).toBeUndefined()
})

it('two windows count each other\'s tries', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, async () => tryStaffCode(await openKioskDisk(), WRONG, () => now)))
  expect(answers.filter((answer) => answer === 'wrong').length).toBe(4)
  expect(await guess(CODE)).toBe('rests')
})

it('judges no try that it cannot count', async () => {
  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  const judged = vi.spyOn(crypto.subtle, 'decrypt')
  await expect(guess(CODE)).rejects.toThrow('full')
  expect(judged).not.toHaveBeenCalled()
  judged.mockRestore()
  IDBObjectStore.prototype.put = put
})

it('opens with the key of this device alone', async () => {
  const code = (await disk.staffCode())!
  globalThis.indexedDB = new IDBFactory()
  await reload()
  await disk.keepGrant(grant(), code)
  expect(await guess(CODE), 'a copy on another device').toBe('wrong')
})
