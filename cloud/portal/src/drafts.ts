// Keeps each person's drafts on this device, so that a closed page loses nothing, and the photos of what they published
// until the cloud has them.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { PreparedPhoto } from '@holdfast/kit/photos.ts'
import type { Draft } from './logic/draft.ts'

/** A photo of a published job or of a message that has not left yet; `order` is the place where it waits. */
export type WaitingPhoto = PreparedPhoto & { userId: string; order: string }

interface Schema extends DBSchema {
  drafts: { key: string; value: Draft }
  photos: { key: [string, string]; value: WaitingPhoto; indexes: { order: string } }
}

let opened: Promise<IDBPDatabase<Schema>> | undefined

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('holdfast-portal', 2, {
    upgrade: (db, from) => {
      if (from < 1) db.createObjectStore('drafts')
      db.createObjectStore('photos', { keyPath: ['order', 'hash'] }).createIndex('order', 'order')
    },
    // A newer page in another tab takes over.
    blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
  })
  return opened
}

export async function readDraft(userId: string): Promise<Draft | undefined> {
  return (await database()).get('drafts', userId)
}

/** Done when the browser has it on disk. */
export async function keepDraft(userId: string, draft: Draft): Promise<void> {
  const transaction = (await database()).transaction('drafts', 'readwrite', { durability: 'strict' })
  await transaction.store.put({ ...draft }, userId)
  await transaction.done
}

/** `other`: the person has another draft, which stays. */
export async function keepNewDraft(userId: string, draft: Draft): Promise<'kept' | 'other' | 'no_storage'> {
  try {
    const transaction = (await database()).transaction('drafts', 'readwrite', { durability: 'strict' })
    const known = await transaction.store.get(userId)
    if (known === undefined) await transaction.store.put({ ...draft }, userId)
    await transaction.done
    return known === undefined || known.commandId === draft.commandId ? 'kept' : 'other'
  } catch {
    return 'no_storage'
  }
}

export async function dropDraft(userId: string): Promise<void> {
  await (await database()).delete('drafts', userId)
}

/** The draft was published: its photos wait to be sent, and nothing else of it stays. */
export async function turnIntoWaitingPhotos(userId: string, order: string, photos: readonly PreparedPhoto[]): Promise<void> {
  const transaction = (await database()).transaction(['drafts', 'photos'], 'readwrite', { durability: 'strict' })
  for (const { hash, bytes, content } of photos) await transaction.objectStore('photos').put({ hash, bytes, content, userId, order })
  await transaction.objectStore('drafts').delete(userId)
  await transaction.done
}

/** The photo of a message is on this device before the message leaves. */
export async function keepWaitingPhoto(userId: string, place: string, { hash, bytes, content }: PreparedPhoto): Promise<void> {
  const transaction = (await database()).transaction('photos', 'readwrite', { durability: 'strict' })
  await transaction.store.put({ hash, bytes, content, userId, order: place })
  await transaction.done
}

export async function waitingPhotosOf(userId: string, order: string): Promise<WaitingPhoto[]> {
  const all = await (await database()).getAllFromIndex('photos', 'order', order)
  return all.filter(photo => photo.userId === userId)
}

export async function dropWaitingPhoto({ order, hash }: Pick<WaitingPhoto, 'order' | 'hash'>): Promise<void> {
  await (await database()).delete('photos', [order, hash])
}
