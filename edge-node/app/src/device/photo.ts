// A photo of the work or of a message on this tablet, until the cloud has it.
import type { EdgeStanding, PhotoRef } from '@holdfast/kit/api.gen.ts'
import { PHOTO_FORMS, type PhotoForm } from '@holdfast/kit/photos.ts'
import { isCodeRefusal, type QueueItem, succeeded } from './item.ts'

export { hashOf, type PhotoForm, photoRefOf as refOf, preparePhoto, UnreadablePhoto } from '@holdfast/kit/photos.ts'

export type Photo = PhotoRef & {
  id: string
  /** The order that it belongs to, and no other. */
  job: string
  moment: 'before' | 'after' | 'message'
  taken_at: number
  content: ArrayBuffer
  /** The command that names it; absent until the person taps. */
  command?: string
  /** taken: on this tablet alone; stored: the node has it; sent: the cloud has; refused: the cloud does not take it. */
  state: 'taken' | 'stored' | 'sent' | 'refused'
  /** How much of it the node has. */
  have: number
  attempts: number
  next_at: number
  /** How often it arrived changed. */
  damaged: number
  /** Why it has not moved, or is refused. */
  code?: string
}

/** As many as a command names; a message names one. */
export const PHOTOS_MAX = 8
/** Kept free for the queue, which never waits for photos. */
const KEPT_FREE = 20 * 1024 * 1024

/** How many more of this form fit into so many bytes. */
export const countThatFit = (room: number, form: PhotoForm = 'usual') => Math.max(0, Math.floor(room / PHOTO_FORMS[form].bytes))

/** What this tablet has room for, besides the queue, by the browser's estimate. Browsers that do not tell have room until they refuse. */
export function roomHere(estimate: { usage?: number; quota?: number } | undefined): number {
  const { usage = 0, quota } = estimate ?? {}
  return quota === undefined ? Number.POSITIVE_INFINITY : Math.max(0, quota - usage - KEPT_FREE)
}

/**
 * What the node takes now: photos of the `usual` size, only `small` ones, or `none`. The cause is its `disk`, or photos that have
 * yet to reach the cloud. Absent at a node of an earlier version, which does not tell.
 */
export type NodeRoom = { takes: PhotoForm | 'none'; cause: 'disk' | 'photos'; waiting: number }

export function roomAtNode(standing: Partial<EdgeStanding> | undefined): NodeRoom | undefined {
  const { photos, disk } = standing ?? {}
  if (!photos) return undefined
  const fits = (['usual', 'small'] as const).find((form) => countThatFit(photos.room_bytes, form) > 0)
  const isDiskShort = disk?.level === 'shed' || disk?.level === 'refuse'
  return { takes: fits ?? 'none', cause: isDiskShort || photos.waiting === 0 ? 'disk' : 'photos', waiting: photos.waiting }
}

/** Whether its command lets it leave; `over` where the command came to nothing. */
export function wayOf(photo: Photo, items: readonly QueueItem[]): 'waits' | 'leaves' | 'over' {
  if (photo.command === undefined) return 'waits'
  const item = items.find((each) => each.id === photo.command)
  // A command that was confirmed is not kept for ever; its photos stay until they have arrived.
  if (!item || item.state === 'stored') return 'leaves'
  if (item.state === 'waiting') return 'waits'
  return item.state === 'decided' && succeeded(item) ? 'leaves' : 'over'
}

/** No tap has bound it yet, or the node refused the start for its code: the next start takes its photos along. */
export function isForNextTap(photo: Photo, items: readonly QueueItem[]): boolean {
  if (photo.command === undefined) return true
  const item = items.find((each) => each.id === photo.command)
  return item !== undefined && isCodeRefusal(item)
}

/** It is on its way, or the person has to read why it is not. */
export const isPhotoOpen = (photo: Photo) => photo.command !== undefined && photo.state !== 'sent'

/** Nothing of it is on this tablet alone; one that no tap has bound yet is. */
export const mayForgetPhotos = (photos: readonly Photo[]) => photos.every((photo) => photo.state === 'sent')

export const percentOf = (photo: Photo) => Math.floor((100 * photo.have) / photo.bytes)
