// The kiosk's disk: the grant by which it publishes for people without an account, the count of its commands, and the
// wrong tries at its code.
// Nothing of a person is ever here.
import { openDB, type DBSchema } from 'idb'
import type { Verifier } from '../../src/device/password.ts'
import { NO_TRIES, type PinTries } from '../../src/device/pin.ts'

export type Grant = {
  /** This kiosk's name as a device. */
  device: string
  /** The kiosk's own account. */
  account: string
  user_id: string
  token: string
  expires_at: number
  /** Checks the staff's code while the region is cut off. Absent after too many wrong ones, until the cloud accepts one. */
  verifier?: Verifier
}

type KioskSchema = DBSchema & { facts: { key: 'grant' | 'commands' | 'staffTries'; value: Grant | number | PinTries } }

const STRICT = { durability: 'strict' } as const

export async function openKioskDisk(name = 'holdfast-kiosk') {
  const db = await openDB<KioskSchema>(name, 1, { upgrade: (db) => void db.createObjectStore('facts') })
  return {
    grant: () => db.get('facts', 'grant') as Promise<Grant | undefined>,
    async keepGrant(grant: Grant): Promise<void> {
      const write = db.transaction('facts', 'readwrite', STRICT)
      await Promise.all([write.store.put(grant, 'grant'), write.done])
    },
    forgetGrant: () => db.delete('facts', 'grant'),
    async forgetVerifier(): Promise<void> {
      const write = db.transaction('facts', 'readwrite', STRICT)
      const grant = (await write.store.get('grant')) as Grant | undefined
      if (grant) await write.store.put({ ...grant, verifier: undefined }, 'grant')
      await write.done
    },
    /** Outlives the grant, so that a kiosk that is set up again gives no tries back. */
    async staffTries(): Promise<PinTries> {
      return ((await db.get('facts', 'staffTries')) as PinTries | undefined) ?? NO_TRIES
    },
    /** In one transaction, so that two windows count each other's tries. */
    async changeStaffTries(next: (tries: PinTries) => PinTries): Promise<void> {
      const write = db.transaction('facts', 'readwrite', STRICT)
      const tries = ((await write.store.get('staffTries')) as PinTries | undefined) ?? NO_TRIES
      await Promise.all([write.store.put(next(tries), 'staffTries'), write.done])
    },
    /** The number of the next command of this device. */
    async nextCommand(): Promise<number> {
      const write = db.transaction('facts', 'readwrite')
      const next = ((await write.store.get('commands')) as number | undefined ?? 0) + 1
      await Promise.all([write.store.put(next, 'commands'), write.done])
      return next
    },
  }
}

export type KioskDisk = Awaited<ReturnType<typeof openKioskDisk>>
