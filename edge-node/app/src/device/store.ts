// The tablet's disk: the people known here, and for each a database of their own with queue and board.
//
// Must stay true: a write has reached the disk when its promise is kept, and nobody's database is opened for
// somebody else.
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { BoardItem, LogHead, Receipt } from '@holdfast/kit/api.gen.ts'
import type { QueueItem } from './item.ts'
import type { Verifier } from './password.ts'
import { type Photo, PHOTOS_MAX } from './photo.ts'

export type Person = {
  user_id: string
  name: string
  /** For the edges of this region; the cloud takes it nowhere. */
  token: string
  expires_at: number
  verifier: Verifier
}

type TabletSchema = DBSchema & {
  people: { key: string; value: Person }
  facts: { key: string; value: unknown }
}

export type BoardFacts = { items: BoardItem[]; as_of: number }

type PersonSchema = DBSchema & {
  items: { key: string; value: QueueItem }
  photos: { key: string; value: Photo }
  facts: { key: string; value: unknown }
}

const STRICT = { durability: 'strict' } as const
/** Weeks of one person's work. At the bound nothing more is kept until some of it has left. */
export const ITEMS_MAX = 1_000

export class QueueFull extends Error {}
export class PhotosFull extends Error {}

/** What is kept of the device, whoever uses it. */
type Fact = 'device' | 'current' | 'locked' | 'standing' | 'mayAskToInstall' | 'callsOut'

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

  return {
    people: () => db.getAll('people'),
    person: (user: string) => db.get('people', user),
    async putPerson(person: Person): Promise<void> {
      const write = db.transaction('people', 'readwrite', STRICT)
      await Promise.all([write.store.put(person), write.done])
    },
    removePerson: (user: string) => db.delete('people', user),
    get: <T>(key: Fact) => db.get('facts', key) as Promise<T | undefined>,
    set: (key: Fact, value: unknown) => set(key, value),
    close: () => db.close(),
  }
}

export type TabletStore = Awaited<ReturnType<typeof openTablet>>

/** One person's own. */
export async function openPerson(user: string, prefix = 'holdfast') {
  const name = `${prefix}-${user}`
  const db: IDBPDatabase<PersonSchema> = await openDB<PersonSchema>(name, 2, {
    upgrade(db, before) {
      if (before < 1) {
        db.createObjectStore('items', { keyPath: 'id' })
        db.createObjectStore('facts')
      }
      db.createObjectStore('photos', { keyPath: 'id' })
    },
  })

  return {
    user,
    items: () => db.getAll('items'),
    item: (id: string) => db.get('items', id),
    /** All of them or none. */
    async put(items: readonly QueueItem[]): Promise<void> {
      const write = db.transaction('items', 'readwrite', STRICT)
      await Promise.all([...items.map((item) => write.store.put(item)), write.done])
    },
    /** A new item with the tablet's next number for this person; with it, its photos become its own. */
    async add(make: (device_seq: number) => QueueItem, photos: readonly Photo[] = []): Promise<QueueItem> {
      const write = db.transaction(['items', 'facts', 'photos'], 'readwrite', STRICT)
      if ((await write.objectStore('items').count()) >= ITEMS_MAX) throw new QueueFull(`more than ${ITEMS_MAX} items`)
      const last = ((await write.objectStore('facts').get('device_seq')) as number | undefined) ?? 0
      const item = make(last + 1)
      const bound = photos.map((photo) => write.objectStore('photos').put({ ...photo, command: item.id }))
      await Promise.all([write.objectStore('facts').put(last + 1, 'device_seq'), write.objectStore('items').put(item), ...bound, write.done])
      return item
    },
    async remove(ids: readonly string[]): Promise<void> {
      const write = db.transaction('items', 'readwrite', STRICT)
      await Promise.all([...ids.map((id) => write.store.delete(id)), write.done])
    },
    /** Takes a command back; in the same write its photos wait for the next tap again. */
    async undo(id: string): Promise<void> {
      const write = db.transaction(['items', 'photos'], 'readwrite', STRICT)
      const bound = (await write.objectStore('photos').getAll()).filter((photo) => photo.command === id)
      const freed = bound.map(({ command: _, ...photo }) => write.objectStore('photos').put(photo))
      await Promise.all([write.objectStore('items').delete(id), ...freed, write.done])
    },
    photos: () => db.getAll('photos'),
    /** One more that waits for its tap. */
    async addPhoto(photo: Photo): Promise<void> {
      const write = db.transaction('photos', 'readwrite', STRICT)
      const alike = (await write.store.getAll()).filter((each) => each.job === photo.job && each.moment === photo.moment && each.command === undefined)
      if (alike.length >= PHOTOS_MAX) throw new PhotosFull(`more than ${PHOTOS_MAX} photos`)
      await Promise.all([write.store.put(photo), write.done])
    },
    async putPhotos(photos: readonly Photo[]): Promise<void> {
      const write = db.transaction('photos', 'readwrite', STRICT)
      await Promise.all([...photos.map((photo) => write.store.put(photo)), write.done])
    },
    async removePhotos(ids: readonly string[]): Promise<void> {
      const write = db.transaction('photos', 'readwrite', STRICT)
      await Promise.all([...ids.map((id) => write.store.delete(id)), write.done])
    },
    board: () => db.get('facts', 'board') as Promise<BoardFacts | undefined>,
    putBoard: (board: BoardFacts) => db.put('facts', board, 'board'),
    /** The newest receipt of each edge: the witness by which a restored edge is found out. */
    receipts: async () => ((await db.get('facts', 'receipts')) as Record<string, Receipt> | undefined) ?? {},
    putReceipts: (receipts: Record<string, Receipt>) => db.put('facts', receipts, 'receipts'),
    head: () => db.get('facts', 'head') as Promise<LogHead | undefined>,
    putHead: (head: LogHead) => db.put('facts', head, 'head'),
    close: () => db.close(),
  }
}

export type PersonStore = Awaited<ReturnType<typeof openPerson>>

export async function forgetPerson(user: string, prefix = 'holdfast'): Promise<void> {
  await deleteDB(`${prefix}-${user}`)
}
