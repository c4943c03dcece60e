// Keeps each person's drafts on this device, so that a closed page loses nothing.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Draft } from './logic/draft.ts'

interface Schema extends DBSchema { drafts: { key: string; value: Draft } }

let opened: Promise<IDBPDatabase<Schema>> | undefined

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('holdfast-portal', 1, { upgrade: db => { db.createObjectStore('drafts') } })
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

export async function dropDraft(userId: string): Promise<void> {
  await (await database()).delete('drafts', userId)
}
