// The tablet's disk: the people known here, and for each a database of their own with queue and board.
//
// Must stay true: a write has reached the disk when its promise is kept, and nobody's database is opened for
// somebody else. Nothing of a person lies there in the clear but their id, their name and the end of their sign-in.
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { BoardItem, LogHead, Receipt } from '@holdfast/kit/api.gen.ts'
import type { QueueItem } from './item.ts'
import { type Sealed, type Wrapped } from './keys.ts'
import type { MessageFacts } from './messageReader.ts'
import type { Verifier } from './password.ts'
import { type Photo, PHOTOS_MAX } from './photo.ts'
import type { PinTries } from './pin.ts'
import { type Keys, type SealedRecord, sealerFor } from './sealed.ts'
import { Turns } from './turns.ts'

export type Person = {
  user_id: string
  name: string
  /** For the edges of this region; the cloud takes it nowhere. In the clear where an older version left it. */
  token: Sealed | string
  expires_at: number
  pin?: { wrapped: Wrapped; tries: PinTries }
  /** Of an older version, until the person's next password. */
  verifier?: Verifier
}

/** How a person's data key opens: by the password; or by the device, until the first password after an older version. */
export type KeyWrap = { by: 'password'; wrapped: Wrapped } | { by: 'device'; sealed: Sealed }

type TabletSchema = DBSchema & {
  people: { key: string; value: Person }
  facts: { key: string; value: unknown }
}

export type BoardFacts = { items: BoardItem[]; as_of: number }

/** Records of an older version are in the clear until they are mended. */
type PersonSchema = DBSchema & {
  items: { key: string; value: SealedRecord | QueueItem }
  photos: { key: string; value: SealedRecord | Photo }
  facts: { key: string; value: unknown }
}

const STRICT = { durability: 'strict' } as const
/** Weeks of one person's work. At the bound nothing more is kept until some of it has left. */
export const ITEMS_MAX = 1_000

export class QueueFull extends Error {}
export class PhotosFull extends Error {}

/** What is kept of the device, whoever uses it. */
type Fact = 'device' | 'deviceKey' | 'proofKey' | 'current' | 'locked' | 'opened' | 'standing' | 'mayAskToInstall' | 'callsOut'

/** Shared by every person on this tablet. */
export async function openTablet(name = 'holdfast') {
  const db = await openDB<TabletSchema>(name, 1, {
    upgrade(db) {
      db.createObjectStore('people', { keyPath: 'user_id' })
      db.createObjectStore('facts')
    },
  })

  async function set(key: string, value: unknown): Promise<void> {
    const write = db.transaction('facts', 'readwrite', STRICT)
    await Promise.all([value === undefined ? write.store.delete(key) : write.store.put(value, key), write.done])
  }

  /** The next person needs a password. This works on a full disk, because it only deletes. */
  async function forgetLastPerson(): Promise<void> {
    const write = db.transaction('facts', 'readwrite', STRICT)
    await Promise.all([write.store.delete('opened'), write.store.delete('current'), write.done])
  }

  return {
    people: () => db.getAll('people'),
    person: (user: string) => db.get('people', user),
    async putPerson(person: Person): Promise<void> {
      const write = db.transaction('people', 'readwrite', STRICT)
      await Promise.all([write.store.put(person), write.done])
    },
    /** In one write, so that no two changes are made from the same state. */
    async changePerson(user: string, change: (person: Person) => Person): Promise<void> {
      const write = db.transaction('people', 'readwrite', STRICT)
      const person = await write.store.get(user)
      await Promise.all([person && write.store.put(change(person)), write.done])
    },
    removePerson: (user: string) => db.delete('people', user),
    get: <T>(key: Fact) => db.get('facts', key) as Promise<T | undefined>,
    set: (key: Fact, value: unknown) => set(key, value),
    /** Unless it is there already; returns the stored one. */
    async add<T>(key: Fact, value: T): Promise<T> {
      const write = db.transaction('facts', 'readwrite', STRICT)
      const known = (await write.store.get(key)) as T | undefined
      await Promise.all([known === undefined && write.store.put(value, key), write.done])
      return known ?? value
    },
    /** Nobody is at the tablet, and no key of theirs is left on it. */
    async lock(): Promise<void> {
      const write = db.transaction('facts', 'readwrite', STRICT)
      await Promise.all([write.store.put(true, 'locked'), write.store.delete('opened'), write.done]).catch(forgetLastPerson)
    },
    forgetLastPerson,
    close: () => db.close(),
  }
}

export type TabletStore = Awaited<ReturnType<typeof openTablet>>

/** As everywhere on this tablet: one person, one database. */
function openDisk(user: string, prefix: string): Promise<IDBPDatabase<PersonSchema>> {
  return openDB<PersonSchema>(`${prefix}-${user}`, 3, {
    upgrade(db, before) {
      if (before < 1) {
        db.createObjectStore('items', { keyPath: 'id' })
        db.createObjectStore('facts')
      }
      // The third changed no store. It keeps older apps away from sealed records; sealing them takes longer than an upgrade may.
      if (before < 2) db.createObjectStore('photos', { keyPath: 'id' })
    },
  })
}

/** It lies with what it opens, so that the password still does if all else of the tablet is gone. */
export async function readKeyWrap(user: string, prefix = 'holdfast'): Promise<KeyWrap | undefined> {
  const db = await openDisk(user, prefix)
  const wrap = (await db.get('facts', 'key')) as KeyWrap | undefined
  db.close()
  return wrap
}

export async function keepKeyWrap(user: string, wrap: KeyWrap, prefix = 'holdfast'): Promise<void> {
  const db = await openDisk(user, prefix)
  const write = db.transaction('facts', 'readwrite', STRICT)
  await Promise.all([write.store.put(wrap, 'key'), write.done]).finally(() => db.close())
}

/** One person's own. Without their key it opens what leaves while they are away, and nothing else. */
export async function openPerson(user: string, keys: Keys, prefix = 'holdfast') {
  const db = await openDisk(user, prefix)
  const sealer = sealerFor(user, keys)
  // Encrypting takes longer than a transaction lasts, so that whoever reads and then writes takes a turn.
  const turns = new Turns()

  async function readItems() {
    const opened = await Promise.all((await db.getAll('items')).map((record) => sealer.openItem(record)))
    return opened.filter((item) => item !== undefined)
  }

  async function readPhotos() {
    const opened = await Promise.all((await db.getAll('photos')).map((record) => sealer.openPhoto(record)))
    return opened.filter((photo) => photo !== undefined)
  }

  const sealPhotos = (photos: readonly Photo[]) => Promise.all(photos.map((photo) => sealer.sealPhoto(photo)))

  /** Should it fail, the content of these photos may not be on disk. */
  async function written(photos: readonly SealedRecord[], write: Promise<unknown>): Promise<void> {
    await write.catch((error: unknown) => {
      sealer.unwritten(photos.map(({ id }) => id))
      throw error
    })
  }

  async function putItems(items: readonly QueueItem[]): Promise<void> {
    const records = await Promise.all(items.map((item) => sealer.sealItem(item)))
    const write = db.transaction('items', 'readwrite', STRICT)
    await Promise.all([...putAll(write.store, records), write.done])
  }

  async function putPhotos(photos: readonly Photo[]): Promise<void> {
    const records = await sealPhotos(photos)
    const write = db.transaction('photos', 'readwrite', STRICT)
    await written(records, Promise.all([...putAll(write.store, records), write.done]))
  }

  async function readFact<T>(key: CryptoKey | undefined, name: string): Promise<T | undefined> {
    return key && sealer.openFact<T>(key, name, await db.get('facts', name))
  }

  async function putFact(key: CryptoKey | undefined, name: string, value: unknown): Promise<void> {
    if (key) await db.put('facts', await sealer.sealFact(key, name, value), name)
  }

  return {
    user,
    items: async () => (await readItems()).map(({ value }) => value),
    /** All of them or none. */
    put: putItems,
    /** A new item with the tablet's next number for this person; with it, its photos become its own. */
    add: (make: (device_seq: number) => QueueItem, photos: readonly Photo[] = []): Promise<QueueItem> => turns.take(async () => {
      const last = ((await db.get('facts', 'device_seq')) as number | undefined) ?? 0
      const item = make(last + 1)
      const record = await sealer.sealItem(item)
      const bound = await sealPhotos(photos.map((photo) => ({ ...photo, command: item.id })))
      const write = db.transaction(['items', 'facts', 'photos'], 'readwrite', STRICT)
      if ((await write.objectStore('items').count()) >= ITEMS_MAX) throw new QueueFull(`more than ${ITEMS_MAX} items`)
      const puts = [write.objectStore('facts').put(last + 1, 'device_seq'), write.objectStore('items').put(record)]
      await written(bound, Promise.all([...puts, ...putAll(write.objectStore('photos'), bound), write.done]))
      return item
    }),
    async remove(ids: readonly string[]): Promise<void> {
      const write = db.transaction('items', 'readwrite', STRICT)
      await Promise.all([...ids.map((id) => write.store.delete(id)), write.done])
    },
    /** Takes a command back; in the same write its photos wait for the next tap again. */
    undo: (id: string): Promise<void> => turns.take(async () => {
      const bound = (await readPhotos()).map(({ value }) => value).filter((photo) => photo.command === id)
      const freed = await sealPhotos(bound.map(({ command: _, ...photo }) => photo))
      const write = db.transaction(['items', 'photos'], 'readwrite', STRICT)
      await written(freed, Promise.all([write.objectStore('items').delete(id), ...putAll(write.objectStore('photos'), freed), write.done]))
    }),
    photos: async () => (await readPhotos()).map(({ value }) => value),
    /** One more that waits for its tap. */
    addPhoto: (photo: Photo): Promise<void> => turns.take(async () => {
      const taken = (await readPhotos()).map(({ value }) => value)
      const alike = taken.filter((each) => each.job === photo.job && each.moment === photo.moment && each.command === undefined)
      if (alike.length >= PHOTOS_MAX) throw new PhotosFull(`more than ${PHOTOS_MAX} photos`)
      await putPhotos([photo])
    }),
    putPhotos,
    async removePhotos(ids: readonly string[]): Promise<void> {
      const write = db.transaction('photos', 'readwrite', STRICT)
      await Promise.all([...ids.map((id) => write.store.delete(id)), write.done])
    },
    board: () => readFact<BoardFacts>(keys.own, 'board'),
    putBoard: (board: BoardFacts) => putFact(keys.own, 'board', board),
    messages: () => readFact<MessageFacts>(keys.own, 'messages'),
    putMessages: (messages: MessageFacts) => putFact(keys.own, 'messages', messages),
    /** The newest receipt of each edge: the witness by which a restored edge is found out. */
    receipts: async () => (await readFact<Record<string, Receipt>>(keys.device, 'receipts')) ?? {},
    putReceipts: (receipts: Record<string, Receipt>) => putFact(keys.device, 'receipts', receipts),
    head: () => readFact<LogHead>(keys.own, 'head'),
    putHead: (head: LogHead) => putFact(keys.own, 'head', head),
    /**
     * Writes again, under the keys of now, what an older version left in the clear, what was heard while the person was
     * away, and what only one of the keys opens. Interrupted, it goes on with the next call.
     */
    mend: (): Promise<void> => turns.take(async () => {
      if (!keys.own) return
      for (const { value, isMended } of await readItems()) if (!isMended) await putItems([value])
      for (const { value, isMended } of await readPhotos()) if (!isMended) await putPhotos([value])
      for (const [key, name] of [[keys.own, 'board'], [keys.own, 'head'], [keys.device, 'receipts']] as const) {
        const kept = await db.get('facts', name)
        if (kept !== undefined && !(kept instanceof Uint8Array)) await putFact(key, name, kept)
      }
    }),
    close: () => db.close(),
  }
}

export type PersonStore = Awaited<ReturnType<typeof openPerson>>

type Records = { get(id: string): Promise<SealedRecord | QueueItem | Photo | undefined>; put(record: SealedRecord): Promise<unknown> }

/** What a record leaves out stays on disk as it was; nothing stays of one in the clear. */
function putAll(store: Records, records: readonly SealedRecord[]): Promise<unknown>[] {
  return records.map(async (record) => {
    const before = await store.get(record.id)
    const isSealed = before && !('body' in before) && !('hash' in before)
    return store.put(isSealed ? { ...before, ...record } : record)
  })
}

/** Everybody with a database here, signed in or not. */
export async function usersOnDisk(prefix = 'holdfast'): Promise<string[]> {
  const names = (await indexedDB.databases?.()) ?? []
  const ids = names.flatMap(({ name }) => (name?.startsWith(`${prefix}-`) ? [name.slice(prefix.length + 1)] : []))
  // The kiosk's database stands among them.
  return ids.filter((id) => USER_ID.test(id))
}

const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export async function forgetPerson(user: string, prefix = 'holdfast'): Promise<void> {
  await deleteDB(`${prefix}-${user}`)
}
