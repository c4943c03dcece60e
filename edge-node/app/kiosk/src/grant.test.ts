import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { beforeEach, expect, it } from 'vitest'
import { publicKeyOf, sealValue, unsealValue } from '../../src/device/keys.ts'
import { type Grant, openKioskDisk } from './grant.ts'
import { makeStaffCode } from './staffCode.ts'

const CODE = '2580'
const TOKEN = 'eyJ0.grant.of-the-kiosk'
const GRANT: Grant = { device: 'kiosk-1', account: 'kiosk-north', user_id: '0193a1c2-0000-7000-8000-000000000012', token: TOKEN, expires_at: 1_764_000_000_000 }
const RENEWED: Grant = { ...GRANT, token: 'another.grant.of-the-kiosk' }

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

const openFacts = () => openDB('holdfast-kiosk', 1, { upgrade: (db) => void db.createObjectStore('facts') })

/** Each record of the kiosk, its bytes as text, and the keys among them. */
async function onDisk(): Promise<{ text: string; keys: CryptoKey[] }> {
  const db = await openFacts()
  const values = await db.getAll('facts')
  db.close()
  const asText = (_: string, value: unknown) => (ArrayBuffer.isView(value) ? new TextDecoder().decode(value) : value)
  const keys = values.flatMap((value) => (value instanceof CryptoKey ? [value] : value?.privateKey ? [value.privateKey] : []))
  return { text: JSON.stringify(values, asText), keys }
}

it('keeps the grant across restarts, and no word of grant or code in the clear', async () => {
  const disk = await openKioskDisk()
  const proof = await publicKeyOf((await disk.proofKey())!)
  await disk.keepGrant(GRANT, await makeStaffCode(disk, CODE))
  const again = await openKioskDisk()
  expect(await again.grant()).toEqual(GRANT)
  expect(await publicKeyOf((await again.proofKey())!)).toBe(proof)
  const { text, keys } = await onDisk()
  expect(text).toContain('kiosk-north')
  for (const secret of [TOKEN, CODE]) expect(text).not.toContain(secret)
  expect(keys.map(({ extractable }) => extractable)).toEqual([false, false])
})

it('a copy of the grant on a device with other keys opens nothing, and asks to be set up', async () => {
  await (await openKioskDisk()).keepGrant(GRANT)
  let db = await openFacts()
  const copy = await db.get('facts', 'grant')
  db.close()
  globalThis.indexedDB = new IDBFactory()
  const thief = await openKioskDisk()
  await thief.deviceKey()
  db = await openFacts()
  await db.put('facts', copy, 'grant')
  db.close()
  expect(await thief.grant()).toEqual({ ...GRANT, token: undefined })
})

it('an ended grant leaves the account, the keys and the count of commands, and no code', async () => {
  const disk = await openKioskDisk()
  const proof = await publicKeyOf((await disk.proofKey())!)
  await disk.keepGrant(GRANT, await makeStaffCode(disk, CODE))
  expect(await disk.nextCommand()).toBe(1)
  await disk.endGrant(TOKEN)
  const { token: _, ...known } = GRANT
  expect(await disk.grant()).toEqual(known)
  expect(await disk.staffCode()).toBeUndefined()
  expect(await disk.nextCommand()).toBe(2)
  expect(await publicKeyOf((await disk.proofKey())!), 'the same device is set up again').toBe(proof)
})

/** Another window does this once the kiosk's grant was read, and before it is written. */
function meanwhile(operation: 'encrypt' | 'decrypt', act: () => Promise<unknown>): void {
  const { [operation]: run } = crypto.subtle
  crypto.subtle[operation] = async (...args) => {
    crypto.subtle[operation] = run
    await act()
    return run.apply(crypto.subtle, args)
  }
}

it('the end of the former grant leaves the grant and the code of a set-up in another window', async () => {
  const [disk, other] = await Promise.all([openKioskDisk(), openKioskDisk()])
  await disk.keepGrant(GRANT, await makeStaffCode(disk, CODE))
  meanwhile('decrypt', () => other.keepGrant(RENEWED))
  await disk.endGrant(TOKEN)
  expect(await disk.grant()).toEqual(RENEWED)
  await disk.endGrant(TOKEN)
  expect(await disk.grant()).toEqual(RENEWED)
  expect(await disk.staffCode()).toBeDefined()
})

it('the end of a grant does not bring it back to a kiosk that another window took out of use', async () => {
  const [disk, other] = await Promise.all([openKioskDisk(), openKioskDisk()])
  await disk.keepGrant(RENEWED)
  let ended: Grant | undefined
  meanwhile('decrypt', async () => (ended = await other.forgetGrant()))
  await disk.endGrant(RENEWED.token!)
  expect(ended, 'the one to sign out').toEqual(RENEWED)
  expect(await disk.grant()).toBeUndefined()
})

it('two windows that start at once have one pair of keys', async () => {
  const windows = await Promise.all([openKioskDisk(), openKioskDisk()])
  const [one, other] = await Promise.all(windows.map(async (disk) => publicKeyOf((await disk.proofKey())!)))
  expect(other).toBe(one)
  expect(await publicKeyOf((await (await openKioskDisk()).proofKey())!)).toBe(one)
  const [device, same] = await Promise.all(windows.map((disk) => disk.deviceKey()))
  const owner = { person: 'a', kind: 'token', id: 'token' }
  expect(await unsealValue(same!, owner, await sealValue(device!, owner, TOKEN))).toBe(TOKEN)
})

it('a full disk fails before the cloud is asked for a grant, and a disk with room keeps nothing of the trial', async () => {
  const disk = await openKioskDisk()
  await disk.proveRoom()
  expect((await onDisk()).keys.length).toBe(1)
  const db = await openFacts()
  expect(await db.getAllKeys('facts')).toEqual(['deviceKey'])
  db.close()
  const { put } = IDBObjectStore.prototype
  IDBObjectStore.prototype.put = () => {
    throw new DOMException('full', 'QuotaExceededError')
  }
  await expect(disk.proveRoom()).rejects.toThrow('full')
  IDBObjectStore.prototype.put = put
})

it('sealing the grant of an earlier version does not overwrite the grant of a set-up meanwhile', async () => {
  const db = await openFacts()
  await db.put('facts', GRANT, 'grant')
  db.close()
  const [disk, other] = await Promise.all([openKioskDisk(), openKioskDisk()])
  meanwhile('encrypt', () => other.keepGrant(RENEWED))
  await disk.sealOld()
  expect(await disk.grant()).toEqual(RENEWED)
})

it('seals the grant that an earlier version left in the clear, and deletes its hash of the password', async () => {
  const db = await openFacts()
  await db.put('facts', { ...GRANT, verifier: { salt: new Uint8Array(16), rounds: 1, hash: new TextEncoder().encode('hash of the password') } }, 'grant')
  await db.put('facts', { wrong: 3, counted_at: 1 }, 'staffTries')
  db.close()
  const disk = await openKioskDisk()
  expect(await disk.grant(), 'it opens before it is sealed').toEqual(GRANT)
  await disk.sealOld()
  expect(await disk.grant()).toEqual(GRANT)
  const { text } = await onDisk()
  for (const old of [TOKEN, 'hash of the password', 'verifier', 'counted_at']) expect(text).not.toContain(old)
  expect(await disk.staffCode(), 'staff choose one when they sign in again').toBeUndefined()
})
