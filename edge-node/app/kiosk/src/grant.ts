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

type Fact = 'grant' | 'staffCode' | 'commands' | 'deviceKey' | 'proofKey' | 'staffTries'
type KioskSchema = DBSchema & { facts: { key: Fact; value: unknown } }

const STRICT = { durability: 'strict' } as const

export async function openKioskDisk(name = 'holdfast-kiosk') {
  const db = await openDB<KioskSchema>(name, 1, { upgrade: (db) => void db.createObjectStore('facts') })

  const readFact = <T>(fact: Fact) => db.get('facts', fact) as Promise<T | undefined>

  /** All of them or none; undefined deletes. */
  async function writeFacts(facts: { [fact in Fact]?: unknown }): Promise<void> {
    const write = db.transaction('facts', 'readwrite', STRICT)
    const puts = Object.entries(facts).map(([fact, value]) => (value === undefined ? write.store.delete(fact as Fact) : write.store.put(value, fact as Fact)))
    await Promise.all([...puts, write.done])
  }

  async function changeFact<T>(fact: Fact, change: (value: T) => T): Promise<void> {
    const write = db.transaction('facts', 'readwrite', STRICT)
    const value = (await write.store.get(fact)) as T | undefined
    await Promise.all([value !== undefined && write.store.put(change(value), fact), write.done])
  }

  const keys: KeyStore = { get: readFact, set: (key, value) => writeFacts({ [key]: value }) }

  async function sealGrant({ token, ...grant }: Grant): Promise<StoredGrant> {
    return token === undefined ? grant : { ...grant, token: await sealValue(await loadDeviceKey(keys), tokenOf(grant.user_id), token) }
  }

  return {
    deviceKey: () => loadDeviceKey(keys),
    /** The kiosk's sign-in is bound to it. */
    proofKey: () => loadProofKey(keys),

    /** Without its token if the device's key is lost. */
    async grant(): Promise<Grant | undefined> {
      const stored = await readFact<StoredGrant>('grant')
      if (!stored) return undefined
      const { token, verifier: _, ...grant } = stored
      if (!(token instanceof Uint8Array)) return { ...grant, token }
      const key = await readFact<CryptoKey>('deviceKey')
      return { ...grant, token: key && (await unsealValue<string>(key, tokenOf(grant.user_id), token)) }
    },

    /** Seals what an earlier version left in the clear. */
    async sealOld(): Promise<void> {
      const stored = await readFact<StoredGrant>('grant')
      if (typeof stored?.token !== 'string') return
      const { token, verifier: _, ...grant } = stored
      await writeFacts({ grant: await sealGrant({ ...grant, token }), staffTries: undefined })
    },

    /** Without a new code the present one stays. */
    async keepGrant(grant: Grant, staffCode?: StaffCode): Promise<void> {
      await writeFacts({ grant: await sealGrant(grant), ...(staffCode ? { staffCode } : {}) })
    },

    /** The grant opens nothing any more, and the kiosk is to be set up again. Whose it was is still known. */
    async endGrant({ token: _, ...grant }: Grant): Promise<void> {
      await writeFacts({ grant, staffCode: undefined })
    },

    /** The keys stay: the same device is set up again. */
    forgetGrant: () => writeFacts({ grant: undefined, staffCode: undefined }),

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

const tokenOf = (user: string) => ({ person: user, kind: 'token', id: 'token' })

export type KioskDisk = Awaited<ReturnType<typeof openKioskDisk>>
