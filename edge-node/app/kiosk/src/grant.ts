// The kiosk's disk: the grant by which it publishes for people without an account, and the count of its commands.
// Nothing of a person is ever here.
import { openDB, type DBSchema } from 'idb'
import type { Verifier } from '../../src/device/password.ts'

export type Grant = {
  /** This kiosk's name as a device. */
  device: string
  /** The kiosk's own account. */
  account: string
  user_id: string
  token: string
  expires_at: number
  /** Checks the staff's code, so that the staff menu opens while the region is cut off. */
  verifier: Verifier
}

type KioskSchema = DBSchema & { facts: { key: 'grant' | 'commands'; value: Grant | number } }

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
    /** The number of the next command of this device. */
    async nextCommand(): Promise<number> {
      const write = db.transaction('facts', 'readwrite')
      const next = ((await write.store.get('commands')) as number | undefined ?? 0) + 1
      await Promise.all([write.store.put(next, 'commands'), write.done])
      return next
    },
  }
}
