// The kiosk's disk: its keys, the grant by which it publishes for people without an account, the staff's code, and the
// count of its commands.
//
// Must stay true: nothing of a person is ever here; grant and code open only with this device's key, which no script can
// export, so that a copy of what is here opens nothing elsewhere.
import { openDB, type DBSchema } from 'idb'
import { type KeyStore, loadDeviceKey, loadProofKey, type Sealed, sealValue, unsealValue, type Wrapped } from '../../src/device/keys.ts'
import type { PinTries } from '../../src/device/pin.ts'

export type Grant = {
  /** This kiosk's name as a device. */
  device: string
  /** The kiosk's own account. */
  account: string
  user_id: string
  expires_at: number
  /** Absent once the cloud has ended it: then staff set the kiosk up again. */
  token?: string
}

/** The code that opens the staff menu, and the wrong ones. */
export type StaffCode = { wrapped: Wrapped; tries: PinTries }

/** An earlier version kept the token in the clear, and a hash of the account's password. */
type StoredGrant = Omit<Grant, 'token'> & { token?: Sealed | string; verifier?: unknown }

type Fact = 'grant' | 'staffCode' | 'commands' | 'deviceKey' | 'proofKey' | 'staffTries' | 'room'
type KioskSchema = DBSchema & { facts: { key: Fact; value: unknown } }

const STRICT = { durability: 'strict' } as const
/** More than a grant and a code take. */
const ROOM_BYTES = 4_096

export async function openKioskDisk(name = 'holdfast-kiosk') {
  const db = await openDB<KioskSchema>(name, 1, { upgrade: (db) => void db.createObjectStore('facts') })

  const readFact = <T>(fact: Fact) => db.get('facts', fact) as Promise<T | undefined>

  /** All of them or none; undefined deletes. With `expected`, none if another grant or no grant is stored by now. */
  async function writeFacts(facts: { [fact in Fact]?: unknown }, expected?: StoredGrant): Promise<void> {
    const write = db.transaction('facts', 'readwrite', STRICT)
    const isExpected = expected === undefined || isSameGrant((await write.store.get('grant')) as StoredGrant | undefined, expected)
    const changes = isExpected ? Object.entries(facts) : []
    const puts = changes.map(([fact, value]) => (value === undefined ? write.store.delete(fact as Fact) : write.store.put(value, fact as Fact)))
    await Promise.all([...puts, write.done])
  }

  async function addFact<T>(fact: Fact, value: T): Promise<T> {
    const write = db.transaction('facts', 'readwrite', STRICT)
    const known = (await write.store.get(fact)) as T | undefined
    await Promise.all([known === undefined && write.store.put(value, fact), write.done])
    return known ?? value
  }

  async function changeFact<T>(fact: Fact, change: (value: T) => T): Promise<void> {
    const write = db.transaction('facts', 'readwrite', STRICT)
    const value = (await write.store.get(fact)) as T | undefined
    await Promise.all([value !== undefined && write.store.put(change(value), fact), write.done])
  }

  const keys: KeyStore = { get: readFact, add: addFact }

  async function sealGrant({ token, ...grant }: Grant): Promise<StoredGrant> {
    return token === undefined ? grant : { ...grant, token: await sealValue(await loadDeviceKey(keys), tokenOf(grant.user_id), token) }
  }

  /** Without its token if the device's key is lost. */
  async function openGrant(stored: StoredGrant): Promise<Grant> {
    const { token, verifier: _, ...grant } = stored
    if (!(token instanceof Uint8Array)) return { ...grant, token }
    const key = await readFact<CryptoKey>('deviceKey')
    return { ...grant, token: key && (await unsealValue<string>(key, tokenOf(grant.user_id), token)) }
  }

  return {
    deviceKey: () => loadDeviceKey(keys),
    /** The kiosk's sign-in is bound to it. */
    proofKey: () => loadProofKey(keys),

    async grant(): Promise<Grant | undefined> {
      const stored = await readFact<StoredGrant>('grant')
      return stored && openGrant(stored)
    },

    /** Seals what an earlier version left in the clear. */
    async sealOld(): Promise<void> {
      const stored = await readFact<StoredGrant>('grant')
      if (typeof stored?.token !== 'string') return
      const { token, verifier: _, ...grant } = stored
      await writeFacts({ grant: await sealGrant({ ...grant, token }), staffTries: undefined }, stored)
    },

    /** Fails on a full disk. Call it before the cloud is asked for a grant, which ends the former one. */
    async proveRoom(): Promise<void> {
      await loadDeviceKey(keys)
      await writeFacts({ room: crypto.getRandomValues(new Uint8Array(ROOM_BYTES)) })
      await writeFacts({ room: undefined })
    },

    /** Without a new code the present one stays. */
    async keepGrant(grant: Grant, staffCode?: StaffCode): Promise<void> {
      await writeFacts({ grant: await sealGrant(grant), ...(staffCode ? { staffCode } : {}) })
    },

    /**
     * The grant with this token opens nothing any more, and the kiosk is to be set up again. Whose it was is still known.
     * Does nothing if another window has set the kiosk up again or taken it out of use.
     */
    async endGrant(ended: string): Promise<void> {
      const stored = await readFact<StoredGrant>('grant')
      if (!stored || (await openGrant(stored)).token !== ended) return
      const { token: _, verifier: __, ...grant } = stored
      await writeFacts({ grant, staffCode: undefined }, stored)
    },

    /** Returns the grant that was there. The keys stay. */
    async forgetGrant(): Promise<Grant | undefined> {
      const write = db.transaction('facts', 'readwrite', STRICT)
      const stored = (await write.store.get('grant')) as StoredGrant | undefined
      await Promise.all([write.store.delete('grant'), write.store.delete('staffCode'), write.done])
      return stored && openGrant(stored)
    },

    staffCode: () => readFact<StaffCode>('staffCode'),
    /** In one transaction, so that two windows count each other's tries. */
    changeStaffTries: (next: (tries: PinTries) => PinTries) => changeFact<StaffCode>('staffCode', (code) => ({ ...code, tries: next(code.tries) })),
    forgetStaffCode: () => writeFacts({ staffCode: undefined }),

    /** The number of the next command of this device. */
    async nextCommand(): Promise<number> {
      const write = db.transaction('facts', 'readwrite')
      const next = ((await write.store.get('commands')) as number | undefined ?? 0) + 1
      await Promise.all([write.store.put(next, 'commands'), write.done])
      return next
    },
  }
}

/** No two seals are alike, so that equal bytes are the same grant. */
function isSameGrant(stored: StoredGrant | undefined, { token }: StoredGrant): boolean {
  const current = stored?.token
  if (!(current instanceof Uint8Array) || !(token instanceof Uint8Array)) return current === token
  return current.length === token.length && current.every((byte, at) => byte === token[at])
}

const tokenOf = (user: string) => ({ person: user, kind: 'token', id: 'token' })

export type KioskDisk = Awaited<ReturnType<typeof openKioskDisk>>
